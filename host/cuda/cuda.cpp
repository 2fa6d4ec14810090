#include "host/cuda/cuda.hpp"

#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <exception>
#include <thread>
#include <utility>

#include "host/errors.hpp"
#include "host/pareto/order.hpp"
#include "kernels/device/devices.hpp"
#include "kernels/evaluator/evaluator.hpp"

namespace carbonfront {

struct CudaDevices::Devices {
  std::vector<std::unique_ptr<device::Evaluator>> evaluators;
};

namespace {

/// Ends a device's work because another device has failed.
struct Cancelled {};

/// Calls the device and turns what fails there into the program's error.
template <class Work>
auto on_device(Work work) {
  try {
    return work();
  } catch (const device::Failure& failure) {
    throw DeviceError("the device failed in " + failure.call, failure.reason, failure.advice);
  }
}

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

/// What bringing a batch up needs.
device::Host quiet_host() {
  device::Host host;
  host.begin = [](const char*, std::uint64_t) { throw_if_stopped(); };
  host.add = [](std::uint64_t) { throw_if_stopped(); };
  host.in_parallel = in_parallel;
  return host;
}

device::Host host_of(PointsView points, Progress& progress, bool leads, std::atomic<bool>& failed) {
  device::Host host;
  host.begin = [&progress, leads](const char* phase, std::uint64_t total) {
    throw_if_stopped();
    if (leads) progress.begin(phase, total);
  };
  host.add = [&progress, &failed, leads](std::uint64_t done) {
    throw_if_stopped();
    if (failed) throw Cancelled{};
    if (leads) progress.add(done);
  };
  host.in_parallel = in_parallel;
  host.lexicographic_positions = [points] {
    Progress quiet;
    const Order order = lexicographic_order(points, quiet);
    return std::vector<std::uint32_t>(order.position.begin(), order.position.end());
  };
  return host;
}

/// Calls `work(evaluator, host, part)` for every device, each on a thread of its own. Throws what the first of them threw.
template <class Work>
auto on_all(const std::vector<std::unique_ptr<device::Evaluator>>& evaluators, PointsView points, Progress& progress,
            Work work) {
  const auto count = static_cast<std::uint32_t>(evaluators.size());
  std::vector<decltype(work(*evaluators[0], device::Host{}, device::Part{}))> parts(count);
  std::vector<std::exception_ptr> errors(count);
  std::atomic<bool> failed{false};
  const auto run = [&](std::uint32_t index) {
    try {
      parts[index] = work(*evaluators[index], host_of(points, progress, index == 0, failed), {index, count});
    } catch (const Cancelled&) {
    } catch (...) {
      errors[index] = std::current_exception();
      failed = true;
    }
  };
  {
    std::vector<std::jthread> others;
    for (std::uint32_t index = 1; index < count; ++index) others.emplace_back(run, index);
    run(0);
  }
  on_device([&] {
    for (const std::exception_ptr& error : errors)
      if (error) std::rethrow_exception(error);
  });
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

/// Room for the answers of one part; ranks are the first part's.
Verdict room_for(std::uint32_t size, const VerdictRequest& wanted, device::Part part) {
  Verdict verdict;
  verdict.nondominated.resize(size);
  if (wanted.dominated_by) verdict.dominated_by.resize(size);
  if (wanted.dominates) verdict.dominates.resize(size);
  if (wanted.rank && part.index == 0) verdict.rank.resize(size);
  if (wanted.witness) verdict.witness.resize(size);
  return verdict;
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

CudaDevices::CudaDevices(const std::string& choice, std::size_t memory_limit, bool as_for_many)
    : devices_(std::make_unique<Devices>()) {
  on_device([&] {
    for (const int number : chosen_devices(choice))
      devices_->evaluators.push_back(std::make_unique<device::Evaluator>(number, memory_limit, as_for_many));
  });
}

CudaDevices::~CudaDevices() = default;

bool CudaDevices::keep(std::uint32_t columns, std::uint32_t capacity, std::uint32_t most_objectives) {
  return on_device([&] {
    bool all = true;
    for (auto& evaluator : devices_->evaluators) all = all && evaluator->keep(columns, capacity, most_objectives);
    for (auto& evaluator : devices_->evaluators)
      if (!all) evaluator->keep(0, 0, 0);
    return all;
  });
}

void CudaDevices::bring_up(const Objective& objective, std::uint32_t begin, std::uint32_t count) {
  on_device([&] {
    for (auto& evaluator : devices_->evaluators) evaluator->bring_up(objective, begin, count, quiet_host());
  });
}

void CudaDevices::emissions(std::span<const EmissionStep> steps, std::size_t rows, EmissionColumns out,
                            const KeptEmissions& kept) {
  std::vector<device::HostStep> all;
  for (const EmissionStep& step : steps) {
    device::HostStep& to = all.emplace_back(device::HostStep{step.model, {}, step.how});
    for (std::size_t k = 0; k < step.factors.size(); ++k) to.factors[k] = {step.factors[k].values, step.factors[k].constant};
  }
  on_device([&] {
    devices_->evaluators.front()->emissions(all, rows, out, quiet_host(), kept);
    for (auto [objective, values] : {std::pair{kept.energy, out.energy_kwh}, {kept.co2e, out.co2e_kg}}) {
      if (objective.kept == kNotKept) continue;
      objective.column.values = values;
      for (std::size_t i = 1; i < devices_->evaluators.size(); ++i)
        devices_->evaluators[i]->bring_up(objective, kept.begin, static_cast<std::uint32_t>(rows), quiet_host());
    }
  });
}

Verdict CudaDevices::evaluate(PointsView points, VerdictRequest wanted, Progress& progress) {
  const device::Request request{wanted.dominated_by, wanted.dominates, wanted.rank, wanted.witness, wanted.max_rank};
  auto parts = on_all(devices_->evaluators, points, progress,
                      [&](device::Evaluator& evaluator, const device::Host& host, device::Part part) {
                        Verdict of_part = room_for(points.size, wanted, part);
                        const device::AnswersView out{of_part.nondominated.data(), of_part.dominated_by.data(),
                                                      of_part.dominates.data(), of_part.rank.data(), of_part.witness.data()};
                        const device::Seconds seconds = evaluator.evaluate(points, request, out, host, part);
                        of_part.seconds = {seconds.order, seconds.front, seconds.counts, seconds.rank};
                        return of_part;
                      });
  return put_together(parts);
}

CrossCounts CudaDevices::count_against(PointsView points, const std::vector<std::uint8_t>& is_source, bool dominated_by,
                                       bool dominates, Progress& progress) {
  auto parts = on_all(devices_->evaluators, points, progress,
                      [&](device::Evaluator& evaluator, const device::Host& host, device::Part part) {
                        CrossCounts counts;
                        if (dominated_by) counts.dominated_by.resize(points.size);
                        if (dominates) counts.dominates.resize(points.size);
                        const device::CrossAnswersView out{dominated_by ? counts.dominated_by.data() : nullptr,
                                                           dominates ? counts.dominates.data() : nullptr};
                        evaluator.count_against(points, is_source, out, host, part);
                        return counts;
                      });
  for (std::size_t i = 1; i < parts.size(); ++i) {
    add_to(parts[0].dominated_by, parts[i].dominated_by);
    add_to(parts[0].dominates, parts[i].dominates);
  }
  return std::move(parts[0]);
}

std::vector<std::uint32_t> CudaDevices::find_front(PointsView points) {
  Progress quiet;
  const Array<std::uint8_t> nondominated = evaluate(points, {}, quiet).nondominated;
  std::vector<std::uint32_t> front;
  for (std::uint32_t i = 0; i < points.size; ++i)
    if (nondominated[i]) front.push_back(i);
  return front;
}

}  // namespace carbonfront
