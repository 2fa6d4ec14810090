// What the program tells: of sweeps, of results, of itself, and of what it did.

#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/program.hpp"
#include "tests/sweep_builder.hpp"

namespace carbonfront {
namespace {

using Json = nlohmann::json;

std::string small_sweep(const Scratch& folder, const std::string& group = "/configs") {
  return Sweeping(folder / "s.h5", group)
      .column<double>("quality", {0.5, kNan, 0.75}, {.chunk = 2, .deflate = 4, .shuffle = true})
      .units("percent")
      .attribute_text("long_name", "test quality")
      .column<std::int32_t>("params", {10, 20, -1})
      .attribute<std::int32_t>("_FillValue", -1)
      .attribute_text("description", "weights")
      .fixed_texts("model", {"a", "", "résumé"}, 12, H5T_STR_NULLPAD)
      .texts("note", {"x", "y", "z"})
      .booleans("pruned", {0, 1, 0})
      .column<float>("train/hours", {1, 2, 3}, {.compact = true})
      .units("h")
      .close();
}

/// The line of a text that begins with `word`, with runs of spaces as one.
std::string line_of(const std::string& text, const std::string& word) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(word + " ")) continue;
    std::istringstream words(line);
    std::string out;
    for (std::string part; words >> part;) out += (out.empty() ? "" : " ") + part;
    return out;
  }
  return "";
}

TEST(Inspect, TellsASweepsColumns) {
  Scratch folder;
  Outcome done = run({"inspect", small_sweep(folder)});
  ASSERT_EQ(done.code, 0) << done.err;
  EXPECT_TRUE(says(done.out, "/configs") && says(done.out, "6 columns")) << done.out;
  EXPECT_EQ(line_of(done.out, "quality"), "quality float64 3 percent 1 chunks of 2, shuffle, deflate 4 test quality");
  EXPECT_EQ(line_of(done.out, "params"), "params int32 3 - 1 contiguous weights");
  EXPECT_EQ(line_of(done.out, "model"), "model utf8[12] 3 - 1 contiguous");
  EXPECT_EQ(line_of(done.out, "note"), "note utf8[*] 3 - 0 contiguous");
  EXPECT_EQ(line_of(done.out, "pruned"), "pruned boolean 3 - 0 contiguous");
  EXPECT_EQ(line_of(done.out, "train/hours"), "train/hours float32 3 h 0 compact");
}

TEST(Inspect, FindsTheColumnsOfANetcdfFile) {
  Scratch folder;
  Outcome done = run({"inspect", small_sweep(folder, "/")});
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_TRUE(says(line_of(done.out, "params"), "int32")) << done.out;
}

TEST(Inspect, TakesAGroupAndRefusesOneThatIsNotThere) {
  Scratch folder;
  std::string sweep = small_sweep(folder, "/runs");
  EXPECT_EQ(run({"inspect", sweep, "--group", "/runs"}).code, 0);
  expect_refused(run({"inspect", sweep, "--group", "/run"}), 3, {"'/run'", "did you mean '/runs'?"});
}

TEST(Inspect, OfAFileWithoutColumnsIsRefused) {
  Scratch folder;
  expect_refused(run({"inspect", Sweeping(folder / "s.h5").close()}), 3, {"s.h5", "/configs", "no column"});
}

TEST(Inspect, TellsAResultsViewsSizesAndSpec) {
  Scratch folder;
  std::string result = scored(
      folder, small_sweep(folder),
      {"--view", "good=quality:max", "--view", "small=params:min", "--where", "pruned == false", "--outputs", "rank"});
  Outcome done = run({"inspect", result});
  ASSERT_EQ(done.code, 0) << done.err;
  for (const char* text :
       {"rows 3, selected 2", "view good: 2 rated, 0 unrated", "view small: 1 rated, 1 unrated",
        "objectives = [\"quality:max\"]", "where = [\"pruned == false\"]", "rank", "format version 1", "backend cpu"})
    EXPECT_TRUE(says(done.out, text)) << "'" << text << "' is not in: " << done.out;
  EXPECT_FALSE(says(done.out, "witness")) << done.out;
}

/// Scores, then scores again with the spec that the result holds: the bytes must be the same.
void expect_spec_repeats(const Arguments& more) {
  Scratch folder;
  ASSERT_EQ(run({"generate", "--rows", "200", "--missing", "0.1", "-o", folder / "s.h5"}).code, 0);
  std::string result = scored(folder, folder / "s.h5", more);
  Outcome first = run({"inspect", result, "--digest"});
  std::string spec = folder.write("s.toml", Reading(result).text_attribute("/", "spec"));
  Outcome again = run({"score", folder / "s.h5", "-o", result, "--force", "--spec", spec});
  ASSERT_EQ(again.code, 0) << again.err;
  EXPECT_EQ(run({"inspect", result, "--digest"}).out, first.out);
}

TEST(Spec, ThatAResultHoldsGivesTheSameResult) {
  expect_spec_repeats({"--view", "v=accuracy:max,co2e_kg:min", "--emissions",
                       "devices=n_gpus,max_power=tdp,time=train_time:hours,pue=1.1,carbon_intensity=0.1g/kWh", "--where",
                       "dataset != \"say \"\"hi\"\" \\ 'x'\"", "--where", "`params` > 100", "--group-by", "region",
                       "--missing", "worst", "--label", "model", "--outputs", ""});
}

TEST(Spec, ThatAResultOfTheDefaultIntensityHoldsGivesTheSameResult) {
  expect_spec_repeats({"--view", "v=co2e_kg:min", "--emissions", "devices=n_gpus,max_power=tdp,time=train_time"});
}

TEST(Program, TellsItsVersionHelpAndBackends) {
  Outcome version = run({"--version"});
  EXPECT_EQ(version.code, 0);
  EXPECT_TRUE(version.out.starts_with("carbonfront ")) << version.out;
  EXPECT_EQ(run({"--help"}).code, 0);
  for (const char* command : {"score", "validate", "generate", "inspect", "backends"}) {
    EXPECT_TRUE(says(run({"--help"}).out, command)) << command;
    Outcome help = run({command, "--help"});
    EXPECT_EQ(help.code, 0) << command;
    EXPECT_TRUE(says(help.out, "Usage: carbonfront " + std::string(command))) << help.out;
    EXPECT_EQ(help.err, "");
  }
  Outcome backends = run({"backends"});
  EXPECT_EQ(backends.code, 0);
  for (const char* name : {"cuda", "cpu", "reference", "auto takes "}) EXPECT_TRUE(says(backends.out, name)) << backends.out;
}

TEST(Json, OnStandardOutputIsTheWholeSummary) {
  Scratch folder;
  std::string sweep = small_sweep(folder);
  Outcome done = score(folder, sweep,
                       {"--view", "v=quality:max,params:min", "--missing", "worst", "--label", "model", "--group-by",
                        "model,pruned", "--json"});
  ASSERT_EQ(done.code, 0) << done.err;
  Json json = Json::parse(done.out);
  EXPECT_EQ(json["program"]["name"], "carbonfront");
  EXPECT_EQ(json["result"], folder / "r.h5");
  EXPECT_EQ(json["inputs"][0]["path"], sweep);
  EXPECT_EQ(json["inputs"][0]["rows"], 3);
  EXPECT_EQ(json["rows"], 3);
  EXPECT_EQ(json["selected"], 3);
  const Json& view = json["views"][0];
  EXPECT_EQ(view["name"], "v");
  EXPECT_EQ(view["objectives"][0]["column"], "quality");
  EXPECT_EQ(view["objectives"][0]["direction"], "max");
  EXPECT_EQ(view["objectives"][0]["units"], "percent");
  EXPECT_EQ(view["rated"], 3);
  EXPECT_EQ(view["groups"].size(), 3u);
  EXPECT_EQ(view["groups"][0]["key"]["model"], "a");
  EXPECT_EQ(view["groups"][0]["key"]["pruned"], false);
  EXPECT_TRUE(view["groups"][2]["key"]["model"].is_null());
  EXPECT_TRUE(view["groups"][1]["ideal"]["params"].is_null());
  EXPECT_EQ(view["front"].size(), 3u);
  EXPECT_EQ(view["front"][2]["label"], "résumé");
  EXPECT_EQ(view["front"][2]["row"], 2);
  EXPECT_TRUE(view["front"][2]["values"]["params"].is_null());
  for (const char* phase : {"read", "decode", "emissions", "order", "front", "counts", "rank", "write", "total"}) {
    ASSERT_TRUE(json["timings"].contains(phase)) << phase;
    EXPECT_GE(json["timings"][phase].get<double>(), 0) << phase;
  }
}

TEST(Json, KeepsIntegersExactAndWritesInfinitiesAsText) {
  Scratch folder;
  std::string sweep = Sweeping(folder / "s.h5")
                          .column<std::int64_t>("i", {9007199254740993})
                          .column<std::uint64_t>("u", {18446744073709551615u})
                          .column<double>("f", {-std::numeric_limits<double>::infinity()})
                          .column<double>("g", {0.1})
                          .close();
  Outcome done = score(folder, sweep, {"--view", "v=i:min,u:max,f:min,g:min", "--json"});
  Json values = Json::parse(done.out)["views"][0]["front"][0]["values"];
  EXPECT_EQ(values["i"].get<std::int64_t>(), 9007199254740993);
  EXPECT_EQ(values["u"].get<std::uint64_t>(), 18446744073709551615u);
  EXPECT_EQ(values["f"], "-Infinity");
  EXPECT_EQ(values["g"].get<double>(), 0.1);
}

TEST(Json, InAFileLeavesTheTableOnStandardOutput) {
  Scratch folder;
  Outcome done = score(folder, small_sweep(folder), {"--view", "v=quality:max", "--json=" + folder / "s.json"});
  ASSERT_EQ(done.code, 0) << done.err;
  EXPECT_TRUE(says(done.out, "VIEW v")) << done.out;
  EXPECT_EQ(Json::parse(read_text(folder / "s.json"))["views"][0]["front_rows"], 1);
}

TEST(Json, OfAnEmptySelectionIsParsable) {
  Scratch folder;
  Outcome done = score(folder, small_sweep(folder), {"--view", "v=quality:max", "--where", "params > 1000", "--json"});
  ASSERT_EQ(done.code, 0) << done.err;
  Json view = Json::parse(done.out)["views"][0];
  EXPECT_EQ(view["front_rows"], 0);
  EXPECT_TRUE(view["groups"][0]["ideal"]["quality"].is_null());
}

TEST(Summary, NamesWhatIsWorthItAndWhatBeatsTheRest) {
  Scratch folder;
  std::string sweep = Sweeping(folder / "s.h5")
                          .texts("model", {"good", "bad", "unknown"})
                          .column<double>("quality", {2, 1, kNan})
                          .units("dB")
                          .close();
  Outcome done = score(folder, sweep, {"--view", "v=quality:max", "--label", "model"});
  for (const char* text : {"3 configurations", "VIEW v: quality", "2 of 3 configurations can be rated", "1 cannot",
                           "worth it: 1", "good", "sub-optimal: 1", "bad", "1: good", "quality [dB]", "Result: "})
    EXPECT_TRUE(says(done.out, text)) << "'" << text << "' is not in: " << done.out;
}

TEST(Provenance, SaysHowTheResultWasMade) {
  Scratch folder;
  std::string sweep = small_sweep(folder);
  Reading result(scored(folder, sweep, {"--view", "v=quality:max", "--threads", "2", "--backend", "cpu"}));
  EXPECT_TRUE(says(result.text_attribute("/provenance", "command_line"), "--view v=quality:max"));
  EXPECT_EQ(result.text_attributes("/provenance", "input_paths"), std::vector<std::string>{sweep});
  EXPECT_EQ(result.integer_attributes("/provenance", "input_sizes").at(0),
            static_cast<std::int64_t>(std::filesystem::file_size(sweep)));
  EXPECT_EQ(result.text_attributes("/provenance", "input_fingerprints").at(0).size(), 32u);
  EXPECT_EQ(result.text_attribute("/provenance", "backend"), "cpu");
  EXPECT_EQ(result.integer_attribute("/provenance", "threads"), 2);
}

TEST(Provenance, FingerprintsDependOnTheUsedColumnsOnly) {
  Scratch folder;
  std::string sweep = small_sweep(folder);
  auto fingerprint = [&](const char* view) {
    return Reading(scored(folder, sweep, {"--view", view, "--force"}))
        .text_attributes("/provenance", "input_fingerprints")
        .at(0);
  };
  std::string quality = fingerprint("v=quality:max"), params = fingerprint("v=params:max");
  EXPECT_NE(quality, params);
  patch<std::int32_t>(sweep, "/configs/params", 0, 11);
  EXPECT_EQ(fingerprint("v=quality:max"), quality);
  EXPECT_NE(fingerprint("v=params:max"), params);
}

}  // namespace
}  // namespace carbonfront
