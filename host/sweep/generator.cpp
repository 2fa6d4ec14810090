#include "host/sweep/generator.hpp"

#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <limits>
#include <string_view>
#include <vector>

#include "carbonfront/errors.hpp"
#include "host/sweep/hdf5.hpp"
#include "host/sweep/output_file.hpp"

// Only integers and + − × ÷ on doubles here: the same file on every machine.

namespace carbonfront {

namespace {

/// Mixes 64 bits so that each depends on all (the finaliser of splitmix64, Steele, Lea and Flood 2014).
std::uint64_t mix(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
  return x ^ (x >> 31);
}

constexpr std::uint64_t kGolden = 0x9E3779B97F4A7C15u;

/// Purposes of a row's random numbers; each is a sequence of its own.
enum class Purpose : std::uint64_t { point = 1, hardware, place, missing_time, missing_accuracy, missing_f1 };

/// One row's sequence of random numbers.
struct Randoms {
  std::uint64_t state;
  Randoms(std::uint64_t seed, std::uint64_t row, Purpose purpose)
      : state(mix(mix(seed + kGolden) ^ mix(row * kGolden + static_cast<std::uint64_t>(purpose)))) {}
  std::uint64_t bits() { return mix(state += kGolden); }
  double uniform() { return static_cast<double>(bits() >> 11) * 0x1p-53; }  // [0, 1)
  /// A bell around 0.5: the mean of `terms` uniform numbers.
  double bell(std::uint32_t terms) {
    double sum = 0;
    for (std::uint32_t i = 0; i < terms; ++i) sum += uniform();
    return sum / terms;
  }
};

/// A seeded one-to-one map of [0, rows) onto itself: a Feistel network over the next power of four, walked until inside.
std::uint64_t permuted(std::uint64_t row, std::uint64_t rows, std::uint64_t seed) {
  const unsigned half = std::max(1u, (static_cast<unsigned>(std::bit_width(rows - 1)) + 1) / 2);
  const std::uint64_t mask = (std::uint64_t{1} << half) - 1, key = mix(seed + kGolden);
  do {
    std::uint64_t left = row >> half, right = row & mask;
    for (std::uint64_t round = 1; round <= 4; ++round) {
      std::uint64_t next = left ^ (mix(key + round * kGolden + right) & mask);
      left = right;
      right = next;
    }
    row = left << half | right;
  } while (row >= rows);
  return row;
}

/// Shifts a point on the diagonal, at `centre`, by amounts that keep its sum; false when it falls out of the cube.
template <class Shift>
bool scatter(double centre, Shift shift, std::uint32_t dimensions, double* point) {
  const double reach = std::min(centre, 1 - centre);
  std::fill_n(point, dimensions, centre);
  for (std::uint32_t i = 0; i < dimensions; ++i) {
    const double by = reach * (2 * shift() - 1);
    point[i] += by;
    point[(i + 1) % dimensions] -= by;
  }
  return std::all_of(point, point + dimensions, [](double x) { return x >= 0 && x < 1; });
}

void fill_point(Distribution distribution, std::uint64_t seed, std::uint64_t rows, std::uint64_t row,
                std::uint32_t dimensions, double* point) {
  Randoms random(seed, row, Purpose::point);
  switch (distribution) {
    case Distribution::correlated:
      while (!scatter(
          random.bell(dimensions), [&] { return random.bell(12); }, dimensions, point)) {
      }
      return;
    case Distribution::anticorrelated:
      while (!scatter(
          0.25 + 0.5 * random.bell(12), [&] { return random.uniform(); }, dimensions, point)) {
      }
      return;
    default:
      break;
  }
  for (std::uint32_t i = 0; i < dimensions; ++i) point[i] = random.uniform();
  if (distribution == Distribution::quantised)
    for (std::uint32_t i = 0; i < dimensions; ++i) point[i] = static_cast<double>(static_cast<int>(point[i] * 100)) / 100;
  if (distribution == Distribution::nondominated) {
    const std::uint64_t place = permuted(row, rows, seed);
    point[0] = (static_cast<double>(place) + 0.5) / static_cast<double>(rows);
    if (dimensions > 1) point[1] = (static_cast<double>(rows - 1 - place) + 0.5) / static_cast<double>(rows);
  }
}

/// Calls `body(i)` for every i below `count`, on all threads.
template <class Body>
void for_each_row(std::uint64_t count, Body body) {
  tbb::parallel_for(tbb::blocked_range<std::uint64_t>(0, count, 2048), [&](const tbb::blocked_range<std::uint64_t>& part) {
    for (std::uint64_t i = part.begin(); i != part.end(); ++i) body(i);
  });
}

struct Gpu {
  std::string_view name;
  int tdp;  // W; each divides kWattBasis
};
constexpr std::array<Gpu, 4> kGpus{
    {{"NVIDIA Tesla V100S", 250}, {"NVIDIA V100", 300}, {"NVIDIA A100", 400}, {"NVIDIA H100 SXM5 80GB", 700}}};
constexpr int kWattBasis = 42000;
constexpr std::array<std::string_view, 5> kRegions{"DEU", "FRA", "POL", "SWE", "USA"};
constexpr std::array<std::string_view, 4> kDatasets{"cifar10", "cifar100", "imagenet", "sc09"};

constexpr std::size_t kModelBytes = 15, kGpuBytes = 21, kRegionBytes = 3, kDatasetBytes = 8;

/// The columns of one batch.
struct Rows {
  std::vector<double> point;  // [dimensions × count]
  std::vector<float> narrow;  // [objectives × count] with float32
  std::vector<double> accuracy, tdp, train_time;
  std::vector<std::int64_t> params, n_gpus;
  std::vector<char> model, gpu, region, dataset;  // [count × bytes], padded with zeros
};

void put_text(char* out, std::size_t bytes, std::string_view text) {
  std::memset(out, 0, bytes);
  std::memcpy(out, text.data(), std::min(bytes, text.size()));
}

void put_model(char* out, std::uint64_t row) {
  put_text(out, kModelBytes, "arch-");
  for (std::size_t at = kModelBytes; at-- > 5; row /= 10) out[at] = static_cast<char>('0' + row % 10);
}

/// Fills one row's hardware and hours from its third objective. The energy n · tdp · t is `steps` times 42,000/2²⁷ Wh;
/// tdp divides 42,000 and n is a power of two, so t, the products and the energy are all exact, whatever the hardware.
/// From 0.3 kWh to 940 MWh; n doubles until training takes at most 2,000 hours.
void fill_training(std::uint64_t seed, std::uint64_t row, double u, Rows& rows, std::uint64_t i) {
  Randoms random(seed, row, Purpose::hardware);
  const std::uint64_t choice = random.bits();
  const Gpu& gpu = kGpus[choice % kGpus.size()];
  std::int64_t n = std::int64_t{1} << (choice >> 32) % 4;
  const auto steps = static_cast<std::int64_t>(1e6 + u * 4e9 + u * u * (u * u) * 3e12);
  const auto device_steps = static_cast<double>(steps * (kWattBasis / gpu.tdp));
  while (device_steps * 0x1p-27 / static_cast<double>(n) > 2000) n *= 2;
  rows.n_gpus[i] = n;
  rows.tdp[i] = gpu.tdp;
  rows.train_time[i] = device_steps * 0x1p-27 / static_cast<double>(n);
  put_text(&rows.gpu[i * kGpuBytes], kGpuBytes, gpu.name);
}

/// Fills everything but the points. Missing values are drawn column by column.
void fill_columns(const GenerateOptions& options, std::uint64_t begin, std::uint64_t count, Rows& rows) {
  const double missing = std::numeric_limits<double>::quiet_NaN();
  auto lost = [&](std::uint64_t row, Purpose purpose, double share) {
    return share > 0 && Randoms(options.seed, row, purpose).uniform() < share;
  };
  for_each_row(count, [&](std::uint64_t i) {
    const std::uint64_t row = begin + i;
    if (!options.plain) {
      const bool all_on_front = options.distribution == Distribution::nondominated;  // the emissions too fall with accuracy
      const double u1 = rows.point[i], u2 = rows.point[count + i], u3 = all_on_front ? u2 : rows.point[2 * count + i];
      rows.accuracy[i] = lost(row, Purpose::missing_accuracy, options.missing / 4) ? missing : 98 - 58 * u1;
      rows.params[i] = static_cast<std::int64_t>(2e5 + u2 * 1e9 + u2 * u2 * (u2 * u2) * 1e11);
      fill_training(options.seed, row, u3, rows, i);
      if (lost(row, Purpose::missing_time, options.missing)) rows.train_time[i] = missing;
      put_model(&rows.model[i * kModelBytes], row);
      const std::uint64_t place = Randoms(options.seed, row, Purpose::place).bits();
      put_text(&rows.region[i * kRegionBytes], kRegionBytes, kRegions[place % kRegions.size()]);
      put_text(&rows.dataset[i * kDatasetBytes], kDatasetBytes, kDatasets[(place >> 32) % kDatasets.size()]);
    }
    if (options.objectives && lost(row, Purpose::missing_f1, options.missing)) rows.point[i] = missing;
    if (options.float32)
      for (std::uint32_t f = 0; f < options.objectives; ++f)
        rows.narrow[f * count + i] = std::min(static_cast<float>(rows.point[f * count + i]), 0x1.fffffep-1f);
  });
}

void resize(const GenerateOptions& options, std::uint32_t dimensions, std::uint64_t count, Rows& rows) {
  rows.point.resize(dimensions * count);
  if (options.float32) rows.narrow.resize(options.objectives * count);
  if (options.plain) return;
  for (auto* column : {&rows.accuracy, &rows.tdp, &rows.train_time}) column->resize(count);
  for (auto* column : {&rows.params, &rows.n_gpus}) column->resize(count);
  rows.model.resize(count * kModelBytes);
  rows.gpu.resize(count * kGpuBytes);
  rows.region.resize(count * kRegionBytes);
  rows.dataset.resize(count * kDatasetBytes);
}

/// One dataset of the file and where its values lie in a batch.
struct Column {
  h5::Handle dataset, type;
  const void* (*values)(const Rows& rows, std::uint64_t count, std::uint32_t objective);
  std::uint32_t objective = 0;  // of f columns, from 0
};

struct Layout {
  hid_t group;
  h5::Storage storage;
  hsize_t rows;
  std::vector<Column> columns;

  void add(const char* name, h5::Handle type, const char* units, const char* description, decltype(Column::values) values,
           std::uint32_t objective = 0) {
    Column column{h5::create_dataset(group, name, type, {rows}, storage), std::move(type), values, objective};
    h5::write_attribute(column.dataset, "units", std::string_view(units));
    h5::write_attribute(column.dataset, "description", std::string_view(description));
    columns.push_back(std::move(column));
  }
};

h5::Handle number_type(hid_t type) { return h5::Handle(H5Tcopy(type)); }

void add_configuration_columns(Layout& out) {
  auto add = [&](const char* name, h5::Handle type, const char* units, const char* description,
                 decltype(Column::values) values) { out.add(name, std::move(type), units, description, values); };
  using N = std::uint64_t;
  using F = std::uint32_t;
  add("model", h5::fixed_text_type(kModelBytes), "", "name of the configuration",
      [](const Rows& r, N, F) -> const void* { return r.model.data(); });
  add("accuracy", number_type(H5T_IEEE_F64LE), "percent", "test accuracy, made up",
      [](const Rows& r, N, F) -> const void* { return r.accuracy.data(); });
  add("params", number_type(H5T_STD_I64LE), "1", "number of parameters, made up",
      [](const Rows& r, N, F) -> const void* { return r.params.data(); });
  add("n_gpus", number_type(H5T_STD_I64LE), "1", "devices used for training",
      [](const Rows& r, N, F) -> const void* { return r.n_gpus.data(); });
  add("tdp", number_type(H5T_IEEE_F64LE), "W", "maximum power of one device",
      [](const Rows& r, N, F) -> const void* { return r.tdp.data(); });
  add("train_time", number_type(H5T_IEEE_F64LE), "h", "duration of the training, made up",
      [](const Rows& r, N, F) -> const void* { return r.train_time.data(); });
  add("gpu", h5::fixed_text_type(kGpuBytes), "", "name of the device",
      [](const Rows& r, N, F) -> const void* { return r.gpu.data(); });
  add("region", h5::fixed_text_type(kRegionBytes), "", "country of the training",
      [](const Rows& r, N, F) -> const void* { return r.region.data(); });
  add("dataset", h5::fixed_text_type(kDatasetBytes), "", "data set trained on",
      [](const Rows& r, N, F) -> const void* { return r.dataset.data(); });
}

void add_objective_columns(const GenerateOptions& options, Layout& out) {
  auto wide = [](const Rows& r, std::uint64_t count, std::uint32_t f) -> const void* { return r.point.data() + f * count; };
  auto narrow = [](const Rows& r, std::uint64_t count, std::uint32_t f) -> const void* {
    return r.narrow.data() + f * count;
  };
  for (std::uint32_t f = 0; f < options.objectives; ++f) {
    const std::string name = "f" + std::to_string(f + 1),
                      description = "objective " + std::to_string(f + 1) + ", to be minimised";
    if (options.float32)
      out.add(name.c_str(), number_type(H5T_IEEE_F32LE), "1", description.c_str(), narrow, f);
    else
      out.add(name.c_str(), number_type(H5T_IEEE_F64LE), "1", description.c_str(), wide, f);
  }
}

void write_parameters(const GenerateOptions& options, hid_t file) {
  h5::write_attribute(file, "generator", std::string_view("carbonfront generate"));
  h5::write_attribute(file, "distribution", std::string_view(name_of(options.distribution)));
  h5::write_scalar_attribute(file, "seed", H5T_NATIVE_UINT64, &options.seed);
  h5::write_attribute(file, "rows", static_cast<std::int64_t>(options.rows));
  h5::write_attribute(file, "objectives", static_cast<std::int64_t>(options.objectives));
  h5::write_scalar_attribute(file, "missing", H5T_NATIVE_DOUBLE, &options.missing);
}

/// Refuses what cannot be written, and fills in defaults.
GenerateOptions checked(GenerateOptions options) {
  if (options.plain && options.objectives == 0) options.objectives = 3;
  if (options.objectives > kMostGeneratedObjectives)
    throw SpecError("cannot generate " + std::to_string(options.objectives) + " objectives",
                    "at most " + std::to_string(kMostGeneratedObjectives) + " are made", "lower --objectives");
  if (options.float32 && options.objectives == 0)
    throw SpecError("--float32 has nothing to act on", "it is about the columns f1, f2, ...",
                    "add --objectives M or --plain");
  if (options.distribution == Distribution::nondominated && options.plain && options.objectives == 1)
    throw SpecError("one objective cannot be non-dominated throughout", "two different numbers are always comparable",
                    "give --objectives 2 or more");
  if (options.distribution == Distribution::nondominated && options.float32 && options.rows > kMostNarrowNondominatedRows)
    throw SpecError("cannot tell " + std::to_string(options.rows) + " rows apart as float32",
                    "it has 2^23 distinct steps in [0, 1)", "drop --float32, or ask for at most 8388608 rows");
  if (!(options.missing >= 0 && options.missing <= 1))
    throw SpecError("cannot leave out a share of " + std::to_string(options.missing), "a share is from 0 to 1",
                    "change --missing");
  return options;
}

}  // namespace

const char* name_of(Distribution distribution) {
  constexpr std::array names{"independent", "correlated", "anticorrelated", "nondominated", "quantised"};
  return names[static_cast<std::size_t>(distribution)];
}

void generate_points(Distribution distribution, std::uint64_t seed, std::uint64_t rows, std::uint32_t dimensions,
                     std::uint64_t begin, std::uint64_t count, double* points) {
  for_each_row(count, [&](std::uint64_t i) {
    std::array<double, kMostGeneratedObjectives> point;
    fill_point(distribution, seed, rows, begin + i, dimensions, point.data());
    for (std::uint32_t d = 0; d < dimensions; ++d) points[d * count + i] = point[d];
  });
}

void generate_sweep(const GenerateOptions& asked, Progress& progress) {
  const GenerateOptions options = checked(asked);
  check_output(options.output, options.force);
  const std::uint32_t dimensions = options.plain ? options.objectives : std::max(options.objectives, 3u);
  const std::uint64_t chunk = options.chunk_rows ? options.chunk_rows : 65536;
  const std::uint64_t batch = (std::max<std::uint64_t>(options.batch_rows, 1) + chunk - 1) / chunk * chunk;  // whole chunks

  OutputFile output(options.output, options.force, h5::Format::compatible);
  output.write([&](hid_t file) {
    write_parameters(options, file);
    h5::Handle group(H5Gcreate2(file, "configs", H5P_DEFAULT, h5::untimed(H5P_GROUP_CREATE), H5P_DEFAULT));
    h5::written(group, "the group /configs");
    Layout layout{group, {chunk, options.deflate, true, false}, options.rows, {}};
    if (!options.plain) add_configuration_columns(layout);
    add_objective_columns(options, layout);

    Rows rows;
    progress.begin("generate", options.rows);
    for (std::uint64_t begin = 0; begin < options.rows; begin += batch) {
      progress.throw_if_stopped();
      const std::uint64_t count = std::min(batch, options.rows - begin);
      resize(options, dimensions, count, rows);
      generate_points(options.distribution, options.seed, options.rows, dimensions, begin, count, rows.point.data());
      fill_columns(options, begin, count, rows);
      for (const Column& column : layout.columns)
        h5::write_rows(column.dataset, begin, count, column.type, column.values(rows, count, column.objective));
      progress.add(count);
    }
  });
  output.commit();
}

}  // namespace carbonfront
