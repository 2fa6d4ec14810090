// The memory that a batch system or a container grants, found in control groups of both versions.

#include <gtest/gtest.h>

#include "host/scoring/memory.hpp"
#include "tests/scratch.hpp"

namespace carbonfront {
namespace {

constexpr std::uint64_t kNone = ~std::uint64_t{0};

/// Writes a limit into a control group's folder.
void grant(const Scratch& folder, const std::string& group, const std::string& file, const std::string& limit) {
  std::filesystem::create_directories(folder / group);
  folder.write(group + "/" + file, limit + "\n");
}

TEST(ControlGroup, LimitsMemoryAtAnyLevelAboveTheProcess) {
  Scratch folder;
  folder.write("cgroup", "0::/slurm/job_7/step_0\n");
  grant(folder, "sys/slurm/job_7/step_0", "memory.max", "max");
  EXPECT_EQ(cgroup_memory_limit(folder / "cgroup", folder / "sys"), kNone);
  grant(folder, "sys/slurm/job_7", "memory.max", "4294967296");
  grant(folder, "sys/slurm", "memory.max", "8589934592");
  EXPECT_EQ(cgroup_memory_limit(folder / "cgroup", folder / "sys"), 4294967296);
  grant(folder, "sys/slurm/job_8", "memory.max", "1");
  EXPECT_EQ(cgroup_memory_limit(folder / "cgroup", folder / "sys"), 4294967296) << "another job's";
}

TEST(ControlGroup, OfTheFirstVersionLimitsMemoryByItsOwnController) {
  Scratch folder;
  folder.write("cgroup", "7:cpu:/\n4:cpuset,memory:/job_7\n1:name=systemd:/\n");
  grant(folder, "sys/memory/job_7", "memory.limit_in_bytes", "1073741824");
  grant(folder, "sys/memory", "memory.limit_in_bytes", "9223372036854771712");
  grant(folder, "sys/job_7", "memory.max", "1");
  EXPECT_EQ(cgroup_memory_limit(folder / "cgroup", folder / "sys"), 1073741824);
}

TEST(ControlGroup, ThatIsMountedAtTheRootAsInAContainerLimitsMemory) {
  Scratch folder;
  folder.write("cgroup", "0::/docker/4f2a\n");
  grant(folder, "sys", "memory.max", "2147483648");
  EXPECT_EQ(cgroup_memory_limit(folder / "cgroup", folder / "sys"), 2147483648);
}

TEST(ControlGroup, ThatIsNotThereLimitsNothing) {
  Scratch folder;
  EXPECT_EQ(cgroup_memory_limit(folder / "none", folder / "sys"), kNone);
  folder.write("cgroup", "no such line\n0::\n");
  EXPECT_EQ(cgroup_memory_limit(folder / "cgroup", folder / "sys"), kNone);
}

}  // namespace
}  // namespace carbonfront
