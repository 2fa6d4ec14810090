// Catalogues: names found whatever their spelling, several values refused, and a user's own entries.

#include <gtest/gtest.h>

#include <algorithm>

#include "carbonfront/errors.hpp"
#include "host/emissions/catalog.hpp"

namespace carbonfront {
namespace {

CatalogAnswer power_of(const std::string& name, const std::string& source = "", const std::vector<Catalog>& users = {}) {
  return look_up(builtin_catalog("hardware"), users, {name, "max_power", source, "", ""});
}

CatalogAnswer intensity_of(const std::string& name, const std::string& source = "", const std::string& scope = "",
                           const std::string& year = "") {
  return look_up(builtin_catalog("carbon"), {}, {name, "carbon_intensity", source, year, scope});
}

Catalog users(const std::string& csv) {
  Catalog catalog = parse_catalog(csv, "mine.csv");
  for (CatalogEntry& entry : catalog.entries) entry.user = true;
  return catalog;
}

TEST(Catalog, FindsADeviceWhateverItsSpelling) {
  for (const char* name : {"A100 80GB PCIe", "NVIDIA A100-PCIE-80GB", "nvidia a100 pcie"})
    EXPECT_EQ(power_of(name).entry.value().name, "NVIDIA A100 PCIe") << name;
  for (const char* name : {"NVIDIA A100-SXM4-80GB", "A100 SXM4 80 GB", "a100 sxm4 80gb"})
    EXPECT_EQ(power_of(name).entry.value().value, 400) << name;
  for (const char* name : {"Tesla V100-SXM2-32GB", "NVIDIA Tesla V100 SXM2 32 GB"})
    EXPECT_EQ(power_of(name).entry.value().value, 300);
  for (const char* name : {"TPUv3", "Google TPU v3", "tpu V3"}) EXPECT_EQ(power_of(name).entry.value().value, 450) << name;
  EXPECT_EQ(power_of("Quadro RTX 6000").entry.value().value, 260);
}

TEST(Catalog, TakesACodeForTheCountryThatHasItNotForAState) {
  const std::pair<const char*, const char*> countries[] = {{"CA", "Canada"},   {"DE", "Germany"},  {"IN", "India"},
                                                           {"CO", "Colombia"}, {"co", "Colombia"}, {"CAN", "Canada"},
                                                           {"FI", "Finland"},  {"TW", "Taiwan"},   {"Georgia", "Georgia"}};
  for (const auto& [name, country] : countries) {
    EXPECT_EQ(intensity_of(name).entry.value().name, country) << name;
    EXPECT_EQ(intensity_of(name).entry.value().scope, "country") << name;
  }
}

TEST(Catalog, KnowsStatesByTheirWholeCode) {
  for (const char* name : {"US-CA", "us-ca", "California"}) {
    EXPECT_EQ(intensity_of(name).entry.value().name, "California") << name;
    EXPECT_EQ(intensity_of(name).entry.value().scope, "us-state") << name;
  }
  EXPECT_EQ(intensity_of("CA", "", "us-state").entry.value().name, "California");
  EXPECT_EQ(intensity_of("US-GA").entry.value().name, "Georgia");
  EXPECT_EQ(intensity_of("Georgia", "", "us-state").entry.value().value, 454.388);
  CatalogAnswer texas = intensity_of("TX");
  EXPECT_FALSE(texas.entry);
  EXPECT_TRUE(std::ranges::any_of(texas.candidates, [](const std::string& name) { return name.starts_with("Texas "); }));
}

TEST(Catalog, KnowsEveryCountryThatHasACodeByBothOfItsCodes) {
  int countries = 0;
  for (const CatalogEntry& entry : builtin_catalog("carbon").entries) {
    if (entry.scope != "country" || entry.source != default_source("country") || entry.code.empty()) continue;
    ++countries;
    std::size_t space = entry.code.find(' ');
    if (space == std::string::npos) continue;  // XKX has no code of two letters
    for (const std::string& code : {entry.code.substr(0, space), entry.code.substr(space + 1)})
      EXPECT_EQ(intensity_of(code).entry.value().name, entry.name) << code;
  }
  EXPECT_GT(countries, 200);
}

TEST(Catalog, KnowsDevicesAsTheirDriversNameThem) {
  const std::pair<const char*, double> watts[] = {{"NVIDIA H100 80GB HBM3", 700},
                                                  {"NVIDIA GH200 480GB", 700},
                                                  {"Tesla P100-SXM2-16GB", 300},
                                                  {"Tesla V100-SXM2-16GB", 300},
                                                  {"Tesla T4", 70},
                                                  {"NVIDIA GeForce RTX 3090", 350},
                                                  {"NVIDIA GeForce RTX 2080 Ti", 250},
                                                  {"AMD Instinct MI250X", 500},
                                                  {"NVIDIA A10", 150}};
  for (const auto& [name, power] : watts) EXPECT_EQ(power_of(name).entry.value().value, power) << name;
}

TEST(Catalog, AnswersFromTheDefaultSourceUnlessAnotherIsChosen) {
  EXPECT_EQ(power_of("TPU v3").entry.value().source, "epoch");
  EXPECT_EQ(power_of("TPU v3", "green-algorithms").entry.value().value, 220);
  EXPECT_EQ(power_of("A100 PCIe 80GB", "green-algorithms").entry.value().value, 300);
  EXPECT_EQ(intensity_of("France").entry.value().value, 56.039);
  EXPECT_EQ(intensity_of("FRA").entry.value().source, "codecarbon");
  EXPECT_EQ(intensity_of("France", "eco2ai").entry.value().value, 67.53);
  EXPECT_EQ(intensity_of("world").entry.value().value, 437);
  EXPECT_EQ(intensity_of("us-east-1").entry.value().value, 367.8);
  EXPECT_EQ(intensity_of("us-east1").entry.value().scope, "cloud:gcp");
  EXPECT_EQ(intensity_of("UK").entry.value().name, "United Kingdom");
  EXPECT_EQ(intensity_of("USA").entry.value().year, intensity_of("United States of America").entry.value().year);
  EXPECT_EQ(intensity_of("USA", "codecarbon-2016").entry.value().value, 452.8861);
  EXPECT_FALSE(intensity_of("France", "", "", "1999").entry);
}

TEST(Catalog, NeverChoosesAmongSeveralValues) {
  CatalogAnswer board = look_up(builtin_catalog("hardware"), {}, {"P100 PCIe 16 GB", "peak_fp32", "", "", ""});
  EXPECT_FALSE(board.entry) << "two entries of one source differ";
  EXPECT_EQ(board.why, "has several values in the catalogue");
  EXPECT_EQ(board.candidates.size(), 2u);
  EXPECT_TRUE(look_up(builtin_catalog("hardware"), {}, {"NVIDIA P100 PCIe 16GB", "peak_fp32", "", "", ""}).entry)
      << "as it is written it is one of them";
}

TEST(Catalog, ListsWhatAnUnknownNameMayMean) {
  CatalogAnswer answer = power_of("A100 SXM");
  EXPECT_FALSE(answer.entry);
  ASSERT_FALSE(answer.candidates.empty());
  EXPECT_NE(answer.candidates.front().find("A100"), std::string::npos) << answer.candidates.front();
  EXPECT_TRUE(power_of("abacus").candidates.empty());
}

TEST(Catalog, OfTheUserOverridesAndExtends) {
  Catalog mine = users(
      "name,quantity,value,unit,same_as\nGoogle TPU v3,max_power,0.3,kW,\nHome brew,max_power,42,W,\n"
      "My card,,,,Home brew\nNVIDIA A100,,,,Home brew\n");
  EXPECT_EQ(power_of("tpu v3", "", {mine}).entry.value().value, 0.3);
  EXPECT_EQ(power_of("tpu v3", "", {mine}).entry.value().unit, "kW");
  EXPECT_EQ(power_of("my CARD", "", {mine}).entry.value().value, 42);
  EXPECT_EQ(power_of("NVIDIA A100", "", {mine}).entry.value().value, 42) << "another word for it, by the user";
  EXPECT_EQ(power_of("NVIDIA V100", "", {mine}).entry.value().source, "epoch");
}

TEST(Catalog, OfTheUserIsCheckedLineByLine) {
  const std::string header = "name,quantity,value,unit\n";
  for (auto [csv, words] : {std::pair(std::string("name,quantity,watts\nx,max_power,1\n"), "unknown column 'watts'"),
                            {"name,quantity,value\nx,max_power,1\n", "no column 'unit'"},
                            {header + "x,max_power,1,horses\n", "unknown unit 'horses'"},
                            {header + "x,max_powr,1,W\n", "did you mean 'max_power'?"},
                            {header + "x,max_power,-1,W\n", "cannot be negative"},
                            {header + "x,max_power,many,W\n", "'many' is not a number"},
                            {header + "x,max_power,1,W\nX,max_power,2,W\n", "line 3: 'X' is there twice"},
                            {header + "x,max_power,1\n", "it has 3 cells"},
                            {header + ",max_power,1,W\n", "it has no name"},
                            {header + "\"x,max_power,1,W\n", "a quote is never closed"},
                            {header + "x,max_power,1,W \"\n", "line 2: a quote inside the field"},
                            {std::string(), "is empty"},
                            {"name,quantity,value,unit,same_as\na,,,,b\nb,,,,c\nc,,,,a\n", "the same as itself"},
                            {"name,quantity,value,unit,same_as\na,,,,a\n", "the same as itself"}})
    try {
      parse_catalog(csv, "mine.csv");
      ADD_FAILURE() << "not refused: " << words;
    } catch (const InputError& error) {
      EXPECT_NE(std::string(error.what()).find(words), std::string::npos) << error.what();
      EXPECT_NE(std::string(error.what()).find("'mine.csv'"), std::string::npos) << error.what();
    }
}

TEST(Catalog, HasUnitsSourceAndReferenceInEveryEntry) {
  for (const char* name : {"hardware", "carbon"})
    for (const CatalogEntry& entry : builtin_catalog(name).entries) {
      if (!entry.same_as.empty()) continue;
      EXPECT_FALSE(entry.source.empty() || entry.reference.empty() || entry.unit.empty() || entry.scope.empty())
          << entry.name;
    }
  EXPECT_EQ(builtin_catalog("carbon").entries.size(), 1083u + 3);
  for (const char* name : {"Tesla V100-PCIE-16GB", "Tesla V100-SXM2-16GB", "TPUv3 Chip"})
    EXPECT_FALSE(power_of(name, "mlco2").entry.value().note.empty()) << name << " contradicts other sources, and says so";
}

TEST(Catalog, OfTheUserMayNotSendANameRoundInACircleOrToNowhere) {
  const std::string header = "name,quantity,value,unit,same_as\n";
  EXPECT_EQ(power_of("A100", "", {users(header + "A100,,,,NVIDIA A100\n")}).entry.value().name, "NVIDIA A100");
  Catalog one = users(header + "a,,,,b\n"), other = users(header + "b,,,,A\n");
  EXPECT_EQ(power_of("a", "", {one}).why, "is the same as 'b', which is unknown to the catalogue");
  try {
    power_of("a", "", {one, other});
    ADD_FAILURE() << "not refused";
  } catch (const InputError& error) {
    EXPECT_NE(std::string(error.what()).find("the same as itself (a is b)"), std::string::npos) << error.what();
  }
}

TEST(Catalog, IsReadAsTablesAre) {
  Catalog mine = users(
      "\xEF\xBB\xBF"
      "name,quantity,value,unit,note\r\n\r\n\"Card, \"\"big\"\"\",max_power,7,W,\"two\nlines\"\r\n");
  CatalogEntry card = power_of("Card, \"big\"", "", {mine}).entry.value();
  EXPECT_EQ(card.value, 7);
  EXPECT_EQ(card.note, "two\nlines");
}

}  // namespace
}  // namespace carbonfront
