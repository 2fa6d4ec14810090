// Missing is one NaN: whatever its sign and payload are in the file, and however it is read, the result is the same bytes.

#include <bit>
#include <cmath>
#include <random>

#include "tests/outcome.hpp"
#include "tests/shards.hpp"

namespace carbonfront {
namespace {

/// NaNs of every kind: quiet and signalling, of both signs, with payloads.
template <class T, class Bits>
std::vector<T> nans(std::initializer_list<Bits> bits) {
  std::vector<T> values;
  for (Bits word : bits) values.push_back(std::bit_cast<T>(word));
  return values;
}
const std::vector<double> kWide =
    nans<double, std::uint64_t>({0x7FF8000000000000u, 0xFFF8000000000000u, 0x7FF8000000000ABCu, 0xFFFFFFFFFFFFFFFFu,
                                 0x7FF0000000000001u, 0xFFF4000000012345u});
const std::vector<float> kNarrow =
    nans<float, std::uint32_t>({0x7FC00000u, 0xFFC00000u, 0x7FC00ABCu, 0xFFFFFFFFu, 0x7F800001u, 0xFFA12345u});

constexpr int kRows = 240;

template <class T>
std::vector<T> some(unsigned seed, const std::vector<T>& nans) {
  std::mt19937 random(seed);
  std::vector<T> values;
  for (int i = 0; i < kRows; ++i) {
    bool missing = random() % 5 == 0;
    T nan = nans[random() % nans.size()];  // drawn in any case: the values are the same for any list of NaNs
    T value = static_cast<T>(1 + random() % 12);
    values.push_back(missing ? nan : value);
  }
  return values;
}

/// A sweep whose missing values are of the kinds given; big-endian or packed columns are read in other ways.
std::string sweep_of(const Scratch& folder, const std::string& name, const std::vector<double>& wide,
                     const std::vector<float>& narrow) {
  const Stored chunks{.chunk = 20}, packed{.chunk = 20, .deflate = 1, .shuffle = true};
  return Sweeping(folder / name)
      .column("a", some(1, wide), chunks)
      .column("b", some(2, narrow), packed)
      .column("c", some(3, wide), {.type = H5T_IEEE_F64BE, .chunk = 20})
      .column("d", some(4, narrow), {.type = H5T_IEEE_F32BE, .chunk = 20})
      .column("key", some(5, wide), chunks)
      .column("key32", some(6, narrow), chunks)
      .column("kwh", some(7, wide), packed)
      .units("kWh")
      .column("least", some(8, narrow), chunks)
      .units("h")
      .column("most", some(8, narrow), chunks)
      .units("h")
      .close();
}

const char* const kSpec = R"([emissions]
model = "first-available"
models = ["measured-energy", "device-power"]
energy = { column = "kwh", error = 0.1 }
devices = { column = "b" }
max_power = { value = 300, unit = "W" }
time = { low = "least", high = "most" }
[[view]]
name = "worst"
objectives = ["a:min", "b:max", "c:min"]
missing = "worst"
outputs = ["dominated_by", "rank", "crowding", "hypervolume", "contributions"]
columns = ["a", "b", "c", "d", "kwh", "co2e_kg", "co2e_kg_low"]
group_by = ["key", "key32"]
[[view]]
name = "front"
objectives = ["d:max", "co2e_kg:min"]
missing = "worst"
outputs = ["hypervolume", "contributions"]
columns = ["d", "key", "key32", "energy_kwh_high"]
[[view]]
name = "sure"
objectives = ["a:max", "co2e_kg:min"]
group_by = ["key32"]
)";

TEST(Nan, OfAnyPayloadIsTheOneMissingValue) {
  Scratch folder;
  std::string plain = sweep_of(folder, "plain.h5", {kWide[0]}, {kNarrow[0]}),
              odd = sweep_of(folder, "odd.h5", kWide, kNarrow), spec = folder.write("s.toml", kSpec);
  std::string expected = digest_of(scored(folder, plain, {"--spec", spec}));
  Reading result(folder / "r.h5");
  EXPECT_EQ(result.integers("/views/sure/groups/keys/key32_missing"),
            (std::vector<std::int64_t>{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}))
      << "one missing key";
  for (const Arguments& more : {Arguments{}, {"--reader", "plain"}, {"--batch-rows", "7"}, {"--backend", "reference"}}) {
    scored(folder, odd, joined({"--spec", spec, "--force"}, more));
    EXPECT_EQ(digest_of(folder / "r.h5"), expected) << (more.empty() ? "" : more[1]);
    EXPECT_EQ(run({"validate", folder / "r.h5", odd}).code, 0);
  }
  Sharing work{folder, {odd}, {"--spec", spec}, 3};
  work.score_all();
  EXPECT_EQ(work.merged_digest(), expected);
  work.count_all();
  EXPECT_EQ(work.merged_digest(), expected);
}

}  // namespace
}  // namespace carbonfront
