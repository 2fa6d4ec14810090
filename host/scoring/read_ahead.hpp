#pragma once
// Batches of a sweep, read and filtered; while one is worked on, the next is read.

#include <future>
#include <set>

#include "host/scoring/batch.hpp"

namespace carbonfront {

/// The columns that the filters need, and those that the rest of the work needs for selected rows.
struct BatchColumns {
  std::set<int> filters, rest;  // of the plan
};

/// Reads the rows [first, end), `batch_rows` at a time, one batch ahead on a thread of its own unless one thread is all that
/// oneTBB may use. Holds two batches. The plan must outlive it, and so must the memory that it reads to.
class BatchReader {
 public:
  /// `places` [plan columns]: where the numbers of row `first` and those behind it are read to, because they stay in memory;
  /// null: with the batch.
  BatchReader(const Plan& plan, BatchColumns columns, std::vector<std::byte*> places, std::uint64_t first, std::uint64_t end,
              std::uint64_t batch_rows);
  BatchReader(BatchReader&&) = delete;

  /// The next batch, valid until the next call, and the caller's to take apart; null behind the last. Adds to `seconds` how
  /// long the caller waited for it, and notes in `data.memory` what the batches' texts take. Throws InputError: that of the
  /// first batch that cannot be read, after all before it were given; DeviceError where its texts take more than is left.
  Batch* next(double& seconds, Data& data);

 private:
  void read(Batch& batch, std::uint64_t text_bytes) const;

  const Plan& plan_;
  BatchColumns columns_;
  std::vector<std::byte*> places_;
  std::uint64_t first_, next_, end_, batch_rows_;
  bool ahead_;
  Batch current_, upcoming_;
  std::future<void> reading_;  // destroyed first: waits for the thread
};

}  // namespace carbonfront
