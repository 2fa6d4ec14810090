#include "host/run/outputs.hpp"

#include <fmt/format.h>

#include "host/shards/checkpoint.hpp"
#include "host/sweep/output_file.hpp"
#include "host/text.hpp"

namespace carbonfront {

void clean_up_after_killed_runs(const std::string& output, const Note& note) {
  for (const Leftover& leftover : clean_leftovers(output)) {
    if (!note) continue;
    note(
        leftover.removed
            ? fmt::format("carbonfront: removed '{}', the unfinished output of a run that was killed (process {}, {} bytes)",
                          leftover.path, leftover.process, grouped_digits(leftover.bytes))
            : fmt::format("carbonfront: '{}' is the unfinished output of process {} on {} (it may still run); if it does "
                          "not, remove the file",
                          leftover.path, leftover.process, leftover.host));
  }
}

void prepare_output(const std::string& output, bool force, const std::vector<std::string>& read, const Note& note) {
  check_output(output, force, read);
  clean_up_after_killed_runs(output, note);
}

void prepare_outputs(const OutputFiles& outputs, const std::vector<std::string>& read, const Note& note) {
  prepare_output(outputs.result, outputs.force, read, note);
  if (outputs.summary.empty()) return;
  std::vector<std::string> others = read;
  others.push_back(outputs.result);
  prepare_output(outputs.summary, outputs.force, others, note);
}

std::vector<std::string> catalogs_of(const Spec& spec) {
  return spec.emissions ? spec.emissions->catalogs : std::vector<std::string>();
}

std::vector<std::string> files_read(const Plan& plan) {
  std::vector<std::string> files = plan.sweep.led_to;
  for (const SweepFile& input : plan.sweep.files) files.push_back(input.path);
  for (const std::string& catalog : catalogs_of(plan.spec)) files.push_back(catalog);
  return files;
}

void refuse_outputs_among(const std::string& summary, const std::string& target, const std::vector<std::string>& read) {
  refuse_output_among(target, read);
  refuse_output_among(checkpoint_path(target), read);
  if (!summary.empty()) refuse_output_among(summary, read);
}

}  // namespace carbonfront
