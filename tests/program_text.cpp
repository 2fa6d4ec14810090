// Texts from files, specs and command lines do not steer the terminal they are shown on, and JSON reads them back as they
// are.

#include <nlohmann/json.hpp>

#include "carbonfront/errors.hpp"
#include "host/text.hpp"
#include "tests/outcome.hpp"
#include "tests/shards.hpp"

namespace carbonfront {
namespace {

using Json = nlohmann::json;

TEST(Escaped, AreControlCharactersDirectionsSeparatorsAndBrokenBytes) {
  EXPECT_EQ(escaped("a\x1b]0;x\x07"), "a\\x1b]0;x\\x07");
  EXPECT_EQ(escaped("a\nb\tc\rd\x7f"), "a\\x0ab\\x09c\\x0dd\\x7f");
  EXPECT_EQ(escaped(std::string("a\0b", 3)), "a\\x00b");
  EXPECT_EQ(escaped("\u0080\u009b\u009f"), "\\u0080\\u009b\\u009f");
  EXPECT_EQ(escaped("\u061c\u200e\u200f\u2028\u2029\u202a\u202e\u2066\u2069"),
            "\\u061c\\u200e\\u200f\\u2028\\u2029\\u202a\\u202e\\u2066\\u2069");
  EXPECT_EQ(escaped("\xff\xc3(\xe2\x80"), "\\xff\\xc3(\\xe2\\x80") << "no UTF-8, cut off";
  EXPECT_EQ(escaped("\xc0\xaf\xe0\x9f\xbf\xed\xa0\x80\xf4\x90\x80\x80"),
            "\\xc0\\xaf\\xe0\\x9f\\xbf\\xed\\xa0\\x80\\xf4\\x90\\x80\\x80")
      << "overlong forms, surrogates, beyond the last character";
  EXPECT_EQ(escaped_lines("a\n\x1b\n"), "a\n\\x1b\n");
}

TEST(Escaped, IsNothingElse) {
  for (const char* text : {"", "plain", "π ≈ 3, ± é ü 漢字 🙂 ־ א", "back\\slash \\x1b",
                           "\u00a0\u200b\u2027\u202f\u2065\u206a\ufffd"}) {
    EXPECT_EQ(escaped(text), text);
    EXPECT_TRUE(is_utf8(text));
  }
  EXPECT_EQ(escaped(escaped("\x1b\n\u202e\xff")), escaped("\x1b\n\u202e\xff"));
  for (const char* text : {"\xff", "a\xc3", "\xed\xa0\x80"}) EXPECT_FALSE(is_utf8(text));
}

TEST(Escaped, InErrorsIsAllThatOthersWrote) {
  EXPECT_STREQ(InputError("column 'a\nb'", "it is \x1b[31m", "see \xff").what(),
               "column 'a\\x0ab' (it is \\x1b[31m); see \\xff");
  EXPECT_STREQ(OutputError("f\n", OutputError("a", "b", "c")).what(), "f\\x0a: a (b); c");
}

/// Would name the window, begin a line of its own, turn what follows around, and colour it.
const std::string kText = "a\x1b]0;owned\x07\nFORGED\r\u202e\u2028\x7f\u009b31mz";
const std::string kBytes = kText + "\xff\xc3";
const std::string kToml = R"(a\u001b]0;owned\u0007\nFORGED\r\u202e\u2028\u007f\u009b31mz)";  // kText inside a TOML text

/// Checks that of a text nothing steers a terminal, and that no line of it begins as a text of the sweep wants it.
void expect_harmless(const std::string& text) {
  for (char c = 0; c < 0x20; ++c)
    EXPECT_TRUE(c == '\n' || text.find(c) == std::string::npos) << "character " << int{c} << " in: " << text;
  for (const char* bad : {"\x7f", "\u009b", "\u202e", "\u2028", "\xff"})
    EXPECT_EQ(text.find(bad), std::string::npos) << escaped(bad) << " in: " << text;
  EXPECT_TRUE(is_utf8(text)) << text;
  EXPECT_FALSE(text.starts_with("FORGED") || says(text, "\nFORGED")) << text;
}

void expect_harmless(const Outcome& done) {
  expect_harmless(done.out);
  expect_harmless(done.err);
}

struct HostileTexts : ::testing::Test {
  Scratch folder;
  std::string name = "s" + kBytes + ".h5";
  std::string sweep = write_sweep(folder / name, 1);
  std::string spec = folder.write("spec.toml", "[sweep]\nlabel = \"label\"\n[[view]]\nname = \"v\"\nobjectives = [\"" +
                                                   kToml + ":min\", \"y:min\"]\ngroup_by = [\"key\"]\n");

  static std::string write_sweep(const std::string& path, double first) {
    return Sweeping(path)
        .column<double>(kText, {first, 2, 3, 4})
        .units(kBytes)
        .attribute_text("description", kBytes)
        .column<double>("y", {2, 1, 3, 4})
        .texts("label", {kText, kBytes, "plain", kText})
        .texts("key", {kText, kText, kText, "\u202e"})
        .texts("name \xff", {"a", "b", "c", "d"})
        .close();
  }

  Outcome scored(const Arguments& more) {
    return run(joined({"score", sweep, "--spec", spec, "-o", folder / "r.h5"}, more));
  }
};

TEST_F(HostileTexts, OfASweepAreShownEscapedInTheSummary) {
  Outcome done = scored({});
  ASSERT_EQ(done.code, 0) << done.err;
  expect_harmless(done);
  EXPECT_TRUE(says(done.out, "VIEW v: a\\x1b]0;owned\\x07\\x0aFORGED\\x0d\\u202e\\u2028\\x7f\\u009b31mz ↑") ||
              says(done.out, "VIEW v: a\\x1b]0;owned\\x07\\x0aFORGED\\x0d\\u202e\\u2028\\x7f\\u009b31mz ↓"))
      << done.out;
  EXPECT_TRUE(says(done.out, "key = a\\x1b]0;")) << done.out;
}

TEST_F(HostileTexts, AreReadBackFromJsonAsTheyAre) {
  Outcome done = scored({"--json"});
  ASSERT_EQ(done.code, 0) << done.err;
  expect_harmless(done);
  Json summary = Json::parse(done.out);
  Json view = summary["views"][0];
  EXPECT_EQ(view["objectives"][0]["column"], kText);
  EXPECT_EQ(view["groups"][0]["key"]["key"], kText);
  EXPECT_EQ(view["groups"][1]["key"]["key"], "\u202e");
  EXPECT_EQ(view["front"][0]["label"], kText);
  EXPECT_EQ(view["front"][1]["label"], kText + "\ufffd\ufffd") << "bytes that JSON cannot hold";
  EXPECT_EQ(summary["inputs"][0]["path"], folder / ("s" + kText + "\ufffd\ufffd.h5"));
  EXPECT_EQ(scored({"--force", "--json=" + folder / "j.json"}).code, 0);
  expect_harmless(read_text(folder / "j.json"));
  EXPECT_EQ(Json::parse(read_text(folder / "j.json"))["views"], summary["views"]);
}

TEST_F(HostileTexts, OfASweepDoNotBreakTheTableOfInspect) {
  Outcome done = run({"inspect", sweep});
  ASSERT_EQ(done.code, 0) << done.err;
  expect_harmless(done);
  EXPECT_EQ(std::count(done.out.begin(), done.out.end(), '\n'), 2 + 1 + 5) << "a heading and a line a column: " << done.out;
  EXPECT_TRUE(says(done.out, "name \\xff")) << done.out;
}

TEST_F(HostileTexts, OfAResultAreShownEscapedByEveryReader) {
  ASSERT_EQ(scored({}).code, 0);
  std::string other = write_sweep(folder / ("other" + kBytes + ".h5"), 9);
  for (const Arguments& command : std::vector<Arguments>{{"inspect", folder / "r.h5"},
                                                         {"inspect", "--digest", sweep},
                                                         {"explain", folder / "r.h5", "0"},
                                                         {"explain", folder / "r.h5", "2", "--against", "1"},
                                                         {"validate", folder / "r.h5", sweep},
                                                         {"validate", folder / "r.h5", other}}) {
    Outcome done = run(command);
    EXPECT_TRUE(done.code == 0 || done.code == 1) << done.code << done.err;
    expect_harmless(done);
  }
  std::string shown = run({"inspect", folder / "r.h5"}).out;
  EXPECT_TRUE(says(shown, "\n[sweep]\n") && says(shown, "\n[[view]]\nname = \"v\"\n"))
      << "the spec keeps its lines: " << shown;
}

TEST_F(HostileTexts, AreShownEscapedWhereSharesAreScoredCountedAndMerged) {
  Sharing work{folder, {sweep}, {"--spec", spec}, 2};
  for (int k = 0; k < 2; ++k) {
    Outcome done = work.score(k);
    EXPECT_EQ(done.code, 0) << done.err;
    expect_harmless(done);
  }
  expect_harmless(run({"inspect", work.part(0)}));
  expect_harmless(work.count(0));
  expect_harmless(work.count(1));
  Outcome merged = work.merge();
  EXPECT_EQ(merged.code, 0) << merged.err;
  expect_harmless(merged);
  EXPECT_EQ(digest_of(work.result()), work.digest_of_one_run());
}

TEST_F(HostileTexts, OfATableAreShownEscapedByConvert) {
  std::string table = folder.write("t" + kBytes + ".csv", "\"" + kText + " [" + "\x1b[31m" + "]\",b\n1,2\n");
  Outcome done = run({"convert", table, "-o", folder / ("c" + kBytes + ".h5")});
  expect_harmless(done);
  done = run({"convert", folder.write("u.csv", "a,b\n1\n\"" + kBytes + "\"x,2\n"), "-o", folder / "u.h5"});
  EXPECT_NE(done.code, 0);
  expect_harmless(done);
}

TEST_F(HostileTexts, OfACatalogueAreShownEscaped) {
  std::string csv = folder.write("c" + kBytes + ".csv", "scope,name,quantity,value,unit,source,note\ndevice,\"" + kText +
                                                            "\",max_power,100,W,\"\x1b[31m\",\"\u202e\"\n");
  Outcome done = run({"catalog", "--catalogs", csv, "owned"});
  expect_harmless(done);
  expect_harmless(run({"catalog", kBytes}));
}

TEST_F(HostileTexts, OfACommandLineAreShownEscapedInItsErrors) {
  const std::string view = "v=y:min", result = folder / "r.h5";
  for (const Arguments& command :
       std::vector<Arguments>{{kBytes},
                              {"score", sweep, "-o", result, "--" + kBytes},
                              {"score", sweep, "-o", result, "--view", view, kBytes},
                              {"score", sweep, "-o", result, "--view", kBytes + "=y:min"},
                              {"score", sweep, "-o", result, "--view", view, "--label", "no" + kText},
                              {"score", sweep, "-o", result, "--view", view, "--where", kText},
                              {"score", sweep, "-o", result, "--view", view, "--threads", kBytes},
                              {"score", sweep, "-o", result, "--view", view, "--reader", kBytes},
                              {"score", sweep, "-o", result, "--view", view, "--backend", kBytes},
                              {"score", sweep, "-o", folder / kBytes + "/r.h5", "--view", view},
                              {"score", sweep, "-o", sweep, "--view", view},
                              {"score", folder / kBytes, "-o", result, "--view", view},
                              {"score", sweep, "-o", result, "--spec", folder / kBytes},
                              {"inspect", folder / kBytes},
                              {"explain", sweep, kBytes},
                              {"slurm", "-o", kBytes, "--wait"}}) {
    Outcome done = run(command);
    EXPECT_NE(done.code, 0);
    EXPECT_NE(done.code, 5) << done.err;
    EXPECT_EQ(done.out, "");
    expect_harmless(done);
    EXPECT_TRUE(says(done.err, "FORGED")) << done.err;
  }
}

TEST_F(HostileTexts, OfASpecAreShownEscapedInItsErrors) {
  for (const std::string& text :
       {"[[view]]\nname = \"" + kToml + "\"\nobjectives = [\"y:min\"]\n", "\"" + kToml + "\" = 1\n",
        "[[view]]\nname = \"v\"\nobjectives = [\"no " + kToml + ":min\"]\n",
        "[emissions]\ncatalogs = [\"" + kToml +
            ".csv\"]\ndevices = { value = 1 }\nmax_power = { value = 1, "
            "unit = \"W\" }\ntime = { value = 1, unit = \"h\" }\n[[view]]\nname = \"v\"\nobjectives = [\"y:min\"]\n"}) {
    Outcome done = run({"score", sweep, "-o", folder / "r.h5", "--spec", folder.write("bad.toml", text)});
    EXPECT_TRUE(done.code == 2 || done.code == 3) << done.code << done.err;
    expect_harmless(done);
    EXPECT_TRUE(says(done.err, "FORGED")) << done.err;
  }
}

TEST_F(HostileTexts, ThatAreNoUtf8AreRefusedByTheNameOfTheFlag) {
  const Arguments command = {"score", sweep, "-o", folder / "r.h5", "--view", "v=y:min"};
  for (const Arguments& flag : std::vector<Arguments>{{"--where", "y > 0 and \xff"},
                                                      {"--view", "w=\xff:min"},
                                                      {"--label", "\xff"},
                                                      {"--group-by", "key,\xff"},
                                                      {"--columns", "\xff"},
                                                      {"--group", "/\xff"},
                                                      {"--outputs", "\xff"},
                                                      {"--missing", "\xff"},
                                                      {"--emissions", "devices=\xff"},
                                                      {"--require", "\xff"}})
    expect_refused(run(joined(command, flag)), 2, {flag[0], "\\xff", "UTF-8"}, folder, {name, "spec.toml"});
  expect_refused(
      run({"score", sweep, "-o", folder / "r.h5", "--spec", folder.write("bad.toml", "[sweep]\nlabel = \"\xff\"\n")}), 2,
      {"bad.toml:2"});
}

TEST_F(HostileTexts, MayBeNamesOfFiles) {
  const std::string result = folder / ("r" + kBytes + ".h5"), json = folder / ("j" + kBytes + ".json");
  const std::string csv = folder.write("m" + kBytes + ".csv", "a,b\n1,2\n");
  EXPECT_EQ(run({"generate", "--rows", "10", "-o", folder / ("g" + kBytes + ".h5")}).code, 0);
  EXPECT_EQ(run({"convert", csv, "-o", folder / ("c" + kBytes + ".h5")}).code, 0);
  Outcome done = run({"score", sweep, "--spec", spec, "-o", result, "--json=" + json});
  ASSERT_EQ(done.code, 0) << done.err;
  expect_harmless(done);
  EXPECT_EQ(run({"explain", result, "0"}).code, 0) << "it finds the sweep by the path in the result";
  EXPECT_EQ(run({"validate", result, sweep}).code, 0);
  EXPECT_EQ(run({"inspect", result}).code, 0);
  EXPECT_TRUE(std::filesystem::exists(json));
  Sharing work{folder, {sweep}, {"--spec", spec}, 2};
  work.score_all();
  EXPECT_EQ(work.merge().code, 0) << "it finds the sweep by the path in the parts";
}

}  // namespace
}  // namespace carbonfront
