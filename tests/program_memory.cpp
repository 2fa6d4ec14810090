// The memory limit: an upper bound that is known before work starts, and holds.

#include <malloc.h>

#include "tests/outcome.hpp"
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

/// Gives back what this process does not use: a program that it starts begins with as much.
void forget_memory() {
  H5garbage_collect();
  ::malloc_trim(0);
}

/// As many rows as there are names, each of its own, in a text column of fixed or of variable length.
std::string named_rows(const Scratch& folder, int rows, bool fixed, std::size_t longer = 0) {
  std::vector<std::optional<std::string>> names;
  std::vector<std::string> fixed_names;
  std::vector<float> values;
  for (int i = 0; i < rows; ++i) {
    std::string name = "a model, its width and number " + std::to_string(i * 7919LL % rows) + std::string(longer, 'x');
    fixed ? fixed_names.push_back(name) : names.push_back(name);
    values.push_back(static_cast<float>(i % 1000));
  }
  Sweeping building(folder / "s.h5");
  const Stored chunked{H5I_INVALID_HID, static_cast<hsize_t>(std::min(rows, 65536))};
  building.column("x", values, chunked);
  if (fixed)
    building.fixed_texts("name", fixed_names, 40, H5T_STR_NULLPAD, chunked);
  else
    building.texts("name", names, chunked);
  return building.close();
}

double peak_mebibytes(const Outcome& done) { return static_cast<double>(done.peak_kilobytes) / 1024; }

TEST(MemoryLimit, CountsAMillionKeysOfGroups) {
#if defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "the sanitizer's own memory counts";
#endif
  for (bool fixed : {true, false}) {
    Scratch folder;
    std::string sweep = named_rows(folder, 1000000, fixed);
    forget_memory();
    for (const char* outputs : {"", "dominated_by,witness"}) {
      const Arguments asked = {"--view", "v=x:min",   "--group-by", "name",          "--outputs",
                               outputs,  "--threads", "2",          "--memory-limit"};
      auto within = [&](const char* limit) {
        Arguments arguments = asked;
        arguments.push_back(limit);
        return score(folder, sweep, arguments);
      };
      Outcome refused = within("250MiB");
      expect_refused(refused, 4, {"groups by 'name'", "bytes", "--memory-limit", "fewer distinct values"}, folder, {"s.h5"});
      EXPECT_LE(peak_mebibytes(refused), 260) << outputs << fixed;
      Outcome done = within("900MiB");
      ASSERT_EQ(done.code, 0) << done.err;
      EXPECT_LE(peak_mebibytes(done), 900) << outputs << fixed;
      EXPECT_TRUE(says(done.err, "the groups and their keys")) << done.err;
      EXPECT_TRUE(says(done.err, "counted while reading")) << done.err;
      Reading result(folder / "r.h5");
      EXPECT_EQ(result.integer_attribute("/views/v", "rated"), 1000000);
      std::filesystem::remove(folder / "r.h5");
    }
  }
}

TEST(MemoryLimit, CountsKeysThatPartsBring) {
#if defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "the sanitizer's own memory counts";
#endif
  Scratch folder;
  std::string sweep = named_rows(folder, 600000, true), result = folder / "r.h5";
  forget_memory();
  Arguments parts;
  for (const char* shard : {"0", "1"}) {
    Outcome done = score(folder, sweep, {"--view", "v=x:min", "--group-by", "name", "--shard", std::string(shard) + "/2"});
    ASSERT_EQ(done.code, 0) << done.err;
    parts.push_back(result + ".part-" + shard + "-of-2");
  }
  for (const char* command : {"count", "merge"}) {
    Arguments arguments = {command};
    arguments.insert(arguments.end(), parts.begin(), parts.end());
    if (command == std::string("count"))
      arguments.insert(arguments.end(), {"--shard", "0/2"});
    else
      arguments.insert(arguments.end(), {"-o", result});
    Arguments little = arguments, enough = arguments;
    little.insert(little.end(), {"--memory-limit", command == std::string("count") ? "30MiB" : "200MiB"});
    enough.insert(enough.end(), {"--memory-limit", "700MiB"});
    Outcome refused = run(little);
    expect_refused(refused, 4, {"groups by 'name'", "--memory-limit"});
    EXPECT_LE(peak_mebibytes(refused), 230) << command;
    Outcome done = run(enough);
    ASSERT_EQ(done.code, 0) << done.err;
    EXPECT_LE(peak_mebibytes(done), 700) << command;
    std::filesystem::remove(parts[0] + ".counts");
  }
}

TEST(MemoryLimit, CountsTextsOfVariableLength) {
#if defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "the sanitizer's own memory counts";
#endif
  Scratch folder;
  std::string sweep = named_rows(folder, 60000, false, 4000);  // 240 MB in one batch
  forget_memory();
  for (const char* reader : {"fast", "plain"}) {
    const Arguments asked = {"--view", "v=x:min",   "--where", "name != 'none'", "--reader",
                             reader,   "--columns", "name",    "--label",        "name"};
    auto within = [&](const Arguments& more) {
      Arguments arguments = asked;
      arguments.insert(arguments.end(), more.begin(), more.end());
      return score(folder, sweep, arguments);
    };
    Outcome refused = within({"--memory-limit", "300MiB"});
    expect_refused(refused, 4, {"column 'name'", "rows 0 to 59999", "bytes", "--memory-limit", "--batch-rows"}, folder,
                   {"s.h5"});
    EXPECT_LE(peak_mebibytes(refused), 300) << reader;
    Outcome fewer = within({"--memory-limit", "300MiB", "--batch-rows", "4000"});
    ASSERT_EQ(fewer.code, 0) << fewer.err;
    EXPECT_LE(peak_mebibytes(fewer), 300) << reader;
    std::filesystem::remove(folder / "r.h5");
  }
}

}  // namespace
}  // namespace carbonfront
