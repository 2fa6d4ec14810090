// Batch scripts: words for the shell, times, what waits for what, and what became of tasks.

#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>

#include "carbonfront/errors.hpp"
#include "host/slurm/outcome.hpp"
#include "host/slurm/scripts.hpp"
#include "tests/shards.hpp"

namespace carbonfront {
namespace {

std::string printed_by_bash(const std::string& script) {
  Scratch folder;
  std::FILE* pipe = ::popen(("bash " + folder.write("s.sh", script)).c_str(), "r");
  std::string text;
  for (int c; (c = std::fgetc(pipe)) != EOF;) text += static_cast<char>(c);
  ::pclose(pipe);
  return text;
}

TEST(ShellWord, IsWhatBashReadsBack) {
  for (const std::string word : {"plain/name-1.h5", "", "two words", "it's", "\"quoted\"", "$HOME `x` $(y)", "a;b&c|d>e<f",
                                 "*?[a]", "~", "é ü", "-n", "a\\b", "!x", "{a,b}", "#no comment", "a\tb"}) {
    EXPECT_EQ(printed_by_bash("printf %s " + shell_word(word)), word);
    EXPECT_EQ(printed_by_bash("all=(" + shell_word(word) + " end)\nprintf '%s|' \"${all[@]}\""), word + "|end|");
  }
  EXPECT_EQ(shell_word("/data/sweep-1.h5"), "/data/sweep-1.h5") << "what needs no quotes has none";
}

TEST(SignalBeforeTheLimit, IsATenthOfItAndTwoMinutesAtMost) {
  EXPECT_EQ(seconds_before_the_limit(""), 120);
  EXPECT_EQ(seconds_before_the_limit("60"), 120) << "minutes, as for sbatch";
  EXPECT_EQ(seconds_before_the_limit("1"), 6);
  EXPECT_EQ(seconds_before_the_limit("5:00"), 30);
  EXPECT_EQ(seconds_before_the_limit("00:10:00"), 60);
  EXPECT_EQ(seconds_before_the_limit("2-00:00:00"), 120);
  EXPECT_THROW(seconds_before_the_limit("soon"), SpecError);
}

/// The jobs of a spec with one view, as "name<after".
std::vector<std::string> order_of(const std::string& outputs) {
  Scratch folder;
  std::string sweep = Sweeping(folder / "s.h5").column<double>("a", {1, 2, 3}).column<double>("b", {1, 2, 3}).close();
  Spec spec;
  SpecFlags flags;
  flags.views = {"v=a:min,b:min"};
  flags.outputs = outputs;
  apply_flags(spec, flags);
  Plan plan = make_plan(spec, {sweep});
  std::vector<std::string> order;
  for (const BatchJob& job : jobs_of(plan, 4)) order.push_back(job.name + "<" + job.after);
  return order;
}

TEST(Jobs, CountInSharesOnlyWhereThatIsEnough) {
  using Order = std::vector<std::string>;
  const Order counted = {"score<", "count<score", "merge<count"}, merged = {"score<", "merge<score"};
  EXPECT_EQ(order_of("dominated_by,witness"), counted);
  EXPECT_EQ(order_of("dominates,hypervolume"), counted);
  EXPECT_EQ(order_of(""), merged);
  EXPECT_EQ(order_of("hypervolume,contributions"), merged);
  EXPECT_EQ(order_of("rank"), merged);
  EXPECT_EQ(order_of("dominated_by,crowding"), merged) << "crowding needs all rows in one place, which then count as well";
}

TEST(Scripts, AskForWhatWasAskedFor) {
  BatchOptions options;
  options.program = "/p", options.result = "/r.h5", options.sweep = {"/a b.h5"}, options.shards = 3;
  options.time = "30", options.count_time = "2:00:00", options.partition = "gpu", options.gpus_per_task = "a100:1";
  options.memory = "4G", options.merge_memory = "64G", options.sbatch = {"--account=green"};
  std::map<std::string, std::string> texts;
  for (const Script& script : batch_scripts(
           {{"score", "", true, 0, {}}, {"count", "score", true, 0, {}}, {"merge", "count", false, 0, {}}}, options))
    texts[script.name] = script.text;
  for (const char* name : {"score.sh", "count.sh", "merge.sh"})
    for (const char* option : {"#SBATCH --partition=gpu\n", "#SBATCH --account=green\n", "--requeue", "--open-mode=append"})
      EXPECT_TRUE(says(texts[name], option)) << name << option;
  EXPECT_TRUE(says(texts["score.sh"], "--time=30\n") && says(texts["count.sh"], "--time=2:00:00\n"));
  EXPECT_TRUE(says(texts["score.sh"], "--mem=4G ") && says(texts["merge.sh"], "--mem=64G "));
  EXPECT_TRUE(says(texts["score.sh"], "--gpus-per-task=a100:1 "));
  EXPECT_FALSE(says(texts["merge.sh"], "gpus")) << "merging needs none";
  EXPECT_TRUE(says(texts["settings.sh"], "sweep=('/a b.h5')\n"));
  for (const auto& [name, text] : texts) EXPECT_EQ(printed_by_bash("bash -n <<'END' 2>&1\n" + text + "\nEND"), "") << name;
}

struct Outcomes : ::testing::Test {
  Scratch folder;
  std::vector<SubmittedJob> jobs = {{"score", "10"}, {"count", "11"}, {"merge", "12"}};
  std::map<std::string, std::string> states;

  Outcomes() {
    std::filesystem::create_directory(folder / "status");
    std::filesystem::create_directory(folder / "logs");
  }
  std::string failures() {
    std::string text;
    for (const FailedTask& task : failed_tasks(folder.path(), jobs, states))
      text += task.name + "=" + std::to_string(task.code) + ":" + task.message + ";";
    return text;
  }
};

TEST_F(Outcomes, AreThoseOfTheFirstJobThatFailed) {
  folder.write("status/10.score-0", "0\n");
  folder.write("status/10.score-1", "3\n");
  folder.write("logs/score-1.log", "starts\ncarbonfront: first\ncarbonfront: bad value (why); advice\nends with code 3\n");
  note_states("10_0 COMPLETED\n10_1 FAILED\n11_0 CANCELLED\n12 CANCELLED\n", states);
  EXPECT_EQ(failures(), "score-1=3:bad value (why); advice;");
}

TEST_F(Outcomes, OfTasksWithoutAWordAreThoseThatSlurmKnows) {
  note_states("10_0 RUNNING\n10_1 RUNNING\n10_2 RUNNING\n10_3 RUNNING\n", states);
  EXPECT_TRUE(is_under_way(states["10_0"]));
  note_states("10_0 CANCELLED\n10_1 TIMEOUT\n10_2 OUT_OF_MEMORY\n10_3 NODE_FAIL\n", states);
  EXPECT_FALSE(is_under_way(states["10_0"]));
  EXPECT_EQ(failures(), "score-0=143:;score-1=7:;score-2=4:;score-3=137:;");
}

TEST_F(Outcomes, AreGoodOnceTheMergeIs) {
  note_states("10_0 FAILED\n12 COMPLETED\n", states);
  folder.write("status/12.merge", "0\n");
  EXPECT_EQ(failures(), "");
}

TEST_F(Outcomes, AreNotThoseOfJobsSubmittedBefore) {
  note_states("10_0 COMPLETED\n12 COMPLETED\n", states);
  folder.write("status/12.merge", "0\n");
  folder.write("status/9.merge", "2\n");
  folder.write("status/7.score-0", "3\n");
  EXPECT_EQ(failures(), "");
}

TEST_F(Outcomes, OfJobsThatSlurmForgotWithoutATraceAreBad) { EXPECT_EQ(failures(), "merge=137:;"); }

TEST_F(Outcomes, NeedJobs) {
  EXPECT_THROW(submitted_jobs(folder.path()), SpecError);
  folder.write("jobs", "score 10\nmerge 12\n");
  EXPECT_EQ(submitted_jobs(folder.path()).at(1).id, "12");
}

}  // namespace
}  // namespace carbonfront
