#pragma once
// Runs the program the way a user does: arguments in; exit code, standard output and standard error out.

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "tests/scratch.hpp"

namespace carbonfront {

/// What came of a run. A program that a signal killed has the code -signal.
struct Outcome {
  int code = 0;
  std::string out, err;
  long peak_kilobytes = 0;  // resident
};

/// The program, started. The destructor waits for it.
class Program {
 public:
  /// `file_bytes` limits the size of every file that it writes; `out` replaces standard output.
  explicit Program(const std::vector<std::string>& arguments, rlim_t file_bytes = RLIM_INFINITY, const char* out = nullptr)
      : out_(out ? std::fopen(out, "w") : std::tmpfile()), err_(std::tmpfile()) {
    std::vector<std::string> words = {CARBONFRONT_PROGRAM};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> pointers;
    for (std::string& word : words) pointers.push_back(word.data());
    pointers.push_back(nullptr);
    process_ = ::fork();
    if (process_ != 0) return;
    ::dup2(::fileno(out_), STDOUT_FILENO);
    ::dup2(::fileno(err_), STDERR_FILENO);
    rlimit limit{file_bytes, file_bytes};
    if (file_bytes != RLIM_INFINITY) ::setrlimit(RLIMIT_FSIZE, &limit);
    ::alarm(120);  // a test that hangs fails
    ::execv(pointers[0], pointers.data());
    ::_exit(127);
  }
  Program(Program&&) = delete;
  ~Program() {
    if (!waited_) wait();
    std::fclose(out_);
    std::fclose(err_);
  }

  void send(int signal) const { ::kill(process_, signal); }
  std::string err_so_far() const { return text_of(err_); }

  /// Waits until `holds` or the program has ended; returns whether it held.
  bool wait_until(const std::function<bool()>& holds) {
    for (int i = 0; i < 3000; ++i) {
      if (holds()) return true;
      siginfo_t ended{};
      if (::waitid(P_PID, static_cast<id_t>(process_), &ended, WEXITED | WNOHANG | WNOWAIT) == 0 && ended.si_pid)
        return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
  }

  Outcome wait() {
    int status = 0;
    rusage used{};
    ::wait4(process_, &status, 0, &used);
    waited_ = true;
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status), text_of(out_), text_of(err_), used.ru_maxrss};
  }

 private:
  static std::string text_of(std::FILE* file) {
    std::string text;
    char block[4096];
    for (off_t at = 0;;) {
      ssize_t got = ::pread(::fileno(file), block, sizeof block, at);
      if (got <= 0) return text;
      text.append(block, static_cast<std::size_t>(got));
      at += got;
    }
  }

  std::FILE *out_, *err_;
  pid_t process_ = 0;
  bool waited_ = false;
};

using Arguments = std::vector<std::string>;

inline Arguments joined(Arguments arguments, const Arguments& more) {
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

inline Outcome run(const Arguments& arguments, rlim_t file_bytes = RLIM_INFINITY) {
  return Program(arguments, file_bytes).wait();
}

/// A made-up sweep.
inline std::string generated(const Scratch& folder, const std::string& name, const Arguments& more) {
  Outcome done = run(joined({"generate", "-o", folder / name}, more));
  EXPECT_EQ(done.code, 0) << done.err;
  return folder / name;
}

/// Scores `sweep` into r.h5 of the folder.
inline Outcome score(const Scratch& folder, const std::string& sweep, const Arguments& more) {
  return run(joined({"score", sweep, "-o", folder / "r.h5"}, more));
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
