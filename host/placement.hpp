#pragma once
// What `--backend auto` gives to a device and what to the CPU: one small table, and the backend that shares work by it.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "host/backend.hpp"

namespace carbonfront {

/// What a backend is asked for. A front comes with every other answer about a view; alone, it is an answer of its own.
enum class Answer : std::uint8_t { counts, front, ranks, witnesses, emissions };

/// The numbers of objectives and rows for which a device gives an answer. Emissions are of 0 objectives, `rows` of a batch.
struct Placement {
  Answer answer;
  std::uint32_t least_objectives, most_objectives;
  std::uint64_t least_rows;
  bool alone;     // only where all that is asked about the rows is the device's: otherwise the CPU sorts them as well
  bool measured;  // false: a prediction
};

/// The table. What is not in it is the CPU's, and so is what is in doubt.
///
/// EVERY ENTRY IS A PREDICTION, none is measured: of the work of the kernels, counted in bench/README.md, and the transfer
/// of the columns, which lie in the memory of the host, against 16 cores. Fronts alone are predicted to take the cores
/// hardly longer than the transfer, as emissions do. With 2 or 3 objectives the CPU's counts take no longer than its order,
/// or hardly, so that nothing is saved where it needs that for ranks of 2.
inline constexpr Placement kPlacements[] = {
    {.answer = Answer::counts,
     .least_objectives = 2,
     .most_objectives = 3,
     .least_rows = 1'000'000,
     .alone = true,
     .measured = false},
    {.answer = Answer::counts,
     .least_objectives = 4,
     .most_objectives = 8,
     .least_rows = 300'000,
     .alone = false,
     .measured = false},
    {.answer = Answer::ranks,
     .least_objectives = 3,
     .most_objectives = 8,
     .least_rows = 300'000,
     .alone = false,
     .measured = false},
    {.answer = Answer::witnesses,
     .least_objectives = 2,
     .most_objectives = 3,
     .least_rows = 1'000'000,
     .alone = true,
     .measured = false},
    {.answer = Answer::witnesses,
     .least_objectives = 4,
     .most_objectives = 8,
     .least_rows = 300'000,
     .alone = false,
     .measured = false},
};

/// What of a request is the device's and what is the CPU's. The front is the device's where it has anything to do.
struct SharedRequest {
  bool on_device = false, on_cpu = false;
  VerdictRequest device, cpu;
};
SharedRequest shared_request(std::span<const Placement> table, VerdictRequest wanted, std::uint32_t objectives,
                             std::uint64_t rows);

/// Tells whether the device gives the one answer that is asked for.
bool is_on_device(std::span<const Placement> table, Answer answer, std::uint32_t objectives, std::uint64_t rows);

/// Joins an open device backend and the CPU's to one that shares work by a table: first the device does its part, then the
/// CPU the rest, knowing the front. What fails on the device ends the work: nothing is done again on the CPU. No columns go
/// up while rows are read. Its name is both names, as in "cuda+cpu". The table is copied.
OpenBackend shared_backend(OpenBackend device, OpenBackend cpu, std::span<const Placement> table = kPlacements);

}  // namespace carbonfront
