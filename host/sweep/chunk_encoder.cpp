#include "host/sweep/chunk_encoder.hpp"

#include <libdeflate.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>

#include "host/sweep/chunk_codec.hpp"

namespace carbonfront {

namespace {

constexpr std::size_t kSampleBytes = 4096, kSamplePieces = 4, kWorthBytes = kSampleBytes / 32;
constexpr std::size_t kMostStored = 65535;  // of one block, RFC 1951, 3.2.4

struct Free {
  void operator()(libdeflate_compressor* compressor) const { libdeflate_free_compressor(compressor); }
};

/// The calling thread's compressor of a level.
libdeflate_compressor* compressor_of(int level) {
  thread_local std::array<std::unique_ptr<libdeflate_compressor, Free>, 10> own;
  auto& compressor = own[static_cast<std::size_t>(level)];
  if (!compressor) compressor.reset(libdeflate_alloc_compressor(level));
  if (!compressor) throw std::bad_alloc();
  return compressor.get();
}

/// Transposes 8 × 8 bytes: byte i of word j becomes byte j of word i.
void transpose(std::array<std::uint64_t, 8>& words) {
  auto swap_blocks = [&](std::size_t distance, unsigned shift, std::uint64_t mask) {
    for (std::size_t i = 0; i < 8; ++i) {
      if (i & distance) continue;
      std::uint64_t crossed = ((words[i] >> shift) ^ words[i + distance]) & mask;
      words[i] ^= crossed << shift, words[i + distance] ^= crossed;
    }
  };
  swap_blocks(4, 32, 0x00000000FFFFFFFFu);
  swap_blocks(2, 16, 0x0000FFFF0000FFFFu);
  swap_blocks(1, 8, 0x00FF00FF00FF00FFu);
}

/// Shuffles values of W bytes, 4 or 8, eight at a time; returns how many are done.
template <std::size_t W>
std::size_t shuffle_words(const std::byte* values, std::size_t count, std::byte* planes) {
  static_assert(std::endian::native == std::endian::little);
  std::array<std::uint64_t, 8> words{};
  std::size_t i = 0;
  for (; i + 8 <= count; i += 8) {
    for (std::size_t k = 0; k < 8; ++k) std::memcpy(&words[k], values + (i + k) * W, W);
    transpose(words);
    for (std::size_t k = 0; k < W; ++k) std::memcpy(planes + k * count + i, &words[k], 8);
  }
  return i;
}

/// Puts all first bytes of the values, then all second bytes, and so on.
void shuffle_bytes(const std::byte* values, std::size_t count, std::size_t width, std::byte* planes) {
  std::size_t done = width == 8   ? shuffle_words<8>(values, count, planes)
                     : width == 4 ? shuffle_words<4>(values, count, planes)
                                  : 0;
  for (std::size_t k = 0; k < width; ++k)
    for (std::size_t i = done; i < count; ++i) planes[k * count + i] = values[i * width + k];
}

/// Tells whether four pieces of a plane, taken together, shrink by a thirty-second part or more.
bool worth_compressing(libdeflate_compressor* compressor, const std::byte* plane, std::size_t count) {
  if (count < kSampleBytes) return true;
  std::array<std::byte, kSampleBytes> sample, shrunk;
  constexpr std::size_t piece = kSampleBytes / kSamplePieces;
  for (std::size_t k = 0; k < kSamplePieces; ++k)
    std::memcpy(sample.data() + k * piece, plane + (count - piece) / (kSamplePieces - 1) * k, piece);
  return libdeflate_deflate_compress(compressor, sample.data(), kSampleBytes, shrunk.data(), kSampleBytes - kWorthBytes) > 0;
}

/// Appends stored blocks, none of them the last. They begin and end at a whole byte.
void append_stored(const std::byte* data, std::size_t bytes, std::vector<std::byte>& out) {
  for (std::size_t begin = 0; begin < bytes; begin += kMostStored) {
    std::uint16_t size = static_cast<std::uint16_t>(std::min(kMostStored, bytes - begin));
    for (unsigned byte : {0u, size & 0xFFu, size >> 8 & 0xFFu, ~size & 0xFFu, ~size >> 8 & 0xFFu})
      out.push_back(static_cast<std::byte>(byte));
    out.insert(out.end(), data + begin, data + begin + size);
  }
}

/// Writes a zlib stream of bytes that are `count` to a plane; one plane where they are not shuffled.
void deflate(const std::byte* values, std::size_t bytes, std::size_t count, int level, std::vector<std::byte>& out) {
  libdeflate_compressor* compressor = compressor_of(level);
  std::size_t stored = 0;
  if (count < bytes)
    while (stored < bytes && !worth_compressing(compressor, values + stored, count)) stored += count;
  out.assign({std::byte{0x78}, std::byte{0x01}});
  append_stored(values, stored, out);
  std::size_t at = out.size();
  out.resize(at + libdeflate_deflate_compress_bound(compressor, bytes - stored));
  at += libdeflate_deflate_compress(compressor, values + stored, bytes - stored, out.data() + at, out.size() - at);
  out.resize(at);
  std::uint32_t sum = libdeflate_adler32(1, values, bytes);
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<std::byte>(sum >> shift));
}

}  // namespace

void encode_chunk(const std::byte* values, std::size_t bytes, std::size_t value_bytes, ChunkFilters filters,
                  std::vector<std::byte>& out) {
  const bool shuffled = filters.shuffle && value_bytes > 1;
  const std::size_t count = bytes / value_bytes;
  std::vector<std::byte> planes;
  if (shuffled) {
    planes.resize(bytes);
    shuffle_bytes(values, count, value_bytes, planes.data());
    values = planes.data();
  }
  if (filters.level > 0)
    deflate(values, bytes, shuffled ? count : bytes, filters.level, out);
  else
    out.assign(values, values + bytes);
  if (!filters.fletcher32) return;
  const std::uint32_t sum = fletcher32(out.data(), out.size());
  for (int shift = 0; shift < 32; shift += 8) out.push_back(static_cast<std::byte>(sum >> shift));
}

}  // namespace carbonfront
