#pragma once
// Times what is put into streams, by name: a pair of events around every launch, copy and fill. Off unless a trace is open.

#include <deque>
#include <map>
#include <string>

#include "kernels/device/stream.hpp"

namespace carbonfront::device {

/// Times the work that the calling thread puts into streams while this lives; one at a time in a thread. A pair of events
/// costs a few microseconds of the host and keeps neighbouring kernels from overlapping: it is for breakdowns, not for
/// totals.
class LaunchTrace {
 public:
  LaunchTrace() { open() = this; }
  LaunchTrace(LaunchTrace&&) = delete;
  ~LaunchTrace() { open() = nullptr; }

  /// The trace of the calling thread; null: none.
  static LaunchTrace*& open() {
    static thread_local LaunchTrace* trace = nullptr;
    return trace;
  }

  /// Seconds on the device and how often, by name. Waits for all of it.
  struct Line {
    double seconds = 0;
    std::uint64_t times = 0;
  };
  std::map<std::string, Line> lines() const {
    std::map<std::string, Line> all;
    for (const Timed& timed : timed_) {
      timed.end.synchronize();
      Line& line = all[timed.name];
      line.seconds += timed.end.seconds_since(timed.begin);
      ++line.times;
    }
    return all;
  }

  template <class Call>
  void time(const Stream& stream, const char* name, Call call) {
    Timed& timed = timed_.emplace_back(Timed{name, {}, {}});
    timed.begin.record(stream);
    check(call(), name);
    timed.end.record(stream);
  }

 private:
  struct Timed {
    const char* name;  // outlives the trace: a literal
    Event begin, end;
  };
  std::deque<Timed> timed_;
};

/// Makes a call that puts work into a stream, checked, and timed where a trace is open. `name` is a literal.
template <class Call>
void put(const Stream& stream, const char* name, Call call) {
  if (LaunchTrace* trace = LaunchTrace::open())
    trace->time(stream, name, call);
  else
    check(call(), name);
}

}  // namespace carbonfront::device
