// Runs that are killed, disks that are full, and files planted where outputs are written: the final name never holds a part
// of a file, leftovers are cleaned up, and no other file is written or replaced.

#include <fmt/format.h>

#include <chrono>
#include <random>

#include "tests/faults.hpp"

namespace carbonfront {
namespace {

/// What a folder holds besides the files that belong there.
std::set<std::string> leftovers(const Scratch& folder) {
  std::set<std::string> names = folder.names();
  for (const char* name : {"s.h5", "r.h5", "old.h5"}) names.erase(name);
  return names;
}

TEST(Killed, AtFiftyMomentsNoRunLeavesAPartialResultAndTheNextCleansUp) {
  Scratch folder;
  generated(folder, "60000");
  ASSERT_EQ(run({"score", folder / "s.h5", "-o", folder / "old.h5", "--view", "v=params:min"}).code, 0);
  auto begin = std::chrono::steady_clock::now();
  ASSERT_EQ(run(scoring(folder, {})).code, 0);
  const std::chrono::duration<double> whole = std::chrono::steady_clock::now() - begin;
  const std::string wanted = digest_of(folder / "r.h5"), old = read_text(folder / "old.h5");

  std::mt19937_64 random(50);
  int killed = 0, with_leftover = 0, complete = 0, reported = 0;
  for (int i = 0; i < 50; ++i) {
    const bool replacing = i % 2;  // an older result lies under the final name
    std::filesystem::remove(folder / "r.h5");
    if (replacing) std::filesystem::copy_file(folder / "old.h5", folder / "r.h5");
    const bool was_left = !leftovers(folder).empty();
    Program program(replacing ? scoring(folder, {"--force"}) : scoring(folder, {}));
    std::this_thread::sleep_for(whole * std::uniform_real_distribution<>(0, 1.1)(random));
    program.send(SIGKILL);
    Outcome done = program.wait();
    killed += done.code == -SIGKILL;
    ASSERT_LE(leftovers(folder).size(), 1u) << "an earlier leftover was not cleaned up";
    with_leftover += !leftovers(folder).empty();
    reported += was_left && says(done.err, "removed") && says(done.err, "killed");
    if (!std::filesystem::exists(folder / "r.h5")) continue;
    if (replacing && read_text(folder / "r.h5") == old) continue;
    EXPECT_EQ(digest_of(folder / "r.h5"), wanted) << "run " << i;
    ++complete;
  }
  fmt::print(
      "50 runs of {:.2f} s: {} killed, {} left a temporary file, {} cleanings told, {} final names held a complete result, "
      "0 a partial one\n",
      whole.count(), killed, with_leftover, reported, complete);
  EXPECT_GE(killed, 20);
  EXPECT_GE(with_leftover, 10);
  EXPECT_GE(reported, 5);
  EXPECT_EQ(run(scoring(folder, {"--force"})).code, 0);
  EXPECT_TRUE(leftovers(folder).empty());
  EXPECT_EQ(digest_of(folder / "r.h5"), wanted);
}

TEST(Leftover, OfALivingProcessIsNotTouched) {
  Scratch folder;
  generated(folder, "1000");
  char host[256] = "";
  ::gethostname(host, 32);
  const std::string living = ".r.h5." + std::to_string(::getpid()) + "@" + host + ".tmp";
  folder.write(living, "being written");
  Outcome done = run(scoring(folder, {}));
  EXPECT_EQ(done.code, 0);
  EXPECT_TRUE(says(done.err, living) && says(done.err, "may still run")) << done.err;
  EXPECT_EQ(leftovers(folder), (std::set<std::string>{living}));
}

TEST(Leftover, OfAnotherHostIsNamedAndNotTouched) {
  Scratch folder;
  generated(folder, "1000");
  const std::string foreign = ".r.h5.1@node-of-another-cluster.tmp";
  folder.write(foreign, "being written");
  Outcome done = run(scoring(folder, {}));
  EXPECT_EQ(done.code, 0);
  EXPECT_TRUE(says(done.err, "process 1 on node-of-another-cluster")) << done.err;
  EXPECT_EQ(leftovers(folder), (std::set<std::string>{foreign}));
}

TEST(Leftover, OfOtherOutputsAndFilesOfLikeNamesAreNoneOfItsBusiness) {
  Scratch folder;
  generated(folder, "1000");
  char host[256] = "";
  ::gethostname(host, 32);
  const std::set<std::string> others = {std::string(".other.h5.1@") + host + ".tmp", ".r.h5.tmp", ".r.h5.12.tmp",
                                        ".r.h5.old@host.tmp", ".r.h5.x.99@host.tmp"};
  for (const std::string& name : others) folder.write(name, "x");
  Outcome done = run(scoring(folder, {}));
  EXPECT_EQ(done.code, 0);
  EXPECT_FALSE(says(done.err, "unfinished")) << done.err;
  EXPECT_EQ(leftovers(folder), others);
}

TEST(FullDisk, AtTwentyPointsEndsWithSixAndNoPartialResult) {
  Scratch folder;
  generated(folder, "100000");
  ASSERT_EQ(run(scoring(folder, {})).code, 0);
  const auto size = std::filesystem::file_size(folder / "r.h5");
  std::filesystem::remove(folder / "r.h5");
  int refused = 0;
  for (std::uintmax_t i = 0; i < 20; ++i) {
    Outcome done = program(scoring(folder, {}), static_cast<rlim_t>(2000 + (size - 3000) * i / 19));
    expect_refused(done, 6, {"r.h5", "write"}, folder, {"s.h5"});
    refused += done.code == 6;
  }
  for (std::uintmax_t i = 0; i < 20; ++i) {
    Outcome done = program({"generate", "--rows", "20000", "-o", folder / "g.h5"}, static_cast<rlim_t>(2000 + 80000 * i));
    expect_refused(done, 6, {"g.h5", "write"}, folder, {"s.h5"});
    refused += done.code == 6;
  }
  fmt::print("file size limits at 40 points, 20 of `score` and 20 of `generate`: {} ended with exit code 6, 0 left a file\n",
             refused);
}

TEST(FullDisk, UnderTheLogAsWellEndsWithSixToo) {
  Scratch folder;  // standard error is a file of the test's, under the same limit
  generated(folder, "1000");
  for (rlim_t bytes : {0, 20, 100}) {
    EXPECT_EQ(program(scoring(folder, {}), bytes).code, 6) << bytes;
    EXPECT_EQ(program({"generate", "--rows", "1000", "-o", folder / "g.h5"}, bytes).code, 6) << bytes;
    EXPECT_EQ(folder.names(), (std::set<std::string>{"s.h5"}));
  }
}

/// Runs a shell script in a mount name space of its own, where a small file system can be mounted.
Outcome in_own_mounts(const Scratch& folder, const std::string& script) {
  std::string out = folder / "out.txt";
  int status = std::system(fmt::format("unshare --mount --map-root-user sh -c '{}' >{} 2>&1", script, out).c_str());
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, read_text(out), "", 0};
}

TEST(FullDisk, OfASmallFileSystemEndsWithSixAndNoPartialResult) {
  Scratch folder;
  std::filesystem::create_directory(folder / "disk");
  if (in_own_mounts(folder, "mount -t tmpfs -o size=64k none " + (folder / "disk")).code != 0)
    GTEST_SKIP() << "this machine lets no one mount a small file system; file size limits are tested instead";
  generated(folder, "100000");
  ASSERT_EQ(run(scoring(folder, {})).code, 0);
  const auto pages = std::filesystem::file_size(folder / "r.h5") / 4096;
  std::string command = CARBONFRONT_PROGRAM;
  for (const std::string& word : scoring(folder, {})) command += " " + word;
  command.replace(command.find(folder / "r.h5"), (folder / "r.h5").size(), folder / "disk/r.h5");
  int refused = 0;
  for (std::uintmax_t i = 1; i <= 20; ++i) {
    Outcome done =
        in_own_mounts(folder, fmt::format("mount -t tmpfs -o size={}k none {}; {}; echo code $?; ls -A {} | wc -l",
                                          4 * std::max<std::uintmax_t>(1, (pages - 1) * i / 20), folder / "disk", command,
                                          folder / "disk"));
    EXPECT_TRUE(says(done.out, "code 6\n0\n")) << done.out;
    EXPECT_TRUE(says(done.out, "No space left on device")) << done.out;
    refused += says(done.out, "code 6\n0\n");
  }
  fmt::print("full file systems at 20 points: {} ended with exit code 6 and left nothing\n", refused);
}

}  // namespace
}  // namespace carbonfront
