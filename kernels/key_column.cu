#include "kernels/device/launch.hpp"
#include "kernels/key_column.hpp"
#include "kernels/keys.hpp"

namespace carbonfront::device {
namespace {

template <class T>
__global__ void keys_kernel(const T* values, ColumnView column, bool maximise, std::uint32_t count, std::uint64_t* keys) {
  const std::uint64_t i = global_thread();
  if (i >= count) return;
  if constexpr (std::is_floating_point_v<T>)
    keys[i] = float_key(values[i], maximise);
  else
    keys[i] = integer_key(values[i], column, maximise);
}

}  // namespace

void make_keys(const Stream& stream, const Objective& objective, const void* values, std::uint32_t count,
               std::uint64_t* keys) {
  visit_type(objective.column.type, [&]<class T>(T) {
    launch(stream, "keys_kernel", one_thread_each(count), keys_kernel<T>, static_cast<const T*>(values), objective.column,
           objective.maximise, count, keys);
  });
}

}  // namespace carbonfront::device
