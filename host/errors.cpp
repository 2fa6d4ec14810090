#include "carbonfront/errors.hpp"

#include "carbonfront/progress.hpp"
#include "host/text.hpp"

namespace carbonfront {

Error::Error(const std::string& problem, const std::string& why, const std::string& advice)
    : std::runtime_error(escaped(problem + " (" + why + "); " + advice)) {}

Error::Error(const std::string& file, const Error& error) : std::runtime_error(escaped(file) + ": " + error.what()) {}

Stopped::Stopped(int why)
    : Error("the work was stopped", why == kTimeLimit ? "the time limit is reached" : "by signal " + std::to_string(why),
            "start it again"),
      reason(why) {}

void throw_stopped(int reason) { throw Stopped(reason); }

}  // namespace carbonfront
