// The spec: TOML and flags, what they make together, and what is refused with which words.

#include <gtest/gtest.h>

#include "carbonfront/errors.hpp"
#include "host/spec/spec.hpp"

namespace carbonfront {
namespace {

const char* const kWhole = R"([sweep]
group = "/"
where = ["a > 0", "b == 'x'"]
label = "model"
[emissions]
carbon_intensity = { value = 475, unit = "g/kWh" }
devices = { column = "n" }
max_power = { column = "tdp", unit = "W" }
time = { value = 2.5, unit = "h" }
pue = { value = 1.12 }
[[view]]
name = "training"
objectives = ["quality:max", "co2e_kg:min"]
group_by = ["dataset"]
missing = "worst"
outputs = ["rank"]
[[view]]
name = "inference"
objectives = ["quality:max", "a:b:min"]
)";

Spec checked(const std::string& toml, const SpecFlags& flags = {}) {
  Spec spec = parse_spec(toml, "spec.toml");
  apply_flags(spec, flags);
  check_spec(spec);
  return spec;
}

std::string refusal(const std::string& toml, const SpecFlags& flags = {}) {
  try {
    checked(toml, flags);
  } catch (const SpecError& error) {
    return error.what();
  }
  return "";
}

TEST(Spec, KeepsColumnsNamedInBackquotes) {
  Spec spec = checked("[[view]]\nname = 'v'\nobjectives = ['```a```:min', '`b``:c`:max']\n");
  EXPECT_EQ(spec.views[0].objectives[0].column, "`a`");
  EXPECT_EQ(spec.views[0].objectives[1].column, "b`:c");
  EXPECT_EQ(parse_spec(to_toml(spec), "again.toml").views[0].objectives, spec.views[0].objectives);
}

TEST(Spec, ReadsEveryKey) {
  Spec spec = checked(kWhole);
  EXPECT_EQ(spec.group, "/");
  EXPECT_EQ(spec.where, (std::vector<std::string>{"a > 0", "b == 'x'"}));
  EXPECT_EQ(spec.label, "model");
  ASSERT_TRUE(spec.emissions);
  EXPECT_EQ(spec.emissions->quantities.at("carbon_intensity"), (Quantity{475, "", "g/kWh"}));
  EXPECT_EQ(spec.emissions->quantities.at("devices"), (Quantity{{}, "n", ""}));
  EXPECT_EQ(spec.emissions->quantities.at("pue").value, 1.12);
  EXPECT_FALSE(spec.emissions->default_intensity);
  ASSERT_EQ(spec.views.size(), 2u);
  EXPECT_EQ(spec.views[0].missing, Missing::worst);
  EXPECT_EQ(names_of(spec.views[0].outputs), (std::vector<std::string>{"rank"}));
  EXPECT_EQ(names_of(spec.views[1].outputs), (std::vector<std::string>{"dominated_by", "witness"}));
  EXPECT_EQ(spec.views[1].objectives[1], (ObjectiveSpec{"a:b", false}));  // split at the last colon
}

TEST(Spec, WritesWhatItReadsBack) {
  Spec spec = checked(kWhole);
  spec.where.push_back("q == \"a\\\"\t\x01 é\"");
  EXPECT_EQ(parse_spec(to_toml(spec), "again"), spec) << to_toml(spec);
}

TEST(Spec, DefaultsToThePostersIntensityAndKnowsItIsTheDefault) {
  SpecFlags flags;
  flags.views = {"t=a:max,co2e_kg:min"};
  flags.emissions = "devices=n,max_power=p,time=t";
  Spec spec = checked("", flags);
  EXPECT_TRUE(spec.emissions->default_intensity);
  EXPECT_EQ(spec.emissions->quantities.at("carbon_intensity").value, 0.437);
  EXPECT_EQ(spec.emissions->quantities.at("carbon_intensity").unit, "kg/kWh");
}

TEST(Spec, TakesConstantsAndUnitsInFlags) {
  SpecFlags flags;
  flags.views = {"t=a:max"};
  flags.emissions = "devices=8,max_power=250W,time=`odd,name`:min,carbon_intensity=0.437kg/kWh,pue=1.5";
  Spec spec = checked("", flags);
  const auto& quantities = spec.emissions->quantities;
  EXPECT_EQ(quantities.at("devices"), (Quantity{8, "", ""}));
  EXPECT_EQ(quantities.at("max_power"), (Quantity{250, "", "W"}));
  EXPECT_EQ(quantities.at("time"), (Quantity{{}, "odd,name", "min"}));
  EXPECT_EQ(quantities.at("carbon_intensity"), (Quantity{0.437, "", "kg/kWh"}));
}

TEST(Spec, FlagsOverrideTheFile) {
  SpecFlags flags;
  flags.views = {"inference=`a,b`:min", "extra=c:max"};
  flags.where = {"c > 1"};
  flags.group = "/g";
  flags.missing = "error";
  flags.group_by = "x,y";
  flags.outputs = "";
  Spec spec = checked(kWhole, flags);
  ASSERT_EQ(spec.views.size(), 3u);
  EXPECT_EQ(spec.views[1].objectives, (std::vector<ObjectiveSpec>{{"a,b", false}}));
  EXPECT_EQ(spec.views[2].name, "extra");
  EXPECT_EQ(spec.where.size(), 3u);
  EXPECT_EQ(spec.group, "/g");
  for (const ViewSpec& view : spec.views) {
    EXPECT_EQ(view.missing, Missing::error);
    EXPECT_EQ(view.group_by, (std::vector<std::string>{"x", "y"}));
    EXPECT_TRUE(names_of(view.outputs).empty());
  }
}

TEST(Spec, NamesTheLineAndTheNearestKey) {
  std::string text = refusal("[sweep]\ngroup = \"/\"\nwehre = []\n");
  EXPECT_NE(text.find("spec.toml:3"), std::string::npos) << text;
  EXPECT_NE(text.find("did you mean 'where'?"), std::string::npos) << text;
  EXPECT_NE(refusal("[emissions]\ndevice = 1\n").find("did you mean 'devices'?"), std::string::npos);
  EXPECT_NE(refusal("[views]\n").find("did you mean 'view'?"), std::string::npos);
  EXPECT_NE(refusal("[sweep\n").find("spec.toml:1"), std::string::npos);
}

TEST(Spec, RefusesViewsThatCannotWork) {
  auto view = [](const std::string& body) { return refusal("[[view]]\nname = \"v\"\n" + body); };
  EXPECT_NE(view("").find("no objectives"), std::string::npos);
  EXPECT_NE(view("objectives = []").find("no objectives"), std::string::npos);
  EXPECT_NE(view("objectives = [\"a\"]").find("column:min or column:max"), std::string::npos);
  EXPECT_NE(view("objectives = [\"a:up\"]").find("column:min or column:max"), std::string::npos);
  EXPECT_NE(view("objectives = [\":min\"]").find("column:min or column:max"), std::string::npos);
  EXPECT_NE(view("objectives = [\"a:min\", \"a:max\"]").find("twice"), std::string::npos);
  EXPECT_NE(view("objectives = [\"a:min\"]\ngroup_by = [\"g\", \"g\"]").find("twice"), std::string::npos);
  EXPECT_NE(view("objectives = [\"a:min\"]\nmissing = \"worse\"").find("did you mean 'worst'?"), std::string::npos);
  EXPECT_NE(view("objectives = [\"a:min\"]\noutputs = [\"ranks\"]").find("did you mean 'rank'?"), std::string::npos);
  EXPECT_NE(view("objectives = [1]").find("must be texts"), std::string::npos);
  EXPECT_NE(refusal("[[view]]\nobjectives = [\"a:min\"]").find("no name"), std::string::npos);
  EXPECT_NE(refusal("[[view]]\nname = \"a b\"\nobjectives = [\"a:min\"]").find("A-Z"), std::string::npos);
  EXPECT_NE(refusal("").find("nothing to score"), std::string::npos);
  std::string two = "[[view]]\nname = \"v\"\nobjectives = [\"a:min\"]\n";
  EXPECT_NE(refusal(two + two).find("two views are named 'v'"), std::string::npos);
}

TEST(Spec, RefusesMoreThanThirtyTwoObjectives) {
  std::string list;
  for (int i = 0; i < 33; ++i) list += (i ? ",c" : "c") + std::to_string(i) + ":min";
  SpecFlags flags;
  flags.views = {"v=" + list};
  EXPECT_NE(refusal("", flags).find("32 is the limit"), std::string::npos);
}

TEST(Spec, RefusesEmissionsThatCannotWork) {
  auto emissions = [](const std::string& body) {
    return refusal("[[view]]\nname=\"v\"\nobjectives=[\"a:min\"]\n[emissions]\n" + body);
  };
  const std::string rest = "devices = { value = 1 }\nmax_power = { column = \"p\" }\ntime = { column = \"t\" }\n";
  EXPECT_EQ(emissions(rest), "");
  EXPECT_NE(emissions("devices = { value = 1 }").find("has no max_power, time"), std::string::npos);
  EXPECT_NE(emissions(rest + "model = \"guess\"").find("unknown emission model"), std::string::npos);
  EXPECT_NE(emissions(rest + "pue = { value = 0.9 }").find("PUE of 1 or more"), std::string::npos);
  EXPECT_NE(emissions(rest + "carbon_intensity = { value = -1, unit = \"kg/kWh\" }").find("not negative"),
            std::string::npos);
  EXPECT_NE(emissions(rest + "carbon_intensity = { value = nan, unit = \"kg/kWh\" }").find("cannot be missing"),
            std::string::npos);
  EXPECT_NE(emissions(rest + "carbon_intensity = { value = 1 }").find("has no unit"), std::string::npos);
  EXPECT_NE(emissions(rest + "carbon_intensity = { value = 1, unit = \"lb/kWh\" }").find("unknown unit 'lb/kWh'"),
            std::string::npos);
  EXPECT_NE(emissions(rest + "carbon_intensity = { }").find("is empty"), std::string::npos);
  EXPECT_NE(emissions(rest + "pue = { value = 1, column = \"x\" }").find("a column and a value"), std::string::npos);
  EXPECT_NE(emissions(rest + "pue = { columm = \"x\" }").find("did you mean 'column'?"), std::string::npos);
  EXPECT_NE(emissions(rest + "pue = 1.1").find("it must be {"), std::string::npos);
}

TEST(Spec, RefusesFlagsItCannotRead) {
  auto flag = [](std::string view, std::string emissions) {
    SpecFlags flags;
    flags.views = {std::move(view)};
    flags.emissions = std::move(emissions);
    return refusal("", flags);
  };
  EXPECT_NE(flag("a:min", "").find("has no name"), std::string::npos);
  EXPECT_NE(flag("v=", "").find("no objectives"), std::string::npos);
  EXPECT_NE(flag("v=a:min", "watts=1").find("does not know 'watts'"), std::string::npos);
  EXPECT_NE(flag("v=a:min", "devices=").find("is empty"), std::string::npos);
  EXPECT_NE(flag("v=a:min", "devices=1,devices=2").find("twice"), std::string::npos);
  EXPECT_NE(flag("v=a:min", "devices=1,max_power=250,time=t:h").find("has no unit"), std::string::npos);
  SpecFlags twice;
  twice.views = {"v=a:min", "v=b:min"};
  EXPECT_NE(refusal("", twice).find("twice"), std::string::npos);
}

}  // namespace
}  // namespace carbonfront
