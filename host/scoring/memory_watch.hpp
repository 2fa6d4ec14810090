#pragma once
// The memory limit while rows are read: what is known ahead is counted ahead, and what depends on the values as it grows.

#include <cstdint>

#include "host/scoring/plan.hpp"

namespace carbonfront {

struct Data;

inline constexpr std::uint64_t kTextBytesAhead = 64;  // of each text of variable length, counted ahead

struct MemoryWatch {
  std::uint64_t limit = ~std::uint64_t{0};
  std::uint64_t fixed = 0, per_row = 0;  // known ahead; a selected row
  std::uint64_t least_rows = 0;          // selected rows, where they are known ahead
  bool keys_alone = false;               // of groups: nobody judges them here
  bool lists_groups = false;             // all of them, in a summary as JSON
  std::uint64_t texts = 0;               // texts of variable length in the batches that are held, beyond what is fixed
};

/// Starts to watch the work on a plan, of which at least so many rows will be selected; `limit`: bytes.
MemoryWatch watch_memory(const Plan& plan, std::uint64_t least_rows, std::uint64_t batch_rows, std::uint64_t limit);

/// Bytes that each group of a grouping needs beside its key, until the result is written.
std::uint64_t bytes_of_group(const Plan& plan, const Data& data, std::size_t grouping);

/// Bytes of the limit that nothing has taken yet.
std::uint64_t bytes_left(const Plan& plan, const Data& data);

/// Throws DeviceError that names what has grown where the limit is exceeded; `rows`: selected ones of a batch that are not
/// counted in `data` yet.
void check_growth(const Plan& plan, const Data& data, std::uint64_t rows = 0);

}  // namespace carbonfront
