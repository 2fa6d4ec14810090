// Files planted where outputs are written, and outputs that appear meanwhile: no other file is written or replaced. Sweeps
// of thousands of files, and specs of thousands of views.

#include <fmt/format.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <cstddef>

#include "tests/faults.hpp"

namespace carbonfront {
namespace {

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

TEST(Many, InputsNeedAsManyOpenFiles) {
#if defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "UndefinedBehaviorSanitizer opens a pipe to look at memory, and takes an object for none where it cannot";
#endif
  Scratch folder;
  Arguments command = {"score"};
  for (int i = 0; i < 40; ++i)
    command.push_back(Sweeping(folder / fmt::format("s{}.h5", i)).column<double>("x", {1.0 * i}).close());
  command.insert(command.end(), {"--view", "v=x:min", "-o", folder / "r.h5", "--force"});
  const std::string err = folder / "err";
  auto with = [&](int limit) {
    return WEXITSTATUS(std::system(fmt::format("ulimit -n {}; {} >/dev/null 2>'{}'", limit, in_shell(command), err).c_str()));
  };
  EXPECT_EQ(with(200), 0) << read_text(err);
  for (int limit : {20, 41, 42, 43, 44, 60, 80}) {  // HDF5 opens a file first, or the reader
    EXPECT_EQ(with(limit), 3) << limit;
    EXPECT_TRUE(says(read_text(err), "(Too many open files); let more files be open at once")) << limit << read_text(err);
  }
}

TEST(Many, ViewsAreWrittenAndReadBack) {
  Scratch folder;
  std::string sweep = Sweeping(folder / "s.h5").column<double>("x", {1, 2}).column<double>("y", {1, 1}).close(), spec;
  for (int i = 0; i < 520; ++i)  // more than 4,096 datasets with a value a row
    spec += fmt::format(
        "[[view]]\nname = \"v{}\"\nobjectives = [\"x:min\"]\ngroup_by = [\"y\"]\n"
        "outputs = [\"dominated_by\", \"dominates\", \"rank\", \"witness\", \"crowding\"]\n",
        i);
  folder.write("spec.toml", spec);
  Outcome done = run({"score", sweep, "--spec", folder / "spec.toml", "-o", folder / "r.h5"});
  ASSERT_EQ(done.code, 0) << done.err;
  done = run({"validate", folder / "r.h5", sweep});
  EXPECT_EQ(done.code, 0) << done.err;
}

}  // namespace
}  // namespace carbonfront
