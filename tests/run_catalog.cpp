// Facts looked up and facts missing, through the program: found, assumed, refused, accounted for.

#include <nlohmann/json.hpp>

#include "tests/program.hpp"
#include "tests/sweep_builder.hpp"

namespace carbonfront {
namespace {

using Texts = std::vector<std::string>;
using Counts = std::vector<std::int64_t>;
const char* const kView = "[[view]]\nname = \"v\"\nobjectives = [\"co2e_kg:min\"]\n";

std::string named(const Scratch& folder) {
  return Sweeping(folder / "s.h5")
      .texts("gpu", {"NVIDIA A100-PCIE-80GB", "TPU v3", "", "Cerebras CS-2"})
      .texts("where", {"France", "us-east-1", "France", "world"})
      .column<double>("hours", {1, 1, 1, kNan})
      .units("h")
      .close();
}

std::string spec_with(const Scratch& folder, const std::string& lines) {
  return folder.write("s.toml", "[emissions]\ndevices = { value = 1 }\n" + lines + kView);
}

const std::string kHours = "time = { column = \"hours\" }\n";

TEST(Lookup, FindsPowerAndIntensityOfEachRow) {
  Scratch folder;
  std::string spec =
      spec_with(folder, kHours +
                            "max_power = { column = \"gpu\", catalog = \"hardware\", unknown = \"missing\" }\n"
                            "carbon_intensity = { column = \"where\", catalog = \"carbon\" }\n");
  std::string sweep = named(folder);
  Outcome done = program(score_command(folder, sweep, {"--spec", spec, "--validate", "all"}));
  ASSERT_EQ(done.code, 0) << done.err;
  EXPECT_TRUE(says(done.out, "catalogue hardware: epoch") && says(done.out, "'Cerebras CS-2' in 1")) << done.out;
  Reading result(folder / "r.h5");
  EXPECT_EQ(result.reals("/emissions/energy_kwh")[0], 0.3);
  EXPECT_EQ(result.reals("/emissions/co2e_kg")[0], 0.3 * 56.039 / 1000);
  EXPECT_EQ(result.reals("/emissions/co2e_kg")[1], 0.45 * 367.8 / 1000);
  EXPECT_EQ(result.integers("/emissions/account/max_power"), (Counts{2, 2, 4, 4}));
  EXPECT_EQ(result.integers("/emissions/account/time"), (Counts{1, 1, 1, 4}));
  EXPECT_EQ(result.texts("/emissions/lookups/max_power/name"), (Texts{"Cerebras CS-2", "NVIDIA A100-PCIE-80GB", "TPU v3"}));
  EXPECT_EQ(result.texts("/emissions/lookups/max_power/found"), (Texts{"", "NVIDIA A100 PCIe", "Google TPU v3"}));
  EXPECT_EQ(result.texts("/emissions/lookups/max_power/source"), (Texts{"", "epoch", "epoch"}));
  EXPECT_EQ(result.integers("/emissions/lookups/carbon_intensity/rows"), (Counts{2, 1, 1}));
  EXPECT_EQ(program({"validate", folder / "r.h5", sweep}).code, 0);
}

TEST(Lookup, DoesNotDependOnBatches) {
  Scratch folder;
  std::string sweep = named(folder);
  std::string spec =
      spec_with(folder, kHours + "max_power = { column = \"gpu\", catalog = \"hardware\", unknown = \"missing\" }\n");
  std::string digest;
  for (const char* rows : {"1", "3", "100"}) {
    scored(folder, sweep, {"--spec", spec, "--batch-rows", rows, "--force"});
    std::string now = carbonfront::program({"inspect", "--digest", folder / "r.h5"}).out;
    EXPECT_TRUE(digest.empty() || digest == now) << rows;
    digest = now;
  }
}

TEST(Lookup, OfAnUnknownNameIsRefusedWithItsRowAndCandidates) {
  Scratch folder;
  std::string sweep =
      Sweeping(folder / "s.h5").texts("gpu", {"TPU v3", "A100 SXM"}).column<double>("hours", {1, 1}).units("h").close();
  std::string spec = spec_with(folder, kHours + "max_power = { column = \"gpu\", catalog = \"hardware\" }\n");
  for (const char* rows : {"1", "100"})
    expect_refused(score(folder, sweep, {"--spec", spec, "--batch-rows", rows}), 3,
                   {"'A100 SXM'", "'gpu'", "s.h5", "row 1", "unknown to the catalogue hardware", "candidates are",
                    "A100 SXM4", "unknown = \"missing\""},
                   folder, {"s.h5", "s.toml"});
}

TEST(Lookup, OfOneNameIsSaidAndRefusedWhereItIsUnknown) {
  Scratch folder;
  std::string sweep = named(folder);
  std::string power = "max_power = { value = 1, unit = \"kW\" }\n";
  Outcome done = program(score_command(
      folder, sweep,
      {"--spec", spec_with(folder, kHours + power + "carbon_intensity = { catalog = \"carbon\", name = \"france\" }\n")}));
  ASSERT_EQ(done.code, 0) << done.err;
  EXPECT_TRUE(says(done.err, "56.039 g/kWh of France, source codecarbon, 2023")) << done.err;
  EXPECT_EQ(Reading(folder / "r.h5").reals("/emissions/co2e_kg")[0], 56.039 / 1000);
  expect_refused(program(score_command(
                     folder, sweep,
                     {"--force", "--spec",
                      spec_with(folder, kHours + power + "carbon_intensity = { catalog = \"carbon\", name = \"TX\" }\n")})),
                 2, {"'TX'", "unknown", "Texas", "us-state"});
}

TEST(Lookup, TakesTheUsersCatalogueFirst) {
  Scratch folder;
  std::string csv =
      folder.write("mine.csv", "name,quantity,value,unit\nTPU v3,max_power,0.2,kW\nCerebras CS-2,max_power,23,kW\n");
  std::string spec =
      spec_with(folder, kHours + "catalogs = [\"" + csv + "\"]\nmax_power = { column = \"gpu\", catalog = \"hardware\" }\n");
  Reading result(scored(folder, named(folder), {"--spec", spec}));
  EXPECT_EQ(result.reals("/emissions/energy_kwh")[1], 0.2);
  EXPECT_EQ(result.texts("/emissions/lookups/max_power/source"), (Texts{"the user's", "epoch", "the user's"}));
  folder.write("mine.csv", "name,quantity,value,unit\nTPU v3,max_power,200,horses\n");
  expect_refused(score(folder, named(folder), {"--spec", spec, "--force"}), 3, {"mine.csv", "line 2", "'horses'"});
}

TEST(Missing, IsAssumedOnlyWhereTheSpecSaysSoAndCounted) {
  Scratch folder;
  std::string sweep = named(folder);
  std::string spec =
      spec_with(folder, "max_power = { value = 1, unit = \"kW\" }\ntime = { column = \"hours\", assume = 5 }\n");
  Outcome done = program(score_command(folder, sweep, {"--spec", spec, "--json"}));
  ASSERT_EQ(done.code, 0) << done.err;
  Reading result(folder / "r.h5");
  EXPECT_EQ(result.reals("/emissions/energy_kwh"), (std::vector<double>{1, 1, 1, 5}));
  EXPECT_EQ(result.integers("/emissions/account/time"), (Counts{1, 1, 1, 3}));
  EXPECT_EQ(result.integer_attributes("/emissions", "assumed_rows"), (Counts{0, 0, 1, 0, 0}));
  auto json = nlohmann::json::parse(done.out);
  EXPECT_EQ(json["emissions"]["quantities"]["time"]["assumed"]["rows"], 1);
  done = program(score_command(folder, sweep, {"--spec", spec, "--force"}));
  EXPECT_TRUE(says(done.out, "column hours, else 5 h")) << done.out;
  EXPECT_EQ(program({"validate", folder / "r.h5", sweep}).code, 0);
}

TEST(Missing, IsAnErrorWhereItIsRequired) {
  Scratch folder;
  std::string sweep = named(folder);
  std::string spec = spec_with(folder, "max_power = { value = 1, unit = \"kW\" }\n" + kHours);
  for (const char* required : {"time", "devices,hours"})
    expect_refused(score(folder, sweep, {"--spec", spec, "--require", required}), 3,
                   {"time of column 'hours' is missing", "row 3", "required"}, folder, {"s.h5", "s.toml"});
  EXPECT_EQ(score(folder, sweep, {"--spec", spec, "--require", "time", "--where", "hours == 1"}).code, 0);
  expect_refused(score(folder, sweep, {"--spec", spec, "--require", "tim", "--force"}), 2,
                 {"'tim'", "did you mean 'time'?"});
  expect_refused(score(folder, sweep, {"--require", "time", "--view", "v=hours:min", "--force"}), 2, {"no [emissions]"});
}

TEST(LookupSpec, ThatCannotWorkIsRefused) {
  Scratch folder;
  std::string sweep = named(folder);
  for (auto [lines, words] :
       {std::pair("max_power = { column = \"gpu\", catalog = \"hardwar\" }\n", "did you mean 'hardware'?"),
        {"max_power = { column = \"gpu\", catalog = \"carbon\" }\n", "it has carbon_intensity"},
        {"max_power = { column = \"gpu\", name = \"x\", catalog = \"hardware\" }\n", "one of name and column"},
        {"max_power = { column = \"gpu\", unit = \"W\", catalog = \"hardware\" }\n", "remove the unit"},
        {"max_power = { column = \"gpu\", catalog = \"hardware\", unknown = \"zero\" }\n", "\"missing\""}})
    expect_refused(score(folder, sweep, {"--spec", spec_with(folder, kHours + lines)}), 2, {words});
  expect_refused(
      score(folder, sweep,
            {"--spec", spec_with(folder, kHours + "max_power = { column = \"hours\", catalog = \"hardware\" }\n")}),
      3, {"'hours'", "numbers"});
}

TEST(CatalogCommand, ListsFactsWithSources) {
  Outcome done = program({"catalog", "hardware", "TPU v3"});
  EXPECT_EQ(done.code, 0);
  EXPECT_TRUE(says(done.out, "450") && says(done.out, "epoch*") && says(done.out, "220") && says(done.out, "220 to 450 W"))
      << done.out;
  EXPECT_TRUE(says(program({"catalog", "carbon", "world"}).out, "437"));
  EXPECT_TRUE(says(program({"catalog", "France"}).out, "56.039"));
  expect_refused(program({"catalog", "carbon", "Atlantis"}), 2, {"'Atlantis'"});
}

TEST(Catalogues, OfARelativePathAreFoundByTheJobsOfABatchAndTheResultIsThatOfOneRun) {
  Scratch folder, elsewhere;
  named(folder);
  std::filesystem::create_directory(folder / "facts");
  folder.write("facts/mine.csv", "scope,name,quantity,value,unit,source\naccelerator,Mine,max_power,100,W,me\n");
  folder.write("spec.toml", "[emissions]\ncatalogs = [\"facts/mine.csv\"]\ndevices = { value = 1 }\n" + kHours +
                                "max_power = { catalog = \"hardware\", name = \"Mine\" }\n" + kView);
  const std::string program = CARBONFRONT_PROGRAM, batch = folder / "r.h5.slurm";
  auto in = [&](const std::string& where, const std::string& command) {
    int status = std::system(("cd '" + where + "' && " + command + " >'" + (folder / "log") + "' 2>&1").c_str());
    EXPECT_EQ(WEXITSTATUS(status), 0) << command << "\n" << read_text(folder / "log");
  };
  in(folder.path(), program + " score s.h5 --spec spec.toml -o one.h5");
  in(folder.path(), program + " slurm s.h5 --spec spec.toml --shards 2 -o r.h5");
  for (const char* task :
       {"SLURM_JOB_ID=1 SLURM_ARRAY_TASK_ID=0 bash score.sh", "SLURM_JOB_ID=1 SLURM_ARRAY_TASK_ID=1 bash score.sh",
        "SLURM_JOB_ID=2 SLURM_ARRAY_TASK_ID=0 bash count.sh", "SLURM_JOB_ID=2 SLURM_ARRAY_TASK_ID=1 bash count.sh",
        "SLURM_JOB_ID=3 bash merge.sh"})
    in(batch, task);
  EXPECT_EQ(carbonfront::program({"inspect", "--digest", folder / "r.h5"}).out.substr(0, 32),
            carbonfront::program({"inspect", "--digest", folder / "one.h5"}).out.substr(0, 32));
  in(folder.path(), program + " validate r.h5 s.h5");
}

TEST(Catalogues, OfAbsolutePathsLetTheJobsRunInTheirOwnFolder) {
  Scratch folder;
  std::string sweep = named(folder),
              mine = folder.write("mine.csv", "scope,name,quantity,value,unit,source\naccelerator,M,max_power,1,W,me\n");
  std::string spec =
      spec_with(folder, kHours + "max_power = { catalog = \"hardware\", name = \"M\" }\ncatalogs = [\"" + mine + "\"]\n");
  EXPECT_EQ(program({"slurm", sweep, "--spec", spec, "--shards", "2", "-o", folder / "r.h5"}).code, 0);
  EXPECT_TRUE(says(read_text(folder / "r.h5.slurm/settings.sh"), "\nfolder=.   #"));
}

}  // namespace
}  // namespace carbonfront
