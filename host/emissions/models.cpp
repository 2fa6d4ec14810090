#include "host/emissions/models.hpp"

#include <algorithm>

#include "host/emissions/units.hpp"

namespace carbonfront {

namespace {

constexpr const char* kPoster = "Douwes & Esling, \"A multi-objective approach for sustainable deep learning\", eq. 1";
constexpr const char* kGreenAlgorithms =
    "Lannelongue, Grealey & Inouye, \"Green Algorithms: Quantifying the carbon footprint of computation\", 2021";
constexpr const char* kLlmCarbon = "Faiz et al., \"LLMCarbon\", ICLR 2024; 6·P·D and 2·P: Kaplan et al. 2020";

const ModelQuantity intensity{"carbon_intensity", kDefaultCarbonIntensity, "kg/kWh", "the world's average of 2018"};
const ModelQuantity pue{"pue", 1, "1", "the facility's overhead is not counted"};

bool gives(const EmissionsSpec& spec, const char* quantity) { return spec.quantities.contains(quantity); }

/// Work of training: FLOP are given, or come from parameters and tokens.
bool work_is_given(const EmissionsSpec& spec) { return gives(spec, "flops"); }

/// The quantities of a model that this spec uses: of two ways to say the work, the one that it says.
std::vector<ModelQuantity> quantities_of(const ModelInfo& model, const EmissionsSpec& spec) {
  std::vector<ModelQuantity> used;
  for (const ModelQuantity& quantity : model.quantities) {
    bool work =
        model.name == "flops" && (quantity.name == "flops" || quantity.name == "parameters" || quantity.name == "tokens");
    if (work && (quantity.name == "flops") != work_is_given(spec)) continue;
    used.push_back(quantity);
  }
  return used;
}

Scale kilowatt_hours(const UnitOf& unit_of, const char* power) { return to_kwh(unit_of(power), unit_of("time")); }

Scale base(const UnitOf& unit_of, const char* quantity) { return to_base(quantity, unit_of(quantity)); }

BoundModel bind_green_algorithms(const UnitOf& unit_of) {
  GreenAlgorithms model;
  model.core_power = base(unit_of, "core_power");
  model.device_power = base(unit_of, "max_power");
  model.memory_power = product({base(unit_of, "memory"), base(unit_of, "memory_power")});
  model.energy = to_kwh("W", unit_of("time"));
  model.intensity = base(unit_of, "carbon_intensity");
  return {"green-algorithms",
          model,
          {"time", "cores", "core_power", "core_usage", "devices", "max_power", "device_usage", "memory", "memory_power",
           "psf", "carbon_intensity", "pue"}};
}

/// The seconds that training takes, and the two factors that say its work.
WorkTime training_time(const EmissionsSpec& spec, const UnitOf& unit_of, std::vector<std::string>& factors) {
  WorkTime time;
  time.rate = base(unit_of, "peak");
  if (work_is_given(spec)) {
    time.work = base(unit_of, "flops");
    factors = {"flops", ""};
  } else {
    time.work = product({{6, 1}, base(unit_of, "parameters"), base(unit_of, "tokens")});
    factors = {"parameters", "tokens"};
  }
  return time;
}

BoundModel bind_flops(const EmissionsSpec& spec, const UnitOf& unit_of) {
  BoundModel bound{"flops", {}, {}};
  Flops model;
  model.time = training_time(spec, unit_of, bound.factors);
  model.energy = to_kwh(unit_of("max_power"), "s");
  model.intensity = base(unit_of, "carbon_intensity");
  bound.model = model;
  for (const char* factor : {"devices", "peak", "utilisation", "max_power", "carbon_intensity", "pue"})
    bound.factors.push_back(factor);
  return bound;
}

BoundModel bind_embodied(const EmissionsSpec& spec, const UnitOf& unit_of) {
  Scale mass = base(unit_of, "manufacture"), life = base(unit_of, "hardware_life");
  Scale per_life{life.divisor, life.multiplier};
  if (gives(spec, "time"))
    return {"embodied",
            Embodied{product({mass, base(unit_of, "time"), per_life})},
            {"devices", "manufacture", "time", "hardware_life"},
            Combine::add};
  BoundModel bound{"embodied", {}, {}, Combine::add};
  EmbodiedOfWork model;
  model.time = training_time(spec, unit_of, bound.factors);
  model.share = product({mass, per_life}, 3600);
  bound.model = model;
  for (const char* factor : {"devices", "peak", "utilisation", "manufacture", "hardware_life"})
    bound.factors.push_back(factor);
  return bound;
}

BoundModel bind_training_model(const std::string& name, const EmissionsSpec& spec, const UnitOf& unit_of) {
  if (name == "green-algorithms") return bind_green_algorithms(unit_of);
  if (name == "flops") return bind_flops(spec, unit_of);
  if (name == "measured-energy")
    return {name,
            MeasuredEnergy{base(unit_of, "energy"), base(unit_of, "carbon_intensity")},
            {"energy", "carbon_intensity", "pue"}};
  return {name,
          DevicePower{kilowatt_hours(unit_of, "max_power"), base(unit_of, "carbon_intensity")},
          {"devices", "max_power", "time", "carbon_intensity", "pue"}};
}

}  // namespace

const std::vector<ModelInfo>& training_models() {
  static const std::vector<ModelInfo> models = {
      {"device-power",
       "((devices · max_power) · time) · pue · carbon_intensity",
       "training time and devices are reported, power is not: an upper bound",
       kPoster,
       {{"devices"}, {"max_power"}, {"time"}, intensity, pue}},
      {"green-algorithms",
       "time · (cores · core_power · core_usage + devices · max_power · device_usage + memory · memory_power) · pue · psf · "
       "carbon_intensity",
       "processors and memory count too, such as on a cluster",
       kGreenAlgorithms,
       {{"time"},
        {"cores", 0, "1", "no cores are counted"},
        {"core_power", 0, "W", "no cores are counted"},
        {"core_usage", 1, "1", "cores are used fully"},
        {"devices", 0, "1", "no devices are counted"},
        {"max_power", 0, "W", "no devices are counted"},
        {"device_usage", 1, "1", "devices are used fully"},
        {"memory"},
        {"memory_power", 0.3725, "W/GB", "Lannelongue et al. 2021"},
        {"psf", 1, "1", "the work was run once"},
        intensity,
        pue}},
      {"measured-energy",
       "energy · pue · carbon_intensity",
       "a meter was read",
       "the meter's reading",
       {{"energy"}, intensity, pue}},
      {"flops",
       "(devices · max_power) · (6 · parameters · tokens, or flops) / (devices · peak · utilisation) · pue · "
       "carbon_intensity",
       "nothing has run yet: candidates of a search, planned trainings",
       kLlmCarbon,
       {{"flops"},
        {"parameters"},
        {"tokens"},
        {"devices", {}, {}, {}, true},
        {"peak", {}, {}, {}, true},
        {"utilisation", {}, {}, {}, true},
        {"max_power"},
        intensity,
        pue}}};
  return models;
}

const std::vector<ModelInfo>& inference_models() {
  static const std::vector<ModelInfo> models = {
      {"energy-per-sample",
       "energy_per_sample · pue · carbon_intensity",
       "a meter was read",
       "the meter's reading",
       {{"energy_per_sample"}, intensity, pue}},
      {"flops-per-sample",
       "max_power · flops_per_sample / (peak · inference_utilisation) · pue · carbon_intensity",
       "the work of one sample is known",
       kLlmCarbon,
       {{"flops_per_sample"},
        {"peak", {}, {}, {}, true},
        {"inference_utilisation", {}, {}, {}, true},
        {"max_power"},
        intensity,
        pue}},
      {"parameters",
       "max_power · 2 · parameters / (peak · inference_utilisation) · pue · carbon_intensity",
       "only the size is known; a sample is one token or one pass over all parameters",
       kLlmCarbon,
       {{"parameters"},
        {"peak", {}, {}, {}, true},
        {"inference_utilisation", {}, {}, {}, true},
        {"max_power"},
        intensity,
        pue}}};
  return models;
}

const std::vector<ModelInfo>& composed_models() {
  static const std::vector<ModelInfo> models = {
      {"first-available",
       "the first of `models` whose energy is known for the row",
       "sources differ from row to row: measured where there is a measurement",
       "-",
       {}},
      {"embodied",
       "co2e + ((devices · manufacture) · time) / hardware_life",
       "the share of manufacture is to be counted; time is that of the work where only that is known",
       "Gupta et al., \"ACT\", ISCA 2022; LLMCarbon, eq. 8",
       {{"devices"}, {"manufacture"}, {"time"}, {"hardware_life", {}, {}, {}, true}}},
      {"lifetime",
       "training + queries · inference",
       "training and use are to be weighed against each other",
       "Luccioni, Jernite & Strubell, \"Power hungry processing\", FAccT 2024",
       {{"queries"}}}};
  return models;
}

std::vector<std::string> model_names(const EmissionsSpec& spec) {
  return spec.model == "first-available" ? spec.models : std::vector<std::string>{spec.model};
}

std::vector<ModelQuantity> used_quantities(const EmissionsSpec& spec) {
  std::vector<ModelQuantity> used;
  auto add = [&](const ModelQuantity& quantity) {
    auto same = std::find_if(used.begin(), used.end(), [&](const ModelQuantity& q) { return q.name == quantity.name; });
    if (same == used.end()) return used.push_back(quantity);
    if (!quantity.fallback) same->fallback.reset();
    same->divides |= quantity.divides;
  };
  for (const std::string& name : model_names(spec))
    for (const ModelInfo& model : training_models())
      if (model.name == name)
        for (const ModelQuantity& quantity : quantities_of(model, spec)) add(quantity);
  if (gives(spec, "manufacture") || gives(spec, "hardware_life")) {
    if (gives(spec, "time") || !std::ranges::count(model_names(spec), "flops")) add({"time"});
    for (const char* name : {"devices", "manufacture"}) add({name});
    add({"hardware_life", {}, {}, {}, true});
  }
  for (const ModelInfo& model : inference_models())
    if (model.name == spec.inference)
      for (const ModelQuantity& quantity : model.quantities) add(quantity);
  if (gives(spec, "queries")) add({"queries"});
  return used;
}

std::vector<BoundModel> bind_training(const EmissionsSpec& spec, const UnitOf& unit_of) {
  std::vector<BoundModel> bound;
  for (const std::string& name : model_names(spec)) {
    bound.push_back(bind_training_model(name, spec, unit_of));
    if (bound.size() > 1) bound.back().how = Combine::missing;
  }
  if (gives(spec, "manufacture")) bound.push_back(bind_embodied(spec, unit_of));
  return bound;
}

std::optional<BoundModel> bind_inference(const EmissionsSpec& spec, const UnitOf& unit_of) {
  if (spec.inference.empty()) return {};
  if (spec.inference == "energy-per-sample")
    return BoundModel{spec.inference,
                      MeasuredEnergy{base(unit_of, "energy_per_sample"), base(unit_of, "carbon_intensity")},
                      {"energy_per_sample", "carbon_intensity", "pue"}};
  Flops model;
  std::string work = spec.inference == "parameters" ? "parameters" : "flops_per_sample";
  model.time.rate = base(unit_of, "peak");
  model.time.work = product({{work == "parameters" ? 2.0 : 1.0, 1}, base(unit_of, work.c_str())});
  model.energy = to_kwh(unit_of("max_power"), "s");
  model.intensity = base(unit_of, "carbon_intensity");
  return BoundModel{
      spec.inference, model, {work, "", "", "peak", "inference_utilisation", "max_power", "carbon_intensity", "pue"}};
}

}  // namespace carbonfront
