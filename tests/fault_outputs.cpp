// Runs that are killed, disks that are full, and files planted where outputs are written: the final name never holds a part
// of a file, leftovers are cleaned up, and no other file is written or replaced.

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <chrono>
#include <cstddef>
#include <random>

#include "tests/program.hpp"
#include "tests/sweep_builder.hpp"

namespace carbonfront {
namespace {

const Arguments kWork = {"--emissions", "devices=n_gpus,max_power=tdp,time=train_time",
                         "--view",      "t=accuracy:max,co2e_kg:min",
                         "--view",      "i=accuracy:max,params:min",
                         "--outputs",   "dominated_by,dominates,rank,witness,crowding"};

std::string generated(const Scratch& folder, const char* rows) {
  Outcome done = run({"generate", "--rows", rows, "--distribution", "correlated", "-o", folder / "s.h5"});
  EXPECT_EQ(done.code, 0) << done.err;
  return folder / "s.h5";
}

std::string digest_of(const std::string& path) {
  Outcome done = run({"inspect", path, "--digest"});
  EXPECT_EQ(done.code, 0) << done.err;
  return done.out.substr(0, done.out.find(' '));
}

Arguments scoring(const Scratch& folder, const Arguments& more) {
  Arguments arguments = {"score", folder / "s.h5", "-o", folder / "r.h5"};
  arguments.insert(arguments.end(), kWork.begin(), kWork.end());
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

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
    Outcome done = run(scoring(folder, {}), static_cast<rlim_t>(2000 + (size - 3000) * i / 19));
    expect_refused(done, 6, {"r.h5", "write"}, folder, {"s.h5"});
    refused += done.code == 6;
  }
  for (std::uintmax_t i = 0; i < 20; ++i) {
    Outcome done = run({"generate", "--rows", "20000", "-o", folder / "g.h5"}, static_cast<rlim_t>(2000 + 80000 * i));
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
    EXPECT_EQ(run(scoring(folder, {}), bytes).code, 6) << bytes;
    EXPECT_EQ(run({"generate", "--rows", "1000", "-o", folder / "g.h5"}, bytes).code, 6) << bytes;
    EXPECT_EQ(folder.names(), (std::set<std::string>{"s.h5"}));
  }
}

std::string own_host() {
  char host[256] = "";
  ::gethostname(host, 32);
  return host;
}

std::string in_shell(const Arguments& arguments) {
  std::string command = CARBONFRONT_PROGRAM;
  for (const std::string& word : arguments) command += " '" + word + "'";
  return command;
}

/// Runs a command whose temporary files of these names are there before it, as links to `victim`.
Outcome with_planted_links(const Scratch& folder, const std::string& victim, const std::vector<std::string>& outputs,
                           const Arguments& arguments) {
  std::string script = "#!/bin/sh\n";
  for (const std::string& output : outputs) {
    std::filesystem::path path(output);
    std::string prefix = (path.parent_path() / ("." + path.filename().string() + ".")).string();
    script += fmt::format("ln -s '{}' '{}'$$'@{}.tmp'\n", victim, prefix, own_host());
  }
  std::string file = folder.write("plant.sh", script + "exec " + in_shell(arguments) + "\n"), out = folder / "out.txt";
  int status = std::system(fmt::format("sh '{}' >'{}' 2>&1", file, out).c_str());
  Outcome done{WIFEXITED(status) ? WEXITSTATUS(status) : -1, read_text(out), "", 0};
  std::filesystem::remove(file), std::filesystem::remove(out);
  return done;
}

TEST(Planted, LinksAtTemporaryNamesAreNotFollowed) {
  for (const char* target : {"precious", "not there yet"}) {
    Scratch folder, elsewhere;
    generated(folder, "1000");
    std::string victim = elsewhere / target;
    if (std::string(target) == "precious") elsewhere.write(target, "precious");
    const std::set<std::string> before = elsewhere.names();
    const std::string spec = folder.write("spec.toml", "[[view]]\nname = \"v\"\nobjectives = [\"params:min\"]\n");
    std::filesystem::create_directory(folder / "b.h5.slurm");
    std::vector<std::string> scripts;
    for (const char* name : {"spec.toml", "settings.sh", "task.sh", "score.sh", "merge.sh", "submit.sh"})
      scripts.push_back(folder / "b.h5.slurm/" + name);
    struct Case {
      std::vector<std::string> outputs;
      Arguments arguments;
    };
    for (const auto& [outputs, arguments] :
         std::vector<Case>{{{folder / "r.h5", folder / "r.json"}, scoring(folder, {"--json=" + folder / "r.json"})},
                           {{folder / "p.h5.part-0-of-2"},
                            {"score", folder / "s.h5", "--spec", spec, "-o", folder / "p.h5", "--shard", "0/2"}},
                           {{folder / "g.h5"}, {"generate", "--rows", "100", "-o", folder / "g.h5"}},
                           {{folder / "c.h5"}, {"convert", folder.write("t.csv", "a\n1\n"), "-o", folder / "c.h5"}},
                           {scripts, {"slurm", folder / "s.h5", "--spec", spec, "--shards", "2", "-o", folder / "b.h5"}}}) {
      Outcome done = with_planted_links(folder, victim, outputs, arguments);
      EXPECT_EQ(done.code, 0) << done.out;
      for (const std::string& output : outputs) {
        EXPECT_TRUE(std::filesystem::is_regular_file(std::filesystem::symlink_status(output))) << output;
        EXPECT_FALSE(read_text(output).empty()) << output;
      }
      EXPECT_EQ(elsewhere.names(), before) << arguments[0] << " wrote through a link";
      EXPECT_EQ(read_text(victim), before.contains("precious") ? "precious" : "") << arguments[0] << " wrote through a link";
      for (const std::string& name : folder.names()) EXPECT_FALSE(name.ends_with(".tmp")) << name;
    }
  }
}

/// Starts a command and, once it writes, puts something at the name of an output; returns what came of it.
Outcome with_output_meanwhile(const Scratch& folder, const Arguments& arguments, const std::function<void()>& put) {
  Program program(arguments);
  EXPECT_TRUE(program.wait_until([&] {
    std::set<std::string> names = folder.names();
    return std::any_of(names.begin(), names.end(), [](const std::string& name) { return name.ends_with(".tmp"); });
  })) << "it ended before it was seen to write";
  put();
  return program.wait();
}

/// A command that takes a second or so, by whatever means.
Arguments slow_scoring(const Scratch& folder, const Arguments& more) {
  Arguments arguments = {"score",         folder / "s.h5", "-o",
                         folder / "r.h5", "--view",        "v=accuracy:max,params:min,train_time:min",
                         "--backend",     "reference"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

TEST(Output, ThatAppearsWhileTheProgramRunsIsNotReplaced) {
  Scratch folder;
  generated(folder, "5000");
  for (const Arguments& arguments : {slow_scoring(folder, {}), Arguments{"generate", "--rows", "1e6", "-o", folder / "r.h5"},
                                     Arguments{"convert",
                                               folder.write(
                                                   "t.csv", "a,b\n" +
                                                                [] {
                                                                  std::string rows;
                                                                  for (int i = 0; i < 300000; ++i) rows += "1.5,some text\n";
                                                                  return rows;
                                                                }()),
                                               "-o", folder / "r.h5"}}) {
    Outcome done = with_output_meanwhile(folder, arguments, [&] { folder.write("r.h5", "precious"); });
    expect_refused(done, 2, {"r.h5", "exists", "--force"}, folder, {"s.h5", "r.h5", "t.csv"});
    EXPECT_EQ(read_text(folder / "r.h5"), "precious") << arguments[0];
    std::filesystem::remove(folder / "r.h5");
  }
}

TEST(Output, OfJsonThatAppearsWhileTheProgramRunsIsNotReplaced) {
  Scratch folder;
  generated(folder, "5000");
  Outcome done = with_output_meanwhile(folder, slow_scoring(folder, {"--json=" + folder / "r.json"}),
                                       [&] { folder.write("r.json", "precious"); });
  expect_refused(done, 2, {"r.json", "exists", "--force"}, folder, {"s.h5", "r.h5", "r.json"});
  EXPECT_EQ(read_text(folder / "r.json"), "precious");
}

TEST(Output, ThatAppearsAsALinkIsNotFollowed) {
  Scratch folder, elsewhere;
  generated(folder, "5000");
  Outcome done = with_output_meanwhile(folder, slow_scoring(folder, {}),
                                       [&] { std::filesystem::create_symlink(elsewhere / "target", folder / "r.h5"); });
  expect_refused(done, 2, {"r.h5", "exists"}, folder, {"s.h5", "r.h5"});
  EXPECT_TRUE(elsewhere.names().empty());
}

TEST(Output, ThatAppearsWhileTheProgramRunsIsReplacedWithForce) {
  Scratch folder;
  generated(folder, "5000");
  Outcome done = with_output_meanwhile(folder, slow_scoring(folder, {"--force"}), [&] { folder.write("r.h5", "precious"); });
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_NE(read_text(folder / "r.h5"), "precious");
}

/// From here on the kernel answers `number` with `error`, where its flags (the fifth argument) are `flags` if those are
/// asked for.
bool refuse_call(long number, int error, bool with_flag_1 = false) {
  constexpr auto call = static_cast<unsigned>(offsetof(seccomp_data, nr));
  constexpr auto fifth = static_cast<unsigned>(offsetof(seccomp_data, args) + 4 * sizeof(std::uint64_t));
  sock_filter program[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, call),
                           BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<unsigned>(number), 0, 3),
                           BPF_STMT(BPF_LD | BPF_W | BPF_ABS, fifth),
                           BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, with_flag_1 ? 1u : 0u, 0, 1),
                           BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | static_cast<unsigned>(error)),
                           BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  sock_fprog filter{static_cast<unsigned short>(std::size(program)), program};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

/// Calls `use` in a process of its own in which renames cannot be told not to replace, as on NFS, and, if so, links fail.
int on_a_file_system_without(bool links_too, const std::function<int()>& use) {
  pid_t child = ::fork();
  if (child == 0) {
    bool set = refuse_call(SYS_renameat2, EINVAL, true);
    if (links_too)
      set = set && refuse_call(SYS_linkat, EPERM) && [] {
#ifdef SYS_link
        return refuse_call(SYS_link, EPERM);
#else
        return true;
#endif
      }();
    ::_exit(set ? use() : 77);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(Output, IsNotReplacedWhereTheFileSystemCannotRenameSo) {
  for (bool links_too : {false, true}) {
    Scratch folder;
    generated(folder, "5000");
    int code = on_a_file_system_without(links_too, [&] { return run(slow_scoring(folder, {})).code; });
    if (code == 77) GTEST_SKIP() << "this machine lets no one filter system calls";
    EXPECT_EQ(code, 0);
    EXPECT_EQ(folder.names(), (std::set<std::string>{"s.h5", "r.h5"}));
    std::filesystem::remove(folder / "r.h5");
    code = on_a_file_system_without(links_too, [&] {
      return with_output_meanwhile(folder, slow_scoring(folder, {}), [&] { folder.write("r.h5", "precious"); }).code;
    });
    EXPECT_EQ(code, 2);
    EXPECT_EQ(read_text(folder / "r.h5"), "precious");
    EXPECT_EQ(folder.names(), (std::set<std::string>{"s.h5", "r.h5"}));
    EXPECT_EQ(on_a_file_system_without(links_too, [&] { return run(scoring(folder, {"--force"})).code; }), 0);
    EXPECT_NE(read_text(folder / "r.h5"), "precious");
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
