#include "host/app/crash_guard.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <initializer_list>
#include <string_view>

#include "carbonfront/errors.hpp"
#include "host/app/exit_codes.hpp"
#include "host/app/say.hpp"
#include "host/side_thread.hpp"
#include "host/sweep/library_call.hpp"
#include "host/sweep/output_file.hpp"
#include "host/text.hpp"

namespace carbonfront {

namespace {

constexpr double kMostSeconds = 15;    // of computing in one call; unpacking the largest chunk takes less
constexpr unsigned kMostWaiting = 60;  // seconds that a child may take in all
constexpr std::array kSignals = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
std::array<struct sigaction, kSignals.size()> previous;

void tell(std::initializer_list<std::string_view> parts) {
  for (std::string_view part : parts)
    if (::write(STDERR_FILENO, part.data(), part.size()) < 0) return;
}

/// Ends the program; async-signal-safe.
[[noreturn]] void end(const char* subject, std::string_view why) {
  tell({"\ncarbonfront: cannot read ", subject, " (", why,
        "); the file is damaged in its structure: copy it again from its source\n"});
  remove_unfinished_output();
  ::_exit(kBadInput);
}

void on_fault(int signal) {
  if (const char* subject = subject_of_library_call())
    end(subject, signal == SIGFPE ? "the HDF5 library divided by zero over it" : "the HDF5 library crashed over it");
  for (std::size_t i = 0; i < kSignals.size(); ++i)
    if (kSignals[i] == signal) ::sigaction(signal, &previous[i], nullptr);  // the fault comes again, to whom it concerns
  if (signal == SIGABRT) ::raise(signal);
}

void watch(const std::stop_token& stop) {
  char subject[512];
  while (wait_for(stop, std::chrono::milliseconds(500)))
    if (find_long_library_call(kMostSeconds, subject)) end(subject, "the HDF5 library does not come back from it");
}

}  // namespace

CrashGuard::CrashGuard() : watchdog_(side_thread(watch)) {
  struct sigaction action {};
  action.sa_handler = on_fault;
  action.sa_flags = SA_ONSTACK;
  for (std::size_t i = 0; i < kSignals.size(); ++i) ::sigaction(kSignals[i], &action, &previous[i]);
}

void try_in_child(const std::vector<std::string>& files, const std::function<void()>& open) {
  pid_t child = ::fork();
  if (child < 0) return;  // without memory for a second process: the guard above remains
  if (child == 0) {
    for (int signal : kSignals) ::signal(signal, SIG_DFL);
    ::signal(SIGALRM, SIG_DFL);
    ::alarm(kMostWaiting);
    const rlimit seconds{static_cast<rlim_t>(kMostSeconds), static_cast<rlim_t>(kMostSeconds)}, no_core{0, 0};
    ::setrlimit(RLIMIT_CPU, &seconds);
    ::setrlimit(RLIMIT_CORE, &no_core);
    ::freopen("/dev/null", "w", stderr);  // the C library's own words about a damaged heap
    try {
      open();
    } catch (...) {
    }
    ::_exit(0);
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return;
  const int signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  if (signal == SIGINT || signal == SIGTERM || signal == SIGALRM) return;
  const bool loops = signal == SIGXCPU || signal == SIGKILL;
  throw InputError("cannot read '" + join(files, "', '") + "'",
                   loops ? "the HDF5 library does not come back from it" : "the HDF5 library crashed over it",
                   "the file is damaged in its structure: copy it again from its source");
}

void say_if_unchecked(const OwnFile& file) {
  if (file.is_checked()) return;
  std::string version;
  if (file.has("/provenance")) version = h5::text_attribute(file.open("/provenance"), "program_version");
  say("carbonfront: '{}' {}carries no checksums: damage in it cannot be noticed\n", file.path(),
      version.empty() ? "" : "was written by " + version + " and ");
}

}  // namespace carbonfront
