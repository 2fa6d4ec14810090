#include "host/scoring/result_parts.hpp"

#include <fmt/format.h>
#include <hdf5_hl.h>

namespace carbonfront {

h5::Handle create_group(hid_t parent, const std::string& name) {
  h5::create_groups_above(parent, name);
  h5::Handle group(H5Gcreate2(parent, name.c_str(), H5P_DEFAULT, h5::untimed(H5P_GROUP_CREATE), H5P_DEFAULT));
  h5::written(group, name.c_str());
  return group;
}

h5::Handle create_dimension(hid_t parent, const char* name, hsize_t size) {
  h5::Handle list = h5::untimed(H5P_DATASET_CREATE), space(H5Screate_simple(1, &size, nullptr));
  h5::Handle scale(H5Dcreate2(parent, name, H5T_IEEE_F32BE, space, H5P_DEFAULT, list, H5P_DEFAULT));
  h5::written(scale, name);
  std::string text = fmt::format("This is a netCDF dimension without a corresponding variable:{:10d}", size);
  h5::written(H5DSset_scale(scale, text.c_str()), name);
  return scale;
}

void describe(hid_t dataset, const std::string& long_name, const std::string& units) {
  if (!units.empty()) h5::write_attribute(dataset, "units", std::string_view(units));
  h5::write_attribute(dataset, "long_name", std::string_view(long_name));
}

void attach(hid_t dataset, hid_t scale, unsigned dimension) {
  h5::written(H5DSattach_scale(dataset, scale, dimension), "a dimension scale");
}

void attach_dataset(hid_t group, const std::string& name, hid_t scale) {
  attach(h5::Handle(H5Dopen2(group, name.c_str(), H5P_DEFAULT)), scale);
}

h5::Handle create_row_dataset(hid_t group, hid_t rows_axis, std::uint64_t rows, hid_t type, const void* fill,
                              const RowDataset& about, h5::Storage storage) {
  h5::Handle dataset = h5::create_dataset(group, about.name, type, {rows}, storage);
  describe(dataset, about.long_name, about.units);
  if (fill) h5::write_scalar_attribute(dataset, "_FillValue", type, fill);
  if (rows_axis != kNoAxis) attach(dataset, rows_axis);
  return dataset;
}

h5::Handle create_state(hid_t group, hid_t rows_axis, std::uint64_t rows, h5::Storage storage) {
  return create_row_dataset(group, rows_axis, rows, H5T_NATIVE_UINT8, nullptr,
                            {"state", "0 not selected, 1 unrated, 2 rated"}, storage);
}

}  // namespace carbonfront
