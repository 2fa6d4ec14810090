#include "host/run/merge.hpp"

#include "host/scoring/memory.hpp"
#include "host/shards/counted_rows.hpp"
#include "host/shards/cross_counts.hpp"
#include "host/shards/tasks.hpp"

namespace carbonfront {

namespace {

/// The files that the request names, and the parts' counts.
std::vector<std::string> files_given(const MergeRequest& request) {
  std::vector<std::string> files = request.sweep;
  for (const std::string& part : request.parts) files.insert(files.end(), {part, counts_path(part)});
  return files;
}

void append_parts(const MergeRun& run, Progress& progress, Draft& draft) {
  auto begin = std::chrono::steady_clock::now();
  progress.begin("read", run.plan.rows);
  Data& data = draft.scores.data;
  data = start_data(run.plan, *run.backend.session, 0, run.plan.rows);
  data.memory = watch_memory(run.plan, 0, 0, run.request.limits.memory);
  data.memory.lists_groups = run.request.lists_groups;
  for (const PartFile& part : run.all.parts) {
    append_part(open_part(part.path), run.plan, part.info, progress, *draft.rows, data);
    check_growth(run.plan, data);
    progress.add(part.info.done);
  }
  finish_data(run.plan, progress, data);
  draft.scores.load.read = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

/// Lets a view's answers be copied from the parts' counts, and takes from them what the caller tells.
void take_counted(const MergeRun& run, std::size_t view, const Progress& progress, Data& data, ViewScores& scores) {
  const std::string& name = run.plan.views[view].spec.name;
  add_counted_rows(run.all, run.plan, view, run.request.shown_rows, run.request.shown_groups, data, scores);
  if (run.plan.has_intervals(run.plan.views[view])) scores.certain_rows = count_certain(run.all, name);
  scores.copy_answer = [&run, &progress, name](const char* answer, hid_t dataset) {
    copy_answers(run.all, name, answer, progress, dataset);
  };
}

}  // namespace

MergeRun prepare_merge(MergeRequest request, const Progress& progress) {
  prepare_outputs(request.outputs, files_given(request), request.note);
  MergeRun run;
  run.all = collect_parts(request.parts);
  require_all(run.all);
  run.plan = plan_of_parts(run.all, request.sweep, request.whole_inputs, request.reading, progress);
  refuse_outputs_among(request.outputs.summary, request.outputs.result, files_read(run.plan));
  keep_for_merging(run.plan, all_counted(run.plan, run.all));
  run.backend = open_for(run.plan, run.plan.rows, Judging::of_views, request.backend);
  check_memory(run.plan, run.plan.rows, 0, request.limits.memory);
  run.provenance =
      provenance_now(request.command_line, run.backend.name, request.limits.threads, run.all.parts[0].info.inputs);
  run.request = std::move(request);
  return run;
}

void merge(MergeRun& run, Progress& progress, Draft& draft) {
  draft.file.write([&](hid_t file) {
    draft.rows.emplace(file, run.plan, run.plan.rows);
    append_parts(run, progress, draft);
  });
  judge_views(run.plan, *run.backend.session, progress, draft.scores);
  for (std::size_t i = 0; i < run.plan.views.size(); ++i)
    if (!run.plan.views[i].resident && counts_by_share(run.plan, run.plan.views[i]))
      take_counted(run, i, progress, draft.scores.data, draft.scores.views[i]);
  write_result(run.plan, progress, run.provenance, draft);
}

}  // namespace carbonfront
