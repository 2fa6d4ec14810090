// carbonfront backends: what can compute here.

#include <fmt/format.h>

#include "host/app/commands.hpp"
#include "host/app/say.hpp"
#include "host/backend.hpp"

namespace carbonfront {

void add_backends_command(CLI::App& parent, std::function<int()>& action) {
  CLI::App* command = parent.add_subcommand("backends", "List what can compute here, best first.");
  command->callback([&action] {
    action = [] {
      for (const Backend& backend : backends()) {
        tell("{:<10} {:<14} {}\n", backend.name, backend.unavailable.empty() ? "available" : "not available",
             backend.unavailable.empty() ? backend.description : backend.unavailable);
        for (const std::string& device : backend.devices) tell("{:<25} device {}\n", "", device);
      }
      const OpenBackend chosen = open_backend("auto");
      tell("auto takes {}\n", chosen.shares.empty() ? chosen.name : chosen.shares);
      return 0;
    };
  });
}

}  // namespace carbonfront
