#include "host/run/count.hpp"

#include <fmt/format.h>

#include "carbonfront/errors.hpp"
#include "host/shards/checkpoint.hpp"

namespace carbonfront {

CountRun prepare_count(CountRequest request, const Progress& progress) {
  CountRun run;
  run.all = collect_parts(request.parts);
  require_all(run.all);
  const Shard shard = request.shard;
  if (shard.count != run.all.shards)
    throw SpecError(fmt::format("--shard {}/{}", shard.index, shard.count),
                    fmt::format("the parts are of {} shards", run.all.shards),
                    fmt::format("write --shard K/{}", run.all.shards));
  run.plan = plan_of_parts(run.all, request.sweep, false, request.reading, progress);
  run.backend = open_for(run.plan, run.plan.rows, Judging::of_shares, request.backend);
  const PartFile& own = run.all.parts[shard.index];
  run.target = counts_path(own.path);
  std::vector<std::string> read = files_read(run.plan);
  read.insert(read.end(), request.parts.begin(), request.parts.end());
  refuse_output_among(checkpoint_path(run.target), read);
  prepare_output(run.target, true, read, request.note);
  run.counted_before = !request.force && is_counted(own);
  run.request = std::move(request);
  return run;
}

CountOutcome count(const CountRun& run, WindUp& wind_up, Progress& progress) {
  const CountRequest& request = run.request;
  return count_share(run.plan, run.all, request.shard.index, *run.backend.session,
                     {request.limits.memory, request.force, &wind_up}, progress);
}

}  // namespace carbonfront
