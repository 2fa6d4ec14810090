#include "host/sweep/plain_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "carbonfront/errors.hpp"
#include "host/sweep/library_call.hpp"
#include "host/text.hpp"

namespace carbonfront {

namespace {

constexpr std::size_t kCallBytes = 64 << 20;   // of one call to HDF5
constexpr std::size_t kPieceBytes = 16 << 20;  // of array members, of which one element is wanted

struct Slab {
  h5::Handle file, memory;
};

Slab select(const ColumnPart& part, hsize_t begin, hsize_t count) {
  Slab slab{h5::Handle(H5Dget_space(part.dataset())), h5::Handle(H5Screate_simple(1, &count, nullptr))};
  hsize_t from[2] = {begin, part.field.column < 0 ? 0 : static_cast<hsize_t>(part.field.column)}, size[2] = {count, 1};
  H5Sselect_hyperslab(slab.file, H5S_SELECT_SET, from, nullptr, size, nullptr);
  return slab;
}

/// Reads rows as `type`, which is that of a value or of a compound that holds the field.
bool read_as(const ColumnPart& part, hid_t type, std::uint64_t begin, std::uint64_t count, void* out,
             hid_t transfer = H5P_DEFAULT) {
  LibraryCall call;
  Slab slab = select(part, begin, count);
  return H5Dread(part.dataset(), type, slab.memory, slab.file, transfer, out) >= 0;
}

/// Rows of a chunk; 0 without chunks.
std::uint64_t chunk_rows(hid_t dataset) {
  h5::Handle list(H5Dget_create_plist(dataset));
  hsize_t chunk[2] = {0, 0};
  return H5Pget_layout(list) == H5D_CHUNKED && H5Pget_chunk(list, 2, chunk) > 0 ? chunk[0] : 0;
}

/// Says which rows, and which chunk, HDF5 cannot read.
[[noreturn]] void unreadable(const ColumnPart& part, const ColumnInfo& info, hid_t type, std::uint64_t begin,
                             std::uint64_t count) {
  const std::string reason = h5::last_reason();
  std::string place = fmt::format("rows {} to {}", begin, begin + count - 1);
  if (std::uint64_t rows = chunk_rows(part.dataset())) {
    std::vector<std::byte> value(H5Tget_size(type));
    h5::Handle one(H5Screate(H5S_SCALAR));
    for (std::uint64_t row = begin; row < begin + count; row = (row / rows + 1) * rows) {
      if (read_as(part, type, row, 1, value.data())) {
        H5Dvlen_reclaim(type, one, H5P_DEFAULT, value.data());
        continue;
      }
      place = fmt::format("chunk {} (rows {} to {})", row / rows, row / rows * rows,
                          std::min((row / rows + 1) * rows, part.rows) - 1);
      break;
    }
  }
  throw InputError(fmt::format("cannot read column '{}' of '{}', {}", info.name, part.path, place), reason,
                   "the file may be damaged, or a filter plug-in missing");
}

/// Reads the field's values, `values` of them for each row where it is an element of an array member.
void read_packed(const ColumnPart& part, const ColumnInfo& info, hid_t value_type, std::uint64_t begin, std::uint64_t count,
                 char* out) {
  Subject subject(part.path, info.name);
  std::size_t values = 1, size = H5Tget_size(value_type);
  h5::Handle type = memory_type_of_field(part.dataset(), part.field, value_type, values);
  if (values == 1) {  // in pieces, so that no call takes long
    const std::uint64_t step = std::max<std::uint64_t>(1, kCallBytes / size);
    for (std::uint64_t done = 0; done < count; done += step) {
      std::uint64_t here = std::min(step, count - done);
      if (!read_as(part, type, begin + done, here, out + done * size)) unreadable(part, info, type, begin + done, here);
    }
    return;
  }
  std::uint64_t step = std::max<std::uint64_t>(1, kPieceBytes / (values * size));
  std::vector<char> rows(std::min(step, count) * values * size);
  for (std::uint64_t done = 0; done < count; done += step) {
    std::uint64_t here = std::min(step, count - done);
    if (!read_as(part, type, begin + done, here, rows.data())) unreadable(part, info, type, begin + done, here);
    const char* from = rows.data() + static_cast<std::size_t>(part.field.element) * size;
    for (std::uint64_t i = 0; i < here; ++i) std::memcpy(out + (done + i) * size, from + i * values * size, size);
  }
}

/// Where HDF5 leaves unwritten values as they are in memory, they are zero here.
bool leaves_unwritten(hid_t dataset) {
  h5::Handle list(H5Dget_create_plist(dataset));
  H5D_fill_value_t defined = H5D_FILL_VALUE_UNDEFINED;
  H5D_fill_time_t time = H5D_FILL_TIME_NEVER;
  H5Pfill_value_defined(list, &defined), H5Pget_fill_time(list, &time);
  return defined == H5D_FILL_VALUE_UNDEFINED || time == H5D_FILL_TIME_NEVER;
}

/// Memory for texts that ends at a limit, so that a small file cannot unfold into all of it.
struct TextRoom {
  std::size_t left;  // bytes
  bool exceeded = false;

  static void* take(std::size_t size, void* room) {
    auto& own = *static_cast<TextRoom*>(room);
    if (size > own.left) return own.exceeded = true, nullptr;
    own.left -= size;
    return std::malloc(size);
  }
  static void give(void* text, void*) { std::free(text); }
};

/// The type in which HDF5 gives values: an enumeration's as integers, since as an enumeration HDF5 replaces values that are
/// no member of it; truth values as the bytes they are, which conversion to another sign would change.
hid_t memory_type_of_numbers(const ColumnPart& part, ValueType type) {
  h5::Handle stored = stored_type(part.dataset(), part.field);
  if (H5Tget_class(stored) == H5T_BITFIELD) return H5T_NATIVE_B8;
  if (type != ValueType::boolean) return memory_type(type);
  return H5Tget_sign(h5::Handle(H5Tget_super(stored))) == H5T_SGN_2 ? H5T_NATIVE_INT8 : H5T_NATIVE_UINT8;
}

}  // namespace

void read_numbers_plainly(const ColumnPart& part, const ColumnInfo& info, std::uint64_t begin, std::uint64_t count,
                          void* out) {
  const ValueType type = part.raw_type(info);
  if (leaves_unwritten(part.dataset())) std::memset(out, 0, count * size_of(type));
  read_packed(part, info, memory_type_of_numbers(part, type), begin, count, static_cast<char*>(out));
}

void no_room_for_texts(const ColumnPart& part, const ColumnInfo& info, std::uint64_t begin, std::uint64_t count,
                       std::uint64_t most) {
  throw DeviceError(fmt::format("the texts of column '{}' of '{}', rows {} to {}, do not fit into memory", info.name,
                                part.path, begin, begin + count - 1),
                    fmt::format("they take more than the {} bytes that the limit leaves for them", grouped_digits(most)),
                    "raise --memory-limit, or read fewer rows at a time with --batch-rows");
}

void read_texts_plainly(const ColumnPart& part, const ColumnInfo& info, hid_t type, std::uint64_t begin, std::uint64_t count,
                        char* out) {
  read_packed(part, info, type, begin, count, out);
}

void read_variable_texts(const ColumnPart& part, const ColumnInfo& info, hid_t type, std::uint64_t begin,
                         std::uint64_t count, std::uint64_t most, Strings& out) {
  Subject subject(part.path, info.name);
  h5::Handle value(H5Tcopy(H5T_C_S1)), transfer(H5Pcreate(H5P_DATASET_XFER));
  H5Tset_size(value, H5T_VARIABLE);
  H5Tset_cset(value, H5Tget_cset(type));
  std::size_t values = 1;
  h5::Handle memory = memory_type_of_field(part.dataset(), part.field, value, values);
  TextRoom room{std::min(most, kMostTextBytes)};
  H5Pset_vlen_mem_manager(transfer, TextRoom::take, &room, TextRoom::give, &room);
  std::vector<char*> texts(count * values);
  if (!read_as(part, memory, begin, count, texts.data(), transfer)) {
    if (room.exceeded && most < kMostTextBytes) no_room_for_texts(part, info, begin, count, most);
    if (room.exceeded)
      throw InputError(
          fmt::format("cannot read column '{}' of '{}', rows {} to {}", info.name, part.path, begin, begin + count - 1),
          fmt::format("its texts take more than {} bytes", grouped_digits(kMostTextBytes)),
          "read fewer rows at a time with --batch-rows, or shorten the texts");
    unreadable(part, info, memory, begin, count);
  }
  std::size_t element = part.field.element < 0 ? 0 : static_cast<std::size_t>(part.field.element), bytes = 0;
  for (std::size_t i = 0; i < count; ++i)
    if (const char* text = texts[i * values + element]) bytes += std::strlen(text);
  out.make_room(count, bytes);
  for (std::size_t i = 0; i < count; ++i) {
    const char* text = texts[i * values + element];
    out.add(text ? std::string_view(text) : std::string_view());
  }
  hsize_t rows = count;
  h5::Handle space(H5Screate_simple(1, &rows, nullptr));
  H5Dvlen_reclaim(memory, space, transfer, texts.data());
}

}  // namespace carbonfront
