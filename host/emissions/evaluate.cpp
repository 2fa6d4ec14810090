#include "host/emissions/evaluate.hpp"

#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <type_traits>
#include <utility>
#include <vector>

namespace carbonfront {

namespace {

constexpr std::size_t kBlock = 1024;  // rows that stay in the first-level cache from step to step

/// A step's constants, repeated so that a block reads them as it reads columns.
using Constants = std::array<std::array<double, kBlock>, kMostFactors>;

/// Where a block's factors begin. [factor_count]
template <std::size_t... K>
std::array<const double*, sizeof...(K)> block_of(const EmissionStep& step, const Constants& constants, std::size_t begin,
                                                 std::index_sequence<K...>) {
  return {(step.factors[K].values ? step.factors[K].values + begin : constants[K].data())...};
}

/// One block's answers of one model.
struct Block {
  std::array<double, kBlock> energy_kwh, co2e_kg;
};

template <class Model, std::size_t... K>
void evaluate_block(const Model& model, const std::array<const double*, sizeof...(K)>& from, std::size_t rows,
                    double* energy_kwh, double* co2e_kg, std::index_sequence<K...>) {
  for (std::size_t i = 0; i < rows; ++i) {
    const double factors[] = {from[K][i]...};
    Emitted one = model(factors);
    energy_kwh[i] = one.energy_kwh;
    co2e_kg[i] = one.co2e_kg;
  }
}

template <Combine how>
void join_block(std::uint8_t number, const Block& one, std::size_t rows, EmissionColumns out) {
  for (std::size_t i = 0; i < rows; ++i) {
    Emitted row{out.energy_kwh[i], out.co2e_kg[i]};
    std::uint8_t source = out.source[i];
    combine(how, number, {one.energy_kwh[i], one.co2e_kg[i]}, row, source);
    out.energy_kwh[i] = row.energy_kwh;
    out.co2e_kg[i] = row.co2e_kg;
    out.source[i] = source;
  }
}

void join_block(Combine how, std::uint8_t number, const Block& one, std::size_t rows, EmissionColumns out) {
  if (how == Combine::set) return join_block<Combine::set>(number, one, rows, out);
  if (how == Combine::missing) return join_block<Combine::missing>(number, one, rows, out);
  join_block<Combine::add>(number, one, rows, out);
}

}  // namespace

void emissions_cpu(std::span<const EmissionStep> steps, std::size_t rows, EmissionColumns out) {
  std::vector<Constants> constants(steps.size());
  for (std::size_t s = 0; s < steps.size(); ++s)
    for (std::size_t k = 0; k < kMostFactors; ++k) constants[s][k].fill(steps[s].factors[k].constant);
  tbb::parallel_for(tbb::blocked_range<std::size_t>(0, rows, 16 * kBlock), [&](const auto& range) {
    Block one;
    std::array<std::uint8_t, kBlock> unasked;  // the sources where nobody wants them
    unasked.fill(kNoSource);
    for (std::size_t begin = range.begin(); begin < range.end(); begin += kBlock) {
      std::size_t size = std::min(kBlock, range.end() - begin);
      EmissionColumns block{out.energy_kwh + begin, out.co2e_kg + begin, out.source ? out.source + begin : unasked.data()};
      for (std::size_t s = 0; s < steps.size(); ++s) {
        bool direct = steps[s].how == Combine::set && !out.source;
        auto evaluate = [&](const auto& model) {
          std::make_index_sequence<std::decay_t<decltype(model)>::factor_count> all;
          evaluate_block(model, block_of(steps[s], constants[s], begin, all), size,
                         direct ? block.energy_kwh : one.energy_kwh.data(), direct ? block.co2e_kg : one.co2e_kg.data(),
                         all);
        };
        std::visit(evaluate, steps[s].model);
        if (!direct) join_block(steps[s].how, static_cast<std::uint8_t>(s), one, size, block);
      }
    }
  });
}

}  // namespace carbonfront
