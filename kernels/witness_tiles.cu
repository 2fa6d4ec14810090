#include <algorithm>

#include "kernels/device/primitives.hpp"
#include "kernels/stripes.hpp"
#include "kernels/witness_tiles.hpp"

namespace carbonfront::device {
namespace {

constexpr std::uint32_t kNobody = ~0u;
constexpr std::uint32_t kStripe = 1024;        // tiles of queries, at most, whose coordinates L2 holds
constexpr std::uint64_t kEnoughBlocks = 4096;  // so that they end together

/// Witnesses so far.
struct Search {
  TilesView front, queries;
  const std::uint32_t* position;  // [size] by place
  const std::uint32_t* turn;      // [front.tiles] by lowest position
  std::uint32_t* base;            // [queries.tiles] of all rows of a tile
  std::uint32_t* found;           // [queries.rows] of a row; nothing is lower than what a row of the front begins with

  __device__ std::uint32_t position_of(std::uint32_t tile, std::uint32_t source) const {
    return position[front.place[front.begin[tile] + source]];
  }
};

__global__ void begin_kernel(Search search, const std::uint8_t* nondominated, std::uint32_t* lowest, std::uint32_t* tiles) {
  const std::uint64_t i = global_thread();
  if (i < search.queries.rows) search.found[i] = nondominated[search.queries.place[i]] ? 0 : kNobody;
  if (i < search.queries.tiles) search.base[i] = kNobody;
  if (i >= search.front.tiles) return;
  lowest[i] = search.position_of(static_cast<std::uint32_t>(i), 0);
  tiles[i] = static_cast<std::uint32_t>(i);
}

/// Looks for the first source that is below each of 32 rows, where it is a better witness. All lanes.
__device__ void search_rows(const Search& search, const Masks& masks, std::uint32_t lowest, std::uint32_t query,
                            std::uint32_t open, std::uint32_t chunk) {
  const TilesView& front = search.front;
  const std::uint32_t slot = search.queries.begin[query] + chunk * 32 + threadIdx.x % 32;
  bool alive = slot < search.queries.begin[query + 1] && search.base[query] > lowest && search.found[slot] > lowest;
  alive = is_beyond([&](std::uint32_t c) { return masks.low(c); }, search.queries, slot, alive, open);
  const unsigned lanes = __ballot_sync(kAllLanes, alive);
  if (lanes == 0) return;
  Bits left = Bits::first(alive ? front.rows_of(masks.tile) : 0);
  count_item(lanes, and_masks(masks, search.queries, slot, open, alive, front.rows_of(masks.tile) > kTile / 2, left));
  const std::uint32_t source = first_below(masks, search.queries, slot, left);
  if (source < kTile) atomicMin(search.found + slot, search.position_of(masks.tile, source));
}

__global__ void __launch_bounds__(kTile, 4)
    witness_tiles_kernel(Search search, Stripes stripes, Share share, std::uint32_t resident) {
  const Stripes::Item item = stripes.item(blockIdx.x);
  const std::uint32_t tile = search.turn[item.source], lowest = search.position_of(tile, 0);
  Masks masks{search.front, tile, 0, resident, shared_memory<unsigned char>()};
  for (std::uint32_t first = item.first; first < item.end; first += kTile) {
    const std::uint32_t query = first + threadIdx.x;
    Boxes boxes;
    bool looks = false;
    if (query < item.end && query % share.count == share.index) {
      boxes = compare_boxes(search.front, tile, search.queries, query);
      looks = boxes.open != 0 && search.base[query] > lowest;
      count_pair(boxes, looks);
      if (!boxes.apart && boxes.open == 0) atomicMin(search.base + query, lowest);
    }
    const Listed listed = list_undecided(looks ? chunks_of(search.queries.rows_of(query)) : 0, boxes.open);
    count_build(masks.build(listed.columns, 0));
    __syncthreads();
    for_items(listed, [&](std::uint32_t number, std::uint32_t chunk) {
      search_rows(search, masks, lowest, first + number, listed.open[number], chunk);
    });
  }
}

__global__ void __launch_bounds__(kTile, 4)
    hand_out_witnesses_kernel(Search search, Share share, const std::uint8_t* nondominated, std::uint32_t* witnesses) {
  const TilesView& queries = search.queries;
  if (blockIdx.x % share.count != share.index || threadIdx.x >= queries.rows_of(blockIdx.x)) return;
  const std::uint32_t slot = queries.begin[blockIdx.x] + threadIdx.x, place = queries.place[slot];
  const std::uint32_t found = search.found[slot], base = search.base[blockIdx.x];
  witnesses[place] = nondominated[place] ? kNobody : found < base ? found : base;
}

}  // namespace

void find_witnesses_tiles(const Stream& stream, OrderView order, const Tiles& tiles, const std::uint8_t* nondominated,
                          Share share, std::uint32_t* witnesses) {
  fill_bytes(stream, witnesses, 0xFF, order.size);
  const Tiles front = make_tiles(stream, order, nondominated, Direction::dominated_by, Slots::by_position);
  if (front.rows == 0) return;
  const DeviceArray<std::uint32_t> lowest(stream, front.tiles), sorted(stream, front.tiles), numbers(stream, front.tiles),
      turn(stream, front.tiles), base(stream, tiles.tiles), found(stream, tiles.rows);
  const Search search{front.view(), tiles.view(), order.position, turn.data(), base.data(), found.data()};
  launch(stream, "begin_kernel", one_thread_each(tiles.rows), begin_kernel, search, nondominated, lowest.data(),
         numbers.data());
  sort_pairs(stream, lowest.data(), sorted.data(), numbers.data(), turn.data(), front.tiles, 0, 32);
  const std::uint64_t wanted =
      std::clamp<std::uint64_t>(front.tiles * std::uint64_t{tiles.tiles} / kEnoughBlocks, 1, kStripe);
  const Stripes stripes{front.tiles, tiles.tiles, static_cast<std::uint32_t>((wanted - 1) / kTile + 1) * kTile, false, true};
  const std::uint32_t resident = resident_columns(front.columns);
  launch(stream, "witness_tiles_kernel", {stripes.items(), kTile, resident * Masks::kColumnBytes}, witness_tiles_kernel,
         search, stripes, share, resident);
  launch(stream, "hand_out_witnesses_kernel", {tiles.tiles, kTile}, hand_out_witnesses_kernel, search, share, nondominated,
         witnesses);
}

}  // namespace carbonfront::device
