// Reads all numeric columns of a sweep, batch by batch, and prints two times in seconds: reading, and opening and mapping.
// usage: read_columns SWEEP.h5 [plain]

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>

#include "host/sweep/sweep.hpp"

using namespace carbonfront;

namespace {
double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }
}  // namespace

int main(int count, char** arguments) {
  if (count < 2) return std::fprintf(stderr, "usage: read_columns SWEEP.h5 [plain]\n"), 2;
  h5::silence();
  double begin = now();
  Sweep sweep = open_sweep({arguments[1]}, "/configs", {count < 3 || std::strcmp(arguments[2], "plain") != 0, false});
  std::vector<Column> columns;
  for (const std::string& name : column_names(sweep)) columns.push_back(open_column(sweep, name));
  double opened = now() - begin;
  const std::uint64_t batch = 1 << 19, rows = columns.front().info.rows;  // 16 MiB for four columns of 8 bytes
  std::vector<std::vector<std::byte>> values;
  for (const Column& column : columns) values.emplace_back(batch * size_of(column.info.type));
  begin = now();
  for (std::uint64_t at = 0; at < rows; at += batch) {
    std::vector<NumbersRequest> requests;
    for (std::size_t i = 0; i < columns.size(); ++i) requests.push_back({&columns[i], values[i].data()});
    read_numbers(requests, at, std::min(batch, rows - at));
  }
  std::printf("%.6f %.6f\n", now() - begin, opened);
  return 0;
}
