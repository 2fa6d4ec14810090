#pragma once
// A running XXH3-128.

#include <fmt/format.h>
#include <xxhash.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace carbonfront {

/// A running hash; texts and lists carry their length, so that neighbours cannot run into each other.
class Hash {
 public:
  Hash() { XXH3_128bits_reset(state_.get()); }
  void bytes(const void* data, std::size_t size) { XXH3_128bits_update(state_.get(), data, size); }
  void number(std::uint64_t value) { bytes(&value, sizeof value); }
  void text(std::string_view value) { number(value.size()), bytes(value.data(), value.size()); }
  std::string hex() const {
    XXH128_hash_t hash = XXH3_128bits_digest(state_.get());
    return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
  }

 private:
  struct Free {
    void operator()(XXH3_state_t* state) const { XXH3_freeState(state); }
  };
  std::unique_ptr<XXH3_state_t, Free> state_{XXH3_createState()};
};

}  // namespace carbonfront
