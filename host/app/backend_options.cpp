#include "host/app/backend_options.hpp"

#include <algorithm>

#include "host/app/numbers.hpp"
#include "host/app/say.hpp"
#include "host/placement.hpp"
#include "host/scoring/memory.hpp"
#include "host/scoring/views.hpp"
#include "host/shards/cross_counts.hpp"

namespace carbonfront {

void add_backend_options(CLI::App& command, std::string& backend, std::string& device) {
  command
      .add_option("--backend", backend,
                  "auto (a GPU for what it is expected to be faster at, the CPU for the rest), cpu, cuda or reference")
      ->capture_default_str();
  command.add_option("--device", device, "A GPU's number, or all (see carbonfront backends; default: the first)");
}

DeviceChoice device_choice(const std::string& device, const std::string& memory_limit) {
  if (!device.empty() && device != "all")
    parse_number("--device", device, 0, 65535, "give a device's number, see carbonfront backends, or all");
  return {device, memory_limit.empty() ? 0 : parse_size(memory_limit)};
}

bool device_has_work(const Plan& plan, std::uint64_t rows, Judging judging) {
  if (plan.emissions && is_on_device(kPlacements, Answer::emissions, 0, rows)) return true;
  return std::any_of(plan.views.begin(), plan.views.end(), [&](const ViewPlan& view) {
    const auto objectives = static_cast<std::uint32_t>(view.objectives.size());
    if (is_on_device(kPlacements, Answer::front, objectives, rows)) return true;
    if (judging == Judging::of_shares)  // own rows and those of others, own ones again among them
      return counts_by_share(plan, view) && (is_on_device(kPlacements, Answer::counts, objectives, 2 * rows) ||
                                             is_on_device(kPlacements, Answer::witnesses, objectives, rows));
    if (judging == Judging::none || !view.resident) return false;
    return shared_request(kPlacements, request_of(view), objectives, rows).on_device ||
           (plan.has_intervals(view) && is_on_device(kPlacements, Answer::counts, objectives, 2 * rows));  // of both ends
  });
}

void say_what_auto_chose(const std::string& asked_for, const Backend& chosen, int threads) {
  if (asked_for != "auto") return;
  say("backend: {} ({} threads), chosen by auto{}\n", chosen.name, threads,
      chosen.passed_over.empty() ? "" : " (" + chosen.passed_over + ")");
}

void note_what_ran_where(const std::string& what, const Backend& backend, std::vector<std::string>& lines) {
  const std::string where = backend.ran_where ? backend.ran_where() : "";
  if (!where.empty()) lines.push_back(what + ": " + where);
}

}  // namespace carbonfront
