// A condition: parsed and applied to columns of every kind, or refused with a SpecError or InputError.

#include <cmath>
#include <cstdlib>
#include <string>
#include <vector>

#include "carbonfront/errors.hpp"
#include "host/sweep/condition.hpp"

namespace {

template <class T>
void apply(const carbonfront::Condition& condition, carbonfront::ValueType type, const std::vector<T>& values) {
  using namespace carbonfront;
  ColumnInfo column;
  column.name = condition.column;
  column.type = type;
  column.missing_value = 7;
  try {
    check_condition(condition, column);
  } catch (const InputError&) {
    return;
  }
  std::vector<std::uint8_t> keep(values.size(), 1);
  apply_condition(condition, column, values.data(), values.size(), keep.data());
  for (std::uint8_t kept : keep)
    if (kept > 1) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace carbonfront;
  try {
    Condition condition = parse_condition(std::string(reinterpret_cast<const char*>(data), size));
    apply<std::int64_t>(condition, ValueType::int64, {INT64_MIN, -1, 0, 7, INT64_MAX});
    apply<std::uint64_t>(condition, ValueType::uint64, {0, 7, UINT64_MAX});
    apply<float>(condition, ValueType::float32, {-INFINITY, 0.1f, NAN});
    apply<double>(condition, ValueType::float64, {-INFINITY, -0.0, 0x1p64, NAN});
    apply<std::uint8_t>(condition, ValueType::boolean, {0, 1});
    ColumnInfo text;
    text.type = ValueType::string;
    check_condition(condition, text);
    Strings texts;
    for (const char* value : {"", "a", "it's", "ä"}) texts.add(value);
    std::uint8_t keep[4] = {1, 1, 1, 1};
    apply_condition(condition, text, texts, keep);
  } catch (const SpecError&) {
  } catch (const InputError&) {
  }
  return 0;
}
