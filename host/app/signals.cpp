#include "host/app/signals.hpp"

#include <signal.h>
#include <unistd.h>

#include <csignal>

#include "host/sweep/output_file.hpp"

namespace carbonfront {

namespace {

// Constructed before main, so that a handler finds them.
StopFlag process_stop;
WindUp process_wind_up;
volatile std::sig_atomic_t stopping = 0;

void stop(int signal) {
  if ((signal == SIGTERM || signal == SIGUSR1) && process_wind_up.request(signal)) return;
  if (signal == SIGALRM && process_wind_up.asked() && stopping != SIGINT) return;
  if (stopping) {
    remove_unfinished_output();
    ::_exit(128 + stopping);
  }
  stopping = signal;
  process_stop.request(signal);
  ::alarm(5);
}

}  // namespace

StopFlag& stop_of_process() { return process_stop; }

WindUp& wind_up_of_process() { return process_wind_up; }

void handle_signals() {
  struct sigaction action {};
  action.sa_handler = stop;
  action.sa_flags = SA_RESTART;
  sigaction(SIGALRM, &action, nullptr);
  for (int signal : {SIGINT, SIGTERM, SIGHUP, SIGUSR1}) {
    struct sigaction inherited {};
    sigaction(signal, nullptr, &inherited);
    if (inherited.sa_handler != SIG_IGN) sigaction(signal, &action, nullptr);  // as nohup and background jobs want it
  }
  std::signal(SIGXFSZ, SIG_IGN);  // a file size limit is a failed write, reported like a full disk
}

}  // namespace carbonfront
