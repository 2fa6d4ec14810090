#include "host/app/backend_options.hpp"

#include "host/app/numbers.hpp"
#include "host/app/say.hpp"
#include "host/scoring/memory.hpp"

namespace carbonfront {

void add_backend_options(CLI::App& command, std::string& backend, std::string& device) {
  command.add_option("--backend", backend, "auto, cpu, cuda or reference")->capture_default_str();
  command.add_option("--device", device, "A GPU's number, or all (see carbonfront backends; default: the first)");
}

DeviceChoice device_choice(const std::string& device, const std::string& memory_limit) {
  if (!device.empty() && device != "all")
    parse_number("--device", device, 0, 65535, "give a device's number, see carbonfront backends, or all");
  return {device, memory_limit.empty() ? 0 : parse_size(memory_limit)};
}

void say_what_auto_chose(const std::string& asked_for, const Backend& chosen, int threads) {
  if (asked_for != "auto") return;
  say("backend: {} ({} threads), chosen by auto{}\n", chosen.name, threads,
      chosen.passed_over.empty() ? "" : " (" + chosen.passed_over + ")");
}

}  // namespace carbonfront
