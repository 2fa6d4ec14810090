#pragma once
// Packed columns, as the Climate and Forecast conventions (section 8.1) and netCDF have them: value = raw · scale_factor +
// add_offset.

#include <hdf5.h>

#include <cstdint>
#include <optional>
#include <string>

#include "host/sweep/fields.hpp"
#include "host/sweep/missing_values.hpp"

namespace carbonfront {

/// How one file packs a column. The column's values are float64.
struct Packing {
  ValueType stored = ValueType::float64;  // of a raw value as it is read
  double scale = 1, offset = 0;
  MissingValues missing = {};  // raw values that become NaN

  /// The values are the raw ones, as float64.
  bool widens_only() const { return scale == 1 && offset == 0; }
};

/// Reads `scale_factor` and `add_offset` of a column; nothing where it has neither. `missing` stays empty. Throws
/// InputError, naming the attribute: no number, not finite, several values (but one for each column of a matrix), a scale of
/// 0, or values that are no quantity: texts, truth values, enumerations.
std::optional<Packing> find_packing(hid_t dataset, const Field& field, hid_t type, ValueType value, const std::string& name,
                                    const std::string& path);

/// The name of a column's attribute: a member of a compound has its own, "accuracy_units" (as PyTables and pandas name
/// theirs); the columns of a matrix share those of the dataset.
std::string attribute_name(const Field& field, const char* what);

/// Unpacks values. [count] raw ones of type `stored`, then float64. In float64, first the product, then the sum. `raw` may
/// be the end of `values`' own room. O(count).
void unpack_values(const Packing& packing, const void* raw, std::uint64_t count, void* values);

/// Says how a column is packed: "packed int16 · 0.01 + 273.15".
std::string packing_text(const Packing& packing);

}  // namespace carbonfront
