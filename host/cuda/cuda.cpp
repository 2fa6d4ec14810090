#include "host/cuda/cuda.hpp"

#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <charconv>
#include <exception>
#include <limits>
#include <thread>
#include <utility>

#include "carbonfront/errors.hpp"
#include "host/pareto/order.hpp"
#include "kernels/device/devices.hpp"
#include "kernels/evaluator/evaluator.hpp"

namespace carbonfront {

namespace {

using Evaluators = std::vector<std::unique_ptr<device::Evaluator>>;

/// Why a device's work ends when another device has failed.
constexpr int kAnotherFailed = std::numeric_limits<int>::max();

std::string of_device(const device::DeviceInfo& info) {
  return "device " + std::to_string(info.number) + ", " + info.name + ": " + info.why_unusable;
}

/// Why none of the devices can be used; empty: one can.
std::string why_none(const device::Devices& all) {
  std::string why = all.why_none;
  for (const device::DeviceInfo& info : all.found) {
    if (info.why_unusable.empty()) return "";
    why += (why.empty() ? "" : "; ") + of_device(info);
  }
  return why;
}

std::vector<int> chosen_devices(const std::string& choice) {
  const device::Devices all = device::list_devices();
  std::vector<int> numbers;
  for (const device::DeviceInfo& info : all.found)
    if (info.why_unusable.empty()) numbers.push_back(info.number);
  if (numbers.empty()) throw DeviceError("there is no device to use", why_none(all), "use --backend cpu");
  if (choice == "all") return numbers;
  if (choice.empty()) return {numbers.front()};
  int number = 0;
  const char* end = choice.data() + choice.size();
  const auto [read, error] = std::from_chars(choice.data(), end, number);
  if (error != std::errc() || read != end || number < 0)
    throw SpecError("'" + choice + "' is not a device", "--device takes a number or all", "see carbonfront backends");
  for (const device::DeviceInfo& info : all.found) {
    if (info.number != number) continue;
    if (info.why_unusable.empty()) return {number};
    throw DeviceError("device " + choice + " cannot be used", info.why_unusable, "see carbonfront backends");
  }
  throw DeviceError("there is no device " + choice, "the last one is " + std::to_string(all.found.back().number),
                    "see carbonfront backends");
}

void in_parallel(std::uint32_t size, const std::function<void(std::uint32_t, std::uint32_t)>& work) {
  tbb::parallel_for(tbb::blocked_range<std::uint32_t>(0, size, 1 << 14),
                    [&](const auto& range) { work(range.begin(), range.end()); });
}

/// What a call needs that tells nobody how far it is.
device::Host quiet_host(const Progress& progress) { return {nullptr, progress.stop(), in_parallel, {}}; }

/// Calls `work(evaluator, host, part)` for every device, each on a thread of its own; the first tells how far it is. Throws
/// what the first of them threw that has failed.
template <class Work>
auto on_all(const Evaluators& evaluators, PointsView points, Progress& progress, Work work) {
  const auto count = static_cast<std::uint32_t>(evaluators.size());
  std::vector<decltype(work(*evaluators[0], device::Host{}, device::Part{}))> parts(count);
  std::vector<std::exception_ptr> errors(count);
  StopFlag stop(progress.stop());
  const auto positions = [points, &stop] {
    Progress quiet(&stop);
    const Order order = lexicographic_order(points, quiet);
    return std::vector<std::uint32_t>(order.position.begin(), order.position.end());
  };
  const auto run = [&](std::uint32_t index) {
    try {
      parts[index] =
          work(*evaluators[index], {index == 0 ? &progress : nullptr, &stop, in_parallel, positions}, {index, count});
    } catch (const Stopped& stopped) {
      if (stopped.reason != kAnotherFailed) errors[index] = std::current_exception();
    } catch (...) {
      errors[index] = std::current_exception();
      stop.request(kAnotherFailed);
    }
  };
  {
    std::vector<std::jthread> others;
    for (std::uint32_t index = 1; index < count; ++index) others.emplace_back(run, index);
    run(0);
  }
  for (const std::exception_ptr& error : errors)
    if (error) std::rethrow_exception(error);
  return parts;
}

void add_to(Array<std::uint32_t>& sums, const Array<std::uint32_t>& more) {
  in_parallel(static_cast<std::uint32_t>(more.size()), [&](std::uint32_t begin, std::uint32_t end) {
    for (std::uint32_t i = begin; i < end; ++i) sums[i] += more[i];
  });
}

template <class T>
void lower_to(Array<T>& least, const Array<T>& more) {
  in_parallel(static_cast<std::uint32_t>(more.size()), [&](std::uint32_t begin, std::uint32_t end) {
    for (std::uint32_t i = begin; i < end; ++i) least[i] = std::min(least[i], more[i]);
  });
}

Verdict put_together(std::vector<Verdict>& parts) {
  Verdict& all = parts.front();
  for (std::size_t i = 1; i < parts.size(); ++i) {
    add_to(all.dominated_by, parts[i].dominated_by);
    add_to(all.dominates, parts[i].dominates);
    lower_to(all.nondominated, parts[i].nondominated);
    lower_to(all.witness, parts[i].witness);
  }
  return std::move(all);
}

/// One device or several at work.
class CudaSession : public Session {
 public:
  explicit CudaSession(const DeviceChoice& choice) {
    for (const int number : chosen_devices(choice.device))
      evaluators_.push_back(std::make_unique<device::Evaluator>(number, choice.memory_limit, choice.as_for_many));
  }

  /// On the first of the devices: what is computed comes down at once.
  void emissions(std::span<const EmissionStep> steps, std::size_t rows, EmissionColumns out,
                 const Progress& progress) override {
    evaluators_.front()->emissions(steps, rows, out, quiet_host(progress));
  }

  Verdict evaluate(PointsView points, VerdictRequest wanted, Progress& progress) override {
    auto parts = on_all(evaluators_, points, progress,
                        [&](device::Evaluator& evaluator, const device::Host& host, device::Part part) {
                          return evaluator.evaluate(points, wanted, host, part);
                        });
    return put_together(parts);
  }

  CrossCounts count_against(PointsView points, CrossRequest wanted, Progress& progress) override {
    auto parts = on_all(evaluators_, points, progress,
                        [&](device::Evaluator& evaluator, const device::Host& host, device::Part part) {
                          return evaluator.count_against(points, wanted, host, part);
                        });
    for (std::size_t i = 1; i < parts.size(); ++i) {
      add_to(parts[0].dominated_by, parts[i].dominated_by);
      add_to(parts[0].dominates, parts[i].dominates);
    }
    return std::move(parts[0]);
  }

  /// Always exactly.
  std::vector<std::uint32_t> find_front(PointsView points, bool, Progress& progress) override {
    Progress quiet(progress.stop());
    const Array<std::uint8_t> nondominated = evaluate(points, {}, quiet).nondominated;
    std::vector<std::uint32_t> front;
    for (std::uint32_t i = 0; i < points.size; ++i)
      if (nondominated[i]) front.push_back(i);
    return front;
  }

  void bring_up(const GrowingColumns& growing, const Progress& progress) override {
    for (auto& evaluator : evaluators_) evaluator->bring_up(growing, quiet_host(progress));
  }

 private:
  Evaluators evaluators_;
};

}  // namespace

CudaList list_cuda_devices() {
  const device::Devices all = device::list_devices();
  CudaList list{{}, why_none(all)};
  for (const device::DeviceInfo& info : all.found)
    list.devices.push_back(std::to_string(info.number) + ": " + info.name + ", " + std::to_string(info.memory_bytes >> 20) +
                           " MiB, " + std::to_string(info.processors) + " multiprocessors, compute capability " +
                           std::to_string(info.major) + "." + std::to_string(info.minor) +
                           (info.why_unusable.empty() ? "" : "; cannot be used"));
  return list;
}

std::unique_ptr<Session> open_cuda(const DeviceChoice& choice) { return std::make_unique<CudaSession>(choice); }

}  // namespace carbonfront
