#include "host/app/reading_options.hpp"

#include "carbonfront/errors.hpp"
#include "host/text.hpp"

namespace carbonfront {

void add_reading_options(CLI::App& command, ReadingOptions& options) {
  auto choose = [&options](const std::string& reader) {
    if (reader != "fast" && reader != "plain")
      throw SpecError("--reader '" + reader + "'", "it is fast or plain" + did_you_mean(reader, {"fast", "plain"}),
                      "correct it, or leave it out");
    options.fast = reader == "fast";
  };
  command
      .add_option_function<std::string>(
          "--reader", choose,
          "fast (default): read plain, deflate, shuffle and fletcher32 columns without HDF5's help, on all cores; "
          "plain: read everything through HDF5. The values are the same")
      ->option_text("fast|plain");
  command.add_flag(
      "--allow-external", options.allow_external,
      "Follow links, storage and virtual datasets to files outside the input's folder, and patterns of sources");
}

}  // namespace carbonfront
