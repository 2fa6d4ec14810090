#include "host/run/limits.hpp"

#include <fmt/format.h>
#include <tbb/info.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "host/scoring/memory.hpp"
#include "host/side_thread.hpp"

namespace carbonfront {

Limits limits_of(int threads, const std::string& memory_limit, const Note& note) {
  JobGrant grant = job_grant();
  Limits limits{threads > 0 ? threads : tbb::info::default_concurrency(),
                memory_limit.empty() ? default_memory_limit() : parse_size(memory_limit)};
  bool threads_of_job = threads <= 0 && grant.threads, memory_of_job = memory_limit.empty() && grant.memory_bytes;
  if (threads_of_job) limits.threads = *grant.threads;
  if (memory_of_job) limits.memory = std::min(limits.memory / 6 * 10, *grant.memory_bytes) / 10 * 9;
  if (note && (threads_of_job || memory_of_job))
    note(fmt::format("job {}: {} threads, {} of memory", grant.id, limits.threads, size_text(limits.memory)));
  return limits;
}

TimeLimit::TimeLimit(const std::string& duration, StopFlag& stop, WindUp& wind_up) {
  if (duration.empty()) return;
  double seconds = parse_duration(duration);
  seconds -= std::min(seconds / 10, 30.0);
  thread_ = side_thread([seconds, &stop, &wind_up](const std::stop_token& done) {
    if (wait_for(done, std::chrono::duration<double>(seconds)) && !wind_up.request(kTimeLimit)) stop.request(kTimeLimit);
  });
}

std::string job_line(Shard shard) {
  char host[256] = "";
  ::gethostname(host, sizeof host - 1);
  std::string job = job_grant().id;
  return fmt::format("shard {} of {}, {}{}", shard.index, shard.count, host, job.empty() ? "" : ", job " + job);
}

}  // namespace carbonfront
