#pragma once
// Reads columns through HDF5: everything it can read, one column after the other.

#include "host/sweep/sweep.hpp"

namespace carbonfront {

/// Reads rows [begin, begin + count) of a part of a numeric column, counted within the part. Throws InputError.
void read_numbers_plainly(const ColumnPart& part, const ColumnInfo& info, std::uint64_t begin, std::uint64_t count,
                          void* out);

/// Reads rows of fixed-length texts as they are stored. [count · bytes of the type] Throws InputError.
void read_texts_plainly(const ColumnPart& part, const ColumnInfo& info, hid_t type, std::uint64_t begin, std::uint64_t count,
                        char* out);

/// Appends rows of variable-length texts. At most 1 GiB of text a call. Throws InputError, and DeviceError for more than
/// `most` bytes.
void read_variable_texts(const ColumnPart& part, const ColumnInfo& info, hid_t type, std::uint64_t begin,
                         std::uint64_t count, std::uint64_t most, Strings& out);

/// Says that texts take more memory than is left for them.
[[noreturn]] void no_room_for_texts(const ColumnPart& part, const ColumnInfo& info, std::uint64_t begin, std::uint64_t count,
                                    std::uint64_t most);

}  // namespace carbonfront
