// For every machine: what the compiler makes of plain loops.

#include "host/clones.hpp"
#include "host/pareto/tile_path.hpp"

namespace carbonfront {
namespace {
#include "host/pareto/tile_kernels.hpp"
}  // namespace

const TilePath kTilePathPlain{"plain C++",  [] { return true; },   estimate,    build,     raise, kill, settle,
                              settle_front, find_first_dominators, build_count, add_counts};

}  // namespace carbonfront
