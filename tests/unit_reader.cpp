// The fast reader against HDF5 itself, on every layout it takes over; its filters one by one.

#include <gtest/gtest.h>
#include <libdeflate.h>

#include <random>

#include "carbonfront/errors.hpp"
#include "host/sweep/sweep.hpp"
#include "tests/scratch.hpp"
#include "tests/sweep_builder.hpp"

namespace carbonfront {
namespace {

using Bytes = std::vector<std::byte>;

Bytes random_bytes(std::mt19937& random, std::size_t count) {
  Bytes bytes(count);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random() % 5 ? random() % 4 : random());
  return bytes;
}

struct TemporaryFile {
  Scratch folder;
  std::string path() const { return folder / "s.h5"; }
};

TEST(Pick, UndoesShuffleOfEveryWidth) {
  std::mt19937 random(1);
  for (std::size_t width = 1; width <= 17; ++width)
    for (std::size_t elements : {1, 15, 16, 17, 100, 333}) {
      Bytes plain = random_bytes(random, width * elements), shuffled(plain.size());
      for (std::size_t i = 0; i < elements; ++i)
        for (std::size_t j = 0; j < width; ++j) shuffled[j * elements + i] = plain[i * width + j];
      for (std::size_t first : {std::size_t{0}, elements / 3})
        for (std::size_t stride : {1, 3}) {
          Pick wanted{elements, width, width / 3, width - width / 3, first, stride, (elements - first + stride - 1) / stride,
                      true};
          Bytes out(wanted.count * wanted.width), expected;
          for (std::size_t i = first; i < elements; i += stride)
            expected.insert(expected.end(), plain.begin() + static_cast<long>(i * width + wanted.offset),
                            plain.begin() + static_cast<long>((i + 1) * width));
          pick(shuffled.data(), wanted, out.data());
          EXPECT_EQ(out, expected) << width << " bytes, " << elements << " elements, from " << first << ", every " << stride;
          wanted.shuffled = false;
          std::fill(out.begin(), out.end(), std::byte{0});
          pick(plain.data(), wanted, out.data());
          EXPECT_EQ(out, expected) << "not shuffled";
        }
    }
}

TEST(Fletcher32, IsWhatItsDefinitionSays) {
  std::mt19937 random(2);
  for (std::size_t count : {0, 1, 2, 3, 719, 720, 721, 511, 512, 513, 1024, 5000, 65537})
    for (int kind = 0; kind < 3; ++kind) {
      Bytes bytes = kind == 0 ? random_bytes(random, count) : Bytes(count, static_cast<std::byte>(kind == 1 ? 0xff : 0));
      std::uint32_t sum1 = 0, sum2 = 0;
      for (std::size_t i = 0; i < count; i += 2) {
        std::uint32_t low = i + 1 < count ? std::to_integer<std::uint32_t>(bytes[i + 1]) : 0;
        std::uint32_t word = std::to_integer<std::uint32_t>(bytes[i]) << 8 | low;
        sum1 += word, sum1 = (sum1 & 0xffff) + (sum1 >> 16);
        sum2 += sum1, sum2 = (sum2 & 0xffff) + (sum2 >> 16);
      }
      EXPECT_EQ(fletcher32(bytes.data(), count), sum2 << 16 | sum1) << count << " bytes of kind " << kind;
    }
}

TEST(Unpack, RefusesEveryFlippedBitThatAChecksumCovers) {
  std::mt19937 random(3);
  Bytes plain = random_bytes(random, 400), stored(1000);
  libdeflate_compressor* compressor = libdeflate_alloc_compressor(6);
  stored.resize(libdeflate_zlib_compress(compressor, plain.data(), plain.size(), stored.data(), stored.size()));
  libdeflate_free_compressor(compressor);
  std::uint32_t sum = fletcher32(stored.data(), stored.size());
  for (int i = 0; i < 4; ++i) stored.push_back(static_cast<std::byte>(sum >> 8 * i));
  const Pipeline pipeline = {Filter::shuffle, Filter::deflate, Filter::fletcher32};
  ByteBuffer scratch;
  const std::byte* out = nullptr;
  ASSERT_EQ(unpack(pipeline, 0, stored, plain.size(), scratch, out), nullptr);
  EXPECT_EQ(Bytes(out, out + plain.size()), plain);
  for (std::size_t bit = 0; bit < stored.size() * 8; ++bit) {
    stored[bit / 8] ^= static_cast<std::byte>(1u << bit % 8);
    EXPECT_NE(unpack(pipeline, 0, stored, plain.size(), scratch, out), nullptr) << "bit " << bit;
    stored[bit / 8] ^= static_cast<std::byte>(1u << bit % 8);
  }
  for (std::size_t size = 0; size < stored.size(); ++size)
    EXPECT_NE(unpack(pipeline, 0, {stored.data(), size}, plain.size(), scratch, out), nullptr) << size << " bytes";
  EXPECT_NE(unpack(pipeline, 0, stored, plain.size() - 1, scratch, out), nullptr) << "more than the chunk has";
  EXPECT_NE(unpack(pipeline, 0, stored, plain.size() + 1, scratch, out), nullptr) << "less than the chunk has";
}

/// How one random dataset is stored.
struct Plan {
  hid_t type;
  std::size_t bytes;
  hsize_t rows, chunk;
  bool shuffle, fletcher, growable, holes;
  int deflate;
  std::uint32_t mask = 0;  // of filters skipped, on some chunks
};

Plan random_plan(std::mt19937& random) {
  const hid_t types[] = {H5T_STD_I8LE,   H5T_STD_U16LE,  H5T_STD_I32LE, H5T_STD_U64LE,
                         H5T_IEEE_F32LE, H5T_IEEE_F64LE, H5T_STD_I32BE, H5T_IEEE_F64BE};
  Plan plan{};
  plan.type = types[random() % std::size(types)];
  plan.bytes = H5Tget_size(plan.type);
  plan.rows = 1 + random() % 3000;
  plan.chunk = random() % 6 == 0 ? 0 : 1 + random() % (random() % 2 ? 50 : 4000);
  plan.shuffle = random() % 2, plan.fletcher = random() % 2, plan.growable = random() % 2, plan.holes = random() % 3 == 0;
  plan.deflate = random() % 3 ? static_cast<int>(random() % 5) : 0;
  if (!plan.growable) plan.chunk = std::min(plan.chunk, plan.rows);
  if (plan.chunk && random() % 4 == 0) plan.mask = static_cast<std::uint32_t>(random() % 8);
  return plan;
}

/// Writes one dataset; some of its chunks are never written, some skip filters.
void write_random(hid_t group, const std::string& name, const Plan& plan, std::mt19937& random) {
  h5::Handle list(H5Pcreate(H5P_DATASET_CREATE));
  hsize_t most = plan.growable && plan.chunk ? H5S_UNLIMITED : plan.rows;
  h5::Handle space(H5Screate_simple(1, &plan.rows, &most));
  if (plan.chunk) H5Pset_chunk(list, 1, &plan.chunk);
  if (plan.chunk && plan.shuffle) H5Pset_shuffle(list);
  if (plan.chunk && plan.deflate) H5Pset_deflate(list, static_cast<unsigned>(plan.deflate));
  if (plan.chunk && plan.fletcher) H5Pset_fletcher32(list);
  std::int8_t fill = 77;
  if (random() % 2) H5Pset_fill_value(list, H5T_NATIVE_INT8, &fill);
  h5::Handle dataset(H5Dcreate2(group, name.c_str(), plan.type, space, H5P_DEFAULT, list, H5P_DEFAULT));
  ASSERT_TRUE(dataset);
  hsize_t step = plan.chunk ? plan.chunk : plan.rows;
  for (hsize_t begin = 0; begin < plan.rows; begin += step) {
    if (plan.holes && random() % 3 == 0) continue;
    hsize_t count = std::min(step, plan.rows - begin);
    Bytes values = random_bytes(random, step * plan.bytes);
    if (plan.mask && random() % 2) {  // all filters skipped: the chunk lies there as it is
      std::uint32_t all = (1u << H5Pget_nfilters(list)) - 1;
      ASSERT_GE(H5Dwrite_chunk(dataset, H5P_DEFAULT, all, &begin, values.size(), values.data()), 0);
    } else {
      h5::write_rows(dataset, begin, count, plan.type, values.data());
    }
  }
}

Bytes read_all(const Sweep& sweep, const std::string& name, std::uint64_t begin, std::uint64_t count) {
  Column column = open_column(sweep, name);
  Bytes values(count * size_of(column.info.type), std::byte{0xab});
  read_numbers(column, begin, count, values.data());
  return values;
}

TEST(FastReader, ReadsRandomColumnsAsHdf5Does) {
  std::size_t fast = 0;
  for (unsigned seed = 0; seed < 150; ++seed) {
    std::mt19937 random(seed);
    TemporaryFile file;
    h5::Handle access(H5Pcreate(H5P_FILE_ACCESS));
    if (seed % 2) H5Pset_libver_bounds(access, H5F_LIBVER_LATEST, H5F_LIBVER_LATEST);
    std::vector<Plan> plans;
    {
      h5::Handle out(H5Fcreate(file.path().c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, access));
      h5::Handle group(H5Gcreate2(out, "configs", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
      for (int i = 0; i < 4; ++i) {
        plans.push_back(random_plan(random));
        write_random(group, "c" + std::to_string(i), plans.back(), random);
      }
    }
    Sweep with = open_sweep({file.path()}, "/configs"), without = open_sweep({file.path()}, "/configs", {false, false});
    for (std::size_t i = 0; i < plans.size(); ++i) {
      std::string name = "c" + std::to_string(i);
      Column column = open_column(with, name);
      fast += column.parts[0].fast;
      bool little = H5Tget_order(plans[i].type) == H5T_ORDER_LE || plans[i].bytes == 1;
      EXPECT_EQ(column.parts[0].fast, little) << "seed " << seed << ", column " << name;
      EXPECT_EQ(read_all(with, name, 0, plans[i].rows), read_all(without, name, 0, plans[i].rows))
          << "seed " << seed << ", column " << name;
      std::size_t width = size_of(column.info.type);
      Bytes whole = read_all(without, name, 0, plans[i].rows), batch;  // batches, through one open column
      for (std::uint64_t at = 0; at < plans[i].rows;) {
        std::uint64_t count = std::min<std::uint64_t>(1 + random() % 700, plans[i].rows - at);
        batch.assign(count * width, std::byte{0xcd});
        read_numbers(column, at, count, batch.data());
        EXPECT_TRUE(std::equal(batch.begin(), batch.end(), whole.begin() + static_cast<long>(at * width)))
            << "seed " << seed << ", column " << name << ", rows from " << at;
        at += random() % 5 ? count : random() % (count + 1);  // now and then the same rows again
      }
    }
  }
  EXPECT_GT(fast, 300u);
}

TEST(FastReader, ReadsColumnsSideBySideAsOneByOne) {
  std::mt19937 random(9);
  TemporaryFile file;
  std::vector<double> values(50000);
  Sweeping building(file.path());
  for (int i = 0; i < 6; ++i) {
    for (double& value : values) value = static_cast<double>(random() % 1000);
    building.column("c" + std::to_string(i), values,
                    {H5T_IEEE_F64LE, static_cast<hsize_t>(700 + 511 * i), i % 3 ? 1 : 0, i % 2 == 0, i == 4, false});
  }
  building.close();
  Sweep sweep = open_sweep({file.path()}, "/configs");
  std::vector<Column> columns;
  for (const std::string& name : column_names(sweep)) columns.push_back(open_column(sweep, name));
  for (std::uint64_t begin = 0; begin < values.size(); begin += 12345) {
    std::uint64_t count = std::min<std::uint64_t>(12345, values.size() - begin);
    std::vector<std::vector<double>> together(columns.size(), std::vector<double>(count)), alone = together;
    std::vector<NumbersRequest> requests;
    for (std::size_t i = 0; i < columns.size(); ++i) requests.push_back({&columns[i], together[i].data()});
    read_numbers(requests, begin, count);
    for (std::size_t i = 0; i < columns.size(); ++i) read_numbers(columns[i], begin, count, alone[i].data());
    EXPECT_EQ(together, alone) << "rows from " << begin;
  }
}

TEST(FastReader, LooksUpTextsOfVariableLengthAsHdf5Does) {
  TemporaryFile file;
  std::mt19937 random(4);
  std::vector<std::optional<std::string>> texts;
  for (int i = 0; i < 3000; ++i)
    texts.push_back(i % 50 == 0 ? std::optional<std::string>()
                                : std::string(i % 700 == 0 ? 70000 : random() % 40, static_cast<char>('a' + i % 26)));
  Sweeping(file.path()).texts("plain", texts).texts("chunked", texts, {H5I_INVALID_HID, 130, 2}).close();
  for (bool fast : {true, false}) {
    Sweep sweep = open_sweep({file.path()}, "/configs", {fast, false});
    for (const char* name : {"plain", "chunked"}) {
      Column column = open_column(sweep, name);
      EXPECT_EQ(column.parts[0].fast, fast) << name;
      Strings read;
      for (std::uint64_t begin = 0; begin < texts.size(); begin += 700) {
        std::uint64_t count = std::min<std::uint64_t>(700, texts.size() - begin);
        read_strings(column, begin, count, read);
        ASSERT_EQ(read.size(), count);
        for (std::size_t i = 0; i < count; ++i)
          EXPECT_EQ(read[i], texts[begin + i].value_or("")) << name << ", row " << begin + i;
      }
    }
  }
}

TEST(FastReader, LeavesCompoundsWithPartsOfVariableLengthToHdf5) {
  TemporaryFile file;
  struct Row {
    const char* name;
    double value;
  };
  h5::Handle text = h5::utf8_type(), type(H5Tcreate(H5T_COMPOUND, sizeof(Row)));
  H5Tinsert(type, "name", HOFFSET(Row, name), text);
  H5Tinsert(type, "value", HOFFSET(Row, value), H5T_NATIVE_DOUBLE);
  const Row rows[] = {{"a", 1.5}, {"bc", 2.5}, {"", 3.5}};
  {
    h5::Handle out(H5Fcreate(file.path().c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT));
    hsize_t count = 3;
    h5::Handle space(H5Screate_simple(1, &count, nullptr));
    h5::Handle dataset(H5Dcreate2(out, "configs", type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    ASSERT_GE(H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, rows), 0);
  }
  Sweep sweep = open_sweep({file.path()}, "/configs");
  std::vector<double> values(3);
  read_numbers(open_column(sweep, "value"), 0, 3, values.data());
  EXPECT_EQ(values, (std::vector<double>{1.5, 2.5, 3.5}));
  Strings names;
  read_strings(open_column(sweep, "name"), 0, 3, names);
  EXPECT_EQ(names[1], "bc");
}

TEST(FastReader, MapsEveryIndexOfAHundredThousandChunks) {
  for (int latest : {0, 1})
    for (bool growable : {false, true}) {
      TemporaryFile file;
      h5::Handle access(H5Pcreate(H5P_FILE_ACCESS));
      if (latest) H5Pset_libver_bounds(access, H5F_LIBVER_LATEST, H5F_LIBVER_LATEST);
      const hsize_t rows = 100000, chunk = 1, most = growable ? H5S_UNLIMITED : rows;
      std::vector<std::int32_t> values(rows), read(rows);
      for (hsize_t i = 0; i < rows; ++i) values[i] = static_cast<std::int32_t>(i * 2654435761u);
      {
        h5::Handle out(H5Fcreate(file.path().c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, access));
        h5::Handle group(H5Gcreate2(out, "configs", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
        h5::Handle list(H5Pcreate(H5P_DATASET_CREATE)), space(H5Screate_simple(1, &rows, &most));
        H5Pset_chunk(list, 1, &chunk);
        h5::Handle dataset(H5Dcreate2(group, "x", H5T_NATIVE_INT32, space, H5P_DEFAULT, list, H5P_DEFAULT));
        ASSERT_GE(H5Dwrite(dataset, H5T_NATIVE_INT32, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()), 0);
      }
      Sweep sweep = open_sweep({file.path()}, "/configs");
      Column column = open_column(sweep, "x");
      EXPECT_TRUE(column.parts[0].fast) << "latest " << latest << ", growable " << growable;
      read_numbers(column, 0, rows, read.data());
      EXPECT_EQ(read, values) << "latest " << latest << ", growable " << growable;
    }
}

}  // namespace
}  // namespace carbonfront
