#pragma once
// How signals reach the work.

#include "host/scoring/wind_up.hpp"

namespace carbonfront {

/// Whom signals ask: what a command calls is given both.
StopFlag& stop_of_process();
WindUp& wind_up_of_process();

/// SIGINT, SIGTERM, SIGHUP and SIGUSR1 ask the work to stop, which removes unfinished outputs; work that can wind up with a
/// checkpoint is left to do so. Work that does not stop within five seconds, caught in a library, is ended; so is the
/// program at a second signal.
void handle_signals();

}  // namespace carbonfront
