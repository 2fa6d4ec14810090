// Outputs that cannot be written and runs that are stopped: the right exit code, and nothing left behind.

#include <sys/stat.h>

#include "tests/program.hpp"
#include "tests/sweep_builder.hpp"

namespace carbonfront {
namespace {

std::string generated(const Scratch& folder, const char* rows) {
  return generated(folder, "s.h5", {"--rows", rows, "--distribution", "anticorrelated", "--objectives", "3", "--plain"});
}

TEST(Output, WithoutItsFolderIsRefusedBeforeTheWork) {
  Scratch folder;
  std::string sweep = generated(folder, "10");
  expect_refused(run({"score", sweep, "-o", folder / "none/r.h5", "--view", "v=f1:min"}), 6, {"none", "no folder"}, folder,
                 {"s.h5"});
  expect_refused(run({"generate", "--rows", "10", "-o", folder / "none/g.h5"}), 6, {"none", "no folder"}, folder, {"s.h5"});
}

TEST(Output, InAFolderWithoutPermissionIsRefused) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may write everywhere";
  Scratch folder;
  std::string sweep = generated(folder, "10");
  std::filesystem::create_directory(folder / "locked");
  std::filesystem::permissions(folder / "locked", std::filesystem::perms::owner_read | std::filesystem::perms::owner_exec);
  expect_refused(run({"score", sweep, "-o", folder / "locked/r.h5", "--view", "v=f1:min"}), 6, {"locked"}, folder,
                 {"s.h5", "locked"});
}

TEST(Output, ThatIsAFolderIsRefused) {
  Scratch folder;
  std::string sweep = generated(folder, "10");
  std::filesystem::create_directory(folder / "r.h5");
  expect_refused(score(folder, sweep, {"--view", "v=f1:min", "--force"}), 2, {"r.h5", "folder"}, folder, {"s.h5", "r.h5"});
}

TEST(Output, ThatIsNoOrdinaryFileIsNeverReplaced) {
  Scratch folder;
  std::string sweep = generated(folder, "10");
  ASSERT_EQ(::mkfifo((folder / "r.h5").c_str(), 0600), 0);
  EXPECT_EQ(score(folder, sweep, {"--view", "v=f1:min", "--force"}).code, 2);
  EXPECT_TRUE(std::filesystem::is_fifo(folder / "r.h5")) << "as root, this would replace /dev/null";
}

TEST(Output, ThatDoesNotFitTheDiskIsRemoved) {
  Scratch folder;
  std::string sweep = generated(folder, "50000");
  for (rlim_t bytes : {1000u, 5000u, 20000u, 60000u})
    expect_refused(program({"score", sweep, "-o", folder / "r.h5", "--view", "v=f1:min,f2:min"}, bytes), 6, {"write"},
                   folder, {"s.h5"});
  expect_refused(program({"generate", "--rows", "50000", "-o", folder / "g.h5"}, 1000000), 6, {"write"}, folder, {"s.h5"});
}

TEST(Output, ThatDoesNotFitLeavesTheOldResult) {
  Scratch folder;
  std::string sweep = generated(folder, "50000");
  folder.write("r.h5", "precious");
  Outcome done = program({"score", sweep, "-o", folder / "r.h5", "--view", "v=f1:min,f2:min", "--force"}, 20000);
  expect_refused(done, 6, {"r.h5"}, folder, {"s.h5", "r.h5"});
  EXPECT_EQ(read_text(folder / "r.h5"), "precious");
}

TEST(Output, OfJsonThatCannotBeWrittenIsRefused) {
  Scratch folder;
  std::string sweep = generated(folder, "10");
  Outcome done = score(folder, sweep, {"--view", "v=f1:min", "--json=" + folder / "none/s.json"});
  expect_refused(done, 6, {"none/s.json"});
}

TEST(Output, ThatIsTheSweepItselfIsRefused) {
  Scratch folder;
  std::string sweep = generated(folder, "10"), before = read_text(sweep);
  std::filesystem::create_symlink(sweep, folder / "link.h5");
  for (const std::string& output : {sweep, folder / "./s.h5", folder / "link.h5"}) {
    expect_refused(run({"score", sweep, "-o", output, "--view", "v=f1:min", "--force"}), 2, {"s.h5"});
    EXPECT_TRUE(read_text(sweep) == before) << "the sweep was overwritten through " << output;
    folder.write("s.h5", before);
  }
}

TEST(Output, OfJsonNeverReplacesTheResultOrTheSweep) {
  Scratch folder;
  std::string sweep = generated(folder, "10"), before = read_text(sweep);
  EXPECT_EQ(score(folder, sweep, {"--view", "v=f1:min", "--json=" + sweep}).code, 2);
  EXPECT_TRUE(read_text(sweep) == before) << "the sweep was overwritten";
  folder.write("s.h5", before);
  EXPECT_EQ(score(folder, sweep, {"--view", "v=f1:min", "--json=" + folder / "r.h5", "--force"}).code, 2);
}

TEST(Output, NeverReplacesWhatTheCommandReads) {
  Scratch folder;
  generated(folder, "10");
  const std::string csv = "scope,name,quantity,value,unit,source\naccelerator,X,max_power,100,W,me\n";
  const std::string text = "[emissions]\ncatalogs = [\"" + folder / "mine.csv" +
                           "\"]\ndevices = { value = 1 }\nmax_power = { catalog = \"hardware\", name = \"X\" }\n"
                           "time = { value = 1, unit = \"h\" }\n[[view]]\nname = \"v\"\nobjectives = [\"f1:min\"]\n";
  const std::string spec = folder.write("spec.toml", text), sweep = folder / "s.h5", part = folder / "p.h5.part-0-of-1";
  folder.write("mine.csv", csv), folder.write("t.csv", "a\n1\n");
  ASSERT_EQ(run({"score", sweep, "--spec", spec, "-o", folder / "p.h5", "--shard", "0/1"}).code, 0);
  ASSERT_EQ(run({"count", part, "--shard", "0/1"}).code, 0);
  const Arguments score = {"score", sweep, "--spec", spec, "--force"}, merge = {"merge", part, "--force"},
                  slurm = {"slurm", sweep, "--spec", spec, "--shards", "2", "--force"};
  auto with = [](Arguments arguments, const std::vector<std::string>& more) {
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  };
  struct Case {
    std::string read;       // what must not be replaced
    Arguments command;      // without its output
    const char* option;     // that names the output
    const char* more = "";  // another output
  };
  const std::string other = folder / "o.h5";
  for (const auto& [read, command, option, more] :
       {Case{"s.h5", score, "-o"}, Case{"spec.toml", score, "-o"}, Case{"mine.csv", score, "-o"},
        Case{"s.h5", score, "--json=", "-o"}, Case{"spec.toml", score, "--json=", "-o"},
        Case{"mine.csv", score, "--json=", "-o"}, Case{"p.h5.part-0-of-1", merge, "-o"},
        Case{"p.h5.part-0-of-1.counts", merge, "-o"}, Case{"s.h5", merge, "-o"}, Case{"mine.csv", merge, "-o"},
        Case{"s.h5", merge, "--json=", "-o"}, Case{"mine.csv", merge, "--json=", "-o"},
        Case{"t.csv", {"convert", folder / "t.csv", "--force"}, "-o"}, Case{"s.h5", slurm, "-o"},
        Case{"spec.toml", slurm, "-o"}, Case{"mine.csv", slurm, "-o"}}) {
    std::filesystem::create_hard_link(folder / read, folder / "hard");
    std::filesystem::create_symlink(folder / read, folder / "soft");
    const std::string before = read_text(folder / read);
    for (const std::string& name : {folder / read, folder / "./" + read, folder / "hard", folder / "soft"}) {
      Arguments arguments = *more ? with(command, {"-o", other}) : command;
      arguments = std::string(option) == "-o" ? with(arguments, {"-o", name}) : with(arguments, {option + name});
      Outcome done = run(arguments);
      EXPECT_EQ(done.code, 2) << ::testing::PrintToString(arguments) << done.err;
      EXPECT_TRUE(says(done.err, "which this command reads")) << done.err;
      EXPECT_TRUE(read_text(folder / read) == before) << read << " was overwritten through " << name;
      if (read_text(folder / read) != before) folder.write(read, before);
      EXPECT_FALSE(std::filesystem::exists(other));
      std::filesystem::remove(other);
    }
    for (const char* link : {"hard", "soft"}) {
      EXPECT_TRUE(read_text(folder / link) == before) << link;
      std::filesystem::remove(folder / link);
    }
  }
}

TEST(Output, NeverReplacesACatalogueThatTheSpecNamesRelatively) {
  Scratch folder;
  generated(folder, "10");
  folder.write("mine.csv", "scope,name,quantity,value,unit,source\naccelerator,X,max_power,100,W,me\n");
  folder.write(
      "spec.toml",
      "[emissions]\ncatalogs = [\"mine.csv\"]\ndevices = { value = 1 }\nmax_power = { catalog = \"hardware\", name = "
      "\"X\" }\ntime = { value = 1, unit = \"h\" }\n[[view]]\nname = \"v\"\nobjectives = [\"f1:min\"]\n");
  const std::string before = read_text(folder / "mine.csv");
  for (const char* arguments :
       {"score s.h5 --spec spec.toml --force -o mine.csv", "score s.h5 --spec spec.toml --force -o ./mine.csv",
        "score s.h5 --spec spec.toml --force -o r.h5 --json=./mine.csv",
        "slurm s.h5 --spec spec.toml --force --shards 2 -o mine.csv"}) {
    int status = std::system(("cd " + folder.path() + " && " CARBONFRONT_PROGRAM " " + arguments + " >out 2>&1").c_str());
    EXPECT_EQ(WEXITSTATUS(status), 2) << arguments << read_text(folder / "out");
    EXPECT_EQ(read_text(folder / "mine.csv"), before) << arguments;
  }
}

TEST(Output, NeverReplacesWhatTheSweepLeadsTo) {
  Scratch folder;
  generated(folder, "10");
  {
    h5::Handle file(H5Fcreate((folder / "links.h5").c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT));
    H5Lcreate_external("s.h5", "/configs", file, "configs", H5P_DEFAULT, H5P_DEFAULT);
  }
  const std::string before = read_text(folder / "s.h5");
  expect_refused(run({"score", folder / "links.h5", "--view", "v=f1:min", "--force", "-o", folder / "s.h5"}), 2,
                 {"s.h5", "which this command reads"});
  EXPECT_TRUE(read_text(folder / "s.h5") == before) << "the file behind the link was overwritten";
}

TEST(Output, OfSlurmNeverReplacesTheSpecInItsFolder) {
  Scratch folder;
  std::string sweep = generated(folder, "10");
  std::filesystem::create_directory(folder / "r.h5.slurm");
  for (const char* name : {"spec.toml", "settings.sh"}) {
    const std::string text = "[[view]]\nname = \"v\"\nobjectives = [\"f1:min\"]   # mine\n";
    std::string spec = folder.write(std::string("r.h5.slurm/") + name, text);
    expect_refused(run({"slurm", sweep, "--spec", spec, "--shards", "2", "-o", folder / "r.h5", "--force"}), 2,
                   {name, "which this command reads"});
    EXPECT_EQ(read_text(spec), text);
  }
}

TEST(Output, ThatIsALinkToNothingIsRefused) {
  Scratch folder, elsewhere;
  std::string sweep = generated(folder, "10");
  std::filesystem::create_symlink(elsewhere / "target", folder / "r.h5");
  for (const Arguments& more : {Arguments{}, Arguments{"--force"}}) {
    Arguments arguments = {"--view", "v=f1:min"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    expect_refused(score(folder, sweep, arguments), 2, {"r.h5", "a link to a file that is not there"}, folder,
                   {"s.h5", "r.h5"});
  }
  EXPECT_TRUE(elsewhere.names().empty());
}

TEST(Output, OfJsonUnderAnotherSpellingOfTheResultIsRefused) {
  Scratch folder;
  std::string sweep = generated(folder, "10");
  expect_refused(score(folder, sweep, {"--view", "v=f1:min", "--json=" + folder / "./r.h5", "--force"}), 2,
                 {"r.h5", "reads or writes"}, folder, {"s.h5"});
}

TEST(Output, WhoseCheckpointIsAnInputLeavesIt) {
  Scratch folder;
  std::filesystem::rename(generated(folder, "10"), folder / "r.h5.checkpoint");
  expect_refused(score(folder, folder / "r.h5.checkpoint", {"--view", "v=f1:min", "--force"}), 2,
                 {"r.h5.checkpoint", "which this command reads"}, folder, {"r.h5.checkpoint"});
}

TEST(Output, OfANameThatIsTooLongIsRefused) {
  Scratch folder;
  std::string sweep = generated(folder, "10");
  expect_refused(run({"score", sweep, "-o", folder / std::string(250, 'r'), "--view", "v=f1:min"}), 2, {"name is too long"},
                 folder, {"s.h5"});
}

TEST(Output, OfJsonReplacesNoFileWithoutForce) {
  Scratch folder;
  std::string sweep = generated(folder, "10");
  folder.write("s.json", "precious");
  EXPECT_EQ(score(folder, sweep, {"--view", "v=f1:min", "--json=" + folder / "s.json"}).code, 2);
  EXPECT_TRUE(read_text(folder / "s.json") == "precious") << "the file was overwritten";
  EXPECT_EQ(score(folder, sweep, {"--view", "v=f1:min", "--json=" + folder / "s.json", "--force"}).code, 0);
}

TEST(Output, OnStandardOutputThatCannotBeWrittenIsAnError) {
  if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "this system has no /dev/full";
  Scratch folder;
  std::string sweep = generated(folder, "10");
  const Arguments commands[] = {{"score", sweep, "-o", folder / "r.h5", "--view", "v=f1:min", "--json"},
                                {"score", sweep, "-o", folder / "r.h5", "--view", "v=f1:min", "--force"},
                                {"inspect", sweep},
                                {"inspect", sweep, "--digest"}};
  for (const Arguments& arguments : commands) {
    Outcome done = Program(arguments, RLIM_INFINITY, "/dev/full").wait();
    EXPECT_EQ(done.code, 6) << ::testing::PrintToString(arguments) << done.err;
  }
}

/// Rows that the reference compares for hours: what ends within the time that Program gives was stopped in the midst.
constexpr const char* kHours = "600000";

/// Starts `arguments`, sends `signal` once `at_work` holds, and checks that the program stops and cleans up.
void expect_stopped(const Scratch& folder, const Arguments& arguments, int signal,
                    const std::function<bool(const Program&)>& at_work, const std::set<std::string>& left) {
  Program program(arguments);
  ASSERT_TRUE(program.wait_until([&] { return at_work(program); })) << program.err_so_far();
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  program.send(signal);
  Outcome done = program.wait();
  EXPECT_EQ(done.code, 128 + signal) << done.err;
  EXPECT_TRUE(says(done.err, "stopped by signal " + std::to_string(signal))) << done.err;
  EXPECT_EQ(done.out, "");
  EXPECT_EQ(folder.names(), left);
}

TEST(StopSignal, EndsALongScoreAndLeavesNothing) {
  for (int signal : {SIGINT, SIGTERM}) {
    Scratch folder;
    std::string sweep = generated(folder, kHours);
    expect_stopped(folder,
                   {"score", sweep, "-o", folder / "r.h5", "--view", "v=f1:min,f2:min,f3:min,co2e_kg:min", "--emissions",
                    "devices=f1,max_power=1W,time=1h", "--backend", "reference"},
                   signal, [](const Program& program) { return says(program.err_so_far(), "default"); }, {"s.h5"});
  }
}

TEST(StopSignal, EndsALongGenerateAndLeavesNothing) {
  for (int signal : {SIGINT, SIGTERM}) {
    Scratch folder;
    expect_stopped(folder, {"generate", "--rows", "1e9", "-o", folder / "g.h5", "--deflate", "6"}, signal,
                   [&](const Program&) { return !folder.names().empty(); }, {});
  }
}

TEST(StopSignal, EndsALongValidationAndLeavesNothing) {
  Scratch folder;
  std::string sweep = generated(folder, kHours);
  expect_stopped(folder,
                 {"score", sweep, "-o", folder / "r.h5", "--view", "v=f1:min,f2:min,f3:min", "--outputs", "", "--validate",
                  "all", "--backend", "auto"},
                 SIGTERM, [](const Program& program) { return says(program.err_so_far(), "auto"); }, {"s.h5"});
}

TEST(StopSignal, KeepsTheOldResultOfAForcedRun) {
  Scratch folder;
  std::string sweep = generated(folder, kHours);
  folder.write("r.h5", "precious");
  expect_stopped(folder,
                 {"score", sweep, "-o", folder / "r.h5", "--force", "--view", "v=f1:min,f2:min,co2e_kg:min", "--emissions",
                  "devices=f1,max_power=1W,time=1h", "--backend", "reference"},
                 SIGINT, [](const Program& program) { return says(program.err_so_far(), "default"); }, {"s.h5", "r.h5"});
  EXPECT_EQ(read_text(folder / "r.h5"), "precious");
}

}  // namespace
}  // namespace carbonfront
