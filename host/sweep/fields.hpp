#pragma once
// Columns inside one dataset: members of a compound type (PyTables, pandas), columns of a matrix.

#include <string>
#include <vector>

#include "host/sweep/hdf5.hpp"

namespace carbonfront {

inline constexpr std::size_t kMostColumns = 65536;  // of a sweep or a table
inline constexpr int kMostLevels = 8;               // of nested groups or compound types whose columns are listed

/// One column of a dataset that holds several; the default is a dataset that is one column itself.
struct Field {
  std::string name;                  // within the dataset: "accuracy", "train/accuracy", "v/0"
  std::vector<std::string> members;  // the way through nested compound types
  std::int64_t element = -1;         // of a member that is an array
  std::int64_t column = -1;          // of a two-dimensional dataset
  std::size_t offset = 0;            // of the value in the element, bytes
};

/// Lists the columns of a compound dataset of one dimension, or of a two-dimensional one with an attribute `columns` (as
/// many texts as it has columns); empty for other datasets. Members of nested compound types are named by path, elements of
/// array members by index or, in pandas' tables, by pandas' own names. Throws InputError: too many, or `columns` does not
/// fit.
std::vector<Field> fields_of(hid_t dataset, const std::string& name, const std::string& path);

/// Opens the type of a field's value as stored.
h5::Handle stored_type(hid_t dataset, const Field& field);

/// Builds the type that makes HDF5 read only this field of a compound: `value`, or an array of it, wrapped in its members.
/// `values` becomes how many values come for each row.
h5::Handle memory_type_of_field(hid_t dataset, const Field& field, hid_t value, std::size_t& values);

/// Reads the names in a pickled list of texts (protocol 0, as PyTables writes pandas' attributes): "(lp0\nVacc\np1\na."
/// Empty where it is anything else. Nothing is executed.
std::vector<std::string> pickled_names(const std::string& pickle);

}  // namespace carbonfront
