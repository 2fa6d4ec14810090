#include "host/sweep/library_call.hpp"

#include <pthread.h>
#include <signal.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <memory>
#include <string>

#include "host/text.hpp"

namespace carbonfront {

namespace {

std::atomic<std::int64_t> calls{0};

/// One thread's state. Only `since` and `subject` are read by others.
struct Slot {
  std::atomic<bool> taken{false};
  std::atomic<std::int64_t> since{0};             // a number of its own for every outermost call; 0: not at work
  std::atomic<clockid_t> clock{CLOCK_MONOTONIC};  // of the thread's computing
  char subject[512] = "the file";
  int depth = 0;
};
std::array<Slot, 64> slots;
Slot overflow;  // shared by threads beyond: their crashes are named, not their loops

/// Takes a slot for the thread, and a stack for signal handlers: the library may have used up the thread's own.
struct OwnSlot {
  Slot* slot = &overflow;
  std::unique_ptr<char[]> stack;
  OwnSlot() {
    for (Slot& candidate : slots)
      if (bool free = false; candidate.taken.compare_exchange_strong(free, true)) {
        slot = &candidate;
        clockid_t clock = CLOCK_MONOTONIC;
        if (pthread_getcpuclockid(pthread_self(), &clock) == 0) slot->clock = clock;
        break;
      }
    stack_t old{};
    if (sigaltstack(nullptr, &old) != 0 || !(old.ss_flags & SS_DISABLE)) return;  // a sanitizer has set one up
    constexpr std::size_t bytes = 64 << 10;
    stack = std::make_unique<char[]>(bytes);
    stack_t own{};
    own.ss_sp = stack.get();
    own.ss_size = bytes;
    sigaltstack(&own, nullptr);
  }
  ~OwnSlot() {
    if (stack) {
      stack_t none{};
      none.ss_flags = SS_DISABLE;
      sigaltstack(&none, nullptr);
    }
    if (slot != &overflow) slot->taken = false;
  }
};

thread_local Slot* current = nullptr;  // trivially readable in a signal handler

Slot& own_slot() {
  thread_local OwnSlot own;
  current = own.slot;
  return *own.slot;
}

void append(char (&text)[512], std::size_t& at, std::string_view more) {
  std::size_t count = std::min(more.size(), sizeof text - 1 - at);
  std::memcpy(text + at, more.data(), count);
  at += count;
  text[at] = '\0';
}

}  // namespace

Subject::Subject(std::string_view file, std::string_view column) {
  char(&text)[512] = own_slot().subject;
  std::memcpy(before_, text, sizeof before_);
  std::size_t at = 0;
  std::string shown_column = escaped(column.substr(0, 200)), shown_file = escaped(file);
  if (!column.empty())
    append(text, at, "column '"), append(text, at, shown_column.substr(0, 200)), append(text, at, "' of ");
  append(text, at, "'"), append(text, at, shown_file.substr(shown_file.size() > 250 ? shown_file.size() - 250 : 0));
  append(text, at, "'");
}

Subject::~Subject() { std::memcpy(own_slot().subject, before_, sizeof before_); }

LibraryCall::LibraryCall() {
  Slot& slot = own_slot();
  if (slot.depth++ == 0) slot.since = ++calls;
}

LibraryCall::~LibraryCall() {
  Slot& slot = own_slot();
  if (--slot.depth == 0) slot.since = 0;
}

const char* subject_of_library_call() noexcept { return current && current->depth > 0 ? current->subject : nullptr; }

bool find_long_library_call(double seconds, char (&subject)[512]) noexcept {
  struct Seen {
    std::int64_t call = 0;
    double computed = 0;
  };
  static std::array<Seen, slots.size()> seen;
  for (std::size_t i = 0; i < slots.size(); ++i) {
    Slot& slot = slots[i];
    std::int64_t call = slot.since;
    timespec time{};
    if (call == 0 || clock_gettime(slot.clock, &time) != 0) continue;
    double computed = static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
    if (seen[i].call != call) seen[i] = {call, computed};
    if (computed - seen[i].computed < seconds) continue;
    std::memcpy(subject, slot.subject, sizeof subject);
    return slot.since == call;
  }
  return false;
}

}  // namespace carbonfront
