#pragma once
// The list of emission models, and how a spec becomes steps of evaluation.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "host/emissions/quantities.hpp"
#include "kernels/emission_models.hpp"

namespace carbonfront {

/// A quantity as a model uses it. With a fallback it may be left out of the spec; `why` says what that means.
struct ModelQuantity {
  std::string name;
  std::optional<double> fallback = {};
  std::string fallback_unit = {}, why = {};
  bool divides = false;  // the model divides by it: 0 cannot be
};

/// What `carbonfront models` tells, and what binding needs.
struct ModelInfo {
  std::string name, formula, use, source;
  std::vector<ModelQuantity> quantities;  // in the order in which missing ones are reported
};

/// What training is computed with, what one inference sample is, and what is added or put together.
const std::vector<ModelInfo>& training_models();
const std::vector<ModelInfo>& inference_models();
const std::vector<ModelInfo>& composed_models();

/// The models that a spec names for training, in order; one unless it is first-available.
std::vector<std::string> model_names(const EmissionsSpec& spec);

/// The quantities that a spec's models use, each once, in order of use.
std::vector<ModelQuantity> used_quantities(const EmissionsSpec& spec);

/// A model with its unit factors set, and the quantity that each of its factors is; an empty name is the constant 1.
struct BoundModel {
  std::string name;
  EmissionModel model;
  std::vector<std::string> factors;
  Combine how = Combine::set;
};

/// The unit in which a quantity is stored, canonical.
using UnitOf = std::function<std::string(const std::string& quantity)>;

/// Binds what a completed spec computes for training, and for one sample.
std::vector<BoundModel> bind_training(const EmissionsSpec& spec, const UnitOf& unit_of);
std::optional<BoundModel> bind_inference(const EmissionsSpec& spec, const UnitOf& unit_of);

}  // namespace carbonfront
