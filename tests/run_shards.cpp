// A sweep scored in shares and merged has the bytes of one run, however it is cut and whatever is asked for.

#include <cmath>
#include <nlohmann/json.hpp>

#include "tests/program.hpp"
#include "tests/shards.hpp"

namespace carbonfront {
namespace {

namespace fs = std::filesystem;

TEST(Shards, HaveTheBytesOfOneRunInEveryKindOfView) {
  Scratch folder;
  std::string sweep = generated(folder, "s.h5", {"--rows", "6000", "--missing", "0.05", "--chunk-rows", "300"});
  expect_the_bytes_of_one_run(folder, {sweep}, {"--spec", folder.write("spec.toml", kAllKinds)}, {1, 3, 8});
}

TEST(Shards, HaveTheBytesOfOneRunWithTheReference) {
  Scratch folder;
  std::string sweep = generated(folder, "s.h5", {"--rows", "1500", "--missing", "0.05", "--chunk-rows", "100"});
  Arguments spec = {"--spec", folder.write("spec.toml", kAllKinds)};
  expect_the_bytes_of_one_run(folder, {sweep}, spec, {4}, {"--backend", "reference"});
  EXPECT_EQ(digest_of(folder / "m.h5"), (Sharing{folder, {sweep}, spec, 1}.digest_of_one_run()));
}

TEST(Shards, HaveTheBytesOfOneRunForTiesInEveryIntegerAndRealType) {
  Scratch folder;
  constexpr int rows = 240;
  std::vector<std::int8_t> small;
  std::vector<std::uint16_t> middle;
  std::vector<std::int64_t> large;
  std::vector<float> single;
  std::vector<double> real;
  for (int i = 0; i < rows; ++i) {
    small.push_back(static_cast<std::int8_t>(i * 7 % 5 - 2));
    middle.push_back(static_cast<std::uint16_t>(i * 11 % 4));
    large.push_back((std::int64_t{1} << 53) + i * 13 % 3);
    single.push_back(i % 29 == 0 ? NAN : i % 23 == 0 ? -INFINITY : static_cast<float>(i * 17 % 6));
    real.push_back(i % 31 == 0 ? NAN : i % 5 == 0 ? -0.0 : i * 19 % 7 - 3.0);
  }
  std::string sweep = Sweeping(folder / "s.h5")
                          .column("a", small, {.chunk = 16})
                          .column("b", middle, {.chunk = 24})
                          .column("c", large)
                          .column("d", single, {.chunk = 16})
                          .column("e", real, {.chunk = 16})
                          .close();
  for (const char* missing : {"exclude", "worst"})
    for (const char* view : {"v=a:min,b:max", "v=c:max,d:min,e:min", "v=a:min,b:min,c:min,e:max"})
      expect_the_bytes_of_one_run(
          folder, {sweep}, {"--view", view, "--missing", missing, "--outputs", "dominated_by,dominates,witness"}, {5});
}

TEST(Shards, MayBeginInAnyOfSeveralFiles) {
  Scratch folder;
  std::vector<std::string> sweep = {
      generated(folder, "a.h5", {"--rows", "900", "--seed", "1", "--missing", "0.05", "--chunk-rows", "64"}),
      generated(folder, "b.h5", {"--rows", "10", "--seed", "2"}),
      generated(folder, "c.h5", {"--rows", "1100", "--seed", "3", "--chunk-rows", "256"})};
  expect_the_bytes_of_one_run(folder, sweep, {"--spec", folder.write("spec.toml", kAllKinds)}, {2, 7});
}

TEST(Shards, MayBeEmptyWhereThereAreMoreThanChunks) {
  Scratch folder;
  std::string sweep = generated(folder, "s.h5", {"--rows", "700", "--missing", "0.05", "--chunk-rows", "250"});
  Arguments spec = {"--spec", folder.write("spec.toml", kAllKinds)};
  expect_the_bytes_of_one_run(folder, {sweep}, spec, {9});
  Sharing work{folder, {sweep}, spec, 9, program};
  EXPECT_TRUE(says(work.score(0, {"--force"}).out, "0 of 0 rows"));
}

TEST(Shards, MayHaveNoSelectedOrRatedRow) {
  Scratch folder;
  std::string sweep = Sweeping(folder / "s.h5")
                          .column<double>("a", {1, 2, 3, 4, 5, 6, 7, 8}, {.chunk = 2})
                          .column<double>("b", {NAN, NAN, 1, 0, NAN, NAN, 2, 3}, {.chunk = 2})
                          .texts("g", {"x", "x", "y", "", "z", "x", "y", "y"}, {.chunk = 2})
                          .close();
  for (const char* where : {"a > 3", "a < 3", "a > 100", "a != 3"})
    expect_the_bytes_of_one_run(folder, {sweep}, {"--view", "v=a:min,b:min", "--where", where, "--group-by", "g"}, {4});
}

TEST(Shards, RefuseAMissingValueNamingTheRowOfTheSweep) {
  Scratch folder;
  std::vector<double> values(100, 1);
  values[77] = NAN;
  std::string sweep = Sweeping(folder / "s.h5").column<double>("a", values, {.chunk = 10}).close();
  Sharing work{folder, {sweep}, {"--view", "v=a:min", "--missing", "error"}, 2};
  EXPECT_EQ(work.score(0).code, 0);
  std::string done = "m.h5.part-0-of-2";
  expect_refused(work.score(1), 3, {"column 'a'", "row 77"}, folder, {"s.h5", done});
  expect_refused(work.merge(), 3, {"shards 1 again"}, folder, {"s.h5", done});
}

/// A JSON summary without what is about the parts: the time it took.
nlohmann::json told(const Outcome& done) {
  EXPECT_EQ(done.code, 0) << done.err;
  auto summary = nlohmann::json::parse(done.out);
  summary.erase("timings");
  return summary;
}

/// The lines on standard error that say what is assumed and used.
std::string said(const Outcome& done) {
  std::string lines;
  for (std::size_t at = 0, end = 0; at < done.err.size(); at = end + 1) {
    end = std::min(done.err.find('\n', at), done.err.size() - 1);
    std::string line = done.err.substr(at, end - at);
    if (!line.starts_with("memory: ") && !line.starts_with("time: ")) lines += line + "\n";
  }
  return lines;
}

TEST(Shards, TellTheSameSummary) {
  Scratch folder;
  std::string sweep = generated(folder, "s.h5", {"--rows", "2000", "--missing", "0.05", "--chunk-rows", "100"});
  Sharing work{folder, {sweep}, {"--spec", folder.write("spec.toml", kAllKinds)}, 3, program};
  Arguments one = {"score", sweep, "--spec", folder / "spec.toml", "-o", folder / "m.h5", "--force"};
  Outcome text = program(joined(one, {"--show", "5"}));
  EXPECT_TRUE(says(text.out, "(the default)") && says(text.out, "sub-optimal")) << text.out;
  nlohmann::json summary = told(program(joined(one, {"--json"})));
  std::string nothing_shown = program(joined(one, {"--show", "0"})).out;
  work.score_all();
  for (bool counted : {false, true}) {
    if (counted) work.count_all();
    Outcome merged = work.merge({"--force", "--show", "5"});
    EXPECT_EQ(merged.out, text.out) << counted;
    EXPECT_EQ(said(merged), said(text)) << counted;
    EXPECT_EQ(told(work.merge({"--force", "--json"})), summary) << counted;
    EXPECT_EQ(work.merge({"--force", "--show", "0"}).out, nothing_shown) << counted;
  }
  EXPECT_EQ(program({"validate", folder / "m.h5", sweep}).code, 0);
}

TEST(Shards, DoNotDependOnTheDayThreadsOrBatches) {
  Scratch folder;
  std::string sweep = generated(folder, "s.h5", {"--rows", "1000", "--missing", "0.05", "--chunk-rows", "100"});
  Sharing work{folder, {sweep}, {"--spec", folder.write("spec.toml", kAllKinds)}, 2};
  std::string expected = work.digest_of_one_run();
  EXPECT_EQ(work.score(0, {"--threads", "1", "--batch-rows", "7"}).code, 0);
  EXPECT_EQ(work.score(1, {"--backend", "reference", "--batch-rows", "1000"}).code, 0);
  EXPECT_EQ(work.count(0, {"--threads", "1", "--memory-limit", "1MiB"}).code, 0);
  EXPECT_EQ(work.count(1, {"--backend", "reference"}).code, 0);
  EXPECT_EQ(work.merged_digest(), expected);
  EXPECT_EQ(run({"merge", work.part(1), work.part(0), "-o", folder / "m.h5", "--force"}).code, 0);
  EXPECT_EQ(digest_of(folder / "m.h5"), expected);
}

TEST(Shards, AreNotComputedAgainOnceTheyAreDone) {
  Scratch folder;
  std::string sweep = generated(folder, "s.h5", {"--rows", "1000", "--chunk-rows", "100"});
  Sharing work{folder, {sweep}, {"--view", "v=accuracy:max,params:min"}, 2, program};
  work.score_all();
  work.count_all();
  std::string part = read_text(work.part(1)), counts = read_text(work.part(1) + ".counts");
  fs::file_time_type scored = fs::last_write_time(work.part(1)), counted = fs::last_write_time(work.part(1) + ".counts");
  Outcome again = work.score(1), count_again = work.count(1);
  EXPECT_EQ(again.code, 0);
  EXPECT_TRUE(says(again.out, "done before")) << again.out;
  EXPECT_TRUE(says(count_again.out, "counted before")) << count_again.out;
  EXPECT_EQ(fs::last_write_time(work.part(1)), scored);
  EXPECT_EQ(fs::last_write_time(work.part(1) + ".counts"), counted);
  EXPECT_FALSE(says(work.score(1, {"--force"}).out, "done before"));
  EXPECT_EQ(read_text(work.part(1)), part) << "the same share has other bytes the second time";
}

/// Sets environment variables while it lives.
struct Environment {
  std::vector<std::pair<std::string, std::string>> values;
  explicit Environment(std::vector<std::pair<std::string, std::string>> set) : values(std::move(set)) {
    for (const auto& [name, value] : values) ::setenv(name.c_str(), value.c_str(), 1);
  }
  Environment(Environment&&) = delete;
  ~Environment() {
    for (const auto& entry : values) ::unsetenv(entry.first.c_str());
  }
};

TEST(Shards, AreTakenFromTheJobArrayOnlyWhenAskedFor) {
  Scratch folder;
  std::string sweep = generated(folder, "s.h5", {"--rows", "1000", "--chunk-rows", "100"});
  Environment job({{"SLURM_ARRAY_JOB_ID", "77"},
                   {"SLURM_ARRAY_TASK_ID", "12"},
                   {"SLURM_ARRAY_TASK_COUNT", "4"},
                   {"SLURM_ARRAY_TASK_MIN", "10"},
                   {"SLURM_ARRAY_TASK_MAX", "13"},
                   {"SLURM_CPUS_PER_TASK", "1"},
                   {"SLURM_MEM_PER_NODE", "512"}});
  Arguments command = {"score", sweep, "--view", "v=accuracy:max,params:min", "-o", folder / "r.h5"};
  Outcome whole = program(command);
  EXPECT_EQ(whole.code, 0) << whole.err;
  EXPECT_TRUE(says(whole.out, "1,000 configurations")) << whole.out;
  Outcome shared = program(joined(command, {"--shard", "auto"}));
  EXPECT_EQ(shared.code, 0) << shared.err;
  EXPECT_TRUE(says(shared.err, "shard 2 of 4: rows 500 to 800 of 1000") || says(shared.err, "shard 2 of 4: rows 500"))
      << shared.err;
  EXPECT_TRUE(says(shared.err, "job 77_12: 1 threads")) << shared.err;
  EXPECT_TRUE(fs::exists(folder / "r.h5.part-2-of-4"));
}

TEST(Shards, SayOnTheCommandLineWhatDoesNotGoTogether) {
  Scratch folder;
  std::string sweep = generated(folder, "s.h5", {"--rows", "100"});
  Sharing work{folder, {sweep}, {"--view", "v=accuracy:max,params:min"}, 2, program};
  expect_refused(work.score(2), 2, {"2/2", "K < N"}, folder, {"s.h5"});
  expect_refused(work.score(0, {"--json"}), 2, {"--json", "merge"}, folder, {"s.h5"});
  expect_refused(work.score(0, {"--validate", "all"}), 2, {"--validate", "--shard"}, folder, {"s.h5"});
  expect_refused(program(joined({"score", sweep, "-o", folder / "r.h5", "--shard", "auto"}, work.spec)), 2,
                 {"SLURM_ARRAY_TASK_ID"}, folder, {"s.h5"});
  work.score_all();
  expect_refused(program(joined(joined({"count"}, work.parts()), {"--shard", "0/3"})), 2, {"2 shards", "--shard K/2"});
}

}  // namespace
}  // namespace carbonfront
