#include "host/app/reading_options.hpp"

#include <map>

namespace carbonfront {

void add_reading_options(CLI::App& command, ReadingOptions& options) {
  static const std::map<std::string, bool> readers = {{"fast", true}, {"plain", false}};
  command
      .add_option("--reader", options.fast,
                  "fast (default): read plain, deflate, shuffle and fletcher32 columns without HDF5's help, on all cores; "
                  "plain: read everything through HDF5. The values are the same")
      ->transform(CLI::CheckedTransformer(readers).description(""))
      ->option_text("fast|plain");
  command.add_flag(
      "--allow-external", options.allow_external,
      "Follow links, storage and virtual datasets to files outside the input's folder, and patterns of sources");
}

}  // namespace carbonfront
