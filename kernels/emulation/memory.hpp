#pragma once
// Where the memory of emulated devices lies: on the heap (heap.cpp), where checkers see what is beyond an allocation, or, to
// tell it quickly from all other memory, in one range of addresses (arena.cpp).

#include <cstddef>
#include <cstdint>

namespace carbonfront::emulation {

/// Takes memory, aligned to 256 bytes as a device's; gives it back. Throws std::bad_alloc. One thread at a time.
std::byte* take_device_memory(std::size_t bytes);
void give_device_memory(std::byte* memory, std::size_t bytes);

/// The range, of arena.cpp alone.
inline constexpr std::size_t kArenaBytes = std::size_t{1} << 36;
extern std::byte* const arena;

}  // namespace carbonfront::emulation
