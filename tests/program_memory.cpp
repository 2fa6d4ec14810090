// The memory limit: an upper bound that is known before work starts, and holds.

#include "tests/program.hpp"
#include "tests/sweep_builder.hpp"

namespace carbonfront {
namespace {

std::string generated_sweep(const Scratch& folder, const std::string& rows) {
  EXPECT_EQ(run({"generate", "--plain", "--objectives", "6", "--rows", rows, "-o", folder / "s.h5"}).code, 0);
  return folder / "s.h5";
}

TEST(MemoryLimit, RefusesWorkThatNeedsMoreAndSaysHowMuch) {
  Scratch folder;
  std::string sweep = generated_sweep(folder, "1e6");
  expect_refused(score(folder, sweep, {"--view", "v=f1:min,f2:min,f3:min", "--memory-limit", "100MiB"}), 4,
                 {"1000000 rows", "MiB", "--memory-limit"}, folder, {"s.h5"});
  EXPECT_EQ(score(folder, sweep, {"--view", "v=f1:min,f2:min,f3:min", "--memory-limit", "1GiB"}).code, 0);
}

TEST(MemoryLimit, CountsSelectedRowsOnly) {
  Scratch folder;
  std::string sweep = generated_sweep(folder, "1e6");
  EXPECT_EQ(
      score(folder, sweep, {"--view", "v=f1:min,f2:min,f3:min", "--memory-limit", "150MiB", "--where", "f1 < 0.01"}).code,
      0);
}

TEST(MemoryLimit, IsAPositiveSize) {
  Scratch folder;
  std::string sweep = generated_sweep(folder, "10");
  for (const char* size : {"0", "-1GiB", "many", "1GiBs", "1e30"})
    expect_refused(score(folder, sweep, {"--view", "v=f1:min", "--memory-limit", size}), 2, {"size"}, folder, {"s.h5"});
}

TEST(MemoryLimit, IsNotExceededByWhatItAdmits) {
#if defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "the sanitizer's own memory counts";
#endif
  Scratch folder;
  std::string sweep = generated_sweep(folder, "1e6");
  for (const char* view : {"v=f1:min,f2:min", "v=f1:min,f2:min,f3:min", "v=f1:min,f2:min,f3:min,f4:min,f5:min,f6:min"})
    for (const char* outputs : {"", "dominated_by,witness", "dominated_by,dominates,rank,witness,crowding"}) {
      auto needs = [&](const std::string& limit) {
        return score(folder, sweep,
                     {"--view", view, "--outputs", outputs, "--force", "--batch-rows", "500000", "--memory-limit", limit});
      };
      Outcome refused = needs("70MiB");
      ASSERT_EQ(refused.code, 4) << refused.err;
      std::size_t at = refused.err.find("up to ") + 6;
      double announced = std::stod(refused.err.substr(at));  // in MiB
      ASSERT_TRUE(says(refused.err.substr(at, 12), "MiB")) << refused.err;
      Outcome done = needs("2GiB");
      ASSERT_EQ(done.code, 0) << done.err;
      EXPECT_LE(static_cast<double>(done.peak_kilobytes) / 1024, announced * 1.01) << view << " " << outputs;
    }
}

}  // namespace
}  // namespace carbonfront
