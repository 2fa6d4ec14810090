#include "bench/gpu_model.hpp"

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "kernels/device/work.hpp"

namespace carbonfront::bench {

DeviceModel model_with_ceilings(const std::string& path) {
  std::ifstream in(path);
  const nlohmann::json result = nlohmann::json::parse(in, nullptr, false);
  DeviceModel model;
  const nlohmann::json lines = result.is_object() ? result.value("lines", nlohmann::json::array()) : nlohmann::json::array();
  for (const nlohmann::json& line : lines) {
    if (line.value("kind", "") != "ceilings") continue;
    model.copied_bytes = line.at("copied_bytes_per_second");
    model.sorted32 = 4 * line.at("sorted_u32_per_second").get<double>();
    model.sorted64 = 8 * line.at("sorted_u64_per_second").get<double>();
    return model;
  }
  throw std::runtime_error("there are no ceilings in " + path + "; name a result of gpu_bench");
}

double predicted_seconds(const DeviceModel& model, const emulation::LaunchCounts& launch) {
  const auto work = [&](device::Work what) { return static_cast<double>(launch.work[static_cast<std::size_t>(what)]); };
  const auto bytes_of = [](std::uint64_t sectors) { return static_cast<double>(sectors * emulation::kSectorBytes); };
  const double blocks = launch.blocks == 0 ? model.multiprocessors : static_cast<double>(launch.blocks);
  const double share = std::min(1.0, blocks / model.multiprocessors);
  const double memory = bytes_of(launch.traffic.launch_sectors) / model.copied_bytes;
  const double cache = bytes_of(launch.traffic.block_sectors) / (model.cache_bytes * share);
  const double wavefronts =
      static_cast<double>(launch.traffic.shared + launch.traffic.read + launch.traffic.written) / model.wavefront_bytes;
  const double clocks = std::max(wavefronts, work(device::Work::open_columns) * model.column_clocks +
                                                 work(device::Work::mask_columns) * model.mask_column_clocks);
  const double units = clocks / (model.multiprocessors * share * model.clocks_per_second);
  const double sorted =
      static_cast<double>(launch.sorted32) / model.sorted32 + static_cast<double>(launch.sorted64) / model.sorted64;
  return static_cast<double>(launch.kernels) * model.launch + std::max({memory, cache, units, sorted}) +
         work(device::Work::rounds) * model.round;
}

}  // namespace carbonfront::bench
