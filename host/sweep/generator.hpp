#pragma once
// Made-up sweeps of any size and of known shape, for trials, tests and measurements.

#include <cstdint>
#include <string>

#include "carbonfront/progress.hpp"

namespace carbonfront {

/// How points lie in the unit cube, every objective to be minimised.
enum class Distribution : std::uint8_t {
  independent,     // uniform
  correlated,      // around the diagonal: Börzsönyi, Kossmann and Stocker, "The Skyline Operator", ICDE 2001
  anticorrelated,  // around the plane where the objectives add up to half their number: the same paper
  nondominated,    // objective 2 falls strictly while objective 1 rises: every pair of rows is incomparable; others uniform.
                   // In a whole sweep the training energy goes with objective 2, so that accuracy against emissions is too
  quantised,       // uniform over 100 distinct values per objective
};

/// The most objectives a made-up sweep can have; rejection makes the anti-correlated one slow beyond.
inline constexpr std::uint32_t kMostGeneratedObjectives = 16;

/// Rows that objectives 1 and 2 of `nondominated` can tell apart as float32.
inline constexpr std::uint64_t kMostNarrowNondominatedRows = std::uint64_t{1} << 23;

/// What `generate` is asked for.
struct GenerateOptions {
  std::string output;
  std::uint64_t rows = 0;
  Distribution distribution = Distribution::independent;
  std::uint64_t seed = 1;
  std::uint32_t objectives = 0;       // columns f1..fM; 0: none, or three with `plain`
  bool plain = false;                 // f columns only
  bool float32 = false;               // f columns as float32
  double missing = 0;                 // share of rows, [0, 1], without train_time, and without f1; accuracy: a quarter of it
  std::uint64_t chunk_rows = 0;       // 0: min(rows, 65,536)
  int deflate = 0;                    // 0: uncompressed
  bool force = false;                 // overwrite
  std::uint64_t batch_rows = 131072;  // rows in memory at a time; the file does not depend on it
};

/// The distribution's name, as in `--distribution`.
const char* name_of(Distribution distribution);

/// Fills `points` [dimensions × count], column-major, with the points of rows `begin` to `begin + count` of a sweep of
/// `rows`. Values are in [0, 1) and depend on seed, row and distribution alone, not on the batch, the threads or the
/// machine. All but (anti-)correlated also give the same first objectives for any number of dimensions. Runs on all threads.
/// At most kMostGeneratedObjectives dimensions; `nondominated` needs two.
void generate_points(Distribution distribution, std::uint64_t seed, std::uint64_t rows, std::uint32_t dimensions,
                     std::uint64_t begin, std::uint64_t count, double* points);

/// Writes a sweep, group /configs. Unless `plain`, accuracy (to be maximised), params and the training energy, and so the
/// emissions of n_gpus · tdp · train_time, are strictly monotone functions of the point's first three objectives, exact
/// enough that equal ones stay equal and different ones different (up to 10⁸ rows of any distribution).
/// Memory: about 200 bytes for each row of a batch. Throws SpecError, OutputError, Stopped.
void generate_sweep(const GenerateOptions& options, Progress& progress);

}  // namespace carbonfront
