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
  Outcome done = run({"generate", "--rows", rows, "--distribution", "correlated", "-o", folder / "s.h5"});
  EXPECT_EQ(done.code, 0) << done.err;
  return folder / "s.h5";
}

inline Arguments scoring(const Scratch& folder, const Arguments& more) {
  Arguments arguments = {"score", folder / "s.h5", "-o", folder / "r.h5"};
  arguments.insert(arguments.end(), kWork.begin(), kWork.end());
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

}  // namespace carbonfront
