// For every machine: what the compiler makes of plain loops.

#include "host/clones.hpp"
#include "host/pareto/tile_path.hpp"

namespace carbonfront {
namespace {
#include "host/pareto/tile_kernels.hpp"
}  // namespace

constinit const TilePath kTilePathPlain = path_of_these("plain C++", [] { return true; });

}  // namespace carbonfront
