#include <utility>

#include "kernels/counts_radix.hpp"
#include "kernels/device/launch.hpp"
#include "kernels/radix_pass.hpp"

namespace carbonfront::device {
namespace {

using namespace radix;

/// An order's ranks, or its mirror image's.
struct Ranks {
  OrderView order;
  bool turned;
  __device__ std::uint32_t turn(std::uint32_t rank) const { return turned ? order.size - 1 - rank : rank; }
  __device__ std::uint32_t of(std::uint32_t column, std::uint32_t x) const { return turn(order.column(column)[turn(x)]); }
};

/// Where rows are in the order of each objective after the first: by y the places x, by z the ranks in y, by w those in z.
struct Lists {
  std::uint32_t* by[kMostAxes];  // [size]
};

__global__ void list_kernel(Ranks ranks, Lists lists) {
  const std::uint64_t i = global_thread();
  if (i >= ranks.order.size) return;
  auto rank = static_cast<std::uint32_t>(i);
#pragma unroll
  for (std::uint32_t column = 0; column < kMostAxes; ++column) {
    if (column == ranks.order.columns) return;
    const std::uint32_t next = ranks.of(column, static_cast<std::uint32_t>(i));
    lists.by[column][next] = rank;
    rank = next;
  }
}

/// Says where a list's rows went as the list before was parted: next[i] = moved_to[list[i]]. Digits above `rank_bits` of a
/// row stay with it. `marked` gets the list with the digit by which it will be parted on top; null: not asked for.
__global__ void follow_kernel(Pass pass, const std::uint32_t* moved_to, std::uint32_t rank_bits, const std::uint32_t* list,
                              std::uint32_t* next, std::uint32_t* marked) {
  const std::uint64_t i = global_thread();
  if (i >= pass.size) return;
  const std::uint32_t row = list[i], digits = rank_bits < 32 ? row >> rank_bits << rank_bits : 0;
  const std::uint32_t to = moved_to[row ^ digits];
  next[i] = to | digits;
  if (marked) marked[i] = row | pass.digit(to) << kTopShift;
}

/// Gives all rows of a run the count of its first in the order, or in its mirror image.
__global__ void share_kernel(Ranks ranks, const std::uint32_t* totals, std::uint32_t* counts) {
  const std::uint64_t i = global_thread();
  if (i >= ranks.order.size) return;
  counts[i] = totals[ranks.turn(ranks.turned ? ranks.order.run_last[i] : ranks.order.run_first[i])];
}

/// Sums by the rank in a list, which move as it is parted.
struct Totals {
  std::uint32_t *now, *next;  // [size]
  bool none = true;           // all are 0, whatever `now` holds

  const std::uint32_t* values() const { return none ? nullptr : now; }
  void moved() {
    std::swap(now, next);
    none = false;
  }
};

/// Rows under way. [size] each.
struct Rows {
  std::uint32_t *word, *count;
};

/// A count at work, and its memory: [arrays][size], of which four hold rows under way.
struct Work {
  const Stream& stream;
  std::uint32_t size;
  DeviceArray<std::uint32_t> memory, state;
  std::uint32_t taken = 4;

  Work(const Stream& a_stream, std::uint32_t a_size, std::uint32_t axes, std::uint32_t arrays)
      : stream(a_stream),
        size(a_size),
        memory(a_stream, std::size_t{arrays} * a_size),
        state(a_stream, state_words(a_size, axes)) {}

  std::uint32_t* array(std::uint32_t number) const { return memory.data() + std::size_t{number} * size; }
  std::uint32_t* take() { return array(taken++); }
  Rows rows(std::uint32_t which) const { return {array(2 * which), array(2 * which + 1)}; }
  std::uint32_t* next() const { return rows(1).word; }  // until a first pass has read it

  void part_list(Pass pass, const std::uint32_t* list, std::uint32_t* parted, std::uint32_t* moved_to) const {
    part(stream, 1, pass, {.word = list, .word_out = parted, .moved_to = moved_to}, state.data());
  }

  void follow(Pass pass, const std::uint32_t* moved_to, std::uint32_t rank_bits, const std::uint32_t* list,
              std::uint32_t* marked = nullptr) const {
    launch(stream, "follow_kernel", one_thread_each(size), follow_kernel, pass, moved_to, rank_bits, list, next(), marked);
  }

  /// Takes the rows of a list through all digits of their rank, and says where they are. With several axes the one above is
  /// new: next() has it, and the list is parted by it.
  Rows count_down(std::uint32_t axes, Pass pass, const std::uint32_t* list, std::uint32_t* list_out) const {
    Rows from = rows(0), to = rows(1);
    part(stream, axes, pass,
         {.word = list,
          .word_out = from.word,
          .count_out = from.count,
          .above = axes > 1 ? next() : nullptr,
          .above_out = list_out},
         state.data());
    for (pass = next_pass(pass); !is_leaf(pass); pass = next_pass(pass)) {
      part(stream, axes, pass, {.word = from.word, .count = from.count, .word_out = to.word, .count_out = to.count},
           state.data());
      std::swap(from, to);
    }
    return from;
  }

  /// Counts the pairs that fall apart at this digit of `upper`, by the ranks in `order`; parts both by it. `spare` is a
  /// third list, `moved_to` says where `upper` went.
  void divide(std::uint32_t axes, Pass pass, std::uint32_t rank_bits, std::uint32_t*& upper, std::uint32_t*& order,
              std::uint32_t*& spare, std::uint32_t* moved_to, Totals& totals) const {
    part_list(pass, upper, spare, moved_to);
    std::swap(upper, spare);
    follow(pass, moved_to, rank_bits, order);
    const Rows rows = count_down(axes, pass, order, spare);
    std::swap(order, spare);
    add_leaves(stream, axes - 1, 1,
               {.size = size,
                .word = rows.word,
                .count = rows.count,
                .totals = {totals.values()},
                .moved_to = moved_to,
                .out = totals.next});
    totals.moved();
  }
};

/// Each returns the totals by x, in the memory of `work`.
const std::uint32_t* count_two(Work& work, Ranks ranks) {
  std::uint32_t *by_y = work.take(), *totals = work.take();
  launch(work.stream, "list_kernel", one_thread_each(work.size), list_kernel, ranks, Lists{{by_y}});
  const Pass pass = first_pass(work.size);
  const Rows rows = is_leaf(pass) ? Rows{by_y, nullptr} : work.count_down(1, pass, by_y, nullptr);
  add_leaves(work.stream, 0, 1, {.size = work.size, .word = rows.word, .count = rows.count, .out = totals});
  return totals;
}

const std::uint32_t* count_three(Work& work, Ranks ranks) {
  std::uint32_t *by_y = work.take(), *by_z = work.take(), *spare = work.take(), *moved_to = work.take();
  launch(work.stream, "list_kernel", one_thread_each(work.size), list_kernel, ranks, Lists{{by_y, by_z}});
  Totals by_rank{work.take(), work.take()};
  for (Pass pass = first_pass(work.size); !is_leaf(pass); pass = next_pass(pass))
    work.divide(2, pass, 32, by_y, by_z, spare, moved_to, by_rank);
  add_leaves(work.stream, 0, 2,
             {.size = work.size, .word = by_z, .lists = {by_y}, .totals = {by_rank.values()}, .out = by_rank.next});
  return by_rank.next;
}

const std::uint32_t* count_four(Work& work, Ranks ranks) {
  std::uint32_t *y = work.take(), *z = work.take(), *w = work.take(), *spare = work.take();
  std::uint32_t *node_z = work.take(), *node_w = work.take(), *y_moved = work.take(), *z_moved = work.take();
  launch(work.stream, "list_kernel", one_thread_each(work.size), list_kernel, ranks, Lists{{y, z, w}});
  Totals by_y{work.take(), work.take()}, by_z{work.take(), work.take()};
  for (Pass of_x = first_pass(work.size); !is_leaf(of_x); of_x = next_pass(of_x)) {
    work.part_list(of_x, y, spare, y_moved);
    std::swap(y, spare);
    work.follow(of_x, y_moved, 32, z);
    std::swap(z, node_z);  // which goes down the digits of y as it was, as w's list does, with the digit of x on top
    work.part_list(of_x, work.next(), z, z_moved);
    work.follow(of_x, z_moved, 32, w, node_w);
    work.part_list(of_x, work.next(), w, nullptr);
    by_z.none = true;
    for (Pass of_y = of_x; !is_leaf(of_y); of_y = next_pass(of_y))
      work.divide(3, of_y, kTopShift, node_z, node_w, spare, z_moved, by_z);
    add_leaves(work.stream, 1, 2,
               {.size = work.size,
                .word = node_w,
                .lists = {node_z},
                .totals = {by_z.values(), by_y.values()},
                .moved_to = y_moved,
                .out = by_y.next});
    by_y.moved();
  }
  add_leaves(work.stream, 0, 3,
             {.size = work.size, .word = w, .lists = {z, y}, .totals = {nullptr, by_y.values()}, .out = by_y.next});
  return by_y.next;
}

}  // namespace

void count_radix(const Stream& stream, OrderView order, Direction direction, std::uint32_t* counts) {
  if (order.size == 0) return;
  constexpr std::uint32_t kArrays[] = {0, 6, 10, 16};
  const Ranks ranks{order, direction == Direction::dominates};
  Work work(stream, order.size, order.columns, kArrays[order.columns]);
  const std::uint32_t* totals = order.columns == 1   ? count_two(work, ranks)
                                : order.columns == 2 ? count_three(work, ranks)
                                                     : count_four(work, ranks);
  launch(stream, "share_kernel", one_thread_each(order.size), share_kernel, ranks, totals, counts);
}

}  // namespace carbonfront::device
