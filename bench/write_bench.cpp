// Measures how fast a result's rows are written: the program's chunks beside HDF5's own filters, in one run.
// usage: write_bench FOLDER [ROWS] [REPETITIONS]     writes emissions (2 × float64), state and nondominated (2 × uint8)

#include <fmt/format.h>
#include <tbb/info.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "host/sweep/generator.hpp"
#include "host/sweep/hdf5.hpp"

using namespace carbonfront;

namespace {

constexpr hsize_t kSlab = 1 << 20;

/// Values like those of a scored sweep: computed reals, few of them equal, and states that hardly ever change.
struct Columns {
  std::vector<double> energy, co2e;
  std::vector<std::uint8_t> state, nondominated;
};

Columns make_columns(hsize_t rows) {
  Columns columns{std::vector<double>(rows), std::vector<double>(rows), std::vector<std::uint8_t>(rows, 2),
                  std::vector<std::uint8_t>(rows)};
  generate_points(Distribution::independent, 1, rows, 1, 0, rows, columns.energy.data());
  tbb::parallel_for(hsize_t{0}, rows, [&](hsize_t i) {
    columns.energy[i] = 16 * columns.energy[i] * 400 / 1000;
    columns.co2e[i] = columns.energy[i] * 0.437;
    columns.nondominated[i] = i % 9973 == 0;
  });
  return columns;
}

template <class T>
void write_column(hid_t file, const char* name, hid_t type, const std::vector<T>& values, bool ours) {
  h5::Handle dataset = h5::create_dataset(file, name, type, {values.size()});
  for (hsize_t begin = 0; begin < values.size(); begin += kSlab) {
    hsize_t count = std::min<hsize_t>(kSlab, values.size() - begin);
    if (ours) {
      h5::write_rows(dataset, begin, count, type, values.data() + begin);
      continue;
    }
    h5::Handle file_space(H5Dget_space(dataset)), memory(H5Screate_simple(1, &count, nullptr));
    H5Sselect_hyperslab(file_space, H5S_SELECT_SET, &begin, nullptr, &count, nullptr);
    h5::written(H5Dwrite(dataset, type, memory, file_space, H5P_DEFAULT, values.data() + begin), name);
  }
}

struct Written {
  double seconds;
  std::uintmax_t bytes;
};

Written write_file(const std::string& path, const Columns& columns, bool ours) {
  std::filesystem::remove(path);
  auto begin = std::chrono::steady_clock::now();
  {
    h5::Handle file = h5::create_file(path);
    write_column(file, "energy_kwh", H5T_NATIVE_DOUBLE, columns.energy, ours);
    write_column(file, "co2e_kg", H5T_NATIVE_DOUBLE, columns.co2e, ours);
    write_column(file, "state", H5T_NATIVE_UINT8, columns.state, ours);
    write_column(file, "nondominated", H5T_NATIVE_UINT8, columns.nondominated, ours);
  }
  double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  Written written{seconds, std::filesystem::file_size(path)};
  std::filesystem::remove(path);
  return written;
}

Written median(std::vector<Written> all) {
  std::sort(all.begin(), all.end(), [](const Written& a, const Written& b) { return a.seconds < b.seconds; });
  return all[all.size() / 2];
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return fmt::print(stderr, "usage: write_bench FOLDER [ROWS] [REPETITIONS]\n"), 2;
  h5::silence();
  hsize_t rows = argc > 2 ? static_cast<hsize_t>(std::atof(argv[2])) : 100'000'000;
  int repetitions = argc > 3 ? std::atoi(argv[3]) : 3;
  std::string path = std::string(argv[1]) + "/write_bench.h5";
  Columns columns = make_columns(rows);
  std::vector<Written> library, ours;
  for (int i = 0; i < repetitions; ++i) {
    library.push_back(write_file(path, columns, false));
    ours.push_back(write_file(path, columns, true));
  }
  double bytes = static_cast<double>(rows) * 18;
  auto tell = [&](const char* who, const Written& one) {
    fmt::print("{:<28} {:7.2f} s  {:6.2f} GB/s of values  {:5.1f} % of their size\n", who, one.seconds,
               bytes / one.seconds / 1e9, 100 * static_cast<double>(one.bytes) / bytes);
  };
  fmt::print("{} rows, 2 float64 and 2 uint8 columns, deflate 1 and shuffle, {} threads, median of {}\n", rows,
             tbb::info::default_concurrency(), repetitions);
  tell("H5Dwrite, HDF5's filters", median(library));
  tell("write_rows, chunks encoded", median(ours));
  fmt::print("ratio {:.2f}\n", median(library).seconds / median(ours).seconds);
}
