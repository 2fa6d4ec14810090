// carbonfront: what does it emit, and is it worth it? The command line, signals and exit codes.

#include <fmt/format.h>
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <new>
#include <system_error>

#include "carbonfront/errors.hpp"
#include "carbonfront/progress.hpp"
#include "host/app/commands.hpp"
#include "host/app/crash_guard.hpp"
#include "host/app/exit_codes.hpp"
#include "host/app/say.hpp"
#include "host/app/signals.hpp"
#include "host/sweep/hdf5.hpp"
#include "host/sweep/trial.hpp"
#include "host/text.hpp"

using namespace carbonfront;

namespace {

int fail(int code, const char* message) {
  say("carbonfront: {}\n", message);
  return code;
}

/// What CLI11 says of a command line, as `problem (why); what to do`.
std::string explained(const CLI::ParseError& error, const CLI::App& app) {
  std::string command = "carbonfront", why = "the command line cannot be understood";
  std::vector<std::string> options;
  for (const CLI::App* chosen : app.get_subcommands()) {
    command += " " + chosen->get_name();
    for (const CLI::Option* option : chosen->get_options())
      for (const std::string& name : option->get_lnames()) options.push_back("--" + name);
  }
  if (dynamic_cast<const CLI::ExtrasError*>(&error)) {
    std::string_view text = error.what();
    std::string word(text.substr(text.rfind(": ") + 2));
    why = "no option or argument of '" + command + "' has that name" +
          (word.starts_with("-") ? did_you_mean(word, options) : "");
  } else if (dynamic_cast<const CLI::RequiredError*>(&error)) {
    why = "'" + command + "' cannot do without it";
  } else if (dynamic_cast<const CLI::ArgumentMismatch*>(&error)) {
    why = "it takes one value, once";
  } else if (dynamic_cast<const CLI::ValidationError*>(&error) || dynamic_cast<const CLI::ConversionError*>(&error)) {
    why = "it takes no such value";
  }
  return fmt::format("{} ({}); see {} --help", error.what(), why, command);
}

/// Runs the chosen subcommand and maps what it throws to exit codes.
int run(const std::function<int()>& action) {
  try {
    int code = action();
    if (std::fflush(stdout) != 0) throw std::system_error(errno, std::generic_category());
    return code;
  } catch (const SpecError& error) {
    return fail(kUsage, error.what());
  } catch (const InputError& error) {
    return fail(kBadInput, error.what());
  } catch (const DeviceError& error) {
    return fail(kDevice, error.what());
  } catch (const OutputError& error) {
    return fail(kOutput, error.what());
  } catch (const Stopped& stopped) {
    if (stopped.reason == kTimeLimit)
      return fail(kTimeLimitReached, "the time limit is reached (nothing was kept yet); raise --time-limit");
    say("carbonfront: stopped by signal {}; no result was written\n", stopped.reason);
    return 128 + stopped.reason;
  } catch (const std::system_error& error) {  // of fmt::print
    return fail(
        kOutput,
        fmt::format("cannot write to standard output ({}); see where it is redirected to", error.code().message()).c_str());
  } catch (const std::bad_alloc&) {
    return fail(
        kDevice,
        "out of memory (the sweep's used columns do not fit); use fewer columns, a `where` condition or a larger machine");
  } catch (const std::exception& error) {
    return fail(kInternal,
                (std::string("internal error (") + error.what() + "); please report it with the command line").c_str());
  }
}

/// Lets as many files be open as the system allows: a sweep may be thousands of them.
void raise_file_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

int main(int argc, char** argv) {
  handle_signals();
  raise_file_limit();
  CrashGuard guard;
  H5dont_atexit();  // a file that could not be written is not tried again on the way out
  h5::silence();
  try_files_with(try_in_child);

  CLI::App app("Scores sweeps of deep-learning configurations: what does each emit, and is it worth it?", "carbonfront");
  app.set_version_flag("--version", "carbonfront " CARBONFRONT_VERSION);
  app.require_subcommand(1);
  app.get_formatter()->column_width(38);
  std::function<int()> action;
  add_score_command(app, action, argc, argv);
  add_count_command(app, action);
  add_merge_command(app, action, argc, argv);
  add_slurm_command(app, action);
  add_validate_command(app, action);
  add_convert_command(app, action);
  add_generate_command(app, action);
  add_inspect_command(app, action);
  add_backends_command(app, action);
  add_models_command(app, action);
  add_explain_command(app, action);
  add_catalog_command(app, action);
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands({})) names.push_back(command->get_name());
  if (argc > 1 && *argv[1] != '-' && std::find(names.begin(), names.end(), argv[1]) == names.end())
    return fail(kUsage, fmt::format("unknown command '{}' (commands are {}{}); see carbonfront --help", argv[1],
                                    join(names, ", "), did_you_mean(argv[1], names))
                            .c_str());
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& success) {  // --help, --version
    return app.exit(success);
  } catch (const CLI::ParseError& error) {
    return fail(kUsage, explained(error, app).c_str());
  } catch (const SpecError& error) {  // of a number
    return fail(kUsage, error.what());
  }
  return run(action);
}
