// Made-up sweeps: reproducible, and of the shape they claim.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <limits>
#include <map>
#include <set>

#include "carbonfront/errors.hpp"
#include "host/sweep/generator.hpp"
#include "host/sweep/hdf5.hpp"
#include "tests/scratch.hpp"

namespace carbonfront {
namespace {

std::vector<double> numbers(const std::string& path, const std::string& column) {
  h5::Handle file = h5::open_for_reading(path);
  h5::Handle dataset(H5Dopen2(file, ("/configs/" + column).c_str(), H5P_DEFAULT));
  h5::Handle space(H5Dget_space(dataset));
  std::vector<double> values(static_cast<std::size_t>(H5Sget_simple_extent_npoints(space)));
  EXPECT_GE(H5Dread(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()), 0) << column;
  return values;
}

/// A dataset's bytes, for any type of fixed size.
std::string bytes(const std::string& path, const std::string& column) {
  h5::Handle file = h5::open_for_reading(path);
  h5::Handle dataset(H5Dopen2(file, ("/configs/" + column).c_str(), H5P_DEFAULT));
  h5::Handle space(H5Dget_space(dataset)), type(H5Dget_type(dataset));
  std::string values(static_cast<std::size_t>(H5Sget_simple_extent_npoints(space)) * H5Tget_size(type), '?');
  EXPECT_GE(H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()), 0) << column;
  return values;
}

std::map<std::string, std::string> content(const std::string& path) {
  h5::Handle file = h5::open_for_reading(path);
  h5::Handle group(H5Gopen2(file, "/configs", H5P_DEFAULT));
  std::map<std::string, std::string> out;
  for (const std::string& name : h5::members(group)) out[name] = bytes(path, name);
  return out;
}

GenerateOptions small(const Scratch& scratch, const char* name) {
  GenerateOptions options;
  options.output = scratch / name;
  options.rows = 3000;
  options.force = true;
  return options;
}

void generate(const GenerateOptions& options) {
  Progress progress;
  generate_sweep(options, progress);
  EXPECT_EQ(progress.done, options.rows);
}

/// Energy in W·h, as the emission model computes it.
std::vector<double> energies(const std::string& path) {
  std::vector<double> n = numbers(path, "n_gpus"), p = numbers(path, "tdp"), t = numbers(path, "train_time"), out(n.size());
  for (std::size_t i = 0; i < n.size(); ++i) out[i] = n[i] * p[i] * t[i];
  return out;
}

double correlation(const std::vector<double>& a, const std::vector<double>& b) {
  double n = static_cast<double>(a.size()), ma = 0, mb = 0, ab = 0, aa = 0, bb = 0;
  for (std::size_t i = 0; i < a.size(); ++i) ma += a[i] / n, mb += b[i] / n;
  for (std::size_t i = 0; i < a.size(); ++i)
    ab += (a[i] - ma) * (b[i] - mb), aa += (a[i] - ma) * (a[i] - ma), bb += (b[i] - mb) * (b[i] - mb);
  return ab / std::sqrt(aa * bb);
}

std::size_t distinct(const std::vector<double>& values) { return std::set<double>(values.begin(), values.end()).size(); }

double missing_share(const std::vector<double>& values) {
  return static_cast<double>(std::count_if(values.begin(), values.end(), [](double x) { return std::isnan(x); })) /
         static_cast<double>(values.size());
}

/// Counts ordered pairs where one row dominates another, by definition; all columns minimised.
std::size_t dominated_pairs(const std::vector<std::vector<double>>& columns) {
  std::size_t pairs = 0, rows = columns[0].size();
  for (std::size_t a = 0; a < rows; ++a)
    for (std::size_t b = 0; b < rows; ++b) {
      bool no_worse = true, better = false;
      for (const auto& column : columns) no_worse &= column[a] <= column[b], better |= column[a] < column[b];
      pairs += no_worse && better;
    }
  return pairs;
}

std::vector<double> negated(std::vector<double> values) {
  for (double& value : values) value = -value;
  return values;
}

TEST(Generate, SameSeedSameRowsWhateverTheBatch) {
  Scratch scratch;
  for (Distribution d : {Distribution::independent, Distribution::correlated, Distribution::anticorrelated,
                         Distribution::nondominated, Distribution::quantised}) {
    GenerateOptions options = small(scratch, "a.h5");
    options.distribution = d;
    options.objectives = 4;
    options.missing = 0.1;
    options.chunk_rows = 100;
    generate(options);
    GenerateOptions other = options;
    other.output = scratch / "b.h5";
    other.batch_rows = 700;
    other.deflate = 4;
    generate(other);
    EXPECT_EQ(content(options.output), content(other.output)) << name_of(d);
    EXPECT_EQ(content(options.output).size(), 13u);
  }
}

TEST(Generate, AnotherSeedOtherRows) {
  Scratch scratch;
  GenerateOptions a = small(scratch, "a.h5"), b = small(scratch, "b.h5");
  b.seed = 2;
  generate(a);
  generate(b);
  for (const char* column : {"accuracy", "params", "train_time", "gpu", "region", "dataset"})
    EXPECT_NE(bytes(a.output, column), bytes(b.output, column)) << column;
  EXPECT_EQ(bytes(a.output, "model"), bytes(b.output, "model"));
}

TEST(Generate, ValuesStayTheSameFromVersionToVersion) {
  std::vector<double> points(4);
  generate_points(Distribution::independent, 1, 2, 2, 0, 2, points.data());
  const std::vector<double> first = points;
  generate_points(Distribution::independent, 1, 2, 2, 1, 1, points.data());
  EXPECT_EQ(points[0], first[1]);
  EXPECT_EQ(points[1], first[3]);
  EXPECT_EQ(first[0], 0.83771153737573312);
  EXPECT_EQ(first[1], 0.88331080821364261);
}

TEST(Generate, NondominatedIsSoForEveryPair) {
  Scratch scratch;
  GenerateOptions options = small(scratch, "a.h5");
  options.distribution = Distribution::nondominated;
  options.objectives = 3;
  for (bool float32 : {false, true}) {
    options.float32 = float32;
    generate(options);
    std::vector<double> f1 = numbers(options.output, "f1"), f2 = numbers(options.output, "f2");
    EXPECT_EQ(dominated_pairs({f1, f2}), 0u);
    EXPECT_EQ(dominated_pairs({f1, f2, numbers(options.output, "f3")}), 0u);
    EXPECT_EQ(dominated_pairs({negated(numbers(options.output, "accuracy")), numbers(options.output, "params")}), 0u);
    EXPECT_EQ(dominated_pairs({negated(numbers(options.output, "accuracy")), energies(options.output)}), 0u);
    EXPECT_EQ(distinct(f1), options.rows);
    EXPECT_EQ(distinct(f2), options.rows);
  }
  options.distribution = Distribution::independent;
  generate(options);
  EXPECT_GT(dominated_pairs({numbers(options.output, "f1"), numbers(options.output, "f2")}), 1'000'000u);
}

TEST(Generate, QuantisedHasAHundredValuesEvenInTheEmissions) {
  Scratch scratch;
  GenerateOptions options = small(scratch, "a.h5");
  options.distribution = Distribution::quantised;
  options.objectives = 5;
  generate(options);
  for (const char* column : {"accuracy", "params", "f1", "f2", "f3", "f4", "f5"})
    EXPECT_EQ(distinct(numbers(options.output, column)), 100u) << column;
  EXPECT_EQ(distinct(energies(options.output)), 100u);
}

TEST(Generate, ConfigurationsFollowThePoint) {
  Scratch scratch;
  GenerateOptions options = small(scratch, "a.h5");
  options.objectives = 3;
  for (Distribution d : {Distribution::independent, Distribution::correlated, Distribution::anticorrelated}) {
    options.distribution = d;
    generate(options);
    auto order = [](const std::vector<double>& values) {
      std::vector<std::size_t> rows(values.size());
      for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = i;
      std::sort(rows.begin(), rows.end(), [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
      return rows;
    };
    EXPECT_EQ(order(negated(numbers(options.output, "accuracy"))), order(numbers(options.output, "f1")));
    EXPECT_EQ(order(numbers(options.output, "params")), order(numbers(options.output, "f2")));
    EXPECT_EQ(order(energies(options.output)), order(numbers(options.output, "f3")));
  }
}

TEST(Generate, DistributionsCorrelateAsNamed) {
  constexpr std::uint64_t rows = 20000;
  for (std::uint32_t dimensions : {2u, 3u, 6u}) {
    std::map<Distribution, double> mean;
    for (Distribution d : {Distribution::independent, Distribution::correlated, Distribution::anticorrelated}) {
      std::vector<double> points(rows * dimensions);
      generate_points(d, 7, rows, dimensions, 0, rows, points.data());
      for (double x : points) ASSERT_TRUE(x >= 0 && x < 1);
      auto column = [&](std::uint32_t i) {
        return std::vector<double>(points.begin() + i * rows, points.begin() + (i + 1) * rows);
      };
      for (std::uint32_t a = 0; a < dimensions; ++a)
        for (std::uint32_t b = 0; b < a; ++b)
          mean[d] += correlation(column(a), column(b)) * 2 / (dimensions * (dimensions - 1));
    }
    EXPECT_NEAR(mean[Distribution::independent], 0, 0.02) << dimensions;
    EXPECT_GT(mean[Distribution::correlated], 0.4) << dimensions;
    EXPECT_LT(mean[Distribution::anticorrelated], -0.1) << dimensions;
  }
}

TEST(Generate, ValuesAreInRange) {
  Scratch scratch;
  GenerateOptions options = small(scratch, "a.h5");
  options.objectives = 3;
  options.float32 = true;
  generate(options);
  auto within = [&](const char* column, double low, double high) {
    for (double x : numbers(options.output, column)) ASSERT_TRUE(x >= low && x <= high) << column << ' ' << x;
  };
  within("accuracy", 40, 98);
  within("params", 2e5, 102e9);
  within("n_gpus", 1, 4096);
  within("train_time", 0.01, 2000);
  within("f1", 0, std::nextafter(1.0f, 0.0f));
  const std::map<double, std::string> gpus{
      {250, "NVIDIA Tesla V100S"}, {300, "NVIDIA V100"}, {400, "NVIDIA A100"}, {700, "NVIDIA H100 SXM5 80GB"}};
  std::vector<double> tdp = numbers(options.output, "tdp");
  std::string names = bytes(options.output, "gpu"), models = bytes(options.output, "model");
  for (std::size_t i = 0; i < tdp.size(); ++i) ASSERT_STREQ(names.substr(i * 21, 21).c_str(), gpus.at(tdp[i]).c_str());
  EXPECT_EQ(models.substr(15 * 1234, 15), "arch-0000001234");
}

TEST(Generate, MissingHasTheShareAskedFor) {
  Scratch scratch;
  GenerateOptions options = small(scratch, "a.h5");
  options.rows = 40000;
  options.objectives = 2;
  options.missing = 0.2;
  generate(options);
  EXPECT_NEAR(missing_share(numbers(options.output, "train_time")), 0.2, 0.01);
  EXPECT_NEAR(missing_share(numbers(options.output, "f1")), 0.2, 0.01);
  EXPECT_NEAR(missing_share(numbers(options.output, "accuracy")), 0.05, 0.005);
  EXPECT_EQ(missing_share(numbers(options.output, "f2")), 0);
  EXPECT_EQ(missing_share(numbers(options.output, "params")), 0);
}

TEST(Generate, TenToTheEighthRowsStayApart) {
  constexpr std::uint64_t rows = 100'000'000, count = 1000;
  std::vector<double> points(2 * count);
  std::set<double> f1, f2;
  for (std::uint64_t begin : {std::uint64_t{0}, rows / 2, rows - count}) {
    generate_points(Distribution::nondominated, 3, rows, 2, begin, count, points.data());
    f1.insert(points.begin(), points.begin() + count);
    f2.insert(points.begin() + count, points.end());
    for (std::uint64_t i = 0; i < count; ++i) ASSERT_NEAR(points[i] + points[count + i], 1, 1e-9);
  }
  EXPECT_EQ(f1.size(), 3 * count);
  EXPECT_EQ(f2.size(), 3 * count);
}

TEST(Generate, RefusesWhatItCannotKeep) {
  Scratch scratch;
  GenerateOptions options = small(scratch, "a.h5");
  generate(options);
  options.force = false;
  EXPECT_THROW(generate(options), SpecError);
  options.force = true;
  auto refused = [&](auto change) {
    GenerateOptions bad = options;
    change(bad);
    Progress progress;
    EXPECT_THROW(generate_sweep(bad, progress), SpecError);
  };
  refused([](auto& o) { o.objectives = 17; });
  refused([](auto& o) { o.float32 = true; });
  refused([](auto& o) { o.missing = 1.5; });
  refused([](auto& o) { o.missing = std::numeric_limits<double>::quiet_NaN(); });
  refused([](auto& o) { o.plain = true, o.objectives = 1, o.distribution = Distribution::nondominated; });
  refused([](auto& o) { o.plain = true, o.float32 = true, o.rows = 1u << 24, o.distribution = Distribution::nondominated; });
}

TEST(Generate, PlainHasThreeObjectivesAndEmptyIsFine) {
  Scratch scratch;
  GenerateOptions options = small(scratch, "a.h5");
  options.plain = true;
  generate(options);
  auto columns = content(options.output);
  EXPECT_EQ(columns.size(), 3u);
  EXPECT_TRUE(columns.count("f1") && columns.count("f2") && columns.count("f3"));
  options.rows = 0;
  generate(options);
  EXPECT_TRUE(numbers(options.output, "f1").empty());
}

}  // namespace
}  // namespace carbonfront
