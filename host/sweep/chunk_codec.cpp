#include "host/sweep/chunk_codec.hpp"

#include <libdeflate.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <memory>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace carbonfront {

namespace {

constexpr std::size_t kChecksumBytes = 4;

libdeflate_decompressor* decompressor() {
  struct Free {
    void operator()(libdeflate_decompressor* owned) const { libdeflate_free_decompressor(owned); }
  };
  thread_local std::unique_ptr<libdeflate_decompressor, Free> own(libdeflate_alloc_decompressor());
  return own.get();
}

std::uint32_t folded(std::uint64_t sum) {
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint32_t>(sum);
}

/// Swaps the bytes within both halves. HDF5 before 1.6.3 wrote the sums so on some machines, and readers still accept it.
std::uint32_t with_halves_swapped(std::uint32_t sum) { return ((sum & 0x00ff00ffu) << 8) | ((sum >> 8) & 0x00ff00ffu); }

constexpr std::size_t kLanes = 8, kSteps = 256;  // 65535 · (1 + ... + 256) is below 2^32
constexpr std::size_t kBlockWords = kLanes * kSteps;

std::uint16_t word_at(const std::byte* at) {
  static_assert(std::endian::native == std::endian::little);
  std::uint16_t word = 0;
  std::memcpy(&word, at, sizeof word);
  return word;
}

/// The sum of a block's words, and the sum of that after every word. Every lane has sums of its own: `plain` of its words,
/// `weighted` of that after every step.
struct Sums {
  std::uint64_t plain = 0, weighted = 0;
};

Sums sums_of_block(const std::byte* bytes) {
  std::uint32_t plain[kLanes] = {}, weighted[kLanes] = {};
#if defined(__SSE2__)
  __m128i zero = _mm_setzero_si128(), plain_low = zero, plain_high = zero, weighted_low = zero, weighted_high = zero;
  for (std::size_t step = 0; step < kSteps; ++step) {
    __m128i words = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes + 2 * step * kLanes));
    plain_low = _mm_add_epi32(plain_low, _mm_unpacklo_epi16(words, zero));
    plain_high = _mm_add_epi32(plain_high, _mm_unpackhi_epi16(words, zero));
    weighted_low = _mm_add_epi32(weighted_low, plain_low);
    weighted_high = _mm_add_epi32(weighted_high, plain_high);
  }
  _mm_storeu_si128(reinterpret_cast<__m128i*>(plain), plain_low);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(plain + 4), plain_high);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(weighted), weighted_low);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(weighted + 4), weighted_high);
#else
  for (std::size_t step = 0; step < kSteps; ++step)
    for (std::size_t i = 0; i < kLanes; ++i) {
      plain[i] += word_at(bytes + 2 * (step * kLanes + i));
      weighted[i] += plain[i];
    }
#endif
  Sums sums;
  for (std::size_t i = 0; i < kLanes; ++i) {
    sums.plain += plain[i];
    sums.weighted += kLanes * std::uint64_t{weighted[i]} - i * std::uint64_t{plain[i]};
  }
  return sums;
}

const char* check_fletcher32(std::span<const std::byte>& bytes) {
  if (bytes.size() < kChecksumBytes) return "it is too short for its checksum";
  std::uint32_t stored = 0;
  bytes = bytes.first(bytes.size() - kChecksumBytes);
  std::memcpy(&stored, bytes.data() + bytes.size(), kChecksumBytes);
  std::uint32_t computed = fletcher32(bytes.data(), bytes.size());
  if (stored != computed && stored != with_halves_swapped(computed)) return "its fletcher32 checksum does not match";
  return nullptr;
}

const char* inflate(std::span<const std::byte> packed, std::size_t bytes, std::byte* out) {
  libdeflate_decompressor* own = decompressor();
  if (!own) return "there is no memory to decompress it";
  switch (libdeflate_zlib_decompress(own, packed.data(), packed.size(), out, bytes, nullptr)) {
    case LIBDEFLATE_SUCCESS:
      return nullptr;
    case LIBDEFLATE_SHORT_OUTPUT:
      return "deflate gives fewer bytes than the chunk has";
    case LIBDEFLATE_INSUFFICIENT_SPACE:
      return "deflate gives more bytes than the chunk has";
    default:
      return "deflate cannot decompress it, or its checksum does not match";
  }
}

/// Undoes shuffle for `count` values of `Width` bytes whose byte j lies at planes[j · distance + i].
template <std::size_t Width>
void unshuffle_plainly(const std::byte* planes, std::size_t distance, std::size_t begin, std::size_t count, std::byte* out) {
  for (std::size_t i = begin; i < count; ++i)
    for (std::size_t j = 0; j < Width; ++j) out[i * Width + j] = planes[j * distance + i];
}

#if defined(__SSE2__)
__m128i load(const std::byte* at) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(at)); }
void store(std::byte* at, __m128i value) { _mm_storeu_si128(reinterpret_cast<__m128i*>(at), value); }

/// The same, 16 values at a time; returns how many were done.
template <std::size_t Width>
std::size_t unshuffle_16(const std::byte* planes, std::size_t distance, std::size_t count, std::byte* out) {
  std::size_t i = 0;
  for (; i + 16 <= count; i += 16) {
    __m128i a[Width], b[Width];
    for (std::size_t j = 0; j < Width; ++j) a[j] = load(planes + j * distance + i);
    // Each round interleaves planes j and j + Width / 2; after log2(Width) rounds the bytes are in order.
    for (std::size_t round = 1; round < Width; round *= 2) {
      for (std::size_t j = 0; j < Width / 2; ++j) {
        b[2 * j] = _mm_unpacklo_epi8(a[j], a[j + Width / 2]);
        b[2 * j + 1] = _mm_unpackhi_epi8(a[j], a[j + Width / 2]);
      }
      std::copy(b, b + Width, a);
    }
    for (std::size_t j = 0; j < Width; ++j) store(out + i * Width + 16 * j, a[j]);
  }
  return i;
}
#else
template <std::size_t Width>
std::size_t unshuffle_16(const std::byte*, std::size_t, std::size_t, std::byte*) {
  return 0;
}
#endif

void unshuffle(const std::byte* planes, std::size_t distance, std::size_t width, std::size_t count, std::byte* out) {
  switch (width) {
    case 1:
      std::memcpy(out, planes, count);
      return;
    case 2:
      return unshuffle_plainly<2>(planes, distance, unshuffle_16<2>(planes, distance, count, out), count, out);
    case 4:
      return unshuffle_plainly<4>(planes, distance, unshuffle_16<4>(planes, distance, count, out), count, out);
    case 8:
      return unshuffle_plainly<8>(planes, distance, unshuffle_16<8>(planes, distance, count, out), count, out);
    default:
      constexpr std::size_t block = 64;  // values, so that what is written stays in the first cache
      for (std::size_t begin = 0; begin < count; begin += block)
        for (std::size_t j = 0; j < width; ++j)
          for (std::size_t i = begin; i < std::min(begin + block, count); ++i) out[i * width + j] = planes[j * distance + i];
  }
}

template <std::size_t Width>
void gather(const std::byte* from, std::size_t step, std::size_t count, std::byte* out) {
  for (std::size_t i = 0; i < count; ++i) std::memcpy(out + i * Width, from + i * step, Width);
}

void gather_any(const std::byte* from, std::size_t step, std::size_t width, std::size_t count, std::byte* out) {
  if (width == 8) return gather<8>(from, step, count, out);
  if (width == 4) return gather<4>(from, step, count, out);
  for (std::size_t i = 0; i < count; ++i) std::memcpy(out + i * width, from + i * step, width);
}

}  // namespace

bool is_supported(const Pipeline& pipeline) {
  for (std::size_t i = 0; i < pipeline.size(); ++i) {
    if (pipeline[i] == Filter::shuffle && i > 0) return false;
    if (std::count(pipeline.begin(), pipeline.end(), pipeline[i]) > 1) return false;
  }
  return true;
}

const char* unpack(const Pipeline& pipeline, std::uint32_t mask, std::span<const std::byte> stored, std::size_t bytes,
                   ByteBuffer& scratch, const std::byte*& out) {
  std::size_t checksums = 0;  // fletcher32 before deflate: its checksum was compressed too
  for (std::size_t i = 0; i < pipeline.size(); ++i) checksums += pipeline[i] == Filter::fletcher32 && !(mask >> i & 1);
  for (std::size_t i = pipeline.size(); i-- > 0;) {
    if ((mask >> i & 1) || pipeline[i] == Filter::shuffle) continue;
    if (pipeline[i] == Filter::fletcher32) {
      if (const char* wrong = check_fletcher32(stored)) return wrong;
      --checksums;
    } else {
      std::size_t size = bytes + checksums * kChecksumBytes;
      std::byte* to = scratch.reserve(size);
      if (const char* wrong = inflate(stored, size, to)) return wrong;
      stored = {to, size};
    }
  }
  if (stored.size() != bytes) return "its size in the file is not that of a chunk";
  out = stored.data();
  return nullptr;
}

std::uint32_t fletcher32(const std::byte* bytes, std::size_t count) {
  // Its words are big-endian, and sum2 adds sum1 after every word, modulo 65535: there, swapping the bytes of all words
  // swaps those of the sums.
  std::uint64_t sum1 = 0, sum2 = 0;
  const std::size_t words = count / 2;
  std::size_t at = 0;
  for (; at + kBlockWords <= words; at += kBlockWords) {
    auto [plain, weighted] = sums_of_block(bytes + 2 * at);
    sum2 = folded(sum2 + kBlockWords * sum1 + weighted);
    sum1 = folded(sum1 + plain);
  }
  for (; at < words; ++at) {
    sum1 = folded(sum1 + word_at(bytes + 2 * at));
    sum2 = folded(sum2 + sum1);
  }
  if (count % 2) {
    sum1 = folded(sum1 + std::to_integer<std::uint32_t>(bytes[count - 1]));
    sum2 = folded(sum2 + sum1);
  }
  return with_halves_swapped(static_cast<std::uint32_t>(sum2 << 16 | sum1));
}

void pick(const std::byte* chunk, const Pick& wanted, std::byte* out) {
  if (wanted.shuffled) {
    const std::byte* planes = chunk + wanted.offset * wanted.elements + wanted.first;
    if (wanted.stride == 1) return unshuffle(planes, wanted.elements, wanted.width, wanted.count, out);
    for (std::size_t i = 0; i < wanted.count; ++i)
      for (std::size_t j = 0; j < wanted.width; ++j)
        out[i * wanted.width + j] = planes[j * wanted.elements + i * wanted.stride];
    return;
  }
  const std::byte* from = chunk + wanted.first * wanted.element_bytes + wanted.offset;
  std::size_t step = wanted.stride * wanted.element_bytes;
  if (step == wanted.width) {
    std::memcpy(out, from, wanted.count * wanted.width);
    return;
  }
  gather_any(from, step, wanted.width, wanted.count, out);
}

}  // namespace carbonfront
