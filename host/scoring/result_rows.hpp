#pragma once
// The part of the result that is written while the sweep is read: emissions, and the states of views of the front alone.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "host/scoring/batch.hpp"
#include "host/sweep/hdf5.hpp"

namespace carbonfront {

/// Rows that are written at a time: whole chunks, enough of them for all cores.
inline constexpr std::uint64_t kSlabRows = 1 << 19;

/// Finds the first i in [0, size) whose row is `row` or behind it; `size` where none is. `row_of` ascends. O(log size)
template <class RowOf>
std::uint32_t first_from(std::uint64_t row, std::uint32_t size, RowOf row_of) {
  std::uint32_t low = 0;
  for (std::uint32_t high = size; low < high;) {
    const std::uint32_t middle = low + (high - low) / 2;
    if (row_of(middle) < row)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

/// One dataset, written batch by batch.
template <class T>
class RowColumn {
 public:
  RowColumn(h5::Handle dataset, hid_t type, T fill) : dataset_(std::move(dataset)), type_(type), fill_(fill) {}

  /// Appends a batch: `values` for its selected rows [kept], the fill value for the others. Throws OutputError.
  void append(const Batch& batch, const T* values) {
    std::size_t at = slab_.size(), straight = 0;
    if (batch.kept.size() == batch.rows) {
      if (at == 0) straight = batch.rows / kSlabRows * kSlabRows;
      write(values, straight);
      slab_.insert(slab_.end(), values + straight, values + batch.rows);
    } else {
      slab_.resize(at + batch.rows, fill_);
      for (std::size_t i = 0; i < batch.kept.size(); ++i) slab_[at + batch.kept[i]] = values[i];
    }
    if (slab_.size() >= kSlabRows) write_slab(slab_.size() / kSlabRows * kSlabRows);
  }

  /// Writes what is left and closes the dataset: see h5::write_rows. Throws OutputError.
  void finish() {
    write_slab(slab_.size());
    dataset_.reset();
  }

 private:
  void write(const T* values, std::size_t count) {
    if (count > 0) h5::write_rows(dataset_, written_, count, type_, values);
    written_ += count;
  }

  void write_slab(std::size_t count) {
    write(slab_.data(), count);
    slab_.erase(slab_.begin(), slab_.begin() + static_cast<std::ptrdiff_t>(count));
  }

  h5::Handle dataset_;
  hid_t type_;
  T fill_;
  hsize_t written_ = 0;
  Array<T> slab_;
};

/// Owns the datasets that grow while the sweep is read.
class ResultRows {
 public:
  /// Begins a result of `rows` rows in a new file: the axis of rows, /emissions, and the groups of passing views. Throws
  /// OutputError.
  ResultRows(hid_t file, const Plan& plan, std::uint64_t rows, h5::Storage storage = {});

  /// Appends a batch's emissions, the last of the data's. [kept] Throws OutputError.
  void add_emissions(const Batch& batch, const Data& data);

  /// Appends what another result's datasets hold for the batch, of which all rows are kept. Throws OutputError.
  using Reals = std::function<std::vector<double>(Source, const std::string& dataset)>;
  using Bytes = std::function<std::vector<std::uint8_t>(const std::string& dataset)>;
  void copy_emissions(const Batch& batch, const Reals& reals, const Bytes& bytes);

  /// Appends the states of a batch's selected rows in a view of the front alone. [kept] Throws OutputError.
  void add_states(std::size_t view, const Batch& batch, const std::vector<std::uint8_t>& states);

  /// Writes what is left; call once, after the last batch. Throws OutputError.
  void finish();

  /// Lets go of the file.
  void close() { emissions_.clear(), models_.clear(), accounts_.clear(), states_.clear(); }

 private:
  /// Where a quantity of each row comes from.
  struct Account {
    std::size_t factor;
    std::string name;
    bool looked_up;
    RowColumn<std::uint8_t> column;
  };
  void begin_accounts(hid_t emissions, const Plan& plan, std::uint64_t rows, h5::Storage storage);
  void add_emissions(const Batch& batch, const Data& data, std::size_t end);
  friend void add_all_rows(const Plan& plan, const Data& data, ResultRows& rows);

  std::vector<Source> sources_;                  // of the columns of emissions
  std::vector<RowColumn<double>> emissions_;     // empty without emissions
  std::vector<RowColumn<std::uint8_t>> models_;  // which model answered, where they differ by row
  std::vector<Account> accounts_;                // of the quantities that have a column
  std::vector<RowColumn<std::uint8_t>> states_;  // of views of the front alone
  std::vector<std::size_t> states_of_view_;      // [views]
};

/// Appends all emissions at once, from data that kept them. Throws OutputError.
void add_all_rows(const Plan& plan, const Data& data, ResultRows& rows);

}  // namespace carbonfront
