#pragma once
// The pieces the result is made of: groups, axes, datasets with a value a row. All throw OutputError.

#include <cstdint>
#include <string>

#include "host/sweep/hdf5.hpp"

namespace carbonfront {

h5::Handle create_group(hid_t parent, const std::string& name);

/// Creates a netCDF-4 dimension without a variable: a dataset that is never written.
h5::Handle create_dimension(hid_t parent, const char* name, hsize_t size);

void describe(hid_t dataset, const std::string& long_name, const std::string& units);
void attach(hid_t dataset, hid_t scale, unsigned dimension = 0);

/// Attaches an axis to a dataset of a group that was created without one.
void attach_dataset(hid_t group, const std::string& name, hid_t scale);

struct RowDataset {
  const char* name;
  const char* long_name;
  const char* units = "";
};

/// Stands for an axis that is attached later: an axis lists its datasets in the order in which they were attached.
inline constexpr hid_t kNoAxis = H5I_INVALID_HID;

/// Creates a dataset with one value an input row; `fill`, where not null, stands where nothing is known.
h5::Handle create_row_dataset(hid_t group, hid_t rows_axis, std::uint64_t rows, hid_t type, const void* fill,
                              const RowDataset& about, h5::Storage storage = {});

/// Creates a view's states of the rows.
h5::Handle create_state(hid_t group, hid_t rows_axis, std::uint64_t rows, h5::Storage storage = {});

}  // namespace carbonfront
