#include "host/sweep/trial.hpp"

#include <utility>

namespace carbonfront {

namespace {

Trial trial_of_process;

}  // namespace

void try_files_with(Trial trial) { trial_of_process = std::move(trial); }

void try_first(const std::vector<std::string>& files, const std::function<void()>& look) {
  if (trial_of_process) trial_of_process(files, look);
}

bool files_are_tried() { return static_cast<bool>(trial_of_process); }

}  // namespace carbonfront
