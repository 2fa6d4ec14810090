#pragma once
// The documented exit codes; a signal n ends with 128 + n.

namespace carbonfront {

enum ExitCode {
  kOk = 0,
  kDifference = 1,
  kUsage = 2,
  kBadInput = 3,
  kDevice = 4,
  kInternal = 5,
  kOutput = 6,
  kTimeLimitReached = 7,
};

}  // namespace carbonfront
