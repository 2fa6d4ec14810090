// The two inner loops of the filter: values to keys, and keys against pivots, eight at a time.

#include <algorithm>
#include <cstring>
#include <limits>

#include "host/clones.hpp"
#include "host/pareto/filter.hpp"
#include "host/pareto/keys.hpp"

namespace carbonfront {
namespace {

typedef std::int64_t Keys __attribute__((vector_size(64), aligned(8), may_alias));

constexpr std::uint32_t kVector = 8;
constexpr std::uint64_t kSign = std::uint64_t{1} << 63;

/// float_key() without branches, eight at a time by the compiler. Adding +0.0 makes −0.0 positive and changes nothing else.
CARBONFRONT_CLONES void key_doubles(const double* values, std::uint32_t count, bool maximise, std::int64_t* keys) {
  const std::int64_t flip = maximise ? -1 : 0;
  for (std::uint32_t i = 0; i < count; ++i) {
    const double value = values[i] + 0.0;
    std::int64_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    bits ^= ((bits >> 63) & std::numeric_limits<std::int64_t>::max()) ^ flip;
    keys[i] = value != value ? std::numeric_limits<std::int64_t>::max() : bits;
  }
}

CARBONFRONT_CLONES void key_floats(const float* values, std::uint32_t count, bool maximise, std::int64_t* keys) {
  const std::uint64_t flip = maximise ? ~std::uint64_t{0} : 0;
  for (std::uint32_t i = 0; i < count; ++i) {
    const float value = values[i] + 0.0f;
    std::int32_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    bits ^= (bits >> 31) & std::numeric_limits<std::int32_t>::max();
    const std::uint64_t key = (static_cast<std::uint32_t>(bits) ^ 0x80000000u) ^ flip;
    keys[i] = static_cast<std::int64_t>((value != value ? kMissingKey : key) ^ kSign);
  }
}

/// Marks with a negative number the rows that a pivot dominates: no key is smaller than the pivot's, and one is larger.
template <std::uint32_t kObjectives>
CARBONFRONT_INLINE void mark(const std::int64_t* pivots, std::uint32_t pivot_count, const std::int64_t* keys,
                             std::size_t stride, std::uint32_t objectives, std::uint32_t count, std::int64_t* dominated) {
  if constexpr (kObjectives > 0) objectives = kObjectives;
  for (std::uint32_t i = 0; i < count; i += kVector) {
    Keys beaten = {};
    const std::int64_t* pivot = pivots;
    for (std::uint32_t p = 0; p < pivot_count; ++p, pivot += objectives) {
      Keys smaller = {}, differs = {};
      for (std::uint32_t k = 0; k < objectives; ++k) {
        const Keys own = *reinterpret_cast<const Keys*>(keys + k * stride + i);
        const Keys theirs = own - own + pivot[k];
        smaller |= (own > theirs ? own : theirs) ^ own;
        differs |= own ^ theirs;
      }
      // x | −x is negative where x is not zero. Comparing with zero would be done one by one.
      beaten |= ~(smaller | -smaller) & (differs | -differs);
    }
    *reinterpret_cast<Keys*>(dominated + i) = beaten;
  }
}

CARBONFRONT_CLONES void mark_rows(const std::int64_t* pivots, std::uint32_t pivot_count, const std::int64_t* keys,
                                  std::size_t stride, std::uint32_t objectives, std::uint32_t count,
                                  std::int64_t* dominated) {
  switch (objectives) {
    case 2:
      return mark<2>(pivots, pivot_count, keys, stride, 2, count, dominated);
    case 3:
      return mark<3>(pivots, pivot_count, keys, stride, 3, count, dominated);
    case 4:
      return mark<4>(pivots, pivot_count, keys, stride, 4, count, dominated);
    case 5:
      return mark<5>(pivots, pivot_count, keys, stride, 5, count, dominated);
    case 6:
      return mark<6>(pivots, pivot_count, keys, stride, 6, count, dominated);
    case 7:
      return mark<7>(pivots, pivot_count, keys, stride, 7, count, dominated);
    case 8:
      return mark<8>(pivots, pivot_count, keys, stride, 8, count, dominated);
    default:
      return mark<0>(pivots, pivot_count, keys, stride, objectives, count, dominated);
  }
}

}  // namespace

void take_keys(PointsView points, std::uint32_t begin, std::uint32_t step, std::uint32_t count, KeyRows& rows) {
  for (std::uint32_t k = 0; k < points.objective_count; ++k) {
    const Objective& objective = points.objectives[k];
    std::int64_t* keys = rows.keys.data() + k * rows.stride;
    const bool in_sequence = !points.rows && step == 1;
    if (in_sequence && objective.column.type == ValueType::float64) {
      key_doubles(static_cast<const double*>(objective.column.values) + begin, count, objective.maximise, keys);
    } else if (in_sequence && objective.column.type == ValueType::float32) {
      key_floats(static_cast<const float*>(objective.column.values) + begin, count, objective.maximise, keys);
    } else {
      with_keys(objective, [&](auto key_of_row) {
        for (std::uint32_t i = 0; i < count; ++i) {
          keys[i] = static_cast<std::int64_t>(key_of_row(points.row(begin + i * step)) ^ kSign);
        }
      });
    }
  }
}

void mark_dominated(const std::int64_t* pivots, std::uint32_t pivot_count, const KeyRows& rows, std::uint32_t begin,
                    std::uint32_t count, std::int64_t* dominated) {
  mark_rows(pivots, pivot_count, rows.keys.data() + begin, rows.stride, rows.objectives, count, dominated);
}

std::uint32_t remove_dominated(const std::int64_t* pivots, std::uint32_t pivot_count, KeyRows& rows, std::uint32_t count,
                               std::uint32_t* names) {
  constexpr std::uint32_t kRows = 512;
  alignas(64) std::int64_t dominated[kRows];
  std::uint32_t kept = 0;
  for (std::uint32_t begin = 0; begin < count; begin += kRows) {
    const std::uint32_t some = std::min(kRows, count - begin);
    mark_dominated(pivots, pivot_count, rows, begin, some, dominated);
    std::uint16_t alive[kRows + 1];
    std::uint32_t alive_count = 0;
    for (std::uint32_t i = 0; i < some; ++i) {
      alive[alive_count] = static_cast<std::uint16_t>(i);
      alive_count += dominated[i] >= 0;
    }
    for (std::uint32_t k = 0; k < rows.objectives; ++k) {
      std::int64_t* keys = rows.keys.data() + k * rows.stride;
      for (std::uint32_t i = 0; i < alive_count; ++i) keys[kept + i] = keys[begin + alive[i]];
    }
    for (std::uint32_t i = 0; i < alive_count; ++i) names[kept + i] = names[begin + alive[i]];
    kept += alive_count;
  }
  return kept;
}

}  // namespace carbonfront
