#include "host/sweep/fields.hpp"

#include <fmt/format.h>

#include <charconv>
#include <memory>

#include "carbonfront/errors.hpp"

namespace carbonfront {

namespace {

struct FreeHdf5 {
  void operator()(char* text) const { H5free_memory(text); }
};

/// Elements of an array of one dimension; 0 for other types.
std::size_t array_length(hid_t type) {
  hsize_t length = 0;
  if (H5Tget_class(type) != H5T_ARRAY || H5Tget_array_ndims(type) != 1) return 0;
  H5Tget_array_dims2(type, &length);
  return length;
}

void add_utf8(std::string& text, unsigned code) {
  if (code < 0x80) {
    text += static_cast<char>(code);
  } else if (code < 0x800) {
    text += static_cast<char>(0xc0 | code >> 6);
    text += static_cast<char>(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    text += static_cast<char>(0xe0 | code >> 12);
    text += static_cast<char>(0x80 | (code >> 6 & 0x3f));
    text += static_cast<char>(0x80 | (code & 0x3f));
  } else {
    text += static_cast<char>(0xf0 | code >> 18);
    text += static_cast<char>(0x80 | (code >> 12 & 0x3f));
    text += static_cast<char>(0x80 | (code >> 6 & 0x3f));
    text += static_cast<char>(0x80 | (code & 0x3f));
  }
}

/// Python's raw-unicode-escape: Latin-1, and \uXXXX or \UXXXXXXXX for everything else.
std::string from_raw_unicode_escape(std::string_view raw) {
  std::string text;
  for (std::size_t i = 0; i < raw.size(); ++i) {
    std::size_t digits = raw[i] != '\\' || i + 1 >= raw.size() ? 0 : raw[i + 1] == 'u' ? 4 : raw[i + 1] == 'U' ? 8 : 0;
    unsigned code = static_cast<unsigned char>(raw[i]);
    if (digits && i + 2 + digits <= raw.size()) {
      const char* begin = raw.data() + i + 2;
      if (std::from_chars(begin, begin + digits, code, 16).ptr == begin + digits) i += 1 + digits;
    }
    add_utf8(text, code);
  }
  return text;
}

struct Collector {
  const std::string &dataset, &path;
  std::vector<Field> fields;

  void add(Field field) {
    if (fields.size() >= kMostColumns)
      throw InputError(fmt::format("cannot read '{}' of '{}'", dataset, path),
                       fmt::format("it has more than {} columns", kMostColumns), "split the table");
    fields.push_back(std::move(field));
  }
};

/// Adds the members of a compound type; `prefix` and `way` lead to it.
void add_members(Collector& out, hid_t dataset, hid_t type, const Field& way, const std::string& prefix, int level) {
  for (int i = 0; i < H5Tget_nmembers(type); ++i) {
    std::unique_ptr<char, FreeHdf5> name(H5Tget_member_name(type, static_cast<unsigned>(i)));
    h5::Handle member(H5Tget_member_type(type, static_cast<unsigned>(i)));
    if (!name || !member) continue;
    Field field = way;
    field.name = prefix + name.get();
    field.members.push_back(name.get());
    field.offset += H5Tget_member_offset(type, static_cast<unsigned>(i));
    std::size_t length = array_length(member);
    if (H5Tget_class(member) == H5T_COMPOUND) {
      if (level < kMostLevels) add_members(out, dataset, member, field, field.name + "/", level + 1);
    } else if (length == 0) {
      out.add(field);  // a type that is no column's is refused when the column is opened
    } else {
      h5::Handle element(H5Tget_super(member));
      std::vector<std::string> names;
      if (level == 0) names = pickled_names(h5::text_attribute(dataset, (std::string(name.get()) + "_kind").c_str()));
      for (std::size_t k = 0; k < length; ++k) {
        Field one = field;
        one.name = names.size() == length ? names[k] : fmt::format("{}/{}", field.name, k);
        one.element = static_cast<std::int64_t>(k);
        one.offset += k * H5Tget_size(element);
        out.add(one);
      }
    }
  }
}

}  // namespace

std::vector<std::string> pickled_names(const std::string& pickle) {
  std::vector<std::string> names;
  std::string_view rest = pickle;
  if (!rest.starts_with("(lp0\n")) return {};
  rest.remove_prefix(5);
  while (rest.starts_with("V")) {  // V text \n p number \n a
    std::size_t end = rest.find('\n');
    if (end == std::string_view::npos) return {};
    names.push_back(from_raw_unicode_escape(rest.substr(1, end - 1)));
    rest.remove_prefix(end + 1);
    if (rest.starts_with("p")) rest.remove_prefix(std::min(rest.size(), rest.find('\n') + 1));
    if (!rest.starts_with("a")) return {};
    rest.remove_prefix(1);
  }
  return rest == "." ? names : std::vector<std::string>();
}

std::vector<Field> fields_of(hid_t dataset, const std::string& name, const std::string& path) {
  h5::Handle type(H5Dget_type(dataset)), space(H5Dget_space(dataset));
  Collector out{name, path, {}};
  int rank = H5Sget_simple_extent_ndims(space);
  if (rank == 1 && H5Tget_class(type) == H5T_COMPOUND) add_members(out, dataset, type, {}, "", 0);
  if (rank != 2 || !h5::has_attribute(dataset, "columns")) return std::move(out.fields);
  hsize_t extent[2] = {0, 0};
  H5Sget_simple_extent_dims(space, extent, nullptr);
  std::vector<std::string> names = h5::text_attributes(dataset, "columns");
  if (names.size() != extent[1])
    throw InputError(fmt::format("cannot read '{}' of '{}'", name, path),
                     fmt::format("its attribute `columns` has {} names and it has {} columns", names.size(), extent[1]),
                     "give every column a name");
  for (std::size_t i = 0; i < names.size(); ++i) {
    Field field;
    field.name = names[i];
    field.column = static_cast<std::int64_t>(i);
    out.add(field);
  }
  return std::move(out.fields);
}

h5::Handle stored_type(hid_t dataset, const Field& field) {
  h5::Handle type(H5Dget_type(dataset));
  for (const std::string& member : field.members) {
    int index = H5Tget_member_index(type, member.c_str());
    type = h5::Handle(index < 0 ? H5I_INVALID_HID : H5Tget_member_type(type, static_cast<unsigned>(index)));
  }
  if (field.element >= 0) type = h5::Handle(H5Tget_super(type));
  return type;
}

h5::Handle memory_type_of_field(hid_t dataset, const Field& field, hid_t value, std::size_t& values) {
  h5::Handle type(H5Tcopy(value));
  values = 1;
  if (field.element >= 0) {
    Field member = field;
    member.element = -1;
    hsize_t length = array_length(stored_type(dataset, member));
    values = length;
    type = h5::Handle(H5Tarray_create2(value, 1, &length));
  }
  for (std::size_t i = field.members.size(); i-- > 0;) {
    h5::Handle outer(H5Tcreate(H5T_COMPOUND, H5Tget_size(type)));
    H5Tinsert(outer, field.members[i].c_str(), 0, type);
    type = std::move(outer);
  }
  return type;
}

}  // namespace carbonfront
