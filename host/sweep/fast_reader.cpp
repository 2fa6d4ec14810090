#include "host/sweep/fast_reader.hpp"

#include <fmt/format.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <tuple>

#include "carbonfront/errors.hpp"

namespace carbonfront {

namespace {

constexpr std::uint64_t kRunBytes = 2 << 20;     // read in one go
constexpr std::uint64_t kGapBytes = 64 << 10;    // read over rather than around
constexpr std::uint64_t kLargeBytes = 32 << 20;  // chunks from here on are unpacked one after the other, to bound memory

/// One request's share of one chunk.
struct Target {
  const StoredRequest* request;
  Pick pick;
  std::byte* out;
};

/// A chunk, or a piece of one without filters, and whom it serves.
struct Job {
  const StoredDataset* dataset = nullptr;
  std::uint64_t chunk = 0;
  std::uint64_t address = 0, bytes = 0;  // to read
  bool raw = false;                      // the bytes read are elements from the target's first on
  bool keep = false;                     // the next request begins in this chunk
  std::vector<Target> targets;

  bool direct() const {  // the file has exactly the bytes that the one target wants
    return raw && targets.size() == 1 && targets[0].pick.width == targets[0].pick.element_bytes &&
           targets[0].pick.stride == 1;
  }
};

struct Failure {
  std::uint64_t row;
  std::string column;
  InputError error;
};

struct Reader {
  std::vector<Job> jobs;
  std::mutex mutex;
  std::optional<Failure> failure;  // the one of the lowest row, then column

  void fail(const Job& job, const char* why);
};

std::uint64_t first_row(const StoredDataset& dataset, std::uint64_t chunk) {
  return chunk / dataset.shape.across() * dataset.shape.chunk_rows;
}

void Reader::fail(const Job& job, const char* why) {
  const StoredDataset& dataset = *job.dataset;
  const std::string column = job.targets.front().request->column;
  std::uint64_t row = first_row(dataset, job.chunk), end = std::min(row + dataset.shape.chunk_rows, dataset.shape.rows);
  std::string place = dataset.contiguous ? "" : fmt::format(", chunk {} (rows {} to {})", job.chunk, row, end - 1);
  const std::string name = fmt::format("'{}' of '{}'", column, dataset.file->path());
  const char* advice = job.targets.front().request->advice;  // of a file of the program's own
  InputError error =
      advice ? InputError(name + " is damaged" + place, why, advice)
             : InputError("cannot read column " + name + place, why, "the file is damaged: copy it again from its source");
  std::lock_guard lock(mutex);
  if (!failure || std::tie(row, column) < std::tie(failure->row, failure->column))
    failure.emplace(Failure{row, column, error});
}

void fill(const StoredDataset& dataset, const Target& target) {
  const std::byte* value = dataset.fill.data() + target.pick.offset;
  for (std::size_t i = 0; i < target.pick.count; ++i)
    std::memcpy(target.out + i * target.pick.width, value, target.pick.width);
}

/// The values that a request wants of one row of chunks.
Target target_of(const StoredRequest& request, std::uint64_t chunk_row) {
  const ChunkShape& shape = request.dataset->shape;
  std::uint64_t base = chunk_row * shape.chunk_rows;
  std::uint64_t from = std::max(request.begin, base), to = std::min(request.begin + request.count, base + shape.chunk_rows);
  Pick pick;
  pick.elements = shape.chunk_elements();
  pick.element_bytes = shape.element_bytes;
  pick.offset = request.field.offset;
  pick.width = request.field.width;
  pick.first = (from - base) * shape.chunk_columns + request.field.column % shape.chunk_columns;
  pick.stride = shape.chunk_columns;
  pick.count = to - from;
  return {&request, pick, request.out + (from - request.begin) * pick.width};
}

std::shared_ptr<const StoredDataset::Kept> kept_chunk(const StoredDataset& dataset, std::uint64_t chunk) {
  std::lock_guard lock(dataset.mutex);
  auto at = dataset.kept.find(chunk);
  return at == dataset.kept.end() ? nullptr : at->second;
}

void pick_kept(const StoredDataset::Kept& kept, const Target& target) {
  Pick pick_here = target.pick;
  pick_here.shuffled = kept.shuffled;
  pick(kept.bytes.data(), pick_here, target.out);
}

/// Adds jobs for elements that lie in the file as they are: whole rows of a chunk, long ones in pieces, for several threads.
void add_raw(std::vector<Job>& jobs, const StoredRequest& request, std::uint64_t chunk, Target target) {
  const std::size_t row = target.pick.stride * target.pick.element_bytes, step = std::max<std::size_t>(1, kRunBytes / row);
  const std::size_t first_row = target.pick.first / target.pick.stride;
  target.pick.first %= target.pick.stride;
  std::uint64_t address = request.dataset->places[chunk].address + first_row * row;
  for (std::size_t done = 0; done < target.pick.count; done += step) {
    Target piece = target;
    piece.pick.count = std::min(step, target.pick.count - done);
    piece.out = target.out + done * target.pick.width;
    jobs.push_back({request.dataset, chunk, address + done * row, piece.pick.count * row, true, false, {piece}});
  }
}

bool unfiltered(const StoredDataset& dataset, const ChunkPlace& place) {
  for (std::size_t i = 0; i < dataset.pipeline.size(); ++i)
    if (!(place.mask >> i & 1)) return false;
  return true;
}

void add_jobs(Reader& reader, const StoredRequest& request) {
  const StoredDataset& dataset = *request.dataset;
  const ChunkShape& shape = dataset.shape;
  if (request.count == 0) return;
  std::uint64_t last = (request.begin + request.count - 1) / shape.chunk_rows;
  for (std::uint64_t row = request.begin / shape.chunk_rows; row <= last; ++row) {
    std::uint64_t chunk = row * shape.across() + request.field.column / shape.chunk_columns;
    const ChunkPlace& place = dataset.places[chunk];
    Target target = target_of(request, row);
    std::uint64_t end = std::min((row + 1) * shape.chunk_rows, shape.rows);
    if (place.address == kNoAddress) {
      fill(dataset, target);
    } else if (auto kept = kept_chunk(dataset, chunk)) {
      pick_kept(*kept, target);
    } else if (unfiltered(dataset, place) && place.bytes == shape.chunk_bytes()) {
      add_raw(reader.jobs, request, chunk, target);
    } else if (dataset.contiguous) {
      add_raw(reader.jobs, request, chunk, target);
    } else {
      bool keep = request.begin + request.count < end;
      reader.jobs.push_back({&dataset, chunk, place.address, place.bytes, false, keep, {target}});
    }
  }
}

bool same_bytes(const Job& a, const Job& b) {
  return a.dataset == b.dataset && a.chunk == b.chunk && a.raw == b.raw && a.address == b.address && a.bytes == b.bytes;
}

/// Puts a second direct piece behind a first that it continues in the file and in memory.
bool continues(const Job& a, const Job& b) {
  return a.direct() && b.direct() && a.dataset->file == b.dataset->file && a.address + a.bytes == b.address &&
         a.targets[0].out + a.bytes == b.targets[0].out && a.bytes + b.bytes <= 2 * kRunBytes;
}

/// Sorts by place in the file and unites jobs for the same chunk and for adjacent pieces.
void sort_and_merge(std::vector<Job>& jobs) {
  std::stable_sort(jobs.begin(), jobs.end(), [](const Job& a, const Job& b) {
    return std::tuple(a.dataset->file.get(), a.address, a.dataset) < std::tuple(b.dataset->file.get(), b.address, b.dataset);
  });
  std::size_t kept = 0;
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    Job* last = kept ? &jobs[kept - 1] : nullptr;
    if (last && same_bytes(*last, jobs[i])) {
      last->keep |= jobs[i].keep;
      last->targets.insert(last->targets.end(), jobs[i].targets.begin(), jobs[i].targets.end());
    } else if (last && continues(*last, jobs[i])) {
      last->bytes += jobs[i].bytes;
      last->targets[0].pick.count += jobs[i].targets[0].pick.count;
    } else {
      if (kept != i) jobs[kept] = std::move(jobs[i]);
      ++kept;
    }
  }
  jobs.resize(kept);
}

/// Jobs [begin, end) are read in one go.
struct Run {
  std::size_t begin, end;
  std::uint64_t address, bytes;
};

std::vector<Run> runs_of(const std::vector<Job>& jobs) {
  std::vector<Run> runs;
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    const Job& job = jobs[i];
    if (!runs.empty()) {
      Run& run = runs.back();
      const Job& last = jobs[i - 1];
      std::uint64_t end = run.address + run.bytes;
      if (last.dataset->file == job.dataset->file && job.address >= end && job.address - end <= kGapBytes &&
          job.address + job.bytes - run.address <= kRunBytes && !(last.direct() && last.bytes > kGapBytes) &&
          !(job.direct() && job.bytes > kGapBytes)) {
        run.end = i + 1, run.bytes = job.address + job.bytes - run.address;
        continue;
      }
    }
    runs.push_back({i, i + 1, job.address, job.bytes});
  }
  return runs;
}

void keep(const Job& job, const std::byte* bytes, bool shuffled) {
  auto kept = std::make_shared<StoredDataset::Kept>();
  kept->bytes.assign(bytes, bytes + job.dataset->shape.chunk_bytes());
  kept->shuffled = shuffled;
  std::lock_guard lock(job.dataset->mutex);
  job.dataset->kept[job.chunk] = std::move(kept);
}

/// Serves a job from its bytes in memory; returns null, or what is wrong with them.
const char* serve(const Job& job, const std::byte* bytes, ByteBuffer& unpacked) {
  if (job.raw) {
    for (const Target& target : job.targets) pick(bytes, target.pick, target.out);
    return nullptr;
  }
  const StoredDataset& dataset = *job.dataset;
  const ChunkPlace& place = dataset.places[job.chunk];
  const std::byte* chunk = nullptr;
  if (const char* wrong =
          unpack(dataset.pipeline, place.mask, {bytes, job.bytes}, dataset.shape.chunk_bytes(), unpacked, chunk))
    return wrong;
  bool shuffled = !dataset.pipeline.empty() && dataset.pipeline.front() == Filter::shuffle && !(place.mask & 1);
  for (Target target : job.targets) {
    target.pick.shuffled = shuffled;
    pick(chunk, target.pick, target.out);
  }
  if (job.keep) keep(job, chunk, shuffled);
  return nullptr;
}

/// A chunk cannot take more room packed than unpacked, but for a little.
bool too_large(const Job& job) { return !job.raw && job.bytes > job.dataset->shape.chunk_bytes() * 9 / 8 + 4096; }

void work(Reader& reader, const Run& run, ByteBuffer& packed, ByteBuffer& unpacked) {
  const Job& first = reader.jobs[run.begin];
  const RawFile& file = *first.dataset->file;
  if (run.end == run.begin + 1 && first.direct()) {
    if (const char* why = file.read(first.address, first.bytes, first.targets[0].out)) reader.fail(first, why);
    return;
  }
  for (std::size_t i = run.begin; i < run.end; ++i)
    if (too_large(reader.jobs[i])) return reader.fail(reader.jobs[i], "it takes more room in the file than unpacked");
  std::byte* bytes = packed.reserve(run.bytes);
  const char* unread = file.read(run.address, run.bytes, bytes);
  for (std::size_t i = run.begin; i < run.end; ++i) {
    const Job& job = reader.jobs[i];
    const char* why = unread;
    if (unread && run.end > run.begin + 1) why = file.read(job.address, job.bytes, bytes + (job.address - run.address));
    if (!why) why = serve(job, bytes + (job.address - run.address), unpacked);
    if (why) reader.fail(job, why);
  }
}

bool is_large(const Reader& reader, const Run& run) {
  const Job& job = reader.jobs[run.begin];
  return !job.raw && std::max(job.bytes, job.dataset->shape.chunk_bytes()) >= kLargeBytes;
}

/// Forgets chunks that end where the request does or before.
void drop_kept(const StoredRequest& request) {
  const StoredDataset& dataset = *request.dataset;
  std::lock_guard lock(dataset.mutex);
  std::erase_if(dataset.kept, [&](const auto& entry) {
    std::uint64_t begin = first_row(dataset, entry.first);
    return begin + dataset.shape.chunk_rows <= request.begin + request.count || begin > request.begin + request.count;
  });
}

}  // namespace

void read_stored(std::span<const StoredRequest> requests) {
  Reader reader;
  for (const StoredRequest& request : requests) add_jobs(reader, request);
  for (const StoredRequest& request : requests) drop_kept(request);
  sort_and_merge(reader.jobs);
  std::vector<Run> runs = runs_of(reader.jobs);
  auto large = std::stable_partition(runs.begin(), runs.end(), [&](const Run& run) { return !is_large(reader, run); });
  tbb::parallel_for(std::size_t{0}, static_cast<std::size_t>(large - runs.begin()), [&](std::size_t i) {
    thread_local ByteBuffer packed, unpacked;
    work(reader, runs[i], packed, unpacked);
  });
  if (large != runs.end()) {
    ByteBuffer packed, unpacked;
    for (auto run = large; run != runs.end(); ++run) work(reader, *run, packed, unpacked);
  }
  if (reader.failure) throw reader.failure->error;
}

}  // namespace carbonfront
