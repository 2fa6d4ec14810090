// Shares of a sweep, array specs, durations, and what a job grants.

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>

#include "carbonfront/errors.hpp"
#include "host/shards/collect.hpp"
#include "host/shards/share.hpp"
#include "tests/shards.hpp"

namespace carbonfront {
namespace {

/// Sets the job's environment to exactly this while it lives.
struct Job {
  explicit Job(const std::map<std::string, std::string>& values) {
    for (const char* name : {"SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_COUNT", "SLURM_ARRAY_TASK_MIN", "SLURM_ARRAY_TASK_MAX",
                             "SLURM_ARRAY_JOB_ID", "SLURM_JOB_ID", "SLURM_PROCID", "SLURM_NTASKS", "SLURM_CPUS_PER_TASK",
                             "SLURM_MEM_PER_NODE", "SLURM_MEM_PER_CPU", "SLURM_NTASKS_PER_NODE"}) {
      const char* before = std::getenv(name);
      if (before) before_[name] = before;
      ::unsetenv(name);
      names_.push_back(name);
    }
    for (const auto& [name, value] : values) ::setenv(name.c_str(), value.c_str(), 1);
  }
  Job(Job&&) = delete;
  ~Job() {
    for (const std::string& name : names_) ::unsetenv(name.c_str());
    for (const auto& [name, value] : before_) ::setenv(name.c_str(), value.c_str(), 1);
  }

 private:
  std::vector<std::string> names_;
  std::map<std::string, std::string> before_;
};

std::string shard_text(const std::string& text) {
  Shard shard = parse_shard(text);
  return std::to_string(shard.index) + "/" + std::to_string(shard.count);
}

TEST(ShardOption, TakesKOfN) {
  EXPECT_EQ(shard_text("0/1"), "0/1");
  EXPECT_EQ(shard_text("15/16"), "15/16");
  EXPECT_EQ(shard_text("99999/100000"), "99999/100000");
  for (const char* wrong : {"", "/", "1", "1/", "/2", "2/2", "0/0", "-1/2", "1/-2", " 0/2", "0/2 ", "0x0/2", "1.0/2",
                            "0/2/3", "0/100001", "5000000000/6000000000", "automatic"})
    EXPECT_THROW(parse_shard(wrong), SpecError) << wrong;
}

TEST(ShardOption, AutoTakesTheArrayBeforeTheStep) {
  {
    Job job({{"SLURM_ARRAY_TASK_ID", "12"},
             {"SLURM_ARRAY_TASK_COUNT", "4"},
             {"SLURM_ARRAY_TASK_MIN", "10"},
             {"SLURM_ARRAY_TASK_MAX", "13"},
             {"SLURM_PROCID", "1"},
             {"SLURM_NTASKS", "2"}});
    EXPECT_EQ(shard_text("auto"), "2/4");
  }
  {
    Job job({{"SLURM_PROCID", "1"}, {"SLURM_NTASKS", "2"}});
    EXPECT_EQ(shard_text("auto"), "1/2");
  }
}

TEST(ShardOption, AutoRefusesToGuess) {
  EXPECT_THROW((Job({}), parse_shard("auto")), SpecError);
  Job gaps({{"SLURM_ARRAY_TASK_ID", "17"},
            {"SLURM_ARRAY_TASK_COUNT", "3"},
            {"SLURM_ARRAY_TASK_MIN", "3"},
            {"SLURM_ARRAY_TASK_MAX", "18"}});
  EXPECT_THROW(parse_shard("auto"), SpecError) << "an array of 3,17-18";
}

TEST(ArraySpec, IsWhatSbatchTakes) {
  EXPECT_EQ(array_spec({}), "");
  EXPECT_EQ(array_spec({7}), "7");
  EXPECT_EQ(array_spec({3, 17, 18, 19}), "3,17-19");
  EXPECT_EQ(array_spec({0, 1, 3, 5, 6}), "0-1,3,5-6");
}

TEST(Duration, TakesUnitsAndSlurmsNotation) {
  for (const auto& [text, seconds] : std::map<std::string, double>{{"90", 90},
                                                                   {"0.5", 0.5},
                                                                   {"90s", 90},
                                                                   {"55m", 3300},
                                                                   {"1h30m", 5400},
                                                                   {"1d", 86400},
                                                                   {"01:30:00", 5400},
                                                                   {"00:00:01", 1},
                                                                   {"10:30", 630},
                                                                   {"1-12:00:00", 129600}})
    EXPECT_EQ(parse_duration(text), seconds) << text;
  for (const char* wrong : {"", "0", "-5", "1x", "h", "1:2:3:4", "1-", "1-2", "1-2:3", ":", "1:", ":30", "a:b:c", "1:2x:3",
                            "nan", "inf", "1e999"})
    EXPECT_THROW(parse_duration(wrong), SpecError) << wrong;
}

TEST(JobGrant, IsTheTasksShareOfTheNode) {
  constexpr std::uint64_t mebibyte = 1 << 20;
  {
    Job job({{"SLURM_JOB_ID", "9"}, {"SLURM_CPUS_PER_TASK", "6"}, {"SLURM_MEM_PER_CPU", "500"}});
    JobGrant grant = job_grant();
    EXPECT_EQ(grant.id, "9");
    EXPECT_EQ(grant.threads, 6);
    EXPECT_EQ(grant.memory_bytes, 3000 * mebibyte);
  }
  {
    Job job({{"SLURM_JOB_ID", "11"},
             {"SLURM_ARRAY_JOB_ID", "9"},
             {"SLURM_ARRAY_TASK_ID", "2"},
             {"SLURM_MEM_PER_NODE", "8000"},
             {"SLURM_NTASKS_PER_NODE", "4"}});
    JobGrant grant = job_grant();
    EXPECT_EQ(grant.id, "9_2");
    EXPECT_FALSE(grant.threads);
    EXPECT_EQ(grant.memory_bytes, 2000 * mebibyte);
  }
  {
    Job job({});
    EXPECT_EQ(job_grant().id, "");
    EXPECT_FALSE(job_grant().threads || job_grant().memory_bytes);
  }
}

/// A plan over files of the given rows and chunk lengths (0: not chunked).
Plan plan_of(const Scratch& folder, const std::vector<std::pair<int, int>>& files) {
  std::vector<std::string> paths;
  for (const auto& [rows, chunk] : files)
    paths.push_back(
        Sweeping(folder / (std::to_string(paths.size()) + ".h5"))
            .column("a", std::vector<double>(static_cast<std::size_t>(rows), 1), {.chunk = static_cast<hsize_t>(chunk)})
            .close());
  Spec spec;
  SpecFlags flags;
  flags.views = {"v=a:min"};
  apply_flags(spec, flags);
  return make_plan(spec, paths);
}

/// The first rows of all shares, and the end.
std::vector<std::uint64_t> bounds(const Plan& plan, std::uint32_t shards) {
  std::vector<std::uint64_t> rows;
  for (std::uint32_t i = 0; i < shards; ++i) {
    RowRange range = share_of(plan, {i, shards});
    if (!rows.empty()) {
      EXPECT_EQ(range.first, rows.back());
    }
    if (rows.empty()) rows.push_back(range.first);
    rows.push_back(range.end);
    EXPECT_LE(range.first, range.end);
  }
  return rows;
}

TEST(Share, EndsAtAChunk) {
  Scratch folder;
  using Bounds = std::vector<std::uint64_t>;
  EXPECT_EQ(bounds(plan_of(folder, {{1000, 100}}), 4), (Bounds{0, 300, 500, 800, 1000}));
  EXPECT_EQ(bounds(plan_of(folder, {{1000, 400}}), 2), (Bounds{0, 400, 1000}));
}

TEST(Share, EndsAtAFilesChunksWhereverTheFileBegins) {
  Scratch folder;
  Plan plan = plan_of(folder, {{130, 50}, {870, 100}});
  for (std::uint64_t row : bounds(plan, 5))
    EXPECT_TRUE(row == 1000 || (row < 130 ? row % 50 == 0 : (row - 130) % 100 == 0)) << row;
}

TEST(Share, CoversEveryRowOnceForAnyNumberOfShards) {
  Scratch folder;
  Plan plan = plan_of(folder, {{37, 5}, {1, 1}, {64, 64}, {300, 7}});
  for (std::uint32_t shards : {1u, 2u, 3u, 10u, 60u, 402u, 5000u}) {
    std::vector<std::uint64_t> rows = bounds(plan, shards);
    EXPECT_EQ(rows.front(), 0u);
    EXPECT_EQ(rows.back(), 402u);
  }
}

}  // namespace
}  // namespace carbonfront
