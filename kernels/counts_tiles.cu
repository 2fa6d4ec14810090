#include "kernels/counts_tiles.hpp"
#include "kernels/stripes.hpp"

namespace carbonfront::device {
namespace {

constexpr std::uint32_t kStripe = 1024;  // tiles of queries, whose coordinates L2 holds

/// 32 rows of a tile of queries against a tile of sources.
struct Rows {
  const Masks& masks;
  TilesView queries;
  std::uint32_t slot;
  bool alive;

  __device__ bool asks(std::uint32_t column) const { return alive && queries.query(column, slot) <= masks.high(column); }
};

/// Sources below the lane's row by its position in one column, the only one in which one may not be.
__device__ std::uint32_t count_by_position(const Rows& rows, std::uint32_t column) {
  if (!rows.alive) return 0;
  const std::uint32_t own = rows.queries.query(column, rows.slot);
  return own > rows.masks.high(column) ? rows.masks.sources.rows_of(rows.masks.tile) : rows.masks.below(column, own);
}

/// Sources below the lane's row by masks of the columns that are open. All lanes.
__device__ std::uint32_t count_by_masks(const Rows& rows, std::uint32_t open, unsigned& searched) {
  const Masks& masks = rows.masks;
  const std::uint32_t size = masks.sources.rows_of(masks.tile);
  Bits left = Bits::first(rows.alive ? size : 0);
  searched = and_masks(masks, rows.queries, rows.slot, open, rows.alive, size > kTile / 2, left);
  if (masks.first + masks.resident >= masks.sources.columns) return left.count();
  std::uint32_t count = 0;
  for (std::uint32_t source = left.lowest(); source < kTile; source = left.lowest()) {
    count += masks.is_below_in_others(masks.sources.begin[masks.tile] + source, rows.queries, rows.slot);
    left.clear(source);
  }
  return count;
}

/// Adds the sources below 32 rows to their counts. All lanes.
__device__ void count_rows(const Masks& masks, TilesView queries, std::uint32_t query, std::uint32_t open,
                           std::uint32_t chunk, std::uint32_t* counts) {
  const TilesView& sources = masks.sources;
  const std::uint32_t slot = queries.begin[query] + chunk * 32 + threadIdx.x % 32;
  Rows rows{masks, queries, slot, slot < queries.begin[query + 1]};
  rows.alive = is_beyond([&](std::uint32_t c) { return masks.low(c); }, queries, slot, rows.alive, open);
  const unsigned lanes = __ballot_sync(kAllLanes, rows.alive);
  if (lanes == 0) return;
  std::uint32_t asked = 0;  // columns, by any lane
  for (std::uint32_t rest = open; rest != 0; rest &= rest - 1) {
    const std::uint32_t c = Masks::first_of(rest);
    if (__any_sync(kAllLanes, rows.asks(c))) asked |= 1u << c;
  }
  const bool by_position = (asked & (asked - 1)) == 0 && (asked & ~masks.resident_columns()) == 0;
  unsigned searched = asked != 0;
  std::uint32_t count = 0;
  if (!by_position)
    count = count_by_masks(rows, asked, searched);
  else if (asked != 0)
    count = count_by_position(rows, Masks::first_of(asked));
  else if (rows.alive)
    count = sources.rows_of(masks.tile);
  count_item(lanes, searched);
  if (count > 0) atomicAdd(counts + slot, count);
}

/// Compares a tile of sources with a stripe of queries. `counts` by slot of the queries; `base` by tile, for all its rows.
__global__ void __launch_bounds__(kTile, 4)
    count_tiles_kernel(TilesView sources, TilesView queries, Stripes stripes, Share share, std::uint32_t resident,
                       std::uint32_t* counts, std::uint32_t* base) {
  const Stripes::Item item = stripes.item(blockIdx.x);
  Masks masks{sources, item.source, 0, resident, shared_memory<unsigned char>()};
  for (std::uint32_t first = item.first; first < item.end; first += kTile) {
    const std::uint32_t query = first + threadIdx.x;
    Boxes boxes;
    if (query < item.end && query % share.count == share.index) {
      boxes = compare_boxes(sources, item.source, queries, query);
      count_pair(boxes, true);
      if (!boxes.apart && boxes.open == 0) atomicAdd(base + query, sources.rows_of(item.source));
    }
    const Listed listed = list_undecided(boxes.open != 0 ? chunks_of(queries.rows_of(query)) : 0, boxes.open);
    count_build(masks.build(listed.several, listed.columns));
    __syncthreads();
    for_items(listed, [&](std::uint32_t number, std::uint32_t chunk) {
      count_rows(masks, queries, first + number, listed.open[number], chunk, counts);
    });
  }
}

__global__ void __launch_bounds__(kTile, 4)
    hand_out_counts_kernel(TilesView queries, Share share, const std::uint32_t* by_slot, const std::uint32_t* base,
                           std::uint32_t* counts) {
  if (blockIdx.x % share.count != share.index || threadIdx.x >= queries.rows_of(blockIdx.x)) return;
  const std::uint32_t slot = queries.begin[blockIdx.x] + threadIdx.x;
  counts[queries.place[slot]] = by_slot[slot] + base[blockIdx.x];
}

}  // namespace

void count_tiles(const Stream& stream, const Tiles& sources, const Tiles& queries, Share share, std::uint32_t* counts) {
  fill_bytes(stream, counts, 0, queries.rows);
  if (sources.rows == 0 || queries.rows == 0) return;
  const DeviceArray<std::uint32_t> by_slot(stream, queries.rows), base(stream, queries.tiles);
  fill_bytes(stream, by_slot.data(), 0, by_slot.size());
  fill_bytes(stream, base.data(), 0, base.size());
  const Stripes stripes{sources.tiles, queries.tiles, kStripe, &sources == &queries, true};
  const std::uint32_t resident = resident_columns(sources.columns);
  launch(stream, "count_tiles_kernel", {stripes.items(), kTile, resident * Masks::kColumnBytes}, count_tiles_kernel,
         sources.view(), queries.view(), stripes, share, resident, by_slot.data(), base.data());
  launch(stream, "hand_out_counts_kernel", {queries.tiles, kTile}, hand_out_counts_kernel, queries.view(), share,
         by_slot.data(), base.data(), counts);
}

}  // namespace carbonfront::device
