#pragma once
// Runs the program the way a user does: arguments in; exit code, standard output and standard error out.

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "tests/outcome.hpp"

namespace carbonfront {

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

inline Outcome program(const Arguments& arguments) { return Program(arguments).wait(); }
inline Outcome program(const Arguments& arguments, rlim_t file_bytes) { return Program(arguments, file_bytes).wait(); }

}  // namespace carbonfront
