#pragma once
// Marks what HDF5 is doing on which thread. HDF5 1.10 crashes or loops on some damaged files; whoever handles fatal signals
// asks here whether the library was at work, and on what, so that a damaged file ends as bad input and our own faults do
// not.

#include <cstdint>
#include <string_view>

namespace carbonfront {

/// Names what is being read for messages of calls made on this thread while it lives. Nests; the innermost counts.
class Subject {
 public:
  explicit Subject(std::string_view file, std::string_view column = {});
  Subject(Subject&&) = delete;
  ~Subject();

 private:
  char before_[512];
};

/// Marks that HDF5 is at work on this thread: only calls of the library belong inside. Nests.
class LibraryCall {
 public:
  LibraryCall();
  LibraryCall(LibraryCall&&) = delete;
  ~LibraryCall();
};

/// Names what HDF5 is reading on this thread ("column 'a' of 'f.h5'"); null when it is not at work. Async-signal-safe.
const char* subject_of_library_call() noexcept;

/// Copies the subject of a call, on any thread, that was under way at an earlier call of this function and has computed for
/// more than `seconds` since; false when there is none. For one thread, which calls it again and again.
bool find_long_library_call(double seconds, char (&subject)[512]) noexcept;

}  // namespace carbonfront
