// The run as other code calls it: requests in, what came of them out; stopped by itself, and the next one runs.

#include <gtest/gtest.h>

#include <csignal>

#include "carbonfront/errors.hpp"
#include "host/run/score.hpp"
#include "host/scoring/memory.hpp"
#include "tests/outcome.hpp"
#include "tests/sweep_builder.hpp"

namespace carbonfront {
namespace {

/// A request to score accuracy and parameters of a sweep, in batches of 1,000 rows.
ScoreRequest asked(const Scratch& folder, const std::string& sweep, const std::string& result) {
  ScoreRequest request;
  request.inputs = {sweep};
  SpecFlags flags;
  flags.views = {"v=accuracy:max,params:min"};
  apply_flags(request.spec, flags);
  check_spec(request.spec);
  request.outputs.result = folder / result;
  request.batch_rows = 1000;
  request.backend.name = "cpu";
  request.limits = {1, default_memory_limit()};
  return request;
}

std::string sweep_of(const Scratch& folder) {
  return generated(folder, "s.h5", {"--rows", "20000", "--chunk-rows", "1000"});
}

/// Runs a request to its end and gives the result its name.
ScoreEnd finish(ScoreRequest request, Progress& progress) {
  ScoreRun run = prepare_score(std::move(request), progress);
  WindUp wind_up;
  Draft draft = begin_draft(run, wind_up);
  ScoreEnd end = score(run, wind_up, progress, draft);
  if (end.how == ScoreEnd::How::judged) deliver(run, draft);
  return end;
}

TEST(Run, TellsWhatIsKnownBeforeItBeginsAndWhatCameOfIt) {
  Scratch folder;
  const std::string sweep = sweep_of(folder);
  Progress progress;
  ScoreRun run = prepare_score(asked(folder, sweep, "r.h5"), progress);
  EXPECT_EQ(run.plan.rows, 20000u);
  EXPECT_EQ(run.rows_ahead, 20000u);
  EXPECT_EQ(run.backend.name, "cpu");
  EXPECT_EQ(run.target, folder / "r.h5");
  EXPECT_EQ(folder.names(), std::set<std::string>{"s.h5"}) << "nothing is written yet";
  WindUp wind_up;
  Draft draft = begin_draft(run, wind_up);
  EXPECT_EQ(score(run, wind_up, progress, draft).how, ScoreEnd::How::judged);
  EXPECT_EQ(draft.scores.views[0].size, 20000u);
  EXPECT_FALSE(std::filesystem::exists(folder / "r.h5")) << "it has no name before it is delivered";
  deliver(run, draft);
  EXPECT_EQ(Reading(folder / "r.h5").integer_attribute("/views/v", "rated"), 20000);
}

TEST(Run, LeavesNothingOfADraftThatIsNotDelivered) {
  Scratch folder;
  const std::string sweep = sweep_of(folder);
  Progress progress;
  ScoreRun run = prepare_score(asked(folder, sweep, "r.h5"), progress);
  {
    WindUp wind_up;
    Draft draft = begin_draft(run, wind_up);
    score(run, wind_up, progress, draft);
  }
  EXPECT_EQ(folder.names(), std::set<std::string>{"s.h5"});
}

TEST(Run, IsStoppedByItsOwnFlagAndTheNextOneRuns) {
  Scratch folder;
  const std::string sweep = sweep_of(folder);
  StopFlag one;
  std::atomic<int> batches{0};
  Progress stopped(&one, [&](const Progress& now) {  // in the middle of reading
    if (std::string_view(now.phase.load()) == "read" && ++batches == 5) one.request(SIGTERM);
  });
  Progress other;
  ScoreRun run = prepare_score(asked(folder, sweep, "other.h5"), other);
  EXPECT_THROW(finish(asked(folder, sweep, "r.h5"), stopped), Stopped);
  EXPECT_EQ(folder.names(), std::set<std::string>{"s.h5"});
  WindUp wind_up;
  Draft draft = begin_draft(run, wind_up);
  EXPECT_EQ(score(run, wind_up, other, draft).how, ScoreEnd::How::judged) << "it was prepared before";
  EXPECT_EQ(finish(asked(folder, sweep, "r.h5"), other).how, ScoreEnd::How::judged);
  Progress again(&one);
  EXPECT_THROW(prepare_score(
                   [&] {
                     ScoreRequest request = asked(folder, sweep, "again.h5");
                     request.whole_inputs = true;
                     return request;
                   }(),
                   again),
               Stopped)
      << "a flag stays asked";
}

TEST(Run, WindsUpWithACheckpointAndGoesOnToTheSameBytes) {
  Scratch folder;
  const std::string sweep = sweep_of(folder);
  Progress quiet;
  ASSERT_EQ(finish(asked(folder, sweep, "one.h5"), quiet).how, ScoreEnd::How::judged);
  ScoreRequest request = asked(folder, sweep, "r.h5");
  request.keeps_checkpoint = true;
  std::vector<std::string> notes;
  request.note = [&](const std::string& line) { notes.push_back(line); };
  {
    WindUp wind_up;
    int batches = 0;
    Progress progress(nullptr, [&](const Progress& now) {
      if (std::string_view(now.phase.load()) == "read" && ++batches == 4) wind_up.request(kTimeLimit);
    });
    ScoreRun run = prepare_score(request, progress);
    EXPECT_FALSE(wind_up.request(SIGUSR1)) << "there is nothing to keep yet";
    Draft draft = begin_draft(run, wind_up);
    const ScoreEnd end = score(run, wind_up, progress, draft);
    EXPECT_EQ(end.how, ScoreEnd::How::checkpoint);
    EXPECT_EQ(end.reason, kTimeLimit);
  }
  EXPECT_EQ(folder.names(), (std::set<std::string>{"s.h5", "one.h5", "r.h5.checkpoint"}));
  EXPECT_EQ(notes, std::vector<std::string>{});
  EXPECT_EQ(finish(request, quiet).how, ScoreEnd::How::judged);
  ASSERT_EQ(notes.size(), 1u);
  EXPECT_TRUE(says(notes[0], "going on at row 3000")) << notes[0];
  EXPECT_EQ(digest_of(folder / "r.h5"), digest_of(folder / "one.h5"));
  EXPECT_EQ(folder.names(), (std::set<std::string>{"s.h5", "one.h5", "r.h5"}));
}

TEST(Run, StoppedWhileItJudgesKeepsWhatWasReadOnce) {
  Scratch folder;
  const std::string sweep = sweep_of(folder);
  ScoreRequest request = asked(folder, sweep, "r.h5");
  request.keeps_checkpoint = true;
  for (const auto how : {ScoreEnd::How::checkpoint, ScoreEnd::How::unjudged}) {
    StopFlag stop;
    Progress progress(&stop, [&](const Progress& now) {
      if (std::string_view(now.phase.load()) == "order") stop.request(kTimeLimit);
    });
    const ScoreEnd end = finish(request, progress);
    EXPECT_EQ(end.how, how);
    EXPECT_EQ(end.reason, kTimeLimit);
    EXPECT_EQ(folder.names(), (std::set<std::string>{"s.h5", "r.h5.checkpoint"}));
  }
  StopFlag stop;
  Progress interrupted(&stop, [&](const Progress& now) {
    if (std::string_view(now.phase.load()) == "order") stop.request(SIGINT);
  });
  EXPECT_THROW(finish(request, interrupted), Stopped) << "an interrupt keeps nothing";
}

TEST(Run, RefusesBeforeItWrites) {
  Scratch folder;
  const std::string sweep = sweep_of(folder);
  Progress progress;
  ScoreRequest request = asked(folder, sweep, "s.h5");
  EXPECT_THROW(prepare_score(request, progress), SpecError) << "the output is the input";
  request = asked(folder, sweep, "r.h5");
  request.limits.memory = 1 << 20;
  EXPECT_THROW(prepare_score(request, progress), DeviceError);
  request = asked(folder, sweep, "r.h5");
  request.validated_rows = 10;
  request.shard = Shard{0, 2};
  EXPECT_THROW(prepare_score(request, progress), SpecError);
  EXPECT_EQ(folder.names(), std::set<std::string>{"s.h5"});
}

}  // namespace
}  // namespace carbonfront
