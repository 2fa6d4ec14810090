#include "host/app/backend_options.hpp"

#include "host/app/numbers.hpp"
#include "host/app/say.hpp"
#include "host/scoring/memory.hpp"

namespace carbonfront {

void add_backend_options(CLI::App& command, BackendOptions& options) {
  command
      .add_option("--backend", options.backend,
                  "auto (a GPU for what it is expected to be faster at, the CPU for the rest), cpu, cuda or reference")
      ->capture_default_str();
  command.add_option("--device", options.device, "A GPU's number, or all (see carbonfront backends; default: the first)");
}

BackendChoice backend_choice(const BackendOptions& options, const std::string& memory_limit) {
  if (!options.device.empty() && options.device != "all")
    parse_number("--device", options.device, 0, 65535, "give a device's number, see carbonfront backends, or all");
  return {options.backend, {options.device, memory_limit.empty() ? 0 : parse_size(memory_limit)}};
}

void say_what_auto_chose(const BackendChoice& asked_for, const OpenBackend& chosen, int threads) {
  if (asked_for.name != "auto") return;
  say("backend: {} ({} threads), chosen by auto{}\n", chosen.name, threads,
      chosen.passed_over.empty() ? "" : " (" + chosen.passed_over + ")");
}

}  // namespace carbonfront
