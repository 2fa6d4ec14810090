// Specs and command lines that cannot be meant: exit code 2, the place, and what to write instead.

#include "tests/program.hpp"
#include "tests/sweep_builder.hpp"

namespace carbonfront {
namespace {

std::string small_sweep(const Scratch& folder) {
  return Sweeping(folder / "s.h5").column<double>("x", {1, 2}).column<double>("y", {2, 1}).close();
}

/// Scores with this spec, which must be refused, saying all of `words`.
void expect_spec_refused(const std::string& spec, const std::vector<std::string>& words) {
  Scratch folder;
  std::string sweep = small_sweep(folder);
  expect_refused(score(folder, sweep, {"--spec", folder.write("my spec.toml", spec)}), 2, words, folder,
                 {"s.h5", "my spec.toml"});
}

const std::string kView = "[[view]]\nname = \"v\"\nobjectives = [\"x:min\"]\n";

TEST(Spec, WithAnUnknownKeyIsRefusedWithLineAndSuggestion) {
  expect_spec_refused("[sweep]\n\nwhre = [\"x > 0\"]\n" + kView,
                      {"my spec.toml:3", "'whre'", "[sweep]", "did you mean 'where'?"});
  expect_spec_refused("[swep]\n" + kView, {"my spec.toml:1", "'swep'", "did you mean 'sweep'?"});
  expect_spec_refused(kView + "outputz = []\n", {"my spec.toml:4", "'outputz'", "did you mean 'outputs'?"});
  expect_spec_refused("[emissions]\ndevice = { value = 1 }\n" + kView,
                      {"my spec.toml:2", "'device'", "did you mean 'devices'?"});
  expect_spec_refused("[emissions]\ndevices = { valu = 1 }\n" + kView,
                      {"my spec.toml:2", "'valu'", "did you mean 'value'?"});
}

TEST(Spec, ThatIsNotTomlIsRefusedWithItsLine) {
  expect_spec_refused(kView + "missing = \"exclude\n", {"my spec.toml:4"});
  expect_spec_refused("[[view]]\nname = v\n", {"my spec.toml:2"});
  expect_spec_refused(kView + "name = \"again\"\n", {"my spec.toml:4"});
}

TEST(Spec, OfTheWrongKindIsRefusedWithItsLine) {
  expect_spec_refused("[sweep]\ngroup = 3\n" + kView, {"my spec.toml:2", "group", "text"});
  expect_spec_refused("[sweep]\nwhere = [3]\n" + kView, {"my spec.toml:2", "where"});
  expect_spec_refused("[view]\nname = \"v\"\n", {"my spec.toml:1", "[[view]]"});
  expect_spec_refused("[emissions]\ndevices = \"n\"\n" + kView, {"my spec.toml:2", "devices", "column"});
  expect_spec_refused("[emissions]\ndevices = { value = \"3\" }\n" + kView, {"my spec.toml:2", "number"});
}

TEST(Spec, ThatIsMissingOrAFolderIsRefused) {
  Scratch folder;
  std::string sweep = small_sweep(folder);
  expect_refused(score(folder, sweep, {"--spec", folder / "none.toml"}), 2, {"none.toml"}, folder, {"s.h5"});
  expect_refused(score(folder, sweep, {"--spec", folder.path()}), 2, {folder.path()}, folder, {"s.h5"});
}

TEST(Spec, NeedsAViewWithObjectives) {
  expect_spec_refused("[sweep]\n", {"no view", "--view"});
  expect_spec_refused("", {"my spec.toml", "empty"});
  expect_spec_refused("[[view]]\nname = \"v\"\n", {"'v'", "no objectives"});
  expect_spec_refused("[[view]]\nname = \"v\"\nobjectives = []\n", {"'v'", "no objectives"});
  expect_spec_refused("[[view]]\nobjectives = [\"x:min\"]\n", {"my spec.toml:1", "no name"});
}

TEST(Spec, HasViewsOfDifferentNames) {
  expect_spec_refused(kView + kView, {"'v'"});
  expect_spec_refused("[[view]]\nname = \"a/b\"\nobjectives = [\"x:min\"]\n", {"'a/b'"});
  expect_spec_refused("[[view]]\nname = \"\"\nobjectives = [\"x:min\"]\n", {"name"});
}

TEST(Spec, HasEachObjectiveOnceWithADirection) {
  expect_spec_refused("[[view]]\nname = \"v\"\nobjectives = [\"x:min\", \"x:max\"]\n", {"'v'", "'x'", "twice"});
  for (const char* objective : {"x", "x:up", "x:", ":min", "x:Min", ""})
    expect_spec_refused("[[view]]\nname = \"v\"\nobjectives = [\"" + std::string(objective) + "\"]\n",
                        {"'" + std::string(objective) + "'", "column:min or column:max"});
}

TEST(Spec, HasAtMost32Objectives) {
  std::string many;
  for (int i = 0; i < 33; ++i) many += "\"x" + std::to_string(i) + ":min\", ";
  expect_spec_refused("[[view]]\nname = \"v\"\nobjectives = [" + many + "]\n", {"'v'", "33", "32"});
}

TEST(Spec, KnowsItsPoliciesAndOutputs) {
  expect_spec_refused(kView + "missing = \"wurst\"\n", {"'wurst'", "did you mean 'worst'?"});
  expect_spec_refused(kView + "outputs = [\"dominates\", \"witnes\"]\n", {"'witnes'", "did you mean 'witness'?"});
}

TEST(Spec, OfEmissionsIsComplete) {
  expect_spec_refused("[emissions]\n" + kView, {"no devices"});
  expect_spec_refused("[emissions]\nmodel = \"magic\"\n" + kView, {"'magic'", "device-power"});
  const std::string rest = "max_power = { value = 1, unit = \"W\" }\ntime = { value = 1, unit = \"h\" }\n";
  expect_spec_refused("[emissions]\ndevices = { column = \"x\", value = 1 }\n" + rest + kView,
                      {"devices", "column and a value"});
  expect_spec_refused("[emissions]\ndevices = {}\n" + rest + kView, {"devices"});
  expect_spec_refused("[emissions]\ndevices = { value = nan }\n" + rest + kView, {"devices"});
  expect_spec_refused("[emissions]\ndevices = { value = inf }\n" + rest + kView, {"devices", "finite"});
  expect_spec_refused("[emissions]\ndevices = { value = 1, unit = \"W\" }\n" + rest + kView, {"devices", "'W'"});
}

/// Scores with these flags, which must be refused, saying all of `words`.
void expect_flags_refused(int code, const Arguments& flags, const std::vector<std::string>& words) {
  Scratch folder;
  std::string sweep = small_sweep(folder);
  expect_refused(program(score_command(folder, sweep, flags)), code, words, folder, {"s.h5"});
}

TEST(Flag, ThatIsUnknownOrMalformedIsRefused) {
  expect_flags_refused(2, {"--view", "v=x:min", "--treads", "2"}, {"--treads", "--help"});
  expect_flags_refused(2, {"--view", "v=x:min", "--threads", "0"}, {"--threads"});
  expect_flags_refused(2, {"--view", "v=x:min", "--threads", "many"}, {"--threads", "many"});
  expect_flags_refused(2, {"--view", "v=x:min", "--batch-rows", "0"}, {"--batch-rows"});
  expect_flags_refused(2, {"--view", "v=x:min", "--batch-rows", "-5"}, {"--batch-rows"});
  for (const char* rows : {"0", "-1", "some", "1e3", "10 "})
    expect_flags_refused(2, {"--view", "v=x:min", "--validate", rows}, {"--validate", rows});
  expect_flags_refused(2, {"--view", "v=x:min", "--backend", "cpuu"}, {"'cpuu'", "did you mean 'cpu'?"});
  expect_flags_refused(2, {"--view", "x:min"}, {"x:min", "NAME="});
  expect_flags_refused(2, {"--view", "v=x"}, {"'x'", "'v'"});
  expect_flags_refused(2, {"--view", "v="}, {"'v'", "no objectives"});
  expect_flags_refused(2, {"--view", "v=x:min", "--view", "v=y:min"}, {"'v'", "twice"});
  expect_flags_refused(2, {"--view", "v=x:min", "--missing", "maybe"}, {"'maybe'"});
  expect_flags_refused(2, {"--view", "v=x:min", "--outputs", "ranks"}, {"'ranks'", "did you mean 'rank'?"});
  expect_flags_refused(2, {}, {"--view"});
}

TEST(Flag, OfAWholeNumberTakesDecimalDigitsInItsRangeAlone) {
  Scratch folder;
  std::string sweep = small_sweep(folder);
  struct Case {
    Arguments command;
    std::string option, least, most;
  };
  const Arguments view = {"score", sweep, "-o", folder / "r.h5", "--view", "v=x:min"},
                  made = {"generate", "--rows", "10", "-o", folder / "g.h5"},
                  batch = {"slurm", sweep, "--spec", folder / "no.toml", "-o", folder / "r.h5"};
  const std::string greatest = "18446744073709551615";
  for (const auto& [command, option, least, most] :
       {Case{view, "--threads", "1", "65536"}, Case{view, "--batch-rows", "1", "4294967295"},
        Case{view, "--show", "0", "4294967295"}, Case{view, "--device", "0", "65535"}, Case{made, "--seed", "0", greatest},
        Case{made, "--objectives", "1", "16"}, Case{made, "--chunk-rows", "1", "16777216"},
        Case{made, "--deflate", "0", "9"}, Case{batch, "--shards", "1", "100000"},
        Case{batch, "--cpus-per-task", "1", "65536"}, Case{batch, "--at-once", "0", "100000"},
        Case{batch, "--restarts", "0", "1000000"}, Case{{"count", "no.h5", "--shard", "0/1"}, "--threads", "1", "65536"},
        Case{{"merge", "no.h5", "-o", folder / "r.h5"}, "--threads", "1", "65536"},
        Case{{"convert", "no.csv", "-o", folder / "c.h5"}, "--threads", "1", "65536"},
        Case{{"explain", "no.h5", "0"}, "--against", "0", greatest}}) {
    Arguments arguments = command;
    arguments.push_back(option + "=" + (least == "1" ? "0" : "99999999999999999999"));
    expect_refused(program(arguments), 2, {option, "it must be from " + least + " to " + most});
    arguments.back() = option + "=0x1";
    expect_refused(program(arguments), 2, {option + " '0x1'", "not a whole number", "from " + least + " to " + most});
  }
  for (const char* value : {"-1", "+1", "1e3", "1.0", " 1", "1 ", "one", "18446744073709551616", "١"})
    expect_refused(program({"generate", "--rows", "10", "-o", folder / "g.h5", std::string("--seed=") + value}), 2,
                   {"--seed '" + std::string(value) + "'", "from 0 to " + greatest});
  EXPECT_EQ(folder.names(), (std::set<std::string>{"s.h5"}));
  for (const char* row : {"0x1", "-1", "1e0", "18446744073709551616", "x"})
    expect_refused(program({"explain", "no.h5", "--", row}), 2, {"ROW '" + std::string(row) + "'"});
  for (const char* share : {"nan", "0x1p-1", "-0.1", "1.1", "1e", "inf"})
    expect_refused(program({"generate", "--rows", "10", "-o", folder / "g.h5", std::string("--missing=") + share}), 2,
                   {"--missing '" + std::string(share) + "'", "from 0 to 1"});
}

TEST(Flag, OfAWholeNumberMayHaveLeadingZerosAndBeTheGreatest) {
  Scratch folder;
  std::vector<double> values(20, 1);
  values[10] = 0;
  std::string sweep = Sweeping(folder / "s.h5").column<double>("x", values).close();
  std::string result = scored(folder, sweep, {"--view", "v=x:min", "--threads", "02"});
  Outcome done = program({"explain", result, "010"});
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_TRUE(says(done.out, "Row 10 of") && says(done.out, "worth it")) << done.out;
  std::string digest;
  for (const char* seed : {"18446744073709551615", "0"}) {
    EXPECT_EQ(program({"generate", "--rows", "10", "--seed", seed, "--force", "-o", folder / "g.h5"}).code, 0);
    std::string now = program({"inspect", "--digest", folder / "g.h5"}).out;
    EXPECT_NE(now, digest);
    digest = now;
  }
}

TEST(CommandLine, ThatCannotBeUnderstoodIsExplainedWithTheCommandsHelp) {
  Scratch folder;
  std::string sweep = small_sweep(folder);
  expect_refused(program({"score", sweep, "-o", folder / "r.h5", "--treads", "2"}), 2,
                 {"--treads", "'carbonfront score'", "did you mean '--threads'?", "see carbonfront score --help"});
  expect_refused(program({"score", sweep}), 2, {"--output", "cannot do without it", "carbonfront score --help"});
  expect_refused(program({"score", sweep, "-o"}), 2, {"--output", "carbonfront score --help"});
  expect_refused(program({"score", sweep, "-o", folder / "r.h5", "--reader", "slow"}), 2,
                 {"--reader 'slow'", "it is fast or plain"});
}

TEST(Flag, ThatIsNeededIsNamed) {
  Scratch folder;
  std::string sweep = small_sweep(folder);
  expect_refused(program({"score", sweep, "--view", "v=x:min"}), 2, {"--output"}, folder, {"s.h5"});
  expect_refused(program({"score", "-o", folder / "r.h5", "--view", "v=x:min"}), 2, {"SWEEP.h5"}, folder, {"s.h5"});
  expect_refused(program({}), 2, {"--help"});
  expect_refused(program({"generate", "--rows", "1.5", "-o", folder / "g.h5"}), 2, {"'1.5'"}, folder, {"s.h5"});
  expect_refused(program({"generate", "--rows", "10", "--distribution", "normal", "-o", folder / "g.h5"}), 2, {"normal"},
                 folder, {"s.h5"});
}

TEST(Subcommand, ThatIsUnknownIsNamed) { expect_refused(program({"scor", "s.h5"}), 2, {"scor"}); }

TEST(Backend, ThatIsNotThereIsNeverReplaced) {
  Outcome list = program({"backends"});
  if (list.out.find("cuda       available") != std::string::npos) GTEST_SKIP() << "this machine has a device";
  expect_flags_refused(4, {"--view", "v=x:min", "--backend", "cuda"}, {"'cuda'", "--backend cpu"});
}

TEST(Backend, ChosenByAutoIsSaid) {
  Scratch folder;
  Outcome done = program(score_command(folder, small_sweep(folder), {"--view", "v=x:min"}));
  EXPECT_EQ(done.code, 0);
  EXPECT_TRUE(says(done.err, "backend: ") && says(done.err, "auto")) << done.err;
  EXPECT_NE(Reading(folder / "r.h5").text_attribute("/provenance", "backend"), "auto");
}

}  // namespace
}  // namespace carbonfront
