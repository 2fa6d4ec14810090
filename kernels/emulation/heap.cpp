#include <new>

#include "kernels/emulation/memory.hpp"

namespace carbonfront::emulation {

constexpr std::align_val_t kAlignment{256};

std::byte* take_device_memory(std::size_t bytes) { return static_cast<std::byte*>(::operator new(bytes, kAlignment)); }

void give_device_memory(std::byte* memory, std::size_t) { ::operator delete(memory, kAlignment); }

}  // namespace carbonfront::emulation
