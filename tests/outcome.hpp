#pragma once
// What came of a command, whoever runs it: each test program links one who does. In tests/as_program.cpp that is the
// program, as a user starts it; in tests/run_layer.cpp the run below the command line, in this process.

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "tests/scratch.hpp"

namespace carbonfront {

/// What came of a run. A program that a signal killed has the code -signal.
struct Outcome {
  int code = 0;
  std::string out, err;
  long peak_kilobytes = 0;  // resident
};

using Arguments = std::vector<std::string>;

/// Runs a command: its name and what follows it.
Outcome run(const Arguments& arguments);

inline Arguments joined(Arguments arguments, const Arguments& more) {
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

/// A made-up sweep.
inline std::string generated(const Scratch& folder, const std::string& name, const Arguments& more) {
  Outcome done = run(joined({"generate", "-o", folder / name}, more));
  EXPECT_EQ(done.code, 0) << done.err;
  return folder / name;
}

/// Scores `sweep` into r.h5 of the folder.
inline Arguments score_command(const Scratch& folder, const std::string& sweep, const Arguments& more) {
  return joined({"score", sweep, "-o", folder / "r.h5"}, more);
}
inline Outcome score(const Scratch& folder, const std::string& sweep, const Arguments& more) {
  return run(score_command(folder, sweep, more));
}

/// Scores `sweep` into r.h5, which must succeed; returns the result's path.
inline std::string scored(const Scratch& folder, const std::string& sweep, const Arguments& more) {
  Outcome done = score(folder, sweep, more);
  EXPECT_EQ(done.code, 0) << done.err;
  return folder / "r.h5";
}

inline std::string digest_of(const std::string& path) {
  Outcome done = run({"inspect", path, "--digest"});
  EXPECT_EQ(done.code, 0) << done.err;
  return done.out.substr(0, done.out.find(' '));
}

inline bool says(const std::string& text, const std::string& words) { return text.find(words) != std::string::npos; }

/// Checks that a run ended with `code` and one line on standard error, `problem (why); advice`, that has all of `words`.
inline void expect_refused(const Outcome& done, int code, const std::vector<std::string>& words) {
  EXPECT_EQ(done.code, code) << done.out << done.err;
  EXPECT_EQ(done.out, "");
  for (const std::string& word : words) EXPECT_TRUE(says(done.err, word)) << "'" << word << "' is not in: " << done.err;
  std::size_t last = done.err.rfind("carbonfront: ");
  ASSERT_NE(last, std::string::npos) << done.err;
  std::string message = done.err.substr(last);
  EXPECT_TRUE(says(message, " (") && says(message, "); ")) << "not `problem (why); advice`: " << message;
  EXPECT_EQ(std::count(message.begin(), message.end(), '\n'), 1) << message;
}

/// The same, and that the folder holds `names` and nothing else.
inline void expect_refused(const Outcome& done, int code, const std::vector<std::string>& words, const Scratch& folder,
                           const std::set<std::string>& names) {
  expect_refused(done, code, words);
  EXPECT_EQ(folder.names(), names);
}

}  // namespace carbonfront
