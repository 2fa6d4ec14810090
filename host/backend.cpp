#include "host/backend.hpp"

#include <fmt/format.h>

#include <vector>

#include "host/errors.hpp"
#include "host/text.hpp"

namespace carbonfront {

std::span<const Backend> backends() {
  static const std::vector<Backend> all = {
      {"cuda", "NVIDIA GPU", "this program was built without CUDA", nullptr, nullptr, nullptr, nullptr},
      {"cpu", "all cores, SIMD, integer ranks", "", emissions_cpu, evaluate_cpu, count_against_cpu, find_front_cpu},
      {"reference", "plain loops over the stored values: the definition, one thread", "", emissions_reference,
       evaluate_reference, count_against_reference, find_front_reference, true},
  };
  return all;
}

const Backend& choose_backend(const std::string& name) {
  std::vector<std::string> names = {"auto"};
  for (const Backend& backend : backends()) {
    names.emplace_back(backend.name);
    if (name == "auto" && backend.unavailable.empty()) return backend;
    if (name != backend.name) continue;
    if (!backend.unavailable.empty())
      throw DeviceError(fmt::format("backend '{}' cannot be used", name), backend.unavailable,
                        "use --backend auto or --backend cpu");
    return backend;
  }
  throw SpecError("unknown backend '" + name + "'", "backends are " + join(names, ", ") + did_you_mean(name, names),
                  "choose one of them");
}

}  // namespace carbonfront
