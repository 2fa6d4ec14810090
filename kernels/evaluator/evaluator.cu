#include <algorithm>

#include "kernels/device/devices.hpp"
#include "kernels/emissions.hpp"
#include "kernels/evaluator/evaluator.hpp"
#include "kernels/evaluator/state.hpp"

namespace carbonfront::device {
namespace {

constexpr std::size_t kEmissionsBatchRows = 1 << 18;

/// Waits for a slot's batch and writes its results where they belong.
void finish(EmissionsSlot& slot) {
  if (slot.rows == 0) return;
  slot.stream.synchronize();
  std::copy_n(slot.down.data(), slot.rows, slot.energy_kwh);
  std::copy_n(slot.down.data() + slot.rows, slot.rows, slot.co2e_kg);
  slot.rows = 0;
}

/// Sends rows [begin, begin + slot.rows) on their way.
void start(EmissionsSlot& slot, DevicePower model, const HostFactor (&factors)[5], std::size_t begin) {
  const std::size_t rows = slot.rows, stride = (rows + 1) / 2 * 2;  // columns stay aligned to 16 bytes
  FactorColumns columns;
  for (int k = 0; k < 5; ++k) {
    columns.constants[k] = factors[k].constant;
    if (!factors[k].values) continue;
    std::copy_n(factors[k].values + begin, rows, slot.up.data() + k * stride);
    copy_up(slot.stream, slot.up.data() + k * stride, slot.factors.data() + k * stride, rows);
    columns.values[k] = slot.factors.data() + k * stride;
  }
  compute_emissions(slot.stream, model, columns, rows, slot.results.data(), slot.results.data() + stride);
  copy_down(slot.stream, slot.results.data(), slot.down.data(), rows);
  copy_down(slot.stream, slot.results.data() + stride, slot.down.data() + rows, rows);
}

}  // namespace

Evaluator::Evaluator(int device, std::size_t memory_limit) {
  use_device(device);
  state_.reset(new State{device, memory_limit, {}, {}, 0});
}

Evaluator::~Evaluator() = default;

void Evaluator::State::settle() const {
  streams.copies.synchronize();
  streams.work.synchronize();
}

std::size_t Evaluator::State::start() {
  use_device(device);
  for (auto& slot : slots) slot.reset();
  return budget();
}

std::size_t Evaluator::State::budget() const {
  settle();
  const std::size_t free = free_bytes() / 20 * 19;
  return memory_limit == 0 ? free : std::min(free, memory_limit);
}

void Evaluator::emissions(DevicePower model, const HostFactor (&factors)[5], std::size_t rows, double* energy_kwh,
                          double* co2e_kg) {
  if (rows == 0) return;
  use_device(state_->device);
  if (!state_->slots[0]) {
    const std::size_t fitting = state_->budget() / (2 * 7 * sizeof(double)) / 2 * 2;
    if (fitting == 0)
      throw Failure("planning device memory", "not even two rows fit", "raise --memory-limit, or use --backend cpu");
    state_->slot_rows = std::min(kEmissionsBatchRows, fitting);
    for (auto& slot : state_->slots) slot.emplace(state_->slot_rows);
  }
  int turn = 0;
  for (std::size_t begin = 0; begin < rows; begin += state_->slot_rows, turn ^= 1) {
    EmissionsSlot& slot = *state_->slots[turn];
    finish(slot);
    slot.rows = std::min(state_->slot_rows, rows - begin);
    slot.energy_kwh = energy_kwh + begin;
    slot.co2e_kg = co2e_kg + begin;
    start(slot, model, factors, begin);
  }
  for (auto& slot : state_->slots) finish(*slot);
}

Answers Evaluator::evaluate(PointsView points, Request wanted, const Host& host, Part part) {
  const std::size_t budget = state_->start();
  const bool fits = points.size * bytes_per_row(points.objective_count) <= budget;
  Answers answers = (fits ? evaluate_at_once : evaluate_in_blocks)(state_->streams, points, wanted, budget, host, part);
  state_->settle();
  return answers;
}

CrossAnswers Evaluator::count_against(PointsView points, const std::vector<std::uint8_t>& is_source, bool dominated_by,
                                      bool dominates, const Host& host, Part part) {
  const std::size_t budget = state_->start();
  CrossAnswers answers = cross_counts(state_->streams, points, is_source, dominated_by, dominates, budget, host, part);
  state_->settle();
  return answers;
}

}  // namespace carbonfront::device
