#include "host/sweep/missing_values.hpp"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <optional>
#include <type_traits>

#include "carbonfront/errors.hpp"
#include "host/sweep/hdf5.hpp"

namespace carbonfront {

namespace {

constexpr hssize_t kMostValues = 1000;

/// An integer of 64 bits, with or without a sign.
struct Wide {
  bool is_unsigned = false;
  std::uint64_t bits = 0;
};

/// A real that is an integer of 64 bits.
std::optional<Wide> integer_of(long double real) {
  if (!(real == std::trunc(real)) || real < -0x1p63L || real >= 0x1p64L) return {};
  if (real < 0) return Wide{false, static_cast<std::uint64_t>(static_cast<std::int64_t>(real))};
  return Wide{true, static_cast<std::uint64_t>(real)};
}

/// The integer as a column of type `Integer` holds it, widened again; nothing where it is outside of the type's range.
template <class Integer>
std::optional<std::uint64_t> within(const Wide& value) {
  bool negative = !value.is_unsigned && static_cast<std::int64_t>(value.bits) < 0;
  if (negative && (std::is_unsigned_v<Integer> ||
                   static_cast<std::int64_t>(value.bits) < static_cast<std::int64_t>(std::numeric_limits<Integer>::min())))
    return {};
  if (!negative && value.bits > static_cast<std::uint64_t>(std::numeric_limits<Integer>::max())) return {};
  return value.bits;
}

/// A truth value's byte, of which the enumeration says whether it has a sign.
std::optional<std::uint64_t> as_byte(const Wide& value, hid_t stored) {
  h5::Handle base(H5Tget_class(stored) == H5T_ENUM ? H5Tget_super(stored) : H5I_INVALID_HID);
  auto byte = base && H5Tget_sign(base) == H5T_SGN_2 ? within<std::int8_t>(value) : within<std::uint8_t>(value);
  return byte ? std::optional(*byte & 0xFF) : std::nullopt;
}

std::vector<long double> real_values(hid_t attribute, std::size_t count) {
  std::vector<long double> values(count);  // 64 bits of mantissa: every integer and float64 is exact
  if (H5Aread(attribute, H5T_NATIVE_LDOUBLE, values.data()) < 0) return H5Eclear2(H5E_DEFAULT), std::vector<long double>();
  return values;
}

std::vector<Wide> integer_values(hid_t attribute, hid_t type, std::size_t count) {
  std::vector<Wide> values;
  if (H5Tget_class(type) == H5T_FLOAT) {
    for (long double real : real_values(attribute, count))
      if (auto value = integer_of(real)) values.push_back(*value);
    return values;
  }
  h5::Handle base(H5Tget_class(type) == H5T_ENUM ? H5Tget_super(type) : H5Tcopy(type));
  if (H5Tget_size(base) > sizeof(std::uint64_t)) return values;
  bool is_unsigned = H5Tget_sign(base) == H5T_SGN_NONE;
  std::vector<std::uint64_t> bits(count);
  if (H5Aread(attribute, is_unsigned ? H5T_NATIVE_UINT64 : H5T_NATIVE_INT64, bits.data()) < 0)
    return H5Eclear2(H5E_DEFAULT), values;
  for (std::uint64_t value : bits) values.push_back({is_unsigned, value});
  return values;
}

void add_integers(hid_t attribute, hid_t type, std::size_t count, hid_t stored, ValueType column, MissingValues& missing) {
  for (const Wide& value : integer_values(attribute, type, count)) {
    std::optional<std::uint64_t> own;
    if (column == ValueType::boolean)
      own = as_byte(value, stored);
    else
      visit_type(column, [&](auto zero) {
        if constexpr (std::is_integral_v<decltype(zero)>) own = within<decltype(zero)>(value);
      });
    if (own) missing.integers.push_back(*own);
  }
}

}  // namespace

long double rounded_to(hid_t type, long double value) {
  std::size_t sign = 0, exponent = 0, exponent_bits = 0, mantissa = 0, mantissa_bits = 0;
  if (value == 0 || !std::isfinite(value) || H5Tget_class(type) != H5T_FLOAT || H5Tget_norm(type) != H5T_NORM_IMPLIED ||
      H5Tget_fields(type, &sign, &exponent, &exponent_bits, &mantissa, &mantissa_bits) < 0 || exponent_bits > 14 ||
      mantissa_bits > 62)
    return value;
  const int bias = static_cast<int>(H5Tget_ebias(type)), digits = static_cast<int>(mantissa_bits);
  const int least = 1 - bias, most = (1 << exponent_bits) - 2 - bias;  // exponents of normal numbers
  const int unit = std::max(std::ilogb(value), least) - digits;        // of the last place
  long double rounded = std::scalbn(std::nearbyint(std::scalbn(value, -unit)), unit);
  if (rounded != 0 && std::ilogb(rounded) > most) return std::copysign(std::numeric_limits<long double>::infinity(), value);
  return rounded;
}

void add_missing_values(hid_t dataset, const std::string& name, hid_t stored, ValueType type, const std::string& path,
                        MissingValues& missing) {
  if (!h5::has_attribute(dataset, name.c_str())) return;
  h5::Handle attribute(H5Aopen(dataset, name.c_str(), H5P_DEFAULT));
  h5::Handle own(H5Aget_type(attribute)), space(H5Aget_space(attribute));
  H5T_class_t kind = H5Tget_class(own);
  if (type == ValueType::string) {
    if (kind == H5T_STRING) missing.texts.push_back(h5::text_attribute(dataset, name.c_str()));
    return;
  }
  hssize_t count = H5Sget_simple_extent_npoints(space);
  if (count <= 0 || (kind != H5T_INTEGER && kind != H5T_FLOAT && kind != H5T_ENUM)) return;
  if (count > kMostValues)
    throw InputError(fmt::format("cannot read a column of '{}'", path),
                     fmt::format("its attribute '{}' has {} values; {} is the limit", name, count, kMostValues),
                     "name fewer values that stand for missing ones");
  if (type != ValueType::float32 && type != ValueType::float64)
    return add_integers(attribute, own, static_cast<std::size_t>(count), stored, type, missing);
  if (kind == H5T_ENUM) return;
  for (long double value : real_values(attribute, static_cast<std::size_t>(count))) {
    auto real = static_cast<double>(rounded_to(stored, value));
    if (!std::isnan(real)) missing.reals.push_back(real);
  }
}

}  // namespace carbonfront
