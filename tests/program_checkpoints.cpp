// Work that is stopped keeps a checkpoint, and the same command goes on from it to the same bytes.

#include "tests/program.hpp"
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

TEST_F(Checkpoints, OfFrontsAloneOfSelectedRowsAreGoneOnFrom) {  // such views need no numbers of selected rows
  work.spec = {"--spec",
               folder.write("front.toml",
                            "[sweep]\nwhere = [\"accuracy >= 42\"]\n"
                            "[[view]]\nname = \"v\"\nobjectives = [\"accuracy:max\", \"params:min\"]\noutputs = []\n")};
  Arguments command = joined(joined({"score"}, work.sweep), joined(work.spec, {"-o", work.result()}));
  Outcome done = stopped(folder, joined(command, joined(slowly, {"--time-limit", "1h"})), SIGTERM);
  EXPECT_EQ(done.code, 128 + SIGTERM) << done.err;
  done = run(command);
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_TRUE(says(done.err, "going on at row")) << done.err;
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

TEST_F(Checkpoints, OfAllRowsReadSayThatATimeLimitIsTooShortForJudging) {
  work.spec = {"--view", "v=accuracy:max,params:min,train_time:min"};
  Arguments command = joined(joined({"score"}, work.sweep), joined(work.spec, {"-o", work.result()}));
  Arguments limited = joined(command, {"--backend", "reference", "--time-limit", "2"});
  EXPECT_EQ(run(limited).code, 7);
  const std::string checkpoint = work.result() + ".checkpoint", kept = read_text(checkpoint);
  const auto written = fs::last_write_time(checkpoint);
  for (int i = 0; i < 2; ++i) {
    Outcome done = run(limited);
    expect_refused(done, 7,
                   {"the time limit is reached after ", " s of judging", "too short", "raise --time-limit", checkpoint});
    EXPECT_EQ(fs::last_write_time(checkpoint), written) << "nothing is gained by writing it again";
    EXPECT_EQ(read_text(checkpoint), kept);
    EXPECT_FALSE(fs::exists(work.result()));
  }
  EXPECT_EQ(run(joined(command, {"--time-limit", "1h"})).code, 0);
  EXPECT_EQ(digest_of(work.result()), work.digest_of_one_run());
}

TEST_F(Checkpoints, OfCountsGetFurtherEachTimeUntilTheCountsAreThere) {
  work.sweep = {generated(folder, "t.h5", {"--rows", "36000", "--chunk-rows", "1000"})};
  work.shards = 12;
  work.spec = {"--view", "v=accuracy:max,params:min,train_time:min", "--outputs", "dominated_by,dominates"};
  work.score_all();
  auto begin = std::chrono::steady_clock::now();
  ASSERT_EQ(work.count(1, {"--backend", "reference", "--force"}).code, 0);
  const std::chrono::duration<double> whole = std::chrono::steady_clock::now() - begin;
  fs::remove(work.part(1) + ".counts");
  int runs = 0;
  Outcome done;
  // A tenth is kept back. What is left is too little for all parts at once, and enough for one of twelve; on a machine that
  // has got busier since, not always.
  const Arguments limited = {"--backend", "reference", "--time-limit", std::to_string(whole.count() * 0.5)};
  while ((done = work.count(1, limited)).code == 7 && runs < 60) ++runs;
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_GE(runs, 2);
  for (int shard : {0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}) EXPECT_EQ(work.count(shard).code, 0);
  EXPECT_EQ(work.merged_digest(), work.digest_of_one_run());
}

TEST_F(Checkpoints, OfCountsSayThatATimeLimitIsTooShortForTheNextStep) {
  work.spec = {"--view", "v=accuracy:max,params:min,train_time:min"};
  work.score_all();
  const Arguments limited = {"--backend", "reference", "--time-limit", "1"};  // own rows and one part are 900 million pairs
  int runs = 0;
  Outcome done;
  while ((done = work.count(1, limited)).code == 7 && !says(done.err, "no further") && runs < 60) ++runs;
  const std::string checkpoint = work.part(1) + ".counts.checkpoint";
  expect_refused(done, 7,
                 {"the time limit is reached after ", "s of counting", "no further", "allow more time, or use more shards"});
  EXPECT_LE(runs, 2);
  const auto written = fs::last_write_time(checkpoint);
  EXPECT_TRUE(says(work.count(1, limited).err, "no further"));
  EXPECT_EQ(fs::last_write_time(checkpoint), written);
  work.count_all();
  EXPECT_EQ(work.merged_digest(), work.digest_of_one_run());
}

TEST_F(Checkpoints, OfCountsWithIntervalsCountNothingTwice) {
  work.sweep = {generated(folder, "i.h5", {"--rows", "10000", "--chunk-rows", "1000"})};
  work.shards = 4;
  work.spec = {"--spec", folder.write("i.toml",
                                      "[[view]]\nname = \"v\"\nobjectives = [\"accuracy:max\", \"params:min\"]\n"
                                      "intervals = { accuracy = { error = 0.05 } }\noutputs = [\"dominated_by\"]\n")};
  work.score_all();
  const Arguments in_blocks = {"--backend", "reference", "--memory-limit", "1MiB"};  // two parts at most at a time
  auto begin = std::chrono::steady_clock::now();
  ASSERT_EQ(work.count(1, in_blocks).code, 0);
  const std::chrono::duration<double> whole = std::chrono::steady_clock::now() - begin;
  fs::remove(work.part(1) + ".counts");
  for (int i = 0; i < 40; ++i) {  // many end between the counts of values and those of bounds, in some block
    Outcome done = work.count(1, joined(in_blocks, {"--time-limit", std::to_string(whole.count() * (0.2 + 0.02 * i))}));
    if (done.code == 0) break;
    EXPECT_EQ(done.code, 7) << done.err;
  }
  work.count_all();
  EXPECT_EQ(work.merged_digest(), work.digest_of_one_run());
}

/// Runs a task of a batch under a scontrol of its own; returns its exit code and log.
std::string batch_task(const Scratch& folder, const std::string& batch, const std::string& name) {
  fs::create_directory(folder / "bin");
  folder.write("bin/scontrol", "#!/bin/sh\necho \"$@\" >>'" + (folder / "requeued") + "'\n");
  fs::permissions(folder / "bin/scontrol", fs::perms::owner_all);
  std::string command = "cd '" + batch + "' && PATH='" + (folder / "bin") + "':$PATH SLURM_JOB_ID=1 SLURM_ARRAY_JOB_ID=1 " +
                        "SLURM_ARRAY_TASK_ID=1 bash " + name + " >log 2>&1";
  int status = std::system(command.c_str());
  return std::to_string(WEXITSTATUS(status)) + ":" + read_text(batch + "/log");
}

TEST_F(Checkpoints, ThatAreNotGoneOnFromDoNotPutABatchTaskBackIntoTheQueue) {
  work.spec = {"--view", "v=accuracy:max,params:min,train_time:min"};
  std::string spec = folder.write(
      "v.toml", "[[view]]\nname = \"v\"\nobjectives = [\"accuracy:max\", \"params:min\", \"train_time:min\"]\n");
  ASSERT_EQ(
      run({"slurm", work.sweep[0], "--spec", spec, "--shards", "2", "--backend", "reference", "-o", work.result()}).code, 0);
  const std::string batch = work.result() + ".slurm";
  std::string script = read_text(batch + "/count.sh");
  script.replace(script.find("--shard "), 8, "--time-limit 1 --shard ");
  std::ofstream(batch + "/count.sh") << script;
  work.spec = {"--spec", spec};
  work.score_all();
  std::string log = batch_task(folder, batch, "count.sh");
  EXPECT_TRUE(log.starts_with("7:") && says(log, "stopped with a checkpoint; goes on")) << log;
  for (int i = 0; i < 2 && says(log, "goes on when"); ++i) log = batch_task(folder, batch, "count.sh");
  EXPECT_TRUE(log.starts_with("7:") && says(log, "got no further than it began")) << log;
  const std::string requeued = read_text(folder / "requeued");
  batch_task(folder, batch, "count.sh");
  EXPECT_EQ(read_text(folder / "requeued"), requeued);
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
