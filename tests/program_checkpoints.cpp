// Work that is stopped keeps a checkpoint, and the same command goes on from it to the same bytes.

#include "tests/shards.hpp"

namespace carbonfront {
namespace {

namespace fs = std::filesystem;

/// Tells whether an output is being written, which is when signals no longer end the work at once.
bool writes(const Scratch& folder) {
  std::set<std::string> names = folder.names();
  return std::any_of(names.begin(), names.end(), [](const std::string& name) { return name.ends_with(".tmp"); });
}

/// Runs a command, sends it a signal once it is at work, and returns what came of it.
Outcome stopped(const Scratch& folder, const Arguments& command, int signal) {
  Program program(command);
  EXPECT_TRUE(program.wait_until([&] { return writes(folder); })) << "it ended before the signal";
  program.send(signal);
  return program.wait();
}

struct Checkpoints : ::testing::Test {
  Scratch folder;
  Sharing work{folder,
               {generated(folder, "s.h5", {"--rows", "60000", "--missing", "0.05", "--chunk-rows", "1000"})},
               {"--spec", folder.write("spec.toml", kAllKinds)},
               2};
  Arguments slowly = {"--batch-rows", "1"};
};

TEST_F(Checkpoints, OfASharedRunAreKeptAtSigtermAndSigusr1) {
  Arguments command = joined(work.score_command(1), slowly);
  for (int signal : {SIGTERM, SIGUSR1}) {
    Outcome done = stopped(folder, command, signal);
    EXPECT_EQ(done.code, 128 + signal) << done.err;
    EXPECT_TRUE(says(done.err, "the same command goes on from")) << done.err;
    EXPECT_TRUE(fs::exists(work.part(1) + ".checkpoint"));
    EXPECT_FALSE(fs::exists(work.part(1)));
    EXPECT_FALSE(writes(folder));
  }
  Outcome rest = work.score(1);
  EXPECT_EQ(rest.code, 0) << rest.err;
  EXPECT_TRUE(says(rest.err, "going on at row ")) << rest.err;
  EXPECT_FALSE(fs::exists(work.part(1) + ".checkpoint"));
  EXPECT_EQ(work.score(0).code, 0);
  EXPECT_EQ(work.merged_digest(), work.digest_of_one_run());
}

TEST_F(Checkpoints, AreKeptThoughTheSignalComesTwice) {
  Program program(joined(work.score_command(0), slowly));
  EXPECT_TRUE(program.wait_until([&] { return writes(folder); }));
  for (int i = 0; i < 5; ++i) program.send(i % 2 ? SIGTERM : SIGUSR1);
  Outcome done = program.wait();
  EXPECT_TRUE(done.code == 128 + SIGUSR1 || done.code == 128 + SIGTERM) << done.code << done.err;
  EXPECT_TRUE(fs::exists(work.part(0) + ".checkpoint"));
}

TEST_F(Checkpoints, AreNotWrittenAtSigint) {
  EXPECT_EQ(stopped(folder, joined(work.score_command(0), slowly), SIGINT).code, 128 + SIGINT);
  EXPECT_EQ(folder.names(), (std::set<std::string>{"s.h5", "spec.toml"}));
}

TEST_F(Checkpoints, SurviveAKillOfWhatGoesOnFromThem) {
  Arguments command = joined(work.score_command(0), slowly);
  EXPECT_EQ(stopped(folder, command, SIGTERM).code, 128 + SIGTERM);
  std::string kept = read_text(work.part(0) + ".checkpoint");
  EXPECT_EQ(stopped(folder, command, SIGKILL).code, -SIGKILL);
  EXPECT_EQ(read_text(work.part(0) + ".checkpoint"), kept);
  work.score_all();
  EXPECT_EQ(work.merged_digest(), work.digest_of_one_run());
}

TEST_F(Checkpoints, OfATimeLimitLeadToThePartInSteps) {
  Outcome done;
  int steps = 0;
  for (; steps < 30; ++steps) {
    done = work.score(0, joined(slowly, {"--time-limit", std::to_string(0.2 * (1 + steps))}));
    if (done.code != 7) break;
    EXPECT_TRUE(says(done.err, "the time limit is reached")) << done.err;
    EXPECT_FALSE(fs::exists(work.part(0)));
  }
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_GT(steps, 0) << "the limit was never reached";
  EXPECT_EQ(work.score(1).code, 0);
  EXPECT_EQ(work.merged_digest(), work.digest_of_one_run());
}

TEST_F(Checkpoints, OfATimeLimitLeadToTheResultInSteps) {
  Arguments command = joined(joined({"score"}, work.sweep), joined(work.spec, {"-o", work.result()}));
  Outcome done = run(joined(command, joined(slowly, {"--time-limit", "0.4"})));
  EXPECT_EQ(done.code, 7) << done.err;
  EXPECT_TRUE(fs::exists(work.result() + ".checkpoint"));
  EXPECT_FALSE(fs::exists(work.result()));
  done = stopped(folder, joined(command, joined(slowly, {"--time-limit", "1h"})), SIGTERM);
  EXPECT_EQ(done.code, 128 + SIGTERM) << done.err;
  EXPECT_TRUE(says(done.err, "going on at row")) << done.err;
  done = run(command);
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_TRUE(says(done.err, "going on at row")) << done.err;
  EXPECT_FALSE(fs::exists(work.result() + ".checkpoint"));
  EXPECT_EQ(digest_of(work.result()), work.digest_of_one_run());
}

TEST_F(Checkpoints, KeepEverythingReadWhenTheTimeEndsWhileJudging) {
  work.spec = {"--view", "v=accuracy:max,params:min,train_time:min"};
  Arguments command = joined(joined({"score"}, work.sweep), joined(work.spec, {"-o", work.result()}));
  Outcome done = run(joined(command, {"--backend", "reference", "--time-limit", "2"}));  // pairs of 60,000 rows take longer
  EXPECT_EQ(done.code, 7) << done.err;
  EXPECT_TRUE(says(done.err, "60000 rows read")) << done.err;
  expect_refused(run(joined(command, {"--validate", "9"})), 2, {"m.h5.checkpoint", "--validate"});
  EXPECT_EQ(run(command).code, 0);
  EXPECT_EQ(digest_of(work.result()), work.digest_of_one_run());
}

TEST_F(Checkpoints, OfCountsAreKeptAndGoneOnFrom) {
  work.score_all();
  Arguments command = joined(work.count_command(1), {"--backend", "reference"});  // pairs of 60,000 rows
  for (int signal : {SIGTERM, SIGUSR1}) {
    Outcome done = stopped(folder, command, signal);
    EXPECT_EQ(done.code, 128 + signal) << done.err;
    EXPECT_TRUE(says(done.err, "the same command goes on from")) << done.err;
    EXPECT_TRUE(fs::exists(work.part(1) + ".counts.checkpoint"));
    EXPECT_FALSE(fs::exists(work.part(1) + ".counts"));
  }
  EXPECT_EQ(run(joined(command, {"--time-limit", "1"})).code, 7);
  EXPECT_EQ(stopped(folder, command, SIGINT).code, 128 + SIGINT);
  work.count_all();
  EXPECT_FALSE(fs::exists(work.part(1) + ".counts.checkpoint"));
  EXPECT_EQ(work.merged_digest(), work.digest_of_one_run());
}

TEST_F(Checkpoints, OfAnotherSpecInputOrShareAreRefusedNamingTheDifference) {
  std::string checkpoint = work.part(0) + ".checkpoint";
  EXPECT_EQ(stopped(folder, joined(work.score_command(0), slowly), SIGTERM).code, 128 + SIGTERM);
  std::string kept = read_text(checkpoint);
  Sharing other_spec{folder, work.sweep, {"--view", "v=accuracy:max"}, 2};
  expect_refused(other_spec.score(0), 3, {checkpoint, "made with another spec", "--force"});
  Sharing other_input{folder, {generated(folder, "t.h5", {"--rows", "60000", "--seed", "5"})}, work.spec, 2};
  expect_refused(other_input.score(0), 3, {checkpoint, "made from another input", "--force"});
  fs::copy_file(checkpoint, work.part(1) + ".checkpoint");
  expect_refused(work.score(1), 3, {work.part(1) + ".checkpoint", "it is of shard 0, rows 0 to 30000", "--force"});
  EXPECT_EQ(read_text(checkpoint), kept) << "a refused checkpoint is left as it is";
  EXPECT_FALSE(fs::exists(work.part(0)));
  work.score_all({"--force"});
  EXPECT_FALSE(fs::exists(checkpoint));
  EXPECT_EQ(work.merged_digest(), work.digest_of_one_run());
}

TEST_F(Checkpoints, ThatAreDamagedInOneByteAreRefusedUntilForced) {
  const std::string checkpoint = work.part(1) + ".checkpoint", expected = work.digest_of_one_run();
  EXPECT_EQ(work.score(0).code, 0);
  EXPECT_EQ(stopped(folder, joined(work.score_command(1), slowly), SIGTERM).code, 128 + SIGTERM);
  const std::string kept = read_text(checkpoint);
  int refused = 0;
  for (std::size_t place = 1; place < 12; ++place) {
    std::string bytes = kept;
    bytes[place * kept.size() / 12] ^= 16;
    std::ofstream(checkpoint, std::ios::binary) << bytes;
    Outcome done = work.score(1);
    if (done.code != 0) {
      ++refused;
      expect_refused(done, 3, {checkpoint});
      EXPECT_FALSE(fs::exists(work.part(1)));
      EXPECT_EQ(work.score(1, {"--force"}).code, 0);
    }
    EXPECT_FALSE(fs::exists(checkpoint));
    EXPECT_EQ(work.merged_digest(), expected) << place;
    fs::remove(work.part(1));
  }
  EXPECT_GT(refused, 5);
}

TEST_F(Checkpoints, ThatAreDamagedAreRefusedUntilForced) {
  std::string checkpoint = folder.write("m.h5.part-0-of-2.checkpoint", "no checkpoint at all");
  expect_refused(work.score(0), 3, {checkpoint});
  EXPECT_EQ(stopped(folder, joined(work.score_command(1), slowly), SIGTERM).code, 128 + SIGTERM);
  std::string other = work.part(1) + ".checkpoint";
  fs::resize_file(other, fs::file_size(other) / 2);
  expect_refused(work.score(1), 3, {other});
  work.score_all({"--force"});
  EXPECT_EQ(work.merged_digest(), work.digest_of_one_run());
}

}  // namespace
}  // namespace carbonfront
