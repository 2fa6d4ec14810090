#include "host/scoring/front_columns.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

#include "carbonfront/errors.hpp"
#include "carbonfront/progress.hpp"
#include "host/scoring/result_parts.hpp"
#include "host/scoring/result_rows.hpp"

namespace carbonfront {

namespace {

constexpr std::uint64_t kBlockRows = 65536;

/// Calls `use(begin, count, first, last)` for stretches of the sweep that hold the rows [first, last) of the list.
template <class Use>
void for_blocks(const std::vector<std::uint64_t>& rows, const Progress& progress, Use use) {
  for (std::size_t first = 0, last = 0; first < rows.size(); first = last) {
    progress.throw_if_stopped();
    while (last < rows.size() && rows[last] / kBlockRows == rows[first] / kBlockRows) ++last;
    use(rows[first], rows[last - 1] - rows[first] + 1, first, last);
  }
}

/// The type a column's values are stored with: an enumeration as it is, so that its names stay; truth values as the result's
/// other ones.
h5::Handle result_type(const Column& column) {
  h5::Handle type = stored_type(column.parts.front().dataset(), column.parts.front().field);
  if (column.info.type != ValueType::boolean && !column.info.packing && H5Tget_class(type) == H5T_ENUM)
    return h5::Handle(H5Tget_native_type(type, H5T_DIR_ASCEND));
  return h5::Handle(H5Tcopy(memory_type(column.info.type)));
}

void write_texts(hid_t dataset, const Column& column, const std::vector<std::uint64_t>& rows, const Progress& progress) {
  h5::Handle type = h5::utf8_type();
  for_blocks(rows, progress, [&](std::uint64_t begin, std::uint64_t count, std::size_t first, std::size_t last) {
    std::size_t next = first;
    for_texts(column, begin, count, [&](std::uint64_t from, const Strings& texts) {
      std::vector<std::string> kept;
      for (; next + kept.size() < last && rows[next + kept.size()] < from + texts.size();) {
        std::string_view text = texts[rows[next + kept.size()] - from];
        kept.emplace_back(is_missing_text(column.info, text) ? std::string_view() : text);
      }
      std::vector<const char*> pointers;
      for (const std::string& text : kept) pointers.push_back(text.c_str());
      h5::write_rows(dataset, next, pointers.size(), type, pointers.data());
      next += kept.size();
    });
  });
}

/// Values on their way into a dataset, written in whole chunks.
struct Slab {
  hid_t dataset, type;
  std::size_t size;  // bytes of a value
  std::vector<std::byte> values = {};
  hsize_t written = 0;

  void add(const void* value) {
    const std::byte* bytes = static_cast<const std::byte*>(value);
    values.insert(values.end(), bytes, bytes + size);
    if (values.size() == kSlabRows * size) write();
  }
  void write() {
    h5::write_rows(dataset, written, values.size() / size, type, values.data());
    written += values.size() / size;
    values.clear();
  }
};

/// A NaN's sign and payload say nothing, and may depend on how it was read: the result has one NaN.
void unify_nan(ValueType type, std::byte* value) {
  visit_type(type, [&](auto real) {
    if constexpr (std::is_floating_point_v<decltype(real)>) {
      std::memcpy(&real, value, sizeof real);
      if (!std::isnan(real)) return;
      real = std::numeric_limits<decltype(real)>::quiet_NaN();
      std::memcpy(value, &real, sizeof real);
    }
  });
}

void write_numbers(hid_t dataset, const Column& column, hid_t type, const std::vector<std::uint64_t>& rows,
                   const Progress& progress) {
  Slab slab{dataset, type, size_of(column.info.type)};
  std::vector<std::byte> block;
  std::vector<std::uint8_t> wanted;
  for_blocks(rows, progress, [&](std::uint64_t begin, std::uint64_t count, std::size_t first, std::size_t last) {
    block.resize(count * slab.size);
    wanted.assign(count, 0);
    for (std::size_t i = first; i < last; ++i) wanted[rows[i] - begin] = 1;
    NumbersRequest request{&column, block.data(), wanted.data()};
    read_numbers({&request, 1}, begin, count);
    for (std::size_t i = first; i < last; ++i) {
      std::byte* value = block.data() + (rows[i] - begin) * slab.size;
      unify_nan(column.info.type, value);
      slab.add(value);
    }
  });
  slab.write();
}

/// Says what fills the place of a missing value.
void write_fill(hid_t dataset, const ColumnInfo& info, hid_t type) {
  visit_type(info.type, [&](auto zero) {
    using T = decltype(zero);
    if constexpr (std::is_floating_point_v<T>) {
      T fill = std::numeric_limits<T>::quiet_NaN();
      h5::write_scalar_attribute(dataset, "_FillValue", type, &fill);
    } else if (info.missing_value) {
      T fill = static_cast<T>(*info.missing_value);
      h5::write_scalar_attribute(dataset, "_FillValue", type, &fill);
    }
  });
}

void copy_column(hid_t group, hid_t scale, const Column& column, const std::vector<std::uint64_t>& rows,
                 const Progress& progress) {
  bool text = column.info.type == ValueType::string;
  h5::Handle type = text ? h5::utf8_type() : result_type(column);
  h5::Handle dataset = h5::create_dataset(group, column.info.name.c_str(), type, {rows.size()});
  describe(dataset,
           column.info.description.empty() ? "column '" + column.info.name + "' of the sweep" : column.info.description,
           column.info.units.value_or(""));
  if (text) {
    write_texts(dataset, column, rows, progress);
  } else {
    write_fill(dataset, column.info, type);
    if (column.info.type == ValueType::boolean && !column.info.missing_value)  // else readers would take it for true
      h5::write_attribute(dataset, "dtype", std::string_view("bool"));
    write_numbers(dataset, column, type, rows, progress);
  }
  attach(dataset, scale);
}

/// Copies emissions out of the result, where they stand by row.
void copy_emissions(hid_t group, hid_t scale, const FrontColumn& column, const std::vector<std::uint64_t>& rows,
                    const Progress& progress) {
  h5::Handle file(H5Iget_file_id(group)), from(H5Dopen2(file, ("/emissions/" + column.name).c_str(), H5P_DEFAULT));
  h5::Handle dataset = h5::create_dataset(group, column.name.c_str(), H5T_NATIVE_DOUBLE, {rows.size()});
  Slab slab{dataset, H5T_NATIVE_DOUBLE, sizeof(double)};
  std::vector<double> block;
  for_blocks(rows, progress, [&](hsize_t begin, hsize_t count, std::size_t first, std::size_t last) {
    h5::Handle space(H5Dget_space(from)), memory(H5Screate_simple(1, &count, nullptr));
    H5Sselect_hyperslab(space, H5S_SELECT_SET, &begin, nullptr, &count, nullptr);
    block.resize(count);
    h5::written(H5Dread(from, H5T_NATIVE_DOUBLE, memory, space, H5P_DEFAULT, block.data()), column.name.c_str());
    for (std::size_t i = first; i < last; ++i) slab.add(&block[rows[i] - begin]);
  });
  slab.write();
  describe(dataset, h5::text_attribute(from, "long_name"), h5::text_attribute(from, "units"));
  double fill = std::numeric_limits<double>::quiet_NaN();
  h5::write_scalar_attribute(dataset, "_FillValue", H5T_NATIVE_DOUBLE, &fill);
  attach(dataset, scale);
}

}  // namespace

void write_front_columns(hid_t view_group, hid_t front_rows, const Plan& plan, const ViewPlan& view,
                         const std::vector<std::uint64_t>& rows, const Progress& progress) {
  if (view.front_columns.empty()) return;
  h5::Handle group = create_group(view_group, "front_columns");
  for (const FrontColumn& column : view.front_columns)
    if (column.source == Source::column)
      copy_column(group, front_rows, plan.columns[column.column], rows, progress);
    else
      copy_emissions(group, front_rows, column, rows, progress);
}

}  // namespace carbonfront
