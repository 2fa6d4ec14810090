// Hypervolume, contributions, crowding distance and max_rank, through the program.

#include <cmath>
#include <limits>

#include "tests/known_contributions.hpp"
#include "tests/program.hpp"
#include "tests/shards.hpp"

namespace carbonfront {
namespace {

/// Quality up, params down: rows 0, 1 and 2 are the front, 3 is behind 1, 4 is behind all, 5 is missing, 6 equals 1.
std::string models(const Scratch& folder) {
  return Sweeping(folder / "s.h5")
      .column<double>("quality", {1, 3, 4, 2, 0, 9, 3})
      .column<double>("params", {1, 2, 5, 3, 6, std::nan(""), 2})
      .texts("set", {"x", "x", "x", "x", "x", "x", "y"})
      .close();
}

std::string spec_file(const Scratch& folder, const std::string& more) {
  return folder.write("spec.toml", "[[view]]\nname = \"v\"\nobjectives = [\"quality:max\", \"params:min\"]\n" + more);
}

Reading figures(const Scratch& folder, const std::string& more) {
  return Reading(scored(folder, models(folder), {"--spec", spec_file(folder, more)}));
}

TEST(Figures, HypervolumeIsTheAreaUpToTheReferencePoint) {
  Scratch folder;
  Reading result = figures(folder, "outputs = [\"hypervolume\", \"contributions\"]\nreference_point = [0, 6]\n");
  // quality 1 x (6 - 1) + 2 x (6 - 2) + 1 x (6 - 5)
  EXPECT_EQ(result.reals("/views/v/groups/hypervolume"), Reals{14});
  EXPECT_EQ(result.reals("/views/v/groups/hypervolume_error"), Reals{0});
  EXPECT_EQ(result.reals("/views/v/groups/reference"), (Reals{0, 6}));
  // front rows 0, 1, 2, 6; rows 1 and 6 are one point, so neither is missed alone
  EXPECT_EQ(result.reals("/views/v/front_contribution"), (Reals{1, 0, 1, 0}));
}

TEST(Figures, DefaultReferencePointIsOnePerViewOverAllGroups) {
  Scratch folder;
  Reading result = figures(folder, "outputs = [\"hypervolume\"]\ngroup_by = [\"set\"]\n");
  // best 4 and 1, worst 1 and 5 over both fronts, worsened by a tenth of the range
  EXPECT_EQ(result.reals("/views/v/groups/reference"), (Reals{1 - 3 / 10.0, 5 + 4 / 10.0}));
  std::vector<double> volumes = result.reals("/views/v/groups/hypervolume");
  ASSERT_EQ(volumes.size(), 2u);
  EXPECT_NEAR(volumes[1], (3 - 0.7) * (5.4 - 2), 1e-12);
  EXPECT_FALSE(result.has("/views/v/front_contribution"));
}

TEST(Figures, DefaultReferencePointOfASinglePointIsATenthOfItsSizeAway) {
  Scratch folder;
  Reading result = figures(folder, "outputs = [\"hypervolume\"]\nmissing = \"worst\"\n");
  EXPECT_EQ(result.reals("/views/v/groups/hypervolume").size(), 1u);
  std::string one = Sweeping(folder / "one.h5").column<double>("quality", {20}).column<double>("params", {0.5}).close();
  Reading single(scored(folder, one, {"--spec", (folder / "spec.toml"), "--force"}));
  EXPECT_EQ(single.reals("/views/v/groups/reference"), (Reals{20 - 2.0, 0.5 + 0.1}));
  EXPECT_NEAR(single.reals("/views/v/groups/hypervolume")[0], 2 * 0.1, 1e-12);
}

/// Four groups: infinitely good, finite, infinitely bad in one objective, and nothing rated.
std::string infinite(const Scratch& folder) {
  return Sweeping(folder / "s.h5")
      .column<double>("quality", {kInfinity, 1, 2, 3, 4, -kInfinity, std::nan("")}, {.chunk = 1})
      .column<double>("params", {2, 1, 1, 2, kInfinity, 1, 1}, {.chunk = 1})
      .texts("set", {"a", "a", "b", "b", "c", "c", "d"}, {.chunk = 1})
      .close();
}

TEST(Figures, AnInfiniteFrontHasAnInfiniteVolumeAndLeavesOthersTheirs) {
  const std::string wanted = "outputs = [\"hypervolume\", \"contributions\"]\ngroup_by = [\"set\"]\n";
  Scratch folder;
  std::string sweep = infinite(folder), path = "/views/v/";
  for (const char* backend : {"reference", "cpu"}) {
    Reading result(
        scored(folder, sweep,
               {"--spec", spec_file(folder, wanted + "reference_point = [0, 4]\n"), "--force", "--backend", backend}));
    expect_equal(result.reals(path + "groups/hypervolume"), {kInfinity, 2 * 3 + 1 * 2, 0, kNan}, "volume");
    EXPECT_EQ(result.integers(path + "front"), (std::vector<std::int64_t>{0, 1, 2, 3, 4, 5}));
    expect_equal(result.reals(path + "front_contribution"), {kInfinity, 1, 2, 2, 0, 0}, "contribution");
    // Without a point of the user's, the finite values of the fronts make one: 1 to 4 and 1 to 2.
    Reading derived(scored(folder, sweep, {"--spec", spec_file(folder, wanted), "--force", "--backend", backend}));
    EXPECT_EQ(derived.reals(path + "groups/reference"), (Reals{1 - 3 / 10.0, 2 + 1 / 10.0}));
    Reals volumes = derived.reals(path + "groups/hypervolume");
    EXPECT_EQ(volumes.at(0), kInfinity);
    EXPECT_NEAR(volumes.at(1), 1.3 * 1.1 + 1 * 0.1, 1e-12);
    EXPECT_EQ(volumes.at(2), 0);
    EXPECT_EQ(program({"validate", folder / "r.h5", sweep}).code, 0);
  }
  EXPECT_TRUE(
      says(program(score_command(folder, sweep, {"--spec", spec_file(folder, wanted), "--force"})).out, "hypervolume: inf"));
  expect_the_bytes_of_one_run(folder, {sweep}, {"--spec", spec_file(folder, wanted)}, {1, 3});
}

TEST(Figures, WithoutAFiniteValueThereIsNoReferencePointAndNoVolume) {
  Scratch folder;
  std::string sweep =
      Sweeping(folder / "s.h5").column<double>("quality", {kInfinity, kInfinity}).column<double>("params", {2, 2}).close();
  Reading result(scored(folder, sweep, {"--spec", spec_file(folder, "outputs = [\"hypervolume\", \"contributions\"]\n")}));
  expect_equal(result.reals("/views/v/groups/reference"), {std::nan(""), 2.2}, "reference");
  expect_equal(result.reals("/views/v/groups/hypervolume"), {std::nan("")}, "volume");
  expect_equal(result.reals("/views/v/front_contribution"), {std::nan(""), std::nan("")}, "contribution");
  EXPECT_EQ(program({"validate", folder / "r.h5", sweep}).code, 0);
}

TEST(Figures, TheDefaultReferencePointIsFiniteWhateverTheRange) {
  Scratch folder;
  std::string sweep =
      Sweeping(folder / "s.h5").column<double>("quality", {-1.7e308, 1.7e308}).column<double>("params", {1, 1e308}).close();
  Reals reference = Reading(scored(folder, sweep, {"--spec", spec_file(folder, "outputs = [\"hypervolume\"]\n")}))
                        .reals("/views/v/groups/reference");
  EXPECT_EQ(reference.at(0), -std::numeric_limits<double>::max());
  EXPECT_NEAR(reference.at(1), 1.1e308, 1e294);
}

TEST(Figures, ContributionsAreMoocoresInEveryGroup) {
  for (std::uint32_t objectives = 2; objectives <= 4; ++objectives) {
    Scratch folder;
    std::vector<std::vector<double>> columns(objectives);
    std::vector<std::optional<std::string>> set;
    Reals lost;
    for (const KnownContributions& known : known_contributions()) {
      if (known.objectives != objectives) continue;
      for (const auto& point : known.points) {
        set.push_back(known.name);
        for (std::uint32_t k = 0; k < objectives; ++k)
          columns[k].push_back(k == 1 ? -point[k] : point[k]);  // one to maximise
      }
      lost.insert(lost.end(), known.lost.begin(), known.lost.end());
    }
    Sweeping sweep(folder / "s.h5");
    std::string names, reference;
    for (std::uint32_t k = 0; k < objectives; ++k) {
      sweep.column("f" + std::to_string(k), columns[k], {.chunk = 10});
      names += (k ? ", \"f" : "\"f") + std::to_string(k) + (k == 1 ? ":max\"" : ":min\"");
      reference += (k ? ", " : "") + std::string(k == 1 ? "-8" : "8");
    }
    std::string path = sweep.texts("set", set, {.chunk = 10}).close();
    std::string spec = folder.write("s.toml", "[[view]]\nname = \"v\"\nobjectives = [" + names +
                                                  "]\noutputs = [\"hypervolume\", \"contributions\"]\ngroup_by = "
                                                  "[\"set\"]\nreference_point = [" +
                                                  reference + "]\n");
    for (const char* backend : {"reference", "cpu"}) {
      Reading result(scored(folder, path, {"--spec", spec, "--force", "--backend", backend}));
      std::vector<std::int64_t> front = result.integers("/views/v/front");
      Reals found = result.reals("/views/v/front_contribution");
      std::set<std::int64_t> seen(front.begin(), front.end());
      for (std::size_t i = 0; i < front.size(); ++i)
        EXPECT_NEAR(found[i], lost[static_cast<std::size_t>(front[i])], 1e-10) << objectives << " row " << front[i];
      for (std::size_t row = 0; row < lost.size(); ++row)
        EXPECT_TRUE(seen.contains(static_cast<std::int64_t>(row)) || lost[row] == 0) << "row " << row << " is off the front";
    }
    EXPECT_TRUE(says(Reading(folder / "r.h5").text_attribute("/views/v/front_contribution", "long_name"),
                     "dominated rows left aside"));
    expect_the_bytes_of_one_run(folder, {path}, {"--spec", spec}, {1, 3});
  }
}

TEST(Figures, ExplainSaysWhatTheFrontLosesWithoutTheRow) {
  Scratch folder;
  figures(folder, "outputs = [\"hypervolume\", \"contributions\"]\nreference_point = [0, 6]\n");
  Outcome done = program({"explain", folder / "r.h5", "2"});
  EXPECT_TRUE(says(done.out, "without it the front alone, dominated rows left aside, loses a hypervolume of 1\n"))
      << done.out;
  EXPECT_FALSE(says(program({"explain", folder / "r.h5", "3"}).out, "loses a hypervolume"));
}

TEST(Figures, SpecRefusesAReferencePointThatCannotBe) {
  Scratch folder;
  std::string sweep = models(folder);
  auto refused = [&](const std::string& more, const std::string& words) {
    expect_refused(score(folder, sweep, {"--spec", spec_file(folder, more)}), 2, {words});
  };
  refused("outputs = [\"hypervolume\"]\nreference_point = [1]\n", "one value for each objective");
  refused("outputs = [\"hypervolume\"]\nreference_point = [1, inf]\n", "not finite");
  refused("outputs = [\"contributions\"]\n", "without hypervolume");
  refused("reference_point = [1, 2]\n", "without hypervolume");
  refused("max_rank = 0\n", "1 or more");
  refused("max_rank = 1.5\n", "1 or more");
}

TEST(Figures, CrowdingIsInfiniteAtTheEndsAndEqualForEqualRows) {
  for (const char* backend : {"cpu", "reference"}) {
    Scratch folder;
    std::string sweep = models(folder);
    Reading result(
        scored(folder, sweep, {"--spec", spec_file(folder, "outputs = [\"crowding\", \"rank\"]\n"), "--backend", backend}));
    Reals crowding = result.reals("/views/v/crowding");
    EXPECT_EQ(crowding[0], kInfinity);
    EXPECT_EQ(crowding[2], kInfinity);
    EXPECT_EQ(crowding[1], (4 - 1) / 3.0 + (5 - 1) / 4.0);
    EXPECT_EQ(crowding[6], crowding[1]);
    EXPECT_EQ(crowding[3], kInfinity);  // alone on its front
    EXPECT_TRUE(std::isnan(crowding[5]));
  }
}

TEST(Figures, MaxRankRanksTheFirstFrontsOnly) {
  for (const char* backend : {"cpu", "reference"}) {
    Scratch folder;
    std::string sweep = models(folder);
    Reading result(scored(folder, sweep,
                          {"--spec", spec_file(folder, "outputs = [\"rank\", \"crowding\"]\nmax_rank = 2\n"), "--backend",
                           backend, "--validate", "all"}));
    constexpr std::uint32_t none = 0xFFFFFFFF;
    EXPECT_EQ(result.values<std::uint32_t>("/views/v/rank"), (std::vector<std::uint32_t>{0, 0, 0, 1, none, none, 0}));
    EXPECT_TRUE(std::isnan(result.reals("/views/v/crowding")[4]));
    EXPECT_EQ(result.integers("/views/v/state"), (std::vector<std::int64_t>{2, 2, 2, 2, 2, 1, 2}));
  }
}

TEST(Figures, ValidateChecksThem) {
  Scratch folder;
  std::string sweep = models(folder);
  std::string result =
      scored(folder, sweep,
             {"--spec", spec_file(folder, "outputs = [\"hypervolume\", \"contributions\", \"crowding\", \"rank\"]\n")});
  EXPECT_EQ(run({"validate", result, sweep}).code, 0);
  for (const char* name : {"/views/v/groups/hypervolume", "/views/v/front_contribution", "/views/v/crowding"}) {
    std::string copy = folder / "copy.h5";
    std::filesystem::copy_file(result, copy, std::filesystem::copy_options::overwrite_existing);
    h5::Handle file(H5Fopen(copy.c_str(), H5F_ACC_RDWR, H5P_DEFAULT)), dataset(H5Dopen2(file, name, H5P_DEFAULT));
    std::vector<double> values(7, 123);
    H5Dwrite(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data());
    dataset.reset();
    file.reset();
    Outcome done = run({"validate", copy, sweep});
    EXPECT_EQ(done.code, 1) << name;
    EXPECT_TRUE(says(done.err, name)) << done.err;
  }
}

}  // namespace
}  // namespace carbonfront
