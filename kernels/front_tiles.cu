#include "kernels/front_tiles.hpp"
#include "kernels/stripes.hpp"

namespace carbonfront::device {
namespace {

constexpr std::uint32_t kManyTiles = 16384;  // from which on stripes are wide

/// The 32 rows each of a tile of which some are not dominated, as a bitmask.
__device__ std::uint32_t chunks_left(TilesView queries, std::uint32_t query, const std::uint32_t* dominated) {
  const Bits rows = Bits::first(queries.rows_of(query));
  std::uint32_t chunks = 0;
#pragma unroll
  for (std::uint32_t w = 0; w < kWords; ++w)
    if ((rows.word[w] & ~dominated[query * kWords + w]) != 0) chunks |= 1u << w;
  return chunks;
}

/// Marks those of 32 rows that a source is below. All lanes.
__device__ void mark_rows(const Masks& masks, TilesView queries, std::uint32_t query, std::uint32_t open,
                          std::uint32_t chunk, std::uint32_t* dominated) {
  const std::uint32_t lane = threadIdx.x % 32, slot = queries.begin[query] + chunk * 32 + lane;
  const TilesView& sources = masks.sources;
  std::uint32_t* word = dominated + std::size_t{query} * kWords + chunk;
  const bool asks = slot < queries.begin[query + 1] && !(*word >> lane & 1);
  const bool alive = is_beyond([&](std::uint32_t c) { return masks.low(c); }, queries, slot, asks, open);
  const unsigned lanes = __ballot_sync(kAllLanes, alive);
  if (lanes == 0) return;
  Bits left = Bits::first(alive ? sources.rows_of(masks.tile) : 0);
  count_item(lanes, and_masks(masks, queries, slot, open, alive, sources.rows_of(masks.tile) > kTile / 2, left));
  const unsigned marks = __ballot_sync(kAllLanes, first_below(masks, queries, slot, left) < kTile);
  if (lane == 0 && marks != 0) atomicOr(word, marks);
}

/// Marks what one tile of sources is below in one stripe of queries. A bitmask of every tile of queries says who is
/// dominated.
__global__ void __launch_bounds__(kTile, 4)
    mark_tiles_kernel(TilesView sources, TilesView queries, Stripes stripes, Share share, std::uint32_t resident,
                      std::uint32_t* dominated) {
  const Stripes::Item item = stripes.item(blockIdx.x);
  Masks masks{sources, item.source, 0, resident, shared_memory<unsigned char>()};
  for (std::uint32_t first = item.first; first < item.end; first += kTile) {
    const std::uint32_t query = first + threadIdx.x;
    Boxes boxes;
    std::uint32_t chunks = 0;
    if (query < item.end && query % share.count == share.index) {
      boxes = compare_boxes(sources, item.source, queries, query);
      if (!boxes.apart) chunks = chunks_left(queries, query, dominated);
      count_pair(boxes, chunks != 0);
    }
    if (!boxes.apart && boxes.open == 0 && chunks != 0) {
      for (std::uint32_t w = 0; w < kWords; ++w) dominated[std::size_t{query} * kWords + w] = ~0u;
      chunks = 0;
    }
    const Listed listed = list_undecided(chunks, boxes.open);
    count_build(masks.build(listed.columns, 0));
    __syncthreads();
    for_items(listed, [&](std::uint32_t number, std::uint32_t chunk) {
      mark_rows(masks, queries, first + number, listed.open[number], chunk, dominated);
    });
  }
}

/// Moves marks from slots to places.
__global__ void __launch_bounds__(kTile, 4)
    hand_out_marks_kernel(TilesView queries, Share share, const std::uint32_t* dominated, std::uint8_t* by_place) {
  if (blockIdx.x % share.count != share.index || threadIdx.x >= queries.rows_of(blockIdx.x)) return;
  const std::uint32_t word = dominated[std::size_t{blockIdx.x} * kWords + threadIdx.x / 32];
  by_place[queries.place[queries.begin[blockIdx.x] + threadIdx.x]] = word >> threadIdx.x % 32 & 1;
}

}  // namespace

void mark_dominated_tiles(const Stream& stream, const Tiles& sources, const Tiles& queries, Share share,
                          std::uint8_t* dominated) {
  fill_bytes(stream, dominated, 0, queries.rows);
  if (sources.rows == 0 || queries.rows == 0) return;
  const DeviceArray<std::uint32_t> marks(stream, std::size_t{queries.tiles} * kWords);
  fill_bytes(stream, marks.data(), 0, marks.size());
  const Stripes stripes{sources.tiles, queries.tiles, queries.tiles < kManyTiles ? kTile : 4 * kTile, &sources == &queries,
                        false};
  const std::uint32_t resident = resident_columns(sources.columns);
  launch(stream, "mark_tiles_kernel", {stripes.items(), kTile, resident * Masks::kColumnBytes}, mark_tiles_kernel,
         sources.view(), queries.view(), stripes, share, resident, marks.data());
  launch(stream, "hand_out_marks_kernel", {queries.tiles, kTile}, hand_out_marks_kernel, queries.view(), share, marks.data(),
         dominated);
}

}  // namespace carbonfront::device
