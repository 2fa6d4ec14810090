// A block is one vector an objective; which members pass is a mask register. GCC 12 compares its own vector types one by
// one, so these are intrinsics.

#include "host/pareto/hypervolume.hpp"
#include "host/pareto/hypervolume_blocks.hpp"

#if defined(__x86_64__) && defined(__GNUC__)

#include <immintrin.h>

#include <limits>

// The compiler's own header leaves vectors undefined on purpose, and GCC 12 warns of them (its bug 105593).
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"

#define CARBONFRONT_AVX512 __attribute__((target("avx512f")))

namespace carbonfront {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// The objectives of a block, as many as the template says, or as many as given when it says 0.
template <std::uint32_t kObjectives>
constexpr std::uint32_t kRoom = kObjectives > 0 ? kObjectives : kMostExactObjectives;

/// Packs the chosen lanes of `vectors` behind the first `size` members of `out`; a block that is opened is filled with +∞.
template <std::uint32_t kObjectives>
CARBONFRONT_AVX512 inline std::uint32_t pack(const __m512d* vectors, __mmask8 chosen, std::uint32_t objectives, double* out,
                                             std::uint32_t size) {
  const std::uint32_t to = size % kPointLanes, number = static_cast<std::uint32_t>(__builtin_popcount(chosen));
  const __m512d infinity = _mm512_set1_pd(kInfinity);
  const __m512i lanes = _mm512_set_epi64(7, 6, 5, 4, 3, 2, 1, 0);
  const __m512i turned = _mm512_sub_epi64(lanes, _mm512_set1_epi64(to));  // the permutation looks at three bits
  const auto tail = static_cast<__mmask8>(0xFFu << to);
  double* block = out + std::size_t{size / kPointLanes} * objectives * kPointLanes;
  double* next = block + std::size_t{objectives} * kPointLanes;
  for (std::uint32_t k = 0; k < objectives; ++k) {
    const __m512d packed = _mm512_mask_compress_pd(infinity, chosen, vectors[k]);
    const __m512d placed = _mm512_permutexvar_pd(turned, packed);
    _mm512_mask_storeu_pd(block + k * kPointLanes, tail, placed);
    if (to + number > kPointLanes) _mm512_storeu_pd(next + k * kPointLanes, _mm512_mask_mov_pd(placed, tail, infinity));
  }
  return size + number;
}

template <std::uint32_t kObjectives>
CARBONFRONT_AVX512 Standing scan(const double* block, std::size_t count, std::uint32_t objectives, const double* point,
                                 double* bound) {
  if constexpr (kObjectives > 0) objectives = kObjectives;
  __m512d at[kRoom<kObjectives>], least[kRoom<kObjectives>];
  for (std::uint32_t k = 0; k < objectives; ++k) {
    at[k] = _mm512_set1_pd(point[k]);
    least[k] = _mm512_set1_pd(bound[k]);
  }
  unsigned dominated = 0, dominating = 0;
  for (; count > 0; --count, block += std::size_t{objectives} * kPointLanes) {
    __mmask8 worse[kRoom<kObjectives>];
    unsigned once = 0, twice = 0;
    __mmask8 no_better = _mm512_cmp_pd_mask(_mm512_loadu_pd(block), _mm512_set1_pd(kInfinity), _CMP_LT_OQ);
    for (std::uint32_t k = 0; k < objectives; ++k) {
      const __m512d value = _mm512_loadu_pd(block + k * kPointLanes);
      worse[k] = _mm512_cmp_pd_mask(value, at[k], _CMP_GT_OQ);
      no_better = _mm512_mask_cmp_pd_mask(no_better, value, at[k], _CMP_GE_OQ);
      twice |= once & worse[k];
      once |= worse[k];
    }
    dominating |= no_better;
    const unsigned no_worse_elsewhere = ~twice & 0xFFu;
    if (no_worse_elsewhere == 0) continue;
    dominated |= ~once & 0xFFu;
    for (std::uint32_t k = 0; k < objectives; ++k) {
      const auto bounding = static_cast<__mmask8>(no_worse_elsewhere & worse[k]);
      least[k] = _mm512_mask_min_pd(least[k], bounding, least[k], _mm512_loadu_pd(block + k * kPointLanes));
    }
  }
  for (std::uint32_t k = 0; k < objectives; ++k) bound[k] = _mm512_reduce_min_pd(least[k]);
  return {dominated != 0, dominating != 0};
}

template <std::uint32_t kObjectives>
CARBONFRONT_AVX512 std::uint32_t clip(const double* block, std::size_t count, std::uint32_t objectives, const double* point,
                                      const double* bound, double* out, std::uint32_t size) {
  if constexpr (kObjectives > 0) objectives = kObjectives;
  __m512d at[kRoom<kObjectives>], end[kRoom<kObjectives>], values[kRoom<kObjectives>];
  for (std::uint32_t k = 0; k < objectives; ++k) {
    at[k] = _mm512_set1_pd(point[k]);
    end[k] = _mm512_set1_pd(bound[k]);
  }
  for (; count > 0; --count, block += std::size_t{objectives} * kPointLanes) {
    __mmask8 inside = 0xFF;
    for (std::uint32_t k = 0; k < objectives; ++k) {
      values[k] = _mm512_loadu_pd(block + k * kPointLanes);
      inside = _mm512_mask_cmp_pd_mask(inside, values[k], end[k], _CMP_LT_OQ);
    }
    if (inside == 0) continue;
    for (std::uint32_t k = 0; k < objectives; ++k) values[k] = _mm512_max_pd(values[k], at[k]);
    size = pack<kObjectives>(values, inside, objectives, out, size);
  }
  return size;
}

template <std::uint32_t kObjectives>
CARBONFRONT_AVX512 std::uint32_t drop(double* blocks, std::size_t count, std::uint32_t objectives, const double* point) {
  if constexpr (kObjectives > 0) objectives = kObjectives;
  __m512d values[kRoom<kObjectives>];
  std::uint32_t size = 0;
  for (const double* block = blocks; count > 0; --count, block += std::size_t{objectives} * kPointLanes) {
    unsigned better = 0;
    for (std::uint32_t k = 0; k < objectives; ++k) {
      values[k] = _mm512_loadu_pd(block + k * kPointLanes);
      better |= _mm512_cmp_pd_mask(values[k], _mm512_set1_pd(point[k]), _CMP_LT_OQ);
    }
    if (better == 0) continue;
    size = pack<kObjectives>(values, static_cast<__mmask8>(better), objectives, blocks, size);
  }
  return size;
}

CARBONFRONT_AVX512 bool covers(const double* block, std::size_t count, std::uint32_t objectives, const double* point) {
  for (; count > 0; --count, block += std::size_t{objectives} * kPointLanes) {
    __mmask8 no_worse = 0xFF;
    for (std::uint32_t k = 0; k < objectives && no_worse != 0; ++k) {
      no_worse =
          _mm512_mask_cmp_pd_mask(no_worse, _mm512_loadu_pd(block + k * kPointLanes), _mm512_set1_pd(point[k]), _CMP_LE_OQ);
    }
    if (no_worse != 0) return true;
  }
  return false;
}

/// Calls the function made for this number of objectives; 0 is any number.
#define CARBONFRONT_BY_OBJECTIVES(function, ...) \
  switch (objectives) {                          \
    case 3:                                      \
      return function<3>(__VA_ARGS__);           \
    case 4:                                      \
      return function<4>(__VA_ARGS__);           \
    case 5:                                      \
      return function<5>(__VA_ARGS__);           \
    case 6:                                      \
      return function<6>(__VA_ARGS__);           \
    case 7:                                      \
      return function<7>(__VA_ARGS__);           \
    case 8:                                      \
      return function<8>(__VA_ARGS__);           \
    default:                                     \
      return function<0>(__VA_ARGS__);           \
  }

Standing scan_any(const double* blocks, std::size_t count, std::uint32_t objectives, const double* point,
                  double* bound){CARBONFRONT_BY_OBJECTIVES(scan, blocks, count, objectives, point, bound)}

std::uint32_t
    clip_any(const double* blocks, std::size_t count, std::uint32_t objectives, const double* point, const double* bound,
             double* out,
             std::uint32_t size){CARBONFRONT_BY_OBJECTIVES(clip, blocks, count, objectives, point, bound, out, size)}

std::uint32_t drop_any(double* blocks, std::size_t count, std::uint32_t objectives, const double* point) {
  CARBONFRONT_BY_OBJECTIVES(drop, blocks, count, objectives, point)
}

}  // namespace

const BlockScans* avx512_block_scans() {
  static constexpr BlockScans kScans{scan_any, clip_any, drop_any, covers};
  return __builtin_cpu_supports("avx512f") ? &kScans : nullptr;
}

}  // namespace carbonfront

#else

namespace carbonfront {
const BlockScans* avx512_block_scans() { return nullptr; }
}  // namespace carbonfront

#endif
