#pragma once
// The emission models as one type, for host code that hands them to a backend.

#include <variant>

#include "kernels/device_power.hpp"
#include "kernels/embodied.hpp"
#include "kernels/first_available.hpp"
#include "kernels/flops.hpp"
#include "kernels/green_algorithms.hpp"
#include "kernels/lifetime.hpp"
#include "kernels/measured_energy.hpp"

namespace carbonfront {

using EmissionModel = std::variant<DevicePower, GreenAlgorithms, MeasuredEnergy, Flops, Embodied, EmbodiedOfWork, Lifetime>;

}  // namespace carbonfront
