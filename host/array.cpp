#include "carbonfront/array.hpp"

#ifdef __linux__
#include <sys/mman.h>
#endif

#include <new>

namespace carbonfront {
namespace {

constexpr std::size_t kHugePage = std::size_t{1} << 21;
constexpr std::size_t kManyBytes = 2 * kHugePage;

}  // namespace

void* take_pages(std::size_t bytes) {
  if (bytes < kManyBytes) return ::operator new (bytes, std::align_val_t{64});
  void* memory = ::operator new (bytes, std::align_val_t{kHugePage});
#ifdef MADV_HUGEPAGE
  madvise(memory, bytes / kHugePage * kHugePage, MADV_HUGEPAGE);  // whether it is heeded only changes the time
#endif
  return memory;
}

void give_pages(void* memory, std::size_t bytes) noexcept {
  ::operator delete (memory, std::align_val_t{bytes < kManyBytes ? 64 : kHugePage});
}

}  // namespace carbonfront
