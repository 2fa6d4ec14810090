// Columns' values: through the fast reader where it can, through HDF5 otherwise; missing values made uniform.

#include <fmt/format.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <type_traits>

#include "carbonfront/errors.hpp"
#include "host/sweep/fast_reader.hpp"
#include "host/sweep/plain_reader.hpp"
#include "host/sweep/sweep.hpp"
#include "host/sweep/text_heap.hpp"

namespace carbonfront {

namespace {

constexpr std::size_t kPieceBytes = 16 << 20;    // of fixed-length texts in memory at a time
constexpr std::size_t kStretchBytes = 16 << 20;  // of texts that are passed on at a time

/// Calls `use` with each part of the column that [begin, begin + count) touches: part, row within it, rows, rows done
/// before.
template <class Use>
void for_parts(const Column& column, std::uint64_t begin, std::uint64_t count, Use use) {
  for (const ColumnPart& part : column.parts) {
    std::uint64_t from = std::max(begin, part.begin), to = std::min(begin + count, part.begin + part.rows);
    if (from < to) use(part, from - part.begin, to - from, from - begin);
  }
}

template <class Real>
void mark_missing_reals(const std::vector<double>& missing, Real* values, std::uint64_t count) {
  for (double wanted : missing)
    for (std::uint64_t i = 0; i < count; ++i)
      if (values[i] == wanted) values[i] = std::numeric_limits<Real>::quiet_NaN();
}

template <class Integer>
void unify_missing(const ColumnInfo& info, Integer* values, std::uint64_t count) {
  for (std::size_t k = 1; k < info.more_missing.size(); ++k)
    for (std::uint64_t i = 0; i < count; ++i)
      if (static_cast<std::uint64_t>(values[i]) == info.more_missing[k])
        values[i] = static_cast<Integer>(*info.missing_value);
}

void normalise_missing(const ColumnInfo& info, void* values, std::uint64_t count) {
  visit_type(info.type, [&](auto type) {
    using T = decltype(type);
    if constexpr (std::is_floating_point_v<T>)
      mark_missing_reals(info.missing_reals, static_cast<T*>(values), count);
    else
      unify_missing(info, static_cast<T*>(values), count);
  });
}

/// Where the raw values of a part are read to: packed ones to the end of the values' room, from where unpacking them in
/// order overwrites none that is still to come.
char* raw_place(const ColumnPart& part, const ColumnInfo& info, std::uint64_t done, std::uint64_t rows, void* values) {
  std::size_t width = size_of(info.type), raw = size_of(part.raw_type(info));
  return static_cast<char*>(values) + done * width + rows * (width - raw);
}

/// Truth values are 0 and 1, or what the column's attributes declare missing.
void check_truth_values(const NumbersRequest& request, std::uint64_t begin, std::uint64_t count) {
  const ColumnInfo& info = request.column->info;
  const auto* values = static_cast<const std::uint8_t*>(request.values);
  for (std::uint64_t i = 0; i < count; ++i) {
    if (values[i] <= 1 || values[i] == info.missing_value || (request.keep && !request.keep[i])) continue;
    throw InputError(fmt::format("column '{}' of {}: {}", info.name, place_of(*request.column, begin + i), values[i]),
                     "a truth value is 0 or 1",
                     "correct the value, or declare it missing with the column's attribute _FillValue");
  }
}

/// Makes missing values uniform, and unpacks packed ones.
void finish_values(const NumbersRequest& request, std::uint64_t begin, std::uint64_t count) {
  const ColumnInfo& info = request.column->info;
  if (!request.column->parts.front().packing) return normalise_missing(info, request.values, count);
  for_parts(*request.column, begin, count,
            [&](const ColumnPart& part, std::uint64_t, std::uint64_t rows, std::uint64_t done) {
              unpack_values(*part.packing, raw_place(part, info, done, rows, request.values), rows,
                            static_cast<double*>(request.values) + done);
            });
}

StoredRequest stored_request(const ColumnPart& part, const ColumnInfo& info, std::size_t width, std::uint64_t begin,
                             std::uint64_t count, void* out) {
  StoredField field{part.field.offset, width, part.field.column < 0 ? 0 : static_cast<std::uint64_t>(part.field.column)};
  return {part.source->stored.get(), field, begin, count, static_cast<std::byte*>(out), info.name.c_str()};
}

/// One piece of a text column of fixed length, as stored.
void read_raw_texts(const ColumnPart& part, const ColumnInfo& info, hid_t type, std::size_t size, std::uint64_t begin,
                    std::uint64_t count, char* raw) {
  if (!part.fast) return read_texts_plainly(part, info, type, begin, count, raw);
  StoredRequest request = stored_request(part, info, size, begin, count, raw);
  read_stored({&request, 1});
}

void read_fixed_texts(const ColumnPart& part, const ColumnInfo& info, hid_t type, std::uint64_t begin, std::uint64_t count,
                      Strings& out) {
  const std::size_t size = H5Tget_size(type);
  const bool space_padded = H5Tget_strpad(type) == H5T_STR_SPACEPAD, terminated = H5Tget_strpad(type) == H5T_STR_NULLTERM;
  std::uint64_t step = std::max<std::uint64_t>(1, kPieceBytes / size);
  std::vector<char> raw(size * std::min(step, count));
  out.make_room(count, count * size);
  for (std::uint64_t end = begin + count; begin < end; begin += step) {
    std::uint64_t piece = std::min(step, end - begin);
    read_raw_texts(part, info, type, size, begin, piece, raw.data());
    for (std::uint64_t i = 0; i < piece; ++i) {
      std::string_view text(raw.data() + i * size, size);
      if (terminated) text = text.substr(0, text.find('\0'));
      text = text.substr(0, text.find_last_not_of(space_padded ? ' ' : '\0') + 1);
      out.add(text);
    }
  }
}

/// Bytes of texts, as their references say.
std::uint64_t bytes_of_references(const std::byte* references, std::uint64_t count) {
  std::uint64_t bytes = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    std::uint32_t length = 0;
    std::memcpy(&length, references + i * kTextReferenceBytes, sizeof length);
    bytes += length;
  }
  return bytes;
}

/// Texts of variable length through our own look-up in the heap.
void read_heap_texts(const ColumnPart& part, const ColumnInfo& info, std::uint64_t begin, std::uint64_t count,
                     std::uint64_t most, Strings& out) {
  std::vector<std::byte> references(kTextReferenceBytes * std::min<std::uint64_t>(count, kPieceBytes / kTextReferenceBytes));
  const std::uint64_t step = references.size() / kTextReferenceBytes;
  const std::size_t before = out.bytes.size();
  auto fail = [&](std::uint64_t row, const char* why) {
    throw InputError(fmt::format("cannot read column '{}' of '{}', row {}", info.name, part.path, row), why,
                     "the file is damaged: copy it again from its source; if it is not, read fewer rows with --batch-rows");
  };
  TextHeap heap(*part.source->stored->file);
  for (std::uint64_t done = 0; done < count; done += step) {
    std::uint64_t here = std::min(step, count - done);
    StoredRequest request = stored_request(part, info, kTextReferenceBytes, begin + done, here, references.data());
    read_stored({&request, 1});
    const std::uint64_t bytes = bytes_of_references(references.data(), here), used = out.bytes.size() - before;
    out.make_room(here, std::min(bytes, most - used));
    for (std::uint64_t i = 0; i < here; ++i) {
      std::string_view text;
      if (const char* why = heap.find(references.data() + i * kTextReferenceBytes, text)) fail(begin + done + i, why);
      if (out.bytes.size() - before + text.size() > most) {
        if (used + bytes > kMostTextBytes && most > kStretchBytes)
          fail(begin + done + i, "its texts take more than 1 GiB a batch");
        no_room_for_texts(part, info, begin, count, most);
      }
      out.add(text);
    }
  }
}

}  // namespace

void read_numbers(std::span<const NumbersRequest> requests, std::uint64_t begin, std::uint64_t count) {
  std::vector<StoredRequest> stored;
  for (const NumbersRequest& request : requests) {
    const ColumnInfo& info = request.column->info;
    for_parts(*request.column, begin, count,
              [&](const ColumnPart& part, std::uint64_t from, std::uint64_t rows, std::uint64_t done) {
                if (part.fast)
                  stored.push_back(stored_request(part, info, size_of(part.raw_type(info)), from, rows,
                                                  raw_place(part, info, done, rows, request.values)));
              });
  }
  read_stored(stored);
  for (const NumbersRequest& request : requests) {
    const ColumnInfo& info = request.column->info;
    for_parts(*request.column, begin, count,
              [&](const ColumnPart& part, std::uint64_t from, std::uint64_t rows, std::uint64_t done) {
                if (!part.fast)
                  read_numbers_plainly(part, info, from, rows, raw_place(part, info, done, rows, request.values));
              });
  }
  tbb::parallel_for(std::size_t{0}, requests.size(), [&](std::size_t i) { finish_values(requests[i], begin, count); });
  for (const NumbersRequest& request : requests)
    if (request.column->info.type == ValueType::boolean) check_truth_values(request, begin, count);
}

void read_numbers(const Column& column, std::uint64_t begin, std::uint64_t count, void* values) {
  NumbersRequest request{&column, values};
  read_numbers({&request, 1}, begin, count);
}

void read_strings(const Column& column, std::uint64_t begin, std::uint64_t count, Strings& values, std::uint64_t most) {
  values.clear();
  most = std::min(most, kMostTextBytes);
  for_parts(column, begin, count, [&](const ColumnPart& part, std::uint64_t from, std::uint64_t rows, std::uint64_t) {
    h5::Handle type = stored_type(part.dataset(), part.field);
    std::uint64_t left = most - std::min<std::uint64_t>(most, values.bytes.size());
    if (H5Tis_variable_str(type) > 0 && part.fast)
      read_heap_texts(part, column.info, from, rows, left, values);
    else if (H5Tis_variable_str(type) > 0)
      read_variable_texts(part, column.info, type, from, rows, left, values);
    else
      read_fixed_texts(part, column.info, type, from, rows, values);
  });
}

void for_texts(const Column& column, std::uint64_t begin, std::uint64_t count,
               const std::function<void(std::uint64_t, const Strings&)>& use) {
  const std::uint64_t end = begin + count;
  Strings texts;
  std::uint64_t bytes = 0;
  for (std::uint64_t here = count; begin < end; begin += here) {
    for (here = std::min(here, end - begin);; here /= 2) try {
        read_strings(column, begin, here, texts, here == 1 ? kMostTextBytes : kStretchBytes);
        break;
      } catch (const DeviceError&) {  // too much at a time
      }
    bytes += texts.bytes.size();
    if (bytes > kMostTextBytes && column.info.bytes_per_value == 0)
      throw InputError(fmt::format("cannot read column '{}' of {}", column.info.name, place_of(column, begin)),
                       "its texts take more than 1 GiB a batch", "shorten the texts");
    use(begin, texts);
  }
}

std::uint64_t reader_bytes(const Column& column) {
  std::uint64_t bytes = 0;
  for (const ColumnPart& part : column.parts) {
    h5::Handle list(H5Dget_create_plist(part.dataset())), type(H5Dget_type(part.dataset()));
    hsize_t chunk[2] = {0, 1};
    if (H5Pget_layout(list) == H5D_CHUNKED && H5Pget_chunk(list, 2, chunk) > 0)
      bytes += chunk[0] * chunk[1] * H5Tget_size(type);
  }
  return bytes;
}

}  // namespace carbonfront
