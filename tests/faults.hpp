#pragma once
// What the tests of kills, full disks and planted files score.

#include "tests/program.hpp"
#include "tests/sweep_builder.hpp"

namespace carbonfront {

inline const Arguments kWork = {"--emissions", "devices=n_gpus,max_power=tdp,time=train_time",
                                "--view",      "t=accuracy:max,co2e_kg:min",
                                "--view",      "i=accuracy:max,params:min",
                                "--outputs",   "dominated_by,dominates,rank,witness,crowding"};

inline std::string generated(const Scratch& folder, const char* rows) {
  return generated(folder, "s.h5", {"--rows", rows, "--distribution", "correlated"});
}

inline Arguments scoring(const Scratch& folder, const Arguments& more) {
  return joined(joined({"score", folder / "s.h5", "-o", folder / "r.h5"}, kWork), more);
}

}  // namespace carbonfront
