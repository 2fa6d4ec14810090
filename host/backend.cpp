#include "host/backend.hpp"

#include <fmt/format.h>

#include <memory>

#include "host/errors.hpp"
#include "host/placement.hpp"
#include "host/text.hpp"
#if defined(CARBONFRONT_CUDA)
#include "host/cuda/cuda.hpp"
#endif

namespace carbonfront {

namespace {

#if defined(CARBONFRONT_CUDA)
constexpr bool kCuda = std::string_view(CARBONFRONT_CUDA) == "cuda";  // else "cuda-emulated", in the tests' program

/// Looks at the devices without taking one.
void look(Backend& backend) {
  const CudaList list = list_cuda_devices();
  backend.devices = list.devices;
  backend.unavailable = list.why_none;
}

/// Takes the devices. Throws SpecError, DeviceError.
void open(Backend& backend, const DeviceChoice& choice) {
  const auto devices = std::make_shared<CudaDevices>(choice.device, choice.memory_limit, choice.as_for_many);
  backend.emissions = [devices](auto&&... arguments) { devices->emissions(arguments...); };
  backend.columns.keep = [devices](auto... arguments) { return devices->keep(arguments...); };
  backend.columns.bring_up = [devices](auto&&... arguments) { devices->bring_up(arguments...); };
  backend.columns.emissions = [devices](auto&&... arguments) { devices->emissions(arguments...); };
  backend.evaluate = [devices](PointsView points, VerdictRequest wanted, Progress& progress) {
    return devices->evaluate(points, wanted, progress);
  };
  backend.count_against = [devices](PointsView points, const std::vector<std::uint8_t>& is_source, bool dominated_by,
                                    bool dominates, Progress& progress) {
    return devices->count_against(points, is_source, dominated_by, dominates, progress);
  };
  backend.find_front = [devices](PointsView points, bool) { return devices->find_front(points); };
}
#else
constexpr bool kCuda = false;
void look(Backend&) {}
void open(Backend&, const DeviceChoice&) {}
#endif

Backend device_backend(std::string name, std::string description, std::string unavailable) {
  Backend backend;
  backend.name = std::move(name);
  backend.description = std::move(description);
  backend.unavailable = std::move(unavailable);
  return backend;
}

/// The list, best first. Nothing is looked at yet.
std::vector<Backend> all_backends() {
  std::vector<Backend> all = {device_backend("cuda", "NVIDIA GPU", kCuda ? "" : "this program was built without CUDA"),
                              {"cpu",
                               "all cores, SIMD, integer ranks",
                               "",
                               {},
                               emissions_cpu,
                               evaluate_cpu,
                               count_against_cpu,
                               find_front_cpu,
                               {},
                               false,
                               ""},
                              {"reference",
                               "plain loops over the stored values: the definition, one thread",
                               "",
                               {},
                               emissions_reference,
                               evaluate_reference,
                               count_against_reference,
                               find_front_reference,
                               {},
                               true,
                               ""}};
#if defined(CARBONFRONT_CUDA)
  if (!kCuda) all.push_back(device_backend(CARBONFRONT_CUDA, "the GPU's code on this processor, for tests", ""));
#endif
  return all;
}

bool needs_device(const Backend& backend) { return !backend.evaluate; }

/// Opens a backend; says in `unavailable` what cannot be used.
void try_to_open(Backend& backend, const DeviceChoice& choice) {
  if (!needs_device(backend) || !backend.unavailable.empty()) return;
  look(backend);
  if (backend.unavailable.empty()) open(backend, choice);
}

/// The first backend that can be used. One that fails now is passed over: no work has begun.
Backend best_backend(const DeviceChoice& choice) {
  std::vector<std::string> passed_over;
  for (Backend& backend : all_backends()) {
    const bool on_device = needs_device(backend), named = !choice.device.empty();
    if (named && !on_device) continue;
    if (on_device && !named && !choice.has_work && backend.unavailable.empty())
      backend.unavailable = "nothing here that it is expected to be faster at";
    try {
      try_to_open(backend, choice);
    } catch (const DeviceError& error) {
      backend.unavailable = error.what();
    }
    if (backend.unavailable.empty()) {
      if (on_device && !named) backend = shared_backend(backend, choose_backend("cpu"));
      backend.passed_over = join(passed_over, "; ");
      return backend;
    }
    passed_over.push_back(backend.name + ": " + backend.unavailable);
  }
  throw DeviceError("no backend has device " + choice.device, join(passed_over, "; "), "leave out --device");
}

}  // namespace

std::vector<Backend> backends() {
  std::vector<Backend> all = all_backends();
  for (Backend& backend : all)
    if (needs_device(backend) && backend.unavailable.empty()) look(backend);
  return all;
}

Backend choose_backend(const std::string& name, const DeviceChoice& choice) {
  if (name == "auto") return best_backend(choice);
  std::vector<std::string> names = {"auto"};
  for (Backend& backend : all_backends()) {
    names.emplace_back(backend.name);
    if (name != backend.name) continue;
    if (!choice.device.empty() && !needs_device(backend))
      throw SpecError(fmt::format("--device {} with backend '{}'", choice.device, name), "it has no devices",
                      "leave out --device, or use --backend cuda");
    try_to_open(backend, choice);
    if (!backend.unavailable.empty())
      throw DeviceError(fmt::format("backend '{}' cannot be used", name), backend.unavailable,
                        "use --backend auto or --backend cpu");
    return backend;
  }
  throw SpecError("unknown backend '" + name + "'", "backends are " + join(names, ", ") + did_you_mean(name, names),
                  "choose one of them");
}

}  // namespace carbonfront
