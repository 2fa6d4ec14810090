#include "host/emissions/evaluate.hpp"

#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <type_traits>
#include <utility>
#include <vector>

#include "host/clones.hpp"

namespace carbonfront {

namespace {

constexpr std::size_t kBlock = 1024;  // rows of one step
constexpr std::size_t kJoined = 256;  // rows of several steps: they stay in the first-level cache from step to step

/// A step's constants, repeated so that a block reads them as it reads columns.
using Constants = std::array<std::array<double, kBlock>, kMostFactors>;

/// Where a block's factors begin. [factor_count]
template <std::size_t... K>
std::array<const double*, sizeof...(K)> block_of(const EmissionStep& step, const Constants& constants, std::size_t begin,
                                                 std::index_sequence<K...>) {
  return {(step.factors[K].values ? step.factors[K].values + begin : constants[K].data())...};
}

/// Evaluates a block of the first step.
template <class Model, std::size_t... K>
CARBONFRONT_CLONES void evaluate_block(const Model& model, const std::array<const double*, sizeof...(K)>& from,
                                       std::size_t rows, double* __restrict energy_kwh, double* __restrict co2e_kg,
                                       std::index_sequence<K...>) {
  for (std::size_t i = 0; i < rows; ++i) {
    const double factors[] = {from[K][i]...};
    Emitted one = model(factors);
    energy_kwh[i] = one.energy_kwh;
    co2e_kg[i] = one.co2e_kg;
  }
}

/// Evaluates a block of a later step and joins it with what the rows have, as combine() does: vector code, in one pass.
template <Combine how, class Model, std::size_t... K>
CARBONFRONT_CLONES void join_block(const Model& model, const std::array<const double*, sizeof...(K)>& from, std::size_t rows,
                                   double* __restrict energy_kwh, double* __restrict co2e_kg, std::index_sequence<K...>) {
  for (std::size_t i = 0; i < rows; ++i) {
    const double factors[] = {from[K][i]...};
    Emitted one = model(factors);
    double kwh = energy_kwh[i], kg = co2e_kg[i];
    if constexpr (how == Combine::add) {
      energy_kwh[i] = kwh + one.energy_kwh;
      co2e_kg[i] = kg + one.co2e_kg;
    } else {
      co2e_kg[i] = kwh != kwh ? one.co2e_kg : kg;
      energy_kwh[i] = kwh != kwh ? one.energy_kwh : kwh;
    }
  }
}

/// Which step answers each row of a block, as numbers of the width of its answers.
using Chosen = std::array<double, kJoined>;

/// Evaluates a block of a step and takes the answers of the rows that are to have its: vector code, in one pass.
template <class Model, std::size_t... K>
CARBONFRONT_CLONES void take_block(const Model& model, const std::array<const double*, sizeof...(K)>& from, std::size_t rows,
                                   double number, const Chosen& chosen, double* __restrict energy_kwh,
                                   double* __restrict co2e_kg, std::index_sequence<K...>) {
  for (std::size_t i = 0; i < rows; ++i) {
    const double factors[] = {from[K][i]...};
    Emitted one = model(factors);
    double kwh = energy_kwh[i], kg = co2e_kg[i];
    energy_kwh[i] = chosen[i] == number ? one.energy_kwh : kwh;
    co2e_kg[i] = chosen[i] == number ? one.co2e_kg : kg;
  }
}

/// Puts a number where a row's energy is not known; tells whether there is such a row.
CARBONFRONT_CLONES bool mark_unknown(double number, const double* energy_kwh, std::size_t rows, Chosen& chosen) {
  std::uint64_t unknown = 0;  // of the values' width
  for (std::size_t i = 0; i < rows; ++i) {
    double had = chosen[i];
    chosen[i] = energy_kwh[i] != energy_kwh[i] ? number : had;
    unknown |= energy_kwh[i] != energy_kwh[i] ? std::uint64_t{1} : std::uint64_t{0};
  }
  return unknown != 0;
}

/// Writes the numbers as bytes; kNoSource where a row's energy is not known.
CARBONFRONT_CLONES void write_sources(const double* energy_kwh, const Chosen& chosen, std::size_t rows,
                                      std::uint8_t* source) {
  for (std::size_t i = 0; i < rows; ++i) {
    double number = energy_kwh[i] != energy_kwh[i] ? double{kNoSource} : chosen[i];
    source[i] = static_cast<std::uint8_t>(static_cast<std::int32_t>(number));
  }
}

/// Reads the numbers from bytes.
CARBONFRONT_CLONES void read_sources(const std::uint8_t* source, std::size_t rows, Chosen& chosen) {
  for (std::size_t i = 0; i < rows; ++i) chosen[i] = static_cast<double>(static_cast<std::int32_t>(source[i]));
}

/// Prepares a block for a step that answers the rows that chose it; tells whether there is such a row.
bool starts_chosen(const EmissionStep& step, std::uint8_t number, std::size_t begin, std::size_t rows, EmissionColumns out) {
  if (step.how == Combine::set) {
    std::fill_n(out.energy_kwh + begin, rows, std::numeric_limits<double>::quiet_NaN());
    std::fill_n(out.co2e_kg + begin, rows, std::numeric_limits<double>::quiet_NaN());
  }
  return std::memchr(out.chosen + begin, number, rows) != nullptr;
}

/// Evaluates one step of a block and joins it with what the rows have.
void step_block(const EmissionStep& step, const Constants& constants, std::uint8_t number, std::size_t begin,
                std::size_t rows, EmissionColumns out, Chosen& chosen) {
  double *energy_kwh = out.energy_kwh + begin, *co2e_kg = out.co2e_kg + begin;
  const bool takes = out.chosen && step.how != Combine::add;
  if (takes && !starts_chosen(step, number, begin, rows, out)) return;
  if (step.how == Combine::set && out.source) chosen.fill(number);
  if (step.how == Combine::missing && !takes && !mark_unknown(number, energy_kwh, rows, chosen))
    return;  // nothing is left to fill
  auto evaluate = [&](const auto& model) {
    std::make_index_sequence<std::decay_t<decltype(model)>::factor_count> all;
    auto from = block_of(step, constants, begin, all);
    if (takes)
      take_block(model, from, rows, number, chosen, energy_kwh, co2e_kg, all);
    else if (step.how == Combine::set)
      evaluate_block(model, from, rows, energy_kwh, co2e_kg, all);
    else if (step.how == Combine::missing)
      join_block<Combine::missing>(model, from, rows, energy_kwh, co2e_kg, all);
    else
      join_block<Combine::add>(model, from, rows, energy_kwh, co2e_kg, all);
  };
  std::visit(evaluate, step.model);
}

}  // namespace

void emissions_cpu(std::span<const EmissionStep> steps, std::size_t rows, EmissionColumns out) {
  std::vector<Constants> constants(steps.size());
  for (std::size_t s = 0; s < steps.size(); ++s)
    for (std::size_t k = 0; k < kMostFactors; ++k) constants[s][k].fill(steps[s].factors[k].constant);
  const std::size_t block = steps.size() == 1 && !out.source && !out.chosen ? kBlock : kJoined;
  tbb::parallel_for(tbb::blocked_range<std::size_t>(0, rows, 16 * kBlock), [&](const auto& range) {
    Chosen chosen{};
    for (std::size_t begin = range.begin(); begin < range.end(); begin += block) {
      std::size_t size = std::min(block, range.end() - begin);
      if (out.chosen) read_sources(out.chosen + begin, size, chosen);
      for (std::size_t s = 0; s < steps.size(); ++s)
        step_block(steps[s], constants[s], static_cast<std::uint8_t>(s), begin, size, out, chosen);
      if (out.source) write_sources(out.energy_kwh + begin, chosen, size, out.source + begin);
    }
  });
}

}  // namespace carbonfront
