#include "host/run/score.hpp"

#include <fmt/format.h>

#include <csignal>

#include "carbonfront/errors.hpp"
#include "host/scoring/memory.hpp"
#include "host/scoring/passing.hpp"
#include "host/shards/checkpoint.hpp"

namespace carbonfront {

namespace {

void refuse_what_does_not_go_together(const ScoreRequest& request) {
  if (!request.validated_rows) return;
  if (request.shard)
    throw SpecError("--validate with --shard", "the reference needs all rows",
                    "use carbonfront validate on the merged result");
  if (request.keeps_checkpoint)
    throw SpecError("--validate with --time-limit", "what validating needs is not in a checkpoint", "leave one out");
}

void check_targets(const ScoreRequest& request, const std::string& target) {
  std::vector<std::string> read = request.inputs;
  read.insert(read.end(), request.other_files.begin(), request.other_files.end());
  for (const std::string& catalog : catalogs_of(request.spec)) read.push_back(catalog);
  refuse_outputs_among(request.outputs.summary, target, read);
  if (request.shard)
    prepare_output(target, true, read, request.note);
  else
    prepare_outputs(request.outputs, read, request.note);
}

/// Keeps of the plan's rows what the run's judging, its part or its checkpoint needs.
void keep_what_is_needed(const ScoreRequest& request, bool definition, Plan& plan) {
  const bool checkpoint = request.keeps_checkpoint || has_checkpoint(request.outputs.result);
  if (request.shard)
    keep_for_parts(plan);
  else if (!request.validated_rows && (!definition || checkpoint))
    keep_what_is_compared(plan);  // as checkpoints do
}

/// Reads the run's rows, from where a checkpoint ended if there is one (`began_at` its end). False where it had to wind up
/// before the last.
bool read_all(const ScoreRun& run, const WindUp& wind_up, Progress& progress, hid_t file, Draft& draft,
              std::optional<std::uint64_t>& began_at) {
  const ScoreRequest& request = run.request;
  const auto& [first, end] = run.work.range;
  const bool is_part = request.shard.has_value();
  Data& data = draft.scores.data;
  data = start_data(run.plan, *run.backend.session, first, end - first);
  data.memory = watch_memory(run.plan, run.rows_ahead, run.batch_rows, request.limits.memory);
  data.memory.lists_groups = request.lists_groups;
  if (resume(run.target, run.plan, run.work, request.outputs.force, progress, *draft.rows, data)) {
    began_at = data.next_row;
    if (request.note) request.note(fmt::format("going on at row {} from '{}'", data.next_row, checkpoint_path(run.target)));
  }
  const ReadOptions options{run.batch_rows, &*draft.rows, !is_part, &wind_up};  // a share's views are judged elsewhere
  read_rows(run.plan, *run.backend.session, end, options, progress, draft.scores.load, data);
  const bool complete = data.next_row == end;
  if (is_part) refuse_missing_rows(run.plan, data);
  if (!complete || is_part) {
    draft.rows->finish();
    write_part(file, run.plan, run.work, data);
  }
  return complete;
}

/// Gives what was read so far the name of the checkpoint.
ScoreEnd leave_checkpoint(const ScoreRun& run, int reason, Draft& draft) {
  draft.rows->close();
  draft.file.commit_as(checkpoint_path(run.target));
  return {ScoreEnd::How::checkpoint, reason, 0, {}};
}

ScoreEnd finish_part(const ScoreRun& run, Draft& draft) {
  draft.rows->close();
  draft.file.commit();
  remove_checkpoint(run.target);
  return {ScoreEnd::How::part, kNotStopped, 0, {}};
}

void judge_all(const ScoreRun& run, const WindUp& wind_up, Progress& progress, Scores& scores) {
  if (wind_up.asked()) throw Stopped(wind_up.reason());
  finish_data(run.plan, progress, scores.data);
  check_memory(run.plan, scores.data.selection.size, run.batch_rows, run.request.limits.memory);  // the filters' share
  judge_views(run.plan, *run.backend.session, progress, scores);
}

/// Judges what was read. Where checkpoints are kept, a stop leaves everything read in one, unless it came from one
/// (`began_at`).
ScoreEnd judge_or_checkpoint(const ScoreRun& run, WindUp& wind_up, Progress& progress, Draft& draft,
                             std::optional<std::uint64_t> began_at) {
  auto begin = std::chrono::steady_clock::now();
  try {
    judge_all(run, wind_up, progress, draft.scores);
    return {};
  } catch (const Stopped& stopped) {
    if (!run.request.keeps_checkpoint || stopped.reason == SIGINT || stopped.reason == SIGHUP) throw;
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
    if (began_at == run.work.range.end) return {ScoreEnd::How::unjudged, stopped.reason, seconds.count(), {}};
    wind_up.begin(stopped.reason);
    draft.file.write([&](hid_t file) {
      draft.rows->finish();
      write_part(file, run.plan, run.work, draft.scores.data);
    });
    return leave_checkpoint(run, stopped.reason, draft);
  }
}

/// Compares a sample of all answers with the reference's.
CheckReport validated(const ScoreRun& run, Progress& progress, const Scores& scores) {
  CheckReport report;
  check_emissions(run.plan, scores.data, run.batch_rows, progress, report);
  for (std::size_t i = 0; i < scores.views.size(); ++i)
    check_view_answers(run.plan, scores.data, i, scores.views[i], run.request.validated_rows, progress, report);
  return report;
}

}  // namespace

ScoreRun prepare_score(ScoreRequest request, const Progress& progress) {
  refuse_what_does_not_go_together(request);
  ScoreRun run;
  run.target = request.shard ? part_path(request.outputs.result, *request.shard) : request.outputs.result;
  check_targets(request, run.target);
  if (request.validated_rows && has_checkpoint(run.target))
    throw SpecError("--validate, and there is '" + checkpoint_path(run.target) + "'",
                    "what validating needs is not in a checkpoint", "remove it, or validate the result later");
  run.plan = make_plan(request.spec, request.inputs, request.reading);
  refuse_outputs_among(request.outputs.summary, run.target, files_read(run.plan));
  const RowRange range = request.shard ? share_of(run.plan, *request.shard) : RowRange{0, run.plan.rows};
  run.backend =
      open_for(run.plan, range.end - range.first, request.shard ? Judging::none : Judging::of_views, request.backend);
  keep_what_is_needed(request, run.backend.definition, run.plan);
  run.work = part_of(run.plan, request.shard.value_or(Shard{}), range, request.whole_inputs, progress);
  run.provenance = provenance_now(request.command_line, run.backend.name, request.limits.threads, run.work.inputs);
  run.rows_ahead = run.plan.conditions.empty() ? range.end - range.first : 0;
  run.batch_rows = batch_rows_within(run.plan, run.rows_ahead, request.batch_rows, request.limits.memory);
  check_memory(run.plan, run.rows_ahead, run.batch_rows, request.limits.memory);
  run.request = std::move(request);
  return run;
}

bool is_done(const ScoreRun& run) { return run.request.shard && is_done(run.target, run.work, run.request.outputs.force); }

Draft begin_draft(const ScoreRun& run, WindUp& wind_up) {
  const bool is_part = run.request.shard.has_value();
  wind_up.allow(is_part || run.request.keeps_checkpoint);
  return Draft(run.target, is_part || run.request.outputs.force);
}

ScoreEnd score(ScoreRun& run, WindUp& wind_up, Progress& progress, Draft& draft) {
  const bool is_part = run.request.shard.has_value();
  std::optional<std::uint64_t> began_at;
  bool complete = false;
  draft.file.write([&](hid_t file) {
    const h5::Storage storage{.deflate = is_part ? 0 : 1};  // parts are read once
    draft.rows.emplace(file, run.plan, run.work.range.end - run.work.range.first, storage);
    complete = read_all(run, wind_up, progress, file, draft, began_at);
  });
  if (!complete) return leave_checkpoint(run, wind_up.reason(), draft);
  if (is_part) return finish_part(run, draft);
  wind_up.allow(false);  // judging stops at once
  ScoreEnd end = judge_or_checkpoint(run, wind_up, progress, draft, began_at);
  if (end.how != ScoreEnd::How::judged) return end;
  if (run.request.validated_rows) {
    end.report = validated(run, progress, draft.scores);
    if (end.report.different > 0) {
      end.how = ScoreEnd::How::different;
      return end;
    }
  }
  write_result(run.plan, progress, run.provenance, draft);
  return end;
}

void deliver(ScoreRun& run, Draft& draft) {
  deliver(run.provenance, draft);
  remove_checkpoint(run.target);
}

}  // namespace carbonfront
