#include "host/backend.hpp"

#include <fmt/format.h>

#include "carbonfront/errors.hpp"
#include "host/emissions/evaluate.hpp"
#include "host/pareto/cpu.hpp"
#include "host/pareto/reference.hpp"
#include "host/placement.hpp"
#include "host/text.hpp"
#if defined(CARBONFRONT_CUDA)
#include "host/cuda/cuda.hpp"
#endif

namespace carbonfront {

namespace {

struct CpuSession : Session {
  void emissions(std::span<const EmissionStep> steps, std::size_t rows, EmissionColumns out, const Progress&) override {
    emissions_cpu(steps, rows, out);
  }
  Verdict evaluate(PointsView points, VerdictRequest wanted, Progress& progress) override {
    return evaluate_cpu(points, wanted, progress);
  }
  CrossCounts count_against(PointsView points, CrossRequest wanted, Progress& progress) override {
    return count_against_cpu(points, wanted, progress);
  }
  std::vector<std::uint32_t> find_front(PointsView points, bool exactly, Progress& progress) override {
    return find_front_cpu(points, exactly, progress);
  }
};

struct ReferenceSession : Session {
  void emissions(std::span<const EmissionStep> steps, std::size_t rows, EmissionColumns out, const Progress&) override {
    emissions_reference(steps, rows, out);
  }
  Verdict evaluate(PointsView points, VerdictRequest wanted, Progress& progress) override {
    return evaluate_reference(points, wanted, progress);
  }
  CrossCounts count_against(PointsView points, CrossRequest wanted, Progress& progress) override {
    return count_against_reference(points, wanted, progress);
  }
  std::vector<std::uint32_t> find_front(PointsView points, bool, Progress& progress) override {
    return find_front_reference(points, progress);
  }
};

#if defined(CARBONFRONT_CUDA)
constexpr bool kCuda = std::string_view(CARBONFRONT_CUDA) == "cuda";  // else "cuda-emulated", in the tests' program

/// Looks at the devices without taking one.
void look(Backend& backend) {
  CudaList list = list_cuda_devices();
  backend.devices = std::move(list.devices);
  backend.unavailable = std::move(list.why_none);
}
#else
constexpr bool kCuda = false;
void look(Backend&) {}
std::unique_ptr<Session> open_cuda(const DeviceChoice&) { return nullptr; }
#endif

/// The list, best first. Nothing is looked at yet.
std::vector<Backend> all_backends() {
  std::vector<Backend> all = {
      {"cuda", "NVIDIA GPU", kCuda ? "" : "this program was built without CUDA", {}, true, false, open_cuda},
      {"cpu",
       "all cores, SIMD, integer ranks",
       "",
       {},
       false,
       false,
       [](const DeviceChoice&) { return std::make_unique<CpuSession>(); }},
      {"reference",
       "plain loops over the stored values: the definition, one thread",
       "",
       {},
       false,
       true,
       [](const DeviceChoice&) { return std::make_unique<ReferenceSession>(); }}};
#if defined(CARBONFRONT_CUDA)
  if (!kCuda)
    all.push_back({CARBONFRONT_CUDA, "the GPU's code on this processor, for tests", "", {}, true, false, open_cuda});
#endif
  return all;
}

/// Opens a backend; null, and it says in `unavailable` why, where it cannot be used.
std::unique_ptr<Session> try_to_open(Backend& backend, const DeviceChoice& choice) {
  if (backend.on_device && backend.unavailable.empty()) look(backend);
  return backend.unavailable.empty() ? backend.open(choice) : nullptr;
}

OpenBackend opened(const Backend& backend, std::unique_ptr<Session> session) {
  return {backend.name, backend.description, backend.definition, "", "", std::move(session)};
}

/// The first backend that can be used. One that fails now is passed over: no work has begun.
OpenBackend open_best(const DeviceChoice& choice) {
  std::vector<std::string> passed_over;
  for (Backend& backend : all_backends()) {
    const bool named = !choice.device.empty();
    if (named && !backend.on_device) continue;
    if (backend.on_device && !named && !choice.has_work && backend.unavailable.empty())
      backend.unavailable = "nothing here that it is expected to be faster at";
    std::unique_ptr<Session> session;
    try {
      session = try_to_open(backend, choice);
    } catch (const DeviceError& error) {
      backend.unavailable = error.what();
    }
    if (session) {
      OpenBackend best = opened(backend, std::move(session));
      if (backend.on_device && !named) best = shared_backend(std::move(best), open_backend("cpu"));
      best.passed_over = join(passed_over, "; ");
      return best;
    }
    passed_over.push_back(backend.name + ": " + backend.unavailable);
  }
  throw DeviceError("no backend has device " + choice.device, join(passed_over, "; "), "leave out --device");
}

}  // namespace

std::vector<Backend> backends() {
  std::vector<Backend> all = all_backends();
  for (Backend& backend : all)
    if (backend.on_device && backend.unavailable.empty()) look(backend);
  return all;
}

OpenBackend open_backend(const std::string& name, const DeviceChoice& choice) {
  if (name == "auto") return open_best(choice);
  std::vector<std::string> names = {"auto"};
  for (Backend& backend : all_backends()) {
    names.emplace_back(backend.name);
    if (name != backend.name) continue;
    if (!choice.device.empty() && !backend.on_device)
      throw SpecError(fmt::format("--device {} with backend '{}'", choice.device, name), "it has no devices",
                      "leave out --device, or use --backend cuda");
    std::unique_ptr<Session> session = try_to_open(backend, choice);
    if (!session)
      throw DeviceError(fmt::format("backend '{}' cannot be used", name), backend.unavailable,
                        "use --backend auto or --backend cpu");
    return opened(backend, std::move(session));
  }
  throw SpecError("unknown backend '" + name + "'", "backends are " + join(names, ", ") + did_you_mean(name, names),
                  "choose one of them");
}

}  // namespace carbonfront
