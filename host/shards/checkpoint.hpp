#pragma once
// Work that was done before: finished parts, and checkpoints of parts and results to go on from.

#include <string>

#include "host/shards/part.hpp"

namespace carbonfront {

/// Where the checkpoint of a part or result lies: beside it.
std::string checkpoint_path(const std::string& target);
bool has_checkpoint(const std::string& target);

/// Tells whether a part is there and complete. With `force` none counts. Throws InputError where it is of other work, naming
/// the difference, or damaged.
bool is_done(const std::string& target, const PartInfo& work, bool force);

/// Appends a target's checkpoint, if there is one, to data that is empty; tells whether there was. Throws InputError where
/// it is of other work, naming the difference, or damaged; with `force` it is removed instead.
bool resume(const std::string& target, const Plan& plan, const PartInfo& work, bool force, const Progress& progress,
            ResultRows& rows, Data& data);

/// Removes a target's checkpoint, if there is one.
void remove_checkpoint(const std::string& target);

}  // namespace carbonfront
