// The flags of a spec, one a line after its first letter: used or refused with a SpecError.

#include <algorithm>
#include <cstdlib>

#include "carbonfront/errors.hpp"
#include "host/spec/spec.hpp"

namespace {

void take(carbonfront::SpecFlags& flags, char which, const std::string& text) {
  switch (which) {
    case 'v':
      return flags.views.push_back(text);
    case 'w':
      return flags.where.push_back(text);
    case 'e':
      flags.emissions = text;
      return;
    case 'g':
      flags.group = text;
      return;
    case 'l':
      flags.label = text;
      return;
    case 'm':
      flags.missing = text;
      return;
    case 'b':
      flags.group_by = text;
      return;
    case 'o':
      flags.outputs = text;
      return;
    case 'c':
      flags.columns = text;
      return;
    default:
      return;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace carbonfront;
  SpecFlags flags;
  std::string text(reinterpret_cast<const char*>(data), size);
  for (std::size_t begin = 0; begin < text.size();) {
    std::size_t end = std::min(text.find('\n', begin), text.size());
    if (end > begin) take(flags, text[begin], text.substr(begin + 1, end - begin - 1));
    begin = end + 1;
  }
  try {
    Spec spec;
    apply_flags(spec, flags);
    check_spec(spec);
    to_toml(spec);
  } catch (const SpecError&) {
  }
  return 0;
}
