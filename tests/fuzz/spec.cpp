// A spec in TOML: read or refused with a SpecError; what is read is written so that it reads back the same.

#include "host/spec/spec.hpp"

#include <cstdlib>

#include "carbonfront/errors.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace carbonfront;
  bool again_read = false;
  try {
    Spec spec = parse_spec(std::string(reinterpret_cast<const char*>(data), size), "spec.toml");
    check_spec(spec);
    std::string text = to_toml(spec);
    again_read = true;
    Spec again = parse_spec(text, "again.toml");
    check_spec(again);
    if (to_toml(again) != text) std::abort();
  } catch (const SpecError&) {
    if (again_read) std::abort();
  }
  return 0;
}
