// What runs that were killed left beside an output.

#include <fmt/format.h>

#include "host/app/commands.hpp"
#include "host/app/say.hpp"
#include "host/sweep/output_file.hpp"
#include "host/text.hpp"

namespace carbonfront {

void clean_up_after_killed_runs(const std::string& output) {
  for (const Leftover& leftover : clean_leftovers(output)) {
    if (leftover.removed)
      say("carbonfront: removed '{}', the unfinished output of a run that was killed (process {}, {} bytes)\n",
          leftover.path, leftover.process, grouped_digits(leftover.bytes));
    else
      say("carbonfront: '{}' is the unfinished output of process {} on {} (it may still run); if it does not, remove "
          "the file\n",
          leftover.path, leftover.process, leftover.host);
  }
}

}  // namespace carbonfront
