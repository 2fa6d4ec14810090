// carbonfront models: what emissions can be computed with.

#include "host/emissions/models.hpp"

#include <fmt/format.h>

#include "host/app/commands.hpp"
#include "host/app/say.hpp"
#include "host/emissions/units.hpp"

namespace carbonfront {

namespace {

void print_models(const char* title, const std::vector<ModelInfo>& models) {
  tell("{}\n", title);
  for (const ModelInfo& model : models) {
    tell("\n  {}\n    co2e     {}\n    use when {}\n    source   {}\n", model.name, model.formula, model.use, model.source);
    for (std::size_t i = 0; i < model.quantities.size(); ++i) {
      const ModelQuantity& quantity = model.quantities[i];
      std::string fallback =
          quantity.fallback ? fmt::format("; left out: {}{} ({})", *quantity.fallback,
                                          quantity.fallback_unit == "1" ? "" : " " + quantity.fallback_unit, quantity.why)
                            : "";
      std::string limit = limit_text(quantity.name);
      tell("    {:<8} {:<22} {}{}{}{}\n", i == 0 ? "inputs" : "", quantity.name, accepted_units(quantity.name),
           limit.empty() ? "" : ", " + limit, quantity.divides ? ", above 0" : "", fallback);
    }
  }
  tell("\n");
}

}  // namespace

void add_models_command(CLI::App& parent, std::function<int()>& action) {
  CLI::App* command = parent.add_subcommand("models", "List the emission models: formula, inputs, units, source.");
  command->callback([&action] {
    action = [] {
      print_models("Training: [emissions] model = \"...\" gives energy_kwh and co2e_kg", training_models());
      print_models("One sample: [emissions] inference = \"...\" gives inference_kwh and inference_co2e_kg",
                   inference_models());
      print_models("Put together", composed_models());
      tell(
          "The last factor, carbon_intensity, is left out of the energy. Formulas are evaluated from left to right in\n"
          "float64; a missing input makes the answer missing. data/schema.md has every order of evaluation.\n"
          "Bounds that a relative error makes stop at an input's limit; bounds that are given must keep it.\n");
      return 0;
    };
  });
}

}  // namespace carbonfront
