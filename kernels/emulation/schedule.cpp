#include "kernels/emulation/schedule.hpp"

#include <algorithm>
#include <atomic>
#include <numeric>
#include <thread>

#include "kernels/emulation/machine.hpp"

namespace carbonfront::emulation {
namespace {

std::atomic<std::uint64_t> seed{number_in_environment("CARBONFRONT_EMULATED_SHUFFLE", 0)};
std::atomic<std::uint64_t> launches{0};  // since the seed was set
std::atomic<unsigned> workers{static_cast<unsigned>(number_in_environment("CARBONFRONT_EMULATED_WORKERS", 0))};

/// splitmix64's finaliser.
std::uint64_t scrambled(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
  return x ^ (x >> 31);
}

}  // namespace

void shuffle_blocks(std::uint64_t new_seed) {
  seed = new_seed;
  launches = 0;
}

BlockOrder next_block_order(std::uint64_t blocks) {
  const std::uint64_t chosen = seed;
  if (chosen == 0 || blocks < 2) return {blocks};
  const std::uint64_t random = scrambled(chosen * 0x9E3779B97F4A7C15u + ++launches);
  BlockOrder order{blocks, 1 + scrambled(random + 1) % (blocks - 1), random % blocks};
  while (std::gcd(order.stride, blocks) != 1) ++order.stride;  // ends at a prime below 2 · blocks at the latest
  return order;
}

void use_workers(unsigned most) { workers = most; }

unsigned most_workers() {
  const unsigned chosen = workers;
  return chosen > 0 ? chosen : std::max(1u, std::thread::hardware_concurrency());
}

}  // namespace carbonfront::emulation
