#include <algorithm>

#include "kernels/device/devices.hpp"
#include "kernels/emissions.hpp"
#include "kernels/evaluator/evaluator.hpp"
#include "kernels/evaluator/state.hpp"

namespace carbonfront::device {
namespace {

constexpr std::size_t kEmissionsBatchRows = 1 << 18;

/// Waits for a slot's batch and writes its results where they belong.
void finish(EmissionsSlot& slot, const Host& host) {
  if (slot.rows == 0) return;
  slot.stream.synchronize();
  copy_in_parallel(host, slot.down.data(), slot.rows, slot.out.energy_kwh);
  copy_in_parallel(host, slot.down.data() + slot.rows, slot.rows, slot.out.co2e_kg);
  if (slot.out.source) copy_in_parallel(host, slot.sources_pinned.data(), slot.rows, slot.out.source);
  slot.rows = 0;
}

/// The columns that the steps read, each once.
std::vector<const double*> columns_of(std::span<const EmissionStep> steps) {
  std::vector<const double*> columns;
  for (const EmissionStep& step : steps)
    for (const Factor& factor : step.factors)
      if (factor.values && std::find(columns.begin(), columns.end(), factor.values) == columns.end())
        columns.push_back(factor.values);
  return columns;
}

/// Sends rows [begin, begin + slot.rows) on their way.
void start(EmissionsSlot& slot, std::span<const EmissionStep> steps, const std::vector<const double*>& columns,
           std::size_t begin, const Host& host) {
  const std::size_t rows = slot.rows, stride = (rows + 1) / 2 * 2;  // columns stay aligned to 16 bytes
  for (std::size_t c = 0; c < columns.size(); ++c) {
    copy_in_parallel(host, columns[c] + begin, rows, slot.up.data() + c * stride);
    copy_up(slot.stream, slot.up.data() + c * stride, slot.factors.data() + c * stride, rows);
  }
  if (slot.out.chosen) {
    copy_in_parallel<std::uint8_t>(host, slot.out.chosen, rows, slot.sources_pinned.data());
    copy_up(slot.stream, slot.sources_pinned.data(), slot.sources.data(), rows);
  }
  const EmissionColumns out{slot.results.data(), slot.results.data() + stride,
                            slot.out.source ? slot.sources.data() : nullptr,
                            slot.out.chosen ? slot.sources.data() : nullptr};
  for (std::size_t s = 0; s < steps.size(); ++s) {
    FactorColumns factors;
    for (int k = 0; k < kMostFactors; ++k) {
      factors.constants[k] = steps[s].factors[k].constant;
      if (!steps[s].factors[k].values) continue;
      const auto at = std::find(columns.begin(), columns.end(), steps[s].factors[k].values) - columns.begin();
      factors.values[k] = slot.factors.data() + static_cast<std::size_t>(at) * stride;
    }
    compute_emissions(slot.stream, steps[s].model, factors, steps[s].how, static_cast<std::uint8_t>(s), rows, out);
  }
  copy_down(slot.stream, out.energy_kwh, slot.down.data(), rows);
  copy_down(slot.stream, out.co2e_kg, slot.down.data() + rows, rows);
  if (out.source) copy_down(slot.stream, out.source, slot.sources_pinned.data(), rows);
}

/// Rows of a resident column that are brought up together.
std::uint32_t buffer_rows(const ResidentKeys& resident) { return std::clamp(resident.capacity / 16, 1u, 1u << 18); }

bool uses(const ResidentKeys& resident, PointsView points) {
  return std::any_of(points.objectives, points.objectives + points.objective_count,
                     [&](const Objective& objective) { return resident.find(objective, points) != nullptr; });
}

}  // namespace

Evaluator::Evaluator(int device, std::size_t memory_limit, bool as_for_many) {
  use_device(device);
  state_.reset(new State{device, memory_limit, {{}, {}, as_for_many ? 0 : kFewRows}, {}, {}});
}

Evaluator::~Evaluator() = default;

void Evaluator::State::settle() const {
  streams.copies.synchronize();
  streams.work.synchronize();
}

std::size_t Evaluator::State::budget() const {
  settle();  // what failed is told here, before the buffers' owners wait for it
  const std::size_t emissions = slots[0] ? slots[0]->bytes() + slots[1]->bytes() : 0;
  const std::size_t free = (free_bytes() + streams.upload_bytes()) / 20 * 19;
  const std::size_t taken = emissions + (resident ? resident->bytes() : 0);
  const std::size_t left = memory_limit == 0 ? free : std::min(free, memory_limit - std::min(memory_limit, taken));
  return left / (kRowParts + 1) * kRowParts;
}

std::size_t Evaluator::State::make_room(std::uint64_t wanted) {
  use_device(device);
  const std::size_t bytes = budget();
  if (streams.upload_bytes() > bytes / kRowParts) streams.uploads.reset();  // from when there was more memory
  if (wanted <= bytes || !slots[0]) return bytes;
  for (auto& slot : slots) slot.reset();
  return budget();
}

void Evaluator::State::make_resident(const GrowingColumns& growing) {
  resident.reset();
  const std::uint64_t row_bytes = 8 * growing.columns.size() + bytes_per_row(growing.most_objectives, true);
  const std::size_t bytes = make_room(growing.most_rows * row_bytes);
  if (growing.columns.empty() || growing.most_rows == 0 || growing.most_rows > bytes / row_bytes) return;
  resident.emplace(ResidentKeys{{growing.columns.begin(), growing.columns.end()},
                                0,
                                growing.most_rows,
                                {streams.work, growing.columns.size() * growing.most_rows}});
  streams.work.synchronize();
}

void Evaluator::bring_up(const GrowingColumns& growing, const Host& host) {
  use_device(state_->device);
  if (growing.rows == 0) return state_->make_resident(growing);
  if (state_->resident && growing.rows > state_->resident->capacity) state_->resident.reset();  // more came than were told of
  if (!state_->resident) return;
  ResidentKeys& resident = *state_->resident;
  for (std::size_t i = 0; i < growing.columns.size(); ++i) {
    Objective more = resident.columns[i] = growing.columns[i];
    more.column.values = static_cast<const std::byte*>(more.column.values) + resident.rows * size_of(more.column.type);
    bring_values(state_->streams, more, growing.rows - resident.rows, buffer_rows(resident), host,
                 resident.column(i) + resident.rows);
  }
  resident.rows = growing.rows;
}

void Evaluator::State::make_slots(std::size_t columns) {
  for (auto& slot : slots) slot.reset();
  const std::size_t row_bytes = (columns + 2) * sizeof(double) + 1;
  const std::size_t fitting = budget() / (2 * row_bytes) / 2 * 2;
  if (fitting == 0)
    throw device_error("planning device memory", "not even two rows fit", "raise --memory-limit, or use --backend cpu");
  slot_rows = std::min(kEmissionsBatchRows, fitting);
  slot_columns = columns;
  for (auto& slot : slots) slot.emplace(slot_rows, columns);
}

void Evaluator::emissions(std::span<const EmissionStep> steps, std::size_t rows, EmissionColumns out, const Host& host) {
  if (rows == 0) return;
  use_device(state_->device);
  const std::vector<const double*> columns = columns_of(steps);
  if (!state_->slots[0] || state_->slot_columns < columns.size()) state_->make_slots(columns.size());
  for (auto& slot : state_->slots) {  // of a call that failed
    if (slot->rows > 0) slot->stream.synchronize();
    slot->rows = 0;
  }
  int turn = 0;
  for (std::size_t begin = 0; begin < rows; begin += state_->slot_rows, turn ^= 1) {
    EmissionsSlot& slot = *state_->slots[turn];
    finish(slot, host);
    slot.rows = std::min(state_->slot_rows, rows - begin);
    slot.out = {out.energy_kwh + begin, out.co2e_kg + begin, out.source ? out.source + begin : nullptr,
                out.chosen ? out.chosen + begin : nullptr};
    host.throw_if_stopped();
    start(slot, steps, columns, begin, host);
  }
  for (auto& slot : state_->slots) finish(*slot, host);
}

Verdict Evaluator::evaluate(PointsView points, VerdictRequest wanted, const Host& host, Part part) {
  check_points(points);
  const bool resident = state_->resident && uses(*state_->resident, points);
  const std::uint64_t bytes = points.size * bytes_per_row(points.objective_count, resident);
  std::size_t budget = state_->make_room(bytes);
  const bool fits = bytes <= budget;
  if (resident && !fits) {
    state_->resident.reset();
    budget = state_->budget();
  }
  state_->streams.resident = resident && fits ? &*state_->resident : nullptr;
  Verdict verdict = (fits ? evaluate_at_once : evaluate_in_blocks)(state_->streams, points, wanted, budget, host, part);
  state_->settle();
  return verdict;
}

CrossCounts Evaluator::count_against(PointsView points, CrossRequest wanted, const Host& host, Part part) {
  check_points(points);
  const std::size_t budget = state_->make_room(points.size * (bytes_per_row(points.objective_count) + 2));
  CrossCounts counts = cross_counts(state_->streams, points, wanted, budget, host, part);
  state_->settle();
  return counts;
}

}  // namespace carbonfront::device
