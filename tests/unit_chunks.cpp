// Chunks that are encoded on all threads: HDF5 reads back what was written, and the file does not depend on the threads.

#include <tbb/global_control.h>

#include <algorithm>
#include <limits>
#include <random>

#include "tests/scratch.hpp"
#include "tests/sweep_builder.hpp"

namespace carbonfront {
namespace {

constexpr hsize_t kChunk = 65536;
const std::vector<hsize_t> kSizes = {0, 1, 7, 100, kChunk - 1, kChunk, kChunk + 1, 3 * kChunk + 17};

template <class T>
std::string file_of(const Scratch& folder, const std::vector<T>& values, h5::Storage storage, hsize_t slab) {
  std::string path = folder / "chunks.h5";
  std::filesystem::remove(path);
  h5::Handle file = h5::create_file(path);
  h5::Handle dataset = h5::create_dataset(file, "values", hdf5_type<T>(), {values.size()}, storage);
  for (hsize_t begin = 0; begin < values.size(); begin += slab)
    h5::write_rows(dataset, begin, std::min<hsize_t>(slab, values.size() - begin), hdf5_type<T>(), values.data() + begin);
  return path;
}

/// Values whose byte planes are noise, a ramp, constant and half empty: what is stored and what is deflated differs.
template <class T>
std::vector<std::vector<T>> contents(hsize_t size) {
  std::mt19937_64 random(size + sizeof(T));
  std::vector<T> noise(size), ramp(size), constant(size, T{2}), half(size);
  for (hsize_t i = 0; i < size; ++i) {
    noise[i] =
        std::is_floating_point_v<T> ? static_cast<T>(static_cast<double>(random()) * 0.437) : static_cast<T>(random());
    ramp[i] = static_cast<T>(i);
    half[i] = i < size / 2 ? noise[i] : std::is_floating_point_v<T> ? std::numeric_limits<T>::quiet_NaN() : T{0};
  }
  return {noise, ramp, constant, half};
}

template <class T>
void expect_read_back(const std::string& path, const std::vector<T>& values) {
  std::vector<T> stored = Reading(path).values<T>("values");
  ASSERT_EQ(stored.size(), values.size());
  EXPECT_TRUE(values.empty() || std::memcmp(stored.data(), values.data(), values.size() * sizeof(T)) == 0);
}

template <class T>
class EncodedChunks : public ::testing::Test {};
using Types = ::testing::Types<std::uint8_t, std::int16_t, std::uint32_t, std::int64_t, float, double>;
TYPED_TEST_SUITE(EncodedChunks, Types);

TYPED_TEST(EncodedChunks, AreReadBackByHdf5) {
  Scratch folder;
  for (hsize_t size : kSizes)
    for (const auto& values : contents<TypeParam>(size)) expect_read_back(file_of(folder, values, {}, 2 * kChunk), values);
  for (h5::Storage storage : {h5::Storage{1000, 9, true}, h5::Storage{kChunk, 1, false}, h5::Storage{333, 0, false},
                              h5::Storage{1000, 9, true, false}, h5::Storage{333, 0, true, false}})
    for (const auto& values : contents<TypeParam>(2 * kChunk + 5))
      expect_read_back(file_of(folder, values, storage, storage.chunk_rows * 100), values);
}

TYPED_TEST(EncodedChunks, InPartsAreReadBackToo) {
  Scratch folder;  // rows that are no whole chunks go through HDF5's own filters
  auto values = contents<TypeParam>(2 * kChunk + 5).front();
  expect_read_back(file_of(folder, values, {}, 10000), values);
}

/// A chunk as it lies in its file.
std::string stored_chunk(const std::string& path, hsize_t row) {
  h5::Handle file = h5::open_for_reading(path), dataset(H5Dopen2(file, "values", H5P_DEFAULT));
  hsize_t size = 0;
  std::uint32_t mask = 0;
  EXPECT_GE(H5Dget_chunk_storage_size(dataset, &row, &size), 0);
  std::string bytes(size, '\0');
  EXPECT_GE(H5Dread_chunk(dataset, H5P_DEFAULT, &row, &mask, bytes.data()), 0);
  EXPECT_EQ(mask, 0u);
  return bytes;
}

TYPED_TEST(EncodedChunks, HaveTheChecksumsThatHdf5Writes) {
  Scratch folder;
  for (hsize_t rows : {hsize_t{1}, hsize_t{7}, hsize_t{5000}, kChunk})
    for (const auto& values : contents<TypeParam>(2 * rows)) {
      const h5::Storage storage{rows, 0, false};
      const std::string own = stored_chunk(file_of(folder, values, storage, 2 * rows), rows), path = folder / "theirs.h5";
      std::filesystem::remove(path);
      {
        h5::Handle file = h5::create_file(path);
        h5::Handle dataset = h5::create_dataset(file, "values", hdf5_type<TypeParam>(), {2 * rows}, storage);
        ASSERT_GE(H5Dwrite(dataset, hdf5_type<TypeParam>(), H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()), 0);
      }
      EXPECT_EQ(own.size(), rows * sizeof(TypeParam) + 4);
      EXPECT_TRUE(own == stored_chunk(path, rows)) << rows;
    }
}

TYPED_TEST(EncodedChunks, AreTheSameBytesForAnyNumberOfThreadsAndRowsAtATime) {
  Scratch folder;
  for (const auto& values : contents<TypeParam>(20 * kChunk + 17)) {
    std::string all = read_text(file_of(folder, values, {}, values.size()));
    tbb::global_control one(tbb::global_control::max_allowed_parallelism, 1);
    EXPECT_TRUE(read_text(file_of(folder, values, {}, values.size())) == all);
    EXPECT_TRUE(read_text(file_of(folder, values, {}, kChunk)) == all);
  }
}

TYPED_TEST(EncodedChunks, MadeWhereTheyAreEncodedAreTheSameBytes) {
  Scratch folder;
  for (hsize_t size : kSizes)
    for (const auto& values : contents<TypeParam>(size)) {
      const std::string given = read_text(file_of(folder, values, {}, 2 * kChunk)), path = folder / "made.h5";
      const h5::MakeRows make = [&](hsize_t begin, hsize_t count, void* room) {
        std::memcpy(room, values.data() + begin, count * sizeof(TypeParam));
      };
      for (hsize_t slab : {2 * kChunk, hsize_t{10000}}) {  // whole chunks, and rows that are none
        std::filesystem::remove(path);
        {
          h5::Handle file = h5::create_file(path);
          h5::Handle dataset = h5::create_dataset(file, "values", hdf5_type<TypeParam>(), {size}, {});
          for (hsize_t begin = 0; begin < size; begin += slab)
            h5::write_rows(dataset, begin, std::min(slab, size - begin), hdf5_type<TypeParam>(), make);
        }
        expect_read_back(path, values);
        EXPECT_TRUE(slab % kChunk != 0 || read_text(path) == given) << size;
      }
    }
}

TEST(EncodedChunksOfText, AreReadBackByHdf5) {
  Scratch folder;
  const std::size_t bytes = 15, size = 70001;
  h5::Handle type = text_type(bytes, H5T_STR_NULLPAD);
  std::string texts(bytes * size, '\0'), stored(bytes * size, 'x');
  for (std::size_t i = 0; i < size; ++i) texts.replace(i * bytes, 6 + i % 9, "arch-0" + std::string(i % 9, 'a'));
  {
    h5::Handle file = h5::create_file(folder / "texts.h5");
    h5::write_dataset(file, "values", type, {size}, texts.data());
  }
  h5::Handle file = h5::open_for_reading(folder / "texts.h5"), dataset(H5Dopen2(file, "values", H5P_DEFAULT));
  ASSERT_GE(H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, stored.data()), 0);
  EXPECT_TRUE(stored == texts);
}

TEST(EncodedChunks, TakeNoMoreRoomThanHdf5sOwn) {
  Scratch folder;
  auto size_of_file = [&](hsize_t slab) {
    auto values = contents<double>(4 * kChunk).front();
    return std::filesystem::file_size(file_of(folder, values, {}, slab));
  };
  EXPECT_LE(size_of_file(kChunk), size_of_file(4 * kChunk - 1)) << "encoded by us, by HDF5's filters";
}

}  // namespace
}  // namespace carbonfront
