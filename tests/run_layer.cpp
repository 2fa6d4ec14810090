// Runs commands without the program: their words become requests to the run below the command line, in this process. What a
// command prints when it succeeds is not there; what it notes and throws is, as the program would say it.

#include <tbb/global_control.h>

#include <map>
#include <optional>
#include <stdexcept>

#include "carbonfront/errors.hpp"
#include "host/run/count.hpp"
#include "host/run/merge.hpp"
#include "host/run/score.hpp"
#include "host/run/validate.hpp"
#include "host/scoring/memory.hpp"
#include "host/sweep/digest.hpp"
#include "host/sweep/generator.hpp"
#include "tests/outcome.hpp"

namespace carbonfront {
namespace {

/// A command's words taken apart. An option has the words behind it up to the next, as a flag it has none.
struct Words {
  std::vector<std::string> plain;
  std::map<std::string, std::vector<std::string>> options;

  explicit Words(const Arguments& arguments) {
    static const std::set<std::string> flags = {"--force",   "--sha256",         "--digest",       "--plain",
                                                "--float32", "--allow-external", "--print-missing"};
    static const std::set<std::string> others = {
        "-o",        "--backend",      "--batch-rows", "--chunk-rows", "--columns",  "--deflate",      "--device",
        "--group",   "--distribution", "--emissions",  "--group-by",   "--label",    "--memory-limit", "--missing",
        "--outputs", "--objectives",   "--reader",     "--require",    "--rows",     "--seed",         "--shard",
        "--show",    "--spec",         "--sweep",      "--threads",    "--validate", "--view",         "--where"};
    for (std::size_t i = 1; i < arguments.size(); ++i) {
      const std::string& word = arguments[i];
      if (!word.starts_with('-')) {
        plain.push_back(word);
        continue;
      }
      const std::size_t equals = word.find('=');
      const std::string option = word.substr(0, equals);
      if (!flags.contains(option) && !others.contains(option))
        throw std::invalid_argument(option + " is an option of the program: see tests/program.hpp");
      std::vector<std::string>& values = options[option];
      if (equals != std::string::npos)
        values.push_back(word.substr(equals + 1));
      else if (word == "--sweep")
        while (i + 1 < arguments.size() && !arguments[i + 1].starts_with('-')) values.push_back(arguments[++i]);
      else if (!flags.contains(word))
        values.push_back(arguments.at(++i));
    }
  }

  bool has(const std::string& option) const { return options.contains(option); }
  std::string text(const std::string& option) const { return has(option) ? options.at(option).back() : ""; }
  std::vector<std::string> texts(const std::string& option) const {
    return has(option) ? options.at(option) : std::vector<std::string>();
  }
  std::uint64_t number(const std::string& option, std::uint64_t otherwise) const {
    return has(option) ? std::stoull(text(option)) : otherwise;
  }
  std::optional<std::string> given(const std::string& option) const {
    return has(option) ? std::optional(text(option)) : std::nullopt;
  }
};

/// What all commands take.
struct Common {
  const Words& words;
  std::string& err;

  Note note() const {
    return [this](const std::string& line) { err += line + "\n"; };
  }
  ReadingOptions reading() const { return {words.text("--reader") != "plain", words.has("--allow-external")}; }
  Limits limits() const {
    return limits_of(static_cast<int>(words.number("--threads", 0)), words.text("--memory-limit"), note());
  }
  BackendChoice backend() const {
    return {words.has("--backend") ? words.text("--backend") : "auto",
            {words.text("--device"), words.has("--memory-limit") ? parse_size(words.text("--memory-limit")) : 0}};
  }
  OutputFiles outputs() const { return {words.text("-o"), "", words.has("--force")}; }
};

Spec spec_of(const Words& words) {
  Spec spec = words.has("--spec") ? read_spec(words.text("--spec")) : Spec{};
  SpecFlags flags{words.texts("--view"),    words.texts("--where"),  words.text("--emissions"), words.text("--group"),
                  words.text("--label"),    words.text("--missing"), words.text("--require"),   words.given("--group-by"),
                  words.given("--outputs"), words.given("--columns")};
  apply_flags(spec, flags);
  check_spec(spec);
  return spec;
}

int run_score(const Common& common, Progress& progress) {
  const Words& words = common.words;
  ScoreRequest request;
  request.inputs = words.plain;
  request.spec = spec_of(words);
  request.reading = common.reading();
  request.outputs = common.outputs();
  if (words.has("--spec")) request.other_files = {words.text("--spec")};
  request.whole_inputs = words.has("--sha256");
  if (words.has("--shard")) request.shard = parse_shard(words.text("--shard"));
  request.batch_rows = words.number("--batch-rows", 0);
  if (words.has("--validate"))
    request.validated_rows = words.text("--validate") == "all" ? ~std::uint64_t{0} : words.number("--validate", 0);
  request.backend = common.backend();
  request.limits = common.limits();
  request.note = common.note();
  ScoreRun run = prepare_score(std::move(request), progress);
  if (is_done(run)) return 0;
  WindUp wind_up;
  Draft draft = begin_draft(run, wind_up);
  const ScoreEnd end = score(run, wind_up, progress, draft);
  for (const std::string& line : end.report.lines) common.err += line + "\n";
  if (end.how == ScoreEnd::How::judged) deliver(run, draft);
  return end.how == ScoreEnd::How::different ? 1 : 0;
}

int run_merge(const Common& common, Progress& progress, std::string& out) {
  const Words& words = common.words;
  if (words.has("--print-missing")) {
    const Collection all = collect_parts(words.plain);
    for (const std::string& problem : all.problems) common.err += "carbonfront: " + problem + "\n";
    out = array_spec(all.run_again) + "\n";
    return 0;
  }
  MergeRun run =
      prepare_merge({words.texts("--sweep"), common.reading(), common.outputs(), words.plain, words.has("--sha256"),
                     words.number("--show", 20), 20, false, common.backend(), common.limits(), "", common.note()},
                    progress);
  Draft draft(run.request.outputs.result, run.request.outputs.force);
  merge(run, progress, draft);
  deliver(run.provenance, draft);
  return 0;
}

int run_count(const Common& common, Progress& progress) {
  const Words& words = common.words;
  CountRun run = prepare_count({words.plain, words.texts("--sweep"), common.reading(), parse_shard(words.text("--shard")),
                                words.has("--force"), common.backend(), common.limits(), common.note()},
                               progress);
  WindUp wind_up;
  if (!run.counted_before) count(run, wind_up, progress);
  return 0;
}

int run_validate(const Common& common, Progress& progress) {
  const Words& words = common.words;
  const std::uint64_t rows = words.text("--rows") == "all" ? ~std::uint64_t{0} : words.number("--rows", 1000);
  const OwnFile file = open_result(words.plain.at(0));
  const Validation found = validate(file, {words.plain.begin() + 1, words.plain.end()}, common.reading(), rows, progress);
  for (const std::string& line : found.lines) common.err += "carbonfront: " + line + "\n";
  return found.different == 0 ? 0 : 1;
}

int run_generate(const Common& common, Progress& progress) {
  const Words& words = common.words;
  GenerateOptions options;
  options.output = words.text("-o");
  options.rows = static_cast<std::uint64_t>(std::stod(words.text("--rows")));
  for (const Distribution distribution : {Distribution::independent, Distribution::correlated, Distribution::anticorrelated,
                                          Distribution::nondominated, Distribution::quantised})
    if (words.text("--distribution") == name_of(distribution)) options.distribution = distribution;
  options.seed = words.number("--seed", 1);
  options.objectives = static_cast<std::uint32_t>(words.number("--objectives", 0));
  options.plain = words.has("--plain");
  options.float32 = words.has("--float32");
  options.missing = words.has("--missing") ? std::stod(words.text("--missing")) : 0;
  options.chunk_rows = words.number("--chunk-rows", 0);
  options.deflate = static_cast<int>(words.number("--deflate", 0));
  options.force = words.has("--force");
  generate_sweep(options, progress);
  return 0;
}

/// The digest of a result, as `inspect --digest` prints it.
int run_digest(const Common& common, Progress& progress, std::string& out) {
  const std::string& path = common.words.plain.at(0);
  out = digest(open_result(path), progress) + "  " + path + "\n";
  return 0;
}

int run_command(const Arguments& arguments, Outcome& done) {
  const Words words(arguments);
  const Common common{words, done.err};
  std::optional<tbb::global_control> threads;
  if (words.has("--threads")) threads.emplace(tbb::global_control::max_allowed_parallelism, words.number("--threads", 1));
  Progress progress;
  const std::string& command = arguments.at(0);
  if (command == "score") return run_score(common, progress);
  if (command == "merge") return run_merge(common, progress, done.out);
  if (command == "count") return run_count(common, progress);
  if (command == "validate") return run_validate(common, progress);
  if (command == "generate") return run_generate(common, progress);
  if (command == "inspect" && words.has("--digest")) return run_digest(common, progress, done.out);
  throw std::invalid_argument("'" + command + "' is a command of the program: see tests/program.hpp");
}

/// The exit code that an error stands for (host/app/main.cpp), and its line.
int code_of(const Error& error) {
  if (dynamic_cast<const SpecError*>(&error)) return 2;
  if (dynamic_cast<const InputError*>(&error)) return 3;
  if (dynamic_cast<const DeviceError*>(&error)) return 4;
  return dynamic_cast<const OutputError*>(&error) ? 6 : 5;
}

}  // namespace

Outcome run(const Arguments& arguments) {
  static const bool silent = (h5::silence(), true);
  static_cast<void>(silent);
  Outcome done;
  try {
    done.code = run_command(arguments, done);
  } catch (const Error& error) {
    done.code = code_of(error);
    done.err += std::string("carbonfront: ") + error.what() + "\n";
  }
  return done;
}

}  // namespace carbonfront
