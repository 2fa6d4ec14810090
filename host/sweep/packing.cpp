#include "host/sweep/packing.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

#include "carbonfront/errors.hpp"
#include "host/sweep/sweep.hpp"

namespace carbonfront {

namespace {

/// A column, for messages about its attributes.
struct Owner {
  hid_t dataset;
  const Field& field;
  const std::string &name, &path;

  [[noreturn]] void fail(const std::string& attribute, const std::string& why) const {
    throw InputError(fmt::format("cannot unpack column '{}' of '{}'", name, path),
                     fmt::format("its attribute '{}' {}", attribute, why),
                     "correct the attribute, or remove it where the column is not packed");
  }
};

/// Reads an attribute that is one finite number, or one for each column of a matrix.
double number_of(const Owner& owner, const std::string& attribute_name) {
  h5::Handle attribute(H5Aopen(owner.dataset, attribute_name.c_str(), H5P_DEFAULT));
  h5::Handle type(H5Aget_type(attribute)), space(H5Aget_space(attribute)), own(H5Dget_space(owner.dataset));
  H5T_class_t kind = H5Tget_class(type);
  if (kind != H5T_INTEGER && kind != H5T_FLOAT) owner.fail(attribute_name, "is no number");
  hssize_t count = H5Sget_simple_extent_npoints(space);
  hsize_t extent[2] = {0, 0};
  bool matrix = owner.field.column >= 0 && H5Sget_simple_extent_dims(own, extent, nullptr) == 2;
  bool each =
      matrix && count > 1 && count == static_cast<hssize_t>(extent[1]) && count <= static_cast<hssize_t>(kMostColumns);
  if (count != 1 && !each)
    owner.fail(attribute_name, matrix ? fmt::format("has {} values, for {} columns", count, extent[1])
                                      : fmt::format("has {} values", count));
  std::vector<double> values(static_cast<std::size_t>(count));
  if (H5Aread(attribute, H5T_NATIVE_DOUBLE, values.data()) < 0)
    owner.fail(attribute_name, "cannot be read: " + h5::last_reason());
  double value = values[each ? static_cast<std::size_t>(owner.field.column) : 0];
  if (!std::isfinite(value)) owner.fail(attribute_name, fmt::format("is {}, which is not finite", value));
  return value;
}

template <class Raw>
bool is_missing_raw(const MissingValues& missing, Raw raw) {
  if constexpr (std::is_floating_point_v<Raw>)
    return std::any_of(missing.reals.begin(), missing.reals.end(), [raw](double real) { return raw == real; });
  else
    return std::find(missing.integers.begin(), missing.integers.end(), static_cast<std::uint64_t>(raw)) !=
           missing.integers.end();
}

}  // namespace

std::string attribute_name(const Field& field, const char* what) {
  return field.members.empty() ? what : field.name + "_" + what;
}

std::optional<Packing> find_packing(hid_t dataset, const Field& field, hid_t type, ValueType value, const std::string& name,
                                    const std::string& path) {
  Owner owner{dataset, field, name, path};
  const std::string scale = attribute_name(field, "scale_factor"), offset = attribute_name(field, "add_offset");
  bool has_scale = h5::has_attribute(dataset, scale.c_str()), has_offset = h5::has_attribute(dataset, offset.c_str());
  if (!has_scale && !has_offset) return {};
  Packing packing{value};
  if (has_scale) packing.scale = number_of(owner, scale);
  if (has_offset) packing.offset = number_of(owner, offset);
  if (packing.scale == 0) owner.fail(scale, "is 0, which would make all values the same");
  if (packing.widens_only()) return packing;
  const std::string& first = has_scale && packing.scale != 1 ? scale : offset;
  if (value == ValueType::string || value == ValueType::boolean)
    owner.fail(first, fmt::format("packs numbers, and the column's type is {}", name_of(value)));
  if (H5Tget_class(type) == H5T_ENUM) owner.fail(first, "packs numbers, and the column's are those of an enumeration");
  return packing;
}

void unpack_values(const Packing& packing, const void* raw, std::uint64_t count, void* values) {
  const auto* from = static_cast<const std::byte*>(raw);
  auto* to = static_cast<std::byte*>(values);
  const bool widens_only = packing.widens_only();  // adding 0 would turn -0.0 into +0.0
  visit_type(packing.stored, [&](auto zero) {
    using Raw = decltype(zero);
    for (std::uint64_t i = 0; i < count; ++i) {
      Raw one;
      std::memcpy(&one, from + i * sizeof one, sizeof one);
      auto value = static_cast<double>(one);
      if (!widens_only) value = value * packing.scale + packing.offset;
      if (is_missing_raw(packing.missing, one) || std::isnan(value)) value = std::numeric_limits<double>::quiet_NaN();
      std::memcpy(to + i * sizeof value, &value, sizeof value);
    }
  });
}

std::string packing_text(const Packing& packing) {
  return fmt::format("packed {} · {} + {}", name_of(packing.stored), packing.scale, packing.offset);
}

}  // namespace carbonfront
