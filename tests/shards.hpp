#pragma once
// Runs sweeps in shares the way job arrays do, for the tests of parts, counts, checkpoints and merging.

#include <filesystem>
#include <string>
#include <vector>

#include "tests/outcome.hpp"
#include "tests/sweep_builder.hpp"

namespace carbonfront {

/// One work of `shards` shares, in a folder of its own, with the result m.h5.
struct Sharing {
  const Scratch& folder;
  std::vector<std::string> sweep;
  Arguments spec;
  int shards = 1;
  Outcome (*run)(const Arguments&) = carbonfront::run;

  std::string result() const { return folder / "m.h5"; }
  std::string part(int shard) const { return result() + ".part-" + std::to_string(shard) + "-of-" + std::to_string(shards); }
  std::vector<std::string> parts() const {
    std::vector<std::string> paths;
    for (int shard = 0; shard < shards; ++shard) paths.push_back(part(shard));
    return paths;
  }
  std::string share(int shard) const { return std::to_string(shard) + "/" + std::to_string(shards); }

  Arguments score_command(int shard) const {
    return joined(joined({"score"}, sweep), joined(spec, {"-o", result(), "--shard", share(shard)}));
  }
  Outcome score(int shard, const Arguments& more = {}) const { return run(joined(score_command(shard), more)); }
  Arguments count_command(int shard) const { return joined(joined({"count"}, parts()), {"--shard", share(shard)}); }
  Outcome count(int shard, const Arguments& more = {}) const { return run(joined(count_command(shard), more)); }
  Outcome merge(const Arguments& more = {}) const {
    return run(joined(joined({"merge"}, parts()), joined({"-o", result()}, more)));
  }

  void score_all(const Arguments& more = {}) const {
    for (int shard = 0; shard < shards; ++shard) {
      Outcome done = score(shard, more);
      EXPECT_EQ(done.code, 0) << share(shard) << ": " << done.err;
    }
  }
  void count_all(const Arguments& more = {}) const {
    for (int shard = 0; shard < shards; ++shard) {
      Outcome done = count(shard, more);
      EXPECT_EQ(done.code, 0) << share(shard) << ": " << done.err;
    }
  }
  std::string merged_digest(const Arguments& more = {}) const {
    Outcome done = merge(joined(more, {"--force"}));
    EXPECT_EQ(done.code, 0) << done.err;
    return digest_of(result());
  }

  /// The digest of a run that is not shared.
  std::string digest_of_one_run(const Arguments& more = {}) const {
    Outcome done = run(joined(joined({"score"}, sweep), joined(spec, joined({"-o", folder / "one.h5", "--force"}, more))));
    EXPECT_EQ(done.code, 0) << done.err;
    return digest_of(folder / "one.h5");
  }
};

/// Compares the merged digest, before and after counting share by share, with that of one run.
inline void expect_the_bytes_of_one_run(const Scratch& folder, const std::vector<std::string>& sweep, const Arguments& spec,
                                        const std::vector<int>& shard_counts, const Arguments& more = {}) {
  for (const std::string& name : folder.names())
    if (name.starts_with("m.h5")) std::filesystem::remove(folder / name);
  std::string expected = Sharing{folder, sweep, spec, 1}.digest_of_one_run(more);
  for (int shards : shard_counts) {
    Sharing work{folder, sweep, spec, shards};
    work.score_all(more);
    EXPECT_EQ(work.merged_digest(more), expected) << shards << " shards";
    work.count_all(more);
    EXPECT_EQ(work.merged_digest(more), expected) << shards << " shards, counted";
  }
}

/// A spec with every kind of view: the front alone, counts, ranks; groups, conditions, emissions, missing values.
inline const char* const kAllKinds = R"([sweep]
where = ["accuracy >= 42"]
label = "model"
[emissions]
devices   = { column = "n_gpus" }
max_power = { column = "tdp" }
time      = { column = "train_time" }
[[view]]
name = "front"
objectives = ["accuracy:max", "energy_kwh:min"]
outputs = ["hypervolume", "contributions"]
group_by = ["gpu"]
columns = ["model", "params", "n_gpus"]
[[view]]
name = "counts"
objectives = ["accuracy:max", "params:min", "co2e_kg:min"]
outputs = ["dominated_by", "dominates", "witness"]
group_by = ["dataset", "gpu"]
columns = ["train_time"]
[[view]]
name = "worst"
objectives = ["accuracy:max", "co2e_kg:min"]
missing = "worst"
[[view]]
name = "ranks"
objectives = ["params:min", "co2e_kg:min", "energy_kwh:min"]
outputs = ["rank", "dominated_by", "crowding"]
[[view]]
name = "alone"
objectives = ["params:min", "co2e_kg:min", "energy_kwh:min"]
outputs = []
)";

}  // namespace carbonfront
