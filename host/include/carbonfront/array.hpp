#pragma once
// Large arrays: not zeroed, and on huge pages where the system lends them, because most of what the engine does with them
// is random access, which otherwise misses the address cache at every step.

#include <cstddef>
#include <memory>
#include <vector>

namespace carbonfront {

/// Takes memory of at least `bytes`, on huge pages if they are many. Throws std::bad_alloc.
void* take_pages(std::size_t bytes);
void give_pages(void* memory, std::size_t bytes) noexcept;

template <class T>
struct PageAllocator {
  using value_type = T;

  PageAllocator() = default;
  template <class U>
  PageAllocator(const PageAllocator<U>&) {}
  T* allocate(std::size_t count) { return static_cast<T*>(take_pages(count * sizeof(T))); }
  void deallocate(T* memory, std::size_t count) noexcept { give_pages(memory, count * sizeof(T)); }
  template <class U>
  void construct(U* at) {
    ::new (static_cast<void*>(at)) U;  // leaves numbers as they are
  }
  template <class U, class... Values>
  void construct(U* at, Values&&... values) {
    std::construct_at(at, std::forward<Values>(values)...);
  }
  bool operator==(const PageAllocator&) const = default;
};

/// A vector whose numbers are not zeroed unless a value is given.
template <class T>
using Array = std::vector<T, PageAllocator<T>>;

}  // namespace carbonfront
