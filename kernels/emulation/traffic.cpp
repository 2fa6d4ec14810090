// Counts accesses to memory of kernels that are compiled with -fsanitize=thread: the compiler calls a function for each, and
// these are ours. They are not ThreadSanitizer's, and look for no races.

#include <link.h>
#include <sys/mman.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <new>

#include "kernels/emulation/counts.hpp"
#include "kernels/emulation/device_side.hpp"
#include "kernels/emulation/memory.hpp"

namespace carbonfront::emulation {
namespace {

constexpr std::size_t kSectors = kArenaBytes / kSectorBytes;

/// A number for every sector of device memory, 0 at first; the system gives memory for those that are used.
template <class Number>
Number* number_sectors() {
  void* table =
      ::mmap(nullptr, kSectors * sizeof(Number), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (table == MAP_FAILED) throw std::bad_alloc();
  return static_cast<Number*>(table);
}

/// The last launch, and the last block of the worker, that touched a sector: [0] read it, [1] wrote it.
std::atomic<std::uint32_t>* const last_launch[2] = {number_sectors<std::atomic<std::uint32_t>>(),
                                                    number_sectors<std::atomic<std::uint32_t>>()};
constinit thread_local std::uint32_t* last_block[2] = {};

/// Bytes of the program's own thread-local memory, which ends at the thread pointer: where kernels' __shared__ arrays are.
std::size_t thread_local_bytes() {
  std::size_t bytes = 0;
  ::dl_iterate_phdr(
      [](dl_phdr_info* program, std::size_t, void* found) {
        for (int i = 0; i < program->dlpi_phnum; ++i) {
          const auto& part = program->dlpi_phdr[i];
          if (part.p_type == PT_TLS)
            *static_cast<std::size_t*>(found) = (part.p_memsz + part.p_align - 1) / part.p_align * part.p_align;
        }
        return 1;  // the program comes first; libraries are of no interest
      },
      &bytes);
  return bytes;
}

const std::size_t own_bytes = thread_local_bytes();

/// Whether shared memory is there: the block's dynamic memory, or a thread-local variable that is not the emulation's own.
bool is_shared(const Counted& now, const std::byte* at) {
  if (static_cast<std::size_t>(at - now.shared) < now.shared_bytes) return true;
  const auto* end = static_cast<const std::byte*>(__builtin_thread_pointer());
  return static_cast<std::size_t>(end - at) - 1 < own_bytes && static_cast<const void*>(at) != &place &&
         static_cast<const void*>(at) != &counted;
}

void count_device_access(Counted& now, std::size_t offset, std::size_t bytes, bool writes) {
  if (!last_block[writes]) [[unlikely]]
    last_block[writes] = number_sectors<std::uint32_t>();  // for as long as the program runs, as its workers do
  (writes ? now.traffic.written : now.traffic.read) += bytes;
  for (std::size_t sector = offset / kSectorBytes; sector <= (offset + bytes - 1) / kSectorBytes; ++sector) {
    std::uint32_t& last = last_block[writes][sector];
    if (last == now.block) continue;
    last = now.block;
    ++now.traffic.block_sectors;
    if (last_launch[writes][sector].exchange(now.launch, std::memory_order_relaxed) != now.launch)
      ++now.traffic.launch_sectors;
  }
}

void access(const volatile void* where, std::size_t bytes, bool writes) {
  Counted* now = counted;
  if (!now || bytes == 0) return;
  const auto* at = const_cast<const std::byte*>(static_cast<const volatile std::byte*>(where));
  const auto offset = static_cast<std::size_t>(at - arena);
  if (offset < kArenaBytes)
    count_device_access(*now, offset, bytes, writes);
  else if (is_shared(*now, at))
    now->traffic.shared += bytes;
}

void access_atomically(const volatile void* where, std::size_t bytes) {
  access(where, bytes, false);
  access(where, bytes, true);
  if (counted && static_cast<std::size_t>(static_cast<const volatile std::byte*>(where) - arena) < kArenaBytes)
    ++counted->traffic.atomics;
}

}  // namespace
}  // namespace carbonfront::emulation

using carbonfront::emulation::access;
using carbonfront::emulation::access_atomically;

#define CARBONFRONT_ACCESS(bytes)                                                    \
  void __tsan_read##bytes(void* at) { access(at, bytes, false); }                    \
  void __tsan_write##bytes(void* at) { access(at, bytes, true); }                    \
  void __tsan_unaligned_read##bytes(void* at) { access(at, bytes, false); }          \
  void __tsan_unaligned_write##bytes(void* at) { access(at, bytes, true); }          \
  void __tsan_volatile_read##bytes(void* at) { access(at, bytes, false); }           \
  void __tsan_volatile_write##bytes(void* at) { access(at, bytes, true); }           \
  void __tsan_unaligned_volatile_read##bytes(void* at) { access(at, bytes, false); } \
  void __tsan_unaligned_volatile_write##bytes(void* at) { access(at, bytes, true); }

#define CARBONFRONT_CHANGE(bits, type, name, change)                                    \
  type __tsan_atomic##bits##_##name(volatile void* at, type value, int) {               \
    access_atomically(at, bits / 8);                                                    \
    return __atomic_##change(static_cast<volatile type*>(at), value, __ATOMIC_SEQ_CST); \
  }
#define CARBONFRONT_EXCHANGE(bits, type, name)                                                                      \
  bool __tsan_atomic##bits##_compare_exchange_##name(volatile void* at, void* expected, type value, int, int) {     \
    access_atomically(at, bits / 8);                                                                                \
    return __atomic_compare_exchange_n(static_cast<volatile type*>(at), static_cast<type*>(expected), value, false, \
                                       __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);                                         \
  }
#define CARBONFRONT_ATOMIC(bits, type)                                               \
  type __tsan_atomic##bits##_load(const volatile void* at, int) {                    \
    access(at, bits / 8, false);                                                     \
    return __atomic_load_n(static_cast<const volatile type*>(at), __ATOMIC_SEQ_CST); \
  }                                                                                  \
  void __tsan_atomic##bits##_store(volatile void* at, type value, int) {             \
    access(at, bits / 8, true);                                                      \
    __atomic_store_n(static_cast<volatile type*>(at), value, __ATOMIC_SEQ_CST);      \
  }                                                                                  \
  CARBONFRONT_CHANGE(bits, type, exchange, exchange_n)                               \
  CARBONFRONT_CHANGE(bits, type, fetch_add, fetch_add)                               \
  CARBONFRONT_CHANGE(bits, type, fetch_sub, fetch_sub)                               \
  CARBONFRONT_CHANGE(bits, type, fetch_and, fetch_and)                               \
  CARBONFRONT_CHANGE(bits, type, fetch_or, fetch_or)                                 \
  CARBONFRONT_CHANGE(bits, type, fetch_xor, fetch_xor)                               \
  CARBONFRONT_EXCHANGE(bits, type, strong)                                           \
  CARBONFRONT_EXCHANGE(bits, type, weak)

extern "C" {
void __tsan_init() {}
void __tsan_func_entry(void*) {}
void __tsan_func_exit() {}
void __tsan_vptr_update(void*, void*) {}
void __tsan_vptr_read(void*) {}
void __tsan_read_range(void* at, std::size_t bytes) { access(at, bytes, false); }
void __tsan_write_range(void* at, std::size_t bytes) { access(at, bytes, true); }
void __tsan_atomic_thread_fence(int) { __atomic_thread_fence(__ATOMIC_SEQ_CST); }
void __tsan_atomic_signal_fence(int) {}
CARBONFRONT_ACCESS(1)
CARBONFRONT_ACCESS(2)
CARBONFRONT_ACCESS(4)
CARBONFRONT_ACCESS(8)
CARBONFRONT_ACCESS(16)
CARBONFRONT_ATOMIC(8, unsigned char)
CARBONFRONT_ATOMIC(16, unsigned short)
CARBONFRONT_ATOMIC(32, unsigned)
CARBONFRONT_ATOMIC(64, unsigned long)
}
