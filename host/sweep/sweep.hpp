#pragma once
// Sweeps in HDF5 files: groups of one-dimensional datasets, one per column, or tables in one dataset; several files with
// equal columns are one sweep.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "carbonfront/points.hpp"
#include "host/sweep/fields.hpp"
#include "host/sweep/hdf5.hpp"
#include "host/sweep/packing.hpp"
#include "host/sweep/stored_dataset.hpp"

namespace carbonfront {

/// How files are read.
struct ReadingOptions {
  bool fast = true;             // read what this program can without HDF5; the values are the same
  bool allow_external = false;  // follow links and virtual datasets to files outside the input's folder
};

/// A dataset of a sweep, open, and how it lies in its file.
struct OpenDataset {
  std::string name;  // within the group; empty where the sweep is this dataset
  h5::Handle dataset;
  std::vector<Field> fields;                    // empty: the dataset is one column itself
  std::shared_ptr<const StoredDataset> stored;  // null: read by HDF5 only
};

/// One file of a sweep, open for reading.
struct SweepFile {
  std::string path;
  h5::Handle file, group;
  std::string table_path;                    // of `table` in the file
  std::shared_ptr<const OpenDataset> table;  // the sweep's columns are its fields; null: the members of the group are
  std::shared_ptr<const RawFile> raw;
  bool pandas = false;                                                                // `table` is one of pandas' tables
  std::shared_ptr<std::map<std::string, std::shared_ptr<const OpenDataset>>> opened;  // each dataset is opened once
};

struct Sweep {
  std::vector<SweepFile> files;
  std::string group;
  ReadingOptions options;
  std::vector<std::string> led_to;  // other files, where its values lie; an output must not be one of them
};

/// What a file says about a column.
struct ColumnInfo {
  std::string name;
  ValueType type = ValueType::float64;
  std::string type_name;  // as stored: "int64", "float32", "utf8[24]", "utf8[*]"
  std::uint64_t rows = 0;
  std::size_t bytes_per_value = 0;             // in memory; 0 for strings of variable length
  std::optional<std::string> units;            // the attribute, if there
  std::string description;                     // long_name or description
  std::optional<std::uint64_t> missing_value;  // integers: stands for every missing value of the column
  std::vector<std::uint64_t> more_missing;     // integers: further values that are read as `missing_value`
  std::vector<double> missing_reals;           // floats: values that are read as NaN
  std::vector<std::string> missing_texts;      // strings
  std::optional<Packing> packing;              // of the (first) file; one that only widens counts beside another file's
};

/// A column over all files of a sweep: its parts in order, each with the row it begins at.
struct ColumnPart {
  std::string path;
  std::shared_ptr<const OpenDataset> source;
  Field field;
  std::uint64_t begin = 0, rows = 0;
  bool fast = false;                    // as it is stored is as it is in memory, and `source->stored` is there
  std::optional<Packing> packing = {};  // this file's own; all parts of a packed column have one

  hid_t dataset() const { return source->dataset; }
  /// The type in which values are read, before they are unpacked.
  ValueType raw_type(const ColumnInfo& info) const { return packing ? packing->stored : info.type; }
};
struct Column {
  ColumnInfo info;
  std::vector<ColumnPart> parts;
};

/// A batch of strings: value i is bytes[offsets[i], offsets[i + 1]).
struct Strings {
  std::string bytes;
  std::vector<std::size_t> offsets{0};

  std::size_t size() const { return offsets.size() - 1; }
  std::string_view operator[](std::size_t i) const {
    return std::string_view(bytes).substr(offsets[i], offsets[i + 1] - offsets[i]);
  }
  void clear() { bytes.clear(), offsets.assign(1, 0); }
  /// Makes room for more texts, and no more than that.
  void make_room(std::size_t count, std::size_t more_bytes) {
    offsets.reserve(offsets.size() + count);
    if (bytes.capacity() >= bytes.size() + more_bytes) return;
    std::string larger;
    larger.reserve(bytes.size() + more_bytes);
    bytes = std::move(larger += bytes);
  }
  void add(std::string_view text) { bytes += text, offsets.push_back(bytes.size()); }
};

/// Opens the files and the sweep's group in each. The group may be a table: a compound dataset, a two-dimensional one with
/// an attribute `columns`, or a group of pandas' with its dataset `table`. Throws InputError (a missing group names the
/// nearest).
Sweep open_sweep(const std::vector<std::string>& paths, const std::string& group, const ReadingOptions& options = {});

/// Names the columns of a sweep's first file: its one-dimensional datasets and the fields of its tables, nested ones by
/// path. Throws InputError for more than 65,536.
std::vector<std::string> column_names(const Sweep& sweep);
bool has_column(const Sweep& sweep, const std::string& name);

/// Opens a column in every file. Throws InputError: missing (names the nearest), not one-dimensional, a type that cannot be
/// read, sizes that no honest file declares, values in files that must not be read, or a type, unit or missing value that
/// differs between files.
Column open_column(const Sweep& sweep, const std::string& name);

/// Describes a column of an open dataset. Throws InputError for a type that is no column's, and for attributes that cannot
/// be.
ColumnInfo describe_column(hid_t dataset, const Field& field, const std::string& name, const std::string& path);

/// Makes a column one of float64 that its packing gives, one that only widens where it has none.
void unpack_to_float64(ColumnInfo& info);

/// One column and where its values go.
struct NumbersRequest {
  const Column* column;
  void* values;                        // [count] of `info.type`
  const std::uint8_t* keep = nullptr;  // [count] 0: the row is not used, and its value not checked; null: all are used
};

/// Reads rows [begin, begin + count) of numeric columns as `info.type`, side by side; missing values come as NaN or
/// `missing_value`. Beside the values needs what `reader_bytes` says. Not for two threads at once. Throws InputError that
/// names file, column and, of damaged data, the chunk; of a truth value that is neither 0 nor 1, the row.
void read_numbers(std::span<const NumbersRequest> requests, std::uint64_t begin, std::uint64_t count);
void read_numbers(const Column& column, std::uint64_t begin, std::uint64_t count, void* values);

inline constexpr std::uint64_t kMostTextBytes = std::uint64_t{1} << 30;  // of variable length, a call

/// Reads rows [begin, begin + count) of a string column. Throws InputError, and DeviceError where texts of variable length
/// take more than `most` bytes.
void read_strings(const Column& column, std::uint64_t begin, std::uint64_t count, Strings& values,
                  std::uint64_t most = kMostTextBytes);

/// Reads them in stretches whose texts take little memory, single texts excepted, and calls `use(row, texts)` for each, the
/// row being its first. Texts of variable length may take 1 GiB in all. Throws InputError, and what `use` throws.
void for_texts(const Column& column, std::uint64_t begin, std::uint64_t count,
               const std::function<void(std::uint64_t, const Strings&)>& use);

/// Bytes that reading a column keeps from one call to the next, and needs beside the values, at most: a chunk of each file.
std::uint64_t reader_bytes(const Column& column);

/// Rows in a chunk of a column's part; 1 where it has no chunks.
std::uint64_t chunk_rows_of(const ColumnPart& part);

/// Views values that `read_numbers` read.
ColumnView view_of(const ColumnInfo& info, const void* values);

/// Tells whether a string value is missing by the column's attributes.
bool is_missing_text(const ColumnInfo& info, std::string_view text);

/// Names the file and the row within it of a sweep's row, for messages: "a.h5, row 12".
std::string place_of(const Column& column, std::uint64_t row);

const char* name_of(ValueType type);
/// HDF5's type in memory for a numeric value type.
hid_t memory_type(ValueType type);

}  // namespace carbonfront
