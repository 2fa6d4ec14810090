#include "host/shards/share.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>

#include "carbonfront/errors.hpp"

namespace carbonfront {

namespace {

template <class Number>
std::optional<Number> number_in(std::string_view text) {
  Number number{};
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

template <class Number>
std::optional<Number> environment(const char* name) {
  const char* text = std::getenv(name);
  return text ? number_in<Number>(text) : std::nullopt;
}

Shard shard_of_job() {
  auto id = environment<std::uint32_t>("SLURM_ARRAY_TASK_ID");
  auto count = environment<std::uint32_t>("SLURM_ARRAY_TASK_COUNT"),
       lowest = environment<std::uint32_t>("SLURM_ARRAY_TASK_MIN");
  auto highest = environment<std::uint32_t>("SLURM_ARRAY_TASK_MAX");
  if (id && count && lowest) {
    if (highest && *highest - *lowest + 1 != *count)
      throw SpecError(fmt::format("--shard auto in a job array of {} tasks from {} to {}", *count, *lowest, *highest),
                      "an array with gaps does not say which share is meant", "write --shard K/N");
    return {*id - *lowest, *count};
  }
  auto process = environment<std::uint32_t>("SLURM_PROCID"), tasks = environment<std::uint32_t>("SLURM_NTASKS");
  if (process && tasks) return {*process, *tasks};
  throw SpecError("--shard auto outside a job array",
                  "neither SLURM_ARRAY_TASK_ID, _COUNT and _MIN nor SLURM_PROCID and SLURM_NTASKS are set",
                  "write --shard K/N, as in --shard 3/16");
}

/// Rows in a chunk of the widest-chunked column in the part of the sweep that holds a row, and where that part begins.
struct Chunking {
  std::uint64_t begin = 0, end = 0, rows = 1;
};

Chunking chunking_at(const Plan& plan, std::uint64_t row) {
  Chunking found;
  for (const Column& column : plan.columns)
    for (const ColumnPart& part : column.parts)
      if (part.begin <= row && row < part.begin + part.rows)
        found = {part.begin, part.begin + part.rows, std::max(found.rows, chunk_rows_of(part))};
  return found;
}

std::uint64_t boundary(const Plan& plan, std::uint64_t index, std::uint64_t count) {
  if (index >= count) return plan.rows;
  auto wanted = static_cast<std::uint64_t>(static_cast<unsigned __int128>(plan.rows) * index / count);
  if (wanted == 0) return 0;
  Chunking chunks = chunking_at(plan, wanted);
  std::uint64_t rounded = chunks.begin + (wanted - chunks.begin + chunks.rows / 2) / chunks.rows * chunks.rows;
  return std::min(rounded, chunks.end);
}

}  // namespace

Shard parse_shard(const std::string& text) {
  Shard shard;
  if (text == "auto") {
    shard = shard_of_job();
  } else {
    std::size_t slash = text.find('/');
    auto index = number_in<std::uint32_t>(std::string_view(text).substr(0, slash));
    auto count =
        slash == std::string::npos ? std::nullopt : number_in<std::uint32_t>(std::string_view(text).substr(slash + 1));
    if (!index || !count)
      throw SpecError("--shard '" + text + "'", "it is neither K/N nor auto", "write --shard 3/16, for the fourth of 16");
    shard = {*index, *count};
  }
  constexpr std::uint32_t most = 100000;
  if (shard.count == 0 || shard.count > most || shard.index >= shard.count)
    throw SpecError(fmt::format("--shard {}/{}", shard.index, shard.count),
                    fmt::format("shards are numbered from 0, and there are 1 to {}", most), "write K/N with K < N");
  return shard;
}

RowRange share_of(const Plan& plan, Shard shard) {
  auto at = [&](std::uint64_t index) { return std::min(plan.rows, boundary(plan, index, shard.count)); };
  std::uint64_t first = at(shard.index);
  return {first, std::max(first, at(shard.index + std::uint64_t{1}))};
}

std::string part_path(const std::string& result, Shard shard) {
  return fmt::format("{}.part-{}-of-{}", result, shard.index, shard.count);
}

JobGrant job_grant() {
  JobGrant grant;
  const char *array = std::getenv("SLURM_ARRAY_JOB_ID"), *task = std::getenv("SLURM_ARRAY_TASK_ID"),
             *job = std::getenv("SLURM_JOB_ID");
  if (array && task)
    grant.id = fmt::format("{}_{}", array, task);
  else if (job)
    grant.id = job;
  auto cpus = environment<int>("SLURM_CPUS_PER_TASK");
  if (cpus && *cpus > 0) grant.threads = cpus;
  constexpr std::uint64_t mebibyte = 1 << 20;
  auto node = environment<std::uint64_t>("SLURM_MEM_PER_NODE"), each = environment<std::uint64_t>("SLURM_MEM_PER_CPU");
  std::uint64_t tasks = std::max<std::uint64_t>(1, environment<std::uint64_t>("SLURM_NTASKS_PER_NODE").value_or(1));
  if (node && *node > 0) grant.memory_bytes = *node * mebibyte / tasks;
  if (each && *each > 0) grant.memory_bytes = *each * mebibyte * static_cast<std::uint64_t>(grant.threads.value_or(1));
  return grant;
}

double parse_duration(const std::string& text) {
  auto fail = [&]() -> double {
    throw SpecError("'" + text + "' is not a duration", "it is neither a number with units nor HH:MM:SS",
                    "write 55m, 1h30m, 90s, 01:30:00 or 1-12:00:00");
  };
  double total = 0;
  std::string_view rest = text;
  if (rest.find(':') != std::string_view::npos) {
    std::size_t dash = rest.find('-');
    bool with_days = dash != std::string_view::npos;
    if (with_days) {
      auto days = number_in<std::uint32_t>(rest.substr(0, dash));
      if (!days) return fail();
      total = *days;
      rest.remove_prefix(dash + 1);
      total *= 24;
    }
    int fields = 0;
    for (bool more = true; more; ++fields) {
      std::size_t colon = rest.find(':');
      auto value = number_in<std::uint32_t>(rest.substr(0, colon));
      if (!value || fields == 3) return fail();
      total = fields == 0 ? total + *value : total * 60 + *value;
      more = colon != std::string_view::npos;
      if (more) rest.remove_prefix(colon + 1);
    }
    return fields == 3 || (fields == 2 && !with_days) ? total : fail();
  }
  while (!rest.empty()) {
    double value = 0;
    auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), value);
    if (error != std::errc() || !std::isfinite(value) || value < 0) return fail();
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    char unit = rest.empty() ? 's' : rest.front();
    if (!rest.empty()) rest.remove_prefix(1);
    double seconds = unit == 's' ? 1 : unit == 'm' ? 60 : unit == 'h' ? 3600 : unit == 'd' ? 86400 : 0;
    if (seconds == 0) return fail();
    total += value * seconds;
  }
  return total > 0 ? total : fail();
}

}  // namespace carbonfront
