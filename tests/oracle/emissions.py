"""Emissions from the definitions: data/schema.md, "Units" and "Emissions", and `carbonfront models`.

A quantity of one row is a triple (low, value, high) in its stored unit, or None where it is missing. Formulas are float64 from
left to right: Python's floats do exactly that. A unit factor is x · A / B, A and B the products of the units' integers; where one of
the two divides the other, only the quotient is left.
"""
from math import inf, isfinite, nan

TIME = {"s": (1, 3600), "min": (1, 60), "h": (1, 1), "d": (24, 1), "y": (8760, 1)}  # in hours
POWER = {"W": (1, 1000), "kW": (1, 1)}  # in kW
ENERGY = {"J": (1, 3600000), "kJ": (1, 3600), "MJ": (1000, 3600), "Wh": (1, 1000), "kWh": (1, 1), "MWh": (1000, 1)}  # in kWh
MASS = {"g": (1, 1000), "kg": (1, 1), "t": (1000, 1)}  # in kg
INTENSITY = {f"{mass}/kWh": factor for mass, factor in MASS.items()}  # in kg/kWh
MEMORY = {"MB": (1, 1000), "GB": (1, 1), "TB": (1000, 1)}  # in GB
NUMBER = {"1": (1, 1), "k": (10**3, 1), "M": (10**6, 1), "G": (10**9, 1), "T": (10**12, 1)}
WORK = {"FLOP": (1, 1), "GFLOP": (10**9, 1), "TFLOP": (10**12, 1), "PFLOP": (10**15, 1), "EFLOP": (10**18, 1)}  # in FLOP
PEAK = {f"{unit}/s": WORK[unit] for unit in ("FLOP", "GFLOP", "TFLOP", "PFLOP")}  # in FLOP/s
ONE = {"1": (1, 1)}

UNITS = {
    "devices": ONE, "cores": ONE, "pue": ONE, "psf": ONE, "utilisation": ONE, "inference_utilisation": ONE, "core_usage": ONE,
    "device_usage": ONE, "parameters": NUMBER, "tokens": NUMBER, "queries": NUMBER, "max_power": POWER, "core_power": POWER,
    "time": {unit: TIME[unit] for unit in ("s", "min", "h", "d")}, "hardware_life": TIME, "energy": ENERGY, "energy_per_sample": ENERGY,
    "flops": WORK, "flops_per_sample": WORK, "peak": PEAK, "memory": MEMORY, "memory_power": {"W/GB": (1, 1)},
    "carbon_intensity": INTENSITY, "manufacture": MASS,
}
SHARES = ("utilisation", "inference_utilisation", "core_usage", "device_usage")  # above 0 and at most 1
DIVISORS = ("peak", "hardware_life")  # above 0
FALLING = ("peak", "utilisation", "inference_utilisation", "hardware_life")  # the more of it, the less is emitted
DEFAULTS = {  # what is left out
    "carbon_intensity": (0.437, "kg/kWh"), "pue": (1.0, "1"), "psf": (1.0, "1"), "memory_power": (0.3725, "W/GB"),
    "cores": (0.0, "1"), "core_power": (0.0, "W"), "core_usage": (1.0, "1"),
    "devices": (0.0, "1"), "max_power": (0.0, "W"), "device_usage": (1.0, "1"),
}
WORKS = (("flops",), ("parameters", "tokens"))


def fits(name, value, divisors=DIVISORS):
    """Says whether a value keeps the quantity's limits."""
    if not isfinite(value) or value < 0:
        return False
    if name == "pue":
        return value >= 1
    if name in SHARES:
        return 0 < value <= 1
    return name not in divisors or value > 0


def scaled(x, *factors):
    """x · A / B: the product of units, and of those to divide by as (B, A)."""
    a = b = 1
    for numerator, denominator in factors:
        a, b = a * numerator, b * denominator
    if a % b == 0:
        a, b = a // b, 1
    elif b % a == 0:
        a, b = 1, b // a
    return x * float(a) / float(b)


def inverse(factor):
    return factor[1], factor[0]


def inputs_of(model, work=("flops",)):
    """The quantities that a model multiplies, without carbon_intensity."""
    return {
        "device-power": ["devices", "max_power", "time", "pue"],
        "green-algorithms": ["time", "cores", "core_power", "core_usage", "devices", "max_power", "device_usage", "memory", "memory_power",
                             "pue", "psf"],
        "measured-energy": ["energy", "pue"],
        "flops": [*work, "devices", "peak", "utilisation", "max_power", "pue"],
        "energy-per-sample": ["energy_per_sample", "pue"],
        "flops-per-sample": ["max_power", "flops_per_sample", "peak", "inference_utilisation", "pue"],
        "parameters": ["max_power", "parameters", "peak", "inference_utilisation", "pue"],
    }[model]


class Formulas:
    """The formulas of one spec for one row: `get(name)` is the quantity's number, `unit(name)` its factor."""

    def __init__(self, work, get, unit, devices_of_work=None):
        self.work, self.get, self.unit = work, get, unit
        self.devices_of_work = get if devices_of_work is None else devices_of_work  # devices, where they cancel

    def seconds(self, work, devices, utilisation, times=1):
        """How long the work takes: (work · S₂) / (((devices · peak) · utilisation) · S₃)."""
        amount = self.get(work[0]) if len(work) == 1 else self.get(work[0]) * self.get(work[1])
        flop = scaled(amount, (times, 1), *(self.unit(name) for name in work))
        return flop / scaled(devices * self.get("peak") * self.get(utilisation), self.unit("peak"))

    def training_seconds(self):
        return self.seconds(self.work, self.devices_of_work("devices"), "utilisation", 1 if self.work == ("flops",) else 6)

    def energy(self, model):
        get, unit = self.get, self.unit
        if model == "device-power":
            return scaled(get("devices") * get("max_power") * get("time"), unit("max_power"), unit("time")) * get("pue")
        if model == "measured-energy":
            return scaled(get("energy"), unit("energy")) * get("pue")
        if model == "flops":
            power = self.devices_of_work("devices") * get("max_power")
            return scaled(power * self.training_seconds(), unit("max_power"), TIME["s"]) * get("pue")
        watts = [scaled(get(a) * get(b) * (get(c) if c else 1.0), of) for a, b, c, of in (
            ("cores", "core_power", "core_usage", (unit("core_power")[0] * 1000 // unit("core_power")[1], 1)),
            ("devices", "max_power", "device_usage", (unit("max_power")[0] * 1000 // unit("max_power")[1], 1)),
            ("memory", "memory_power", None, unit("memory")))]
        return scaled(get("time") * (watts[0] + watts[1] + watts[2]), POWER["W"], unit("time")) * get("pue") * get("psf")

    def sample_energy(self, model):
        get, unit = self.get, self.unit
        if model == "energy-per-sample":
            return scaled(get("energy_per_sample"), unit("energy_per_sample")) * get("pue")
        work, times = (("flops_per_sample",), 1) if model == "flops-per-sample" else (("parameters",), 2)
        return scaled(get("max_power") * self.seconds(work, 1.0, "inference_utilisation", times), unit("max_power"), TIME["s"]) * get("pue")

    def co2e(self, energy):
        return scaled(energy * self.get("carbon_intensity"), self.unit("carbon_intensity"))

    def embodied(self, timed):
        """(((devices · manufacture) · time) / hardware_life) · S, with the time of the work where the spec gives none."""
        get, unit = self.get, self.unit
        devices, time = (get("devices"), get("time")) if timed else (self.devices_of_work("devices"), self.training_seconds())
        share = devices * get("manufacture") * time / get("hardware_life")
        return scaled(share, unit("manufacture"), unit("time") if timed else TIME["s"], inverse(unit("hardware_life")))

    def lifetime(self, training, sample):
        return training + scaled(self.get("queries"), self.unit("queries")) * sample


class Emissions:
    """What [emissions] says: `models` in their order, `quantities` by name (each with .unit and .rows, a triple or None a row)."""

    def __init__(self, models, quantities, work=("flops",), inference=None):
        self.models, self.quantities, self.work, self.inference = models, quantities, work, inference
        self.embodied, self.lifetime = "manufacture" in quantities, "queries" in quantities
        self.timed = "time" in quantities
        self.bounded = any(quantity.bounded for quantity in quantities.values())

    def names(self):
        kinds = [""] + (["inference_"] if self.inference else []) + (["lifetime_"] if self.lifetime else [])
        return [("energy_kwh" if kind == "" and what == "kwh" else kind + what) for kind in kinds for what in ("kwh", "co2e_kg")]

    def used(self, name):
        """The quantities that a computed column depends on (of first-available: those of all models)."""
        used = set()
        if not name.startswith("inference_"):
            used.update(*(inputs_of(model, self.work) for model in self.models))
            if name.endswith("co2e_kg") and self.embodied:
                used.update(["devices", "manufacture", "hardware_life"], ["time"] if self.timed else [*self.work, "peak", "utilisation"])
        if not name.startswith(("energy", "co2e")):
            used.update(inputs_of(self.inference))
        if name.startswith("lifetime_"):
            used.add("queries")
        if name.endswith("co2e_kg"):
            used.add("carbon_intensity")
        return used

    def row(self, i):
        """Returns every computed number of row i by name, bounds included, and the index of the model that answered or None."""
        value = self.formulas(i, 1, 1)
        energies = [value.energy(model) for model in self.models]
        source = next((k for k, energy in enumerate(energies) if energy == energy), None)
        model = self.models[source or 0]
        numbers = self.computed(value, model)
        if self.bounded:  # least: rising quantities low, falling ones high; all three numbers of a row come from one model
            for suffix, rising, falling in (("_low", 0, 2), ("_high", 2, 0)):
                bound = self.computed(self.formulas(i, rising, falling), model)
                for name in self.names():  # what overflow leaves undefined, as 0 · infinity, is 0 or infinity
                    undefined = bound[name] != bound[name] and numbers[name] == numbers[name]
                    numbers[name + suffix] = bound[name] if not undefined else 0.0 if suffix == "_low" else inf
        return numbers, source

    def formulas(self, i, rising, falling):
        def get(name):
            triple = self.quantities[name].rows[i] if name in self.quantities else (DEFAULTS[name][0],) * 3
            return nan if triple is None else triple[falling if name in FALLING else rising]

        def middle(name):
            triple = self.quantities[name].rows[i]
            return nan if triple is None else triple[1]

        def unit(name):
            return UNITS[name][self.quantities[name].unit if name in self.quantities else DEFAULTS[name][1]]

        return Formulas(self.work, get, unit, middle)

    def computed(self, formulas, model):
        energy = formulas.energy(model)
        co2e = formulas.co2e(energy)
        if self.embodied:
            co2e = co2e + formulas.embodied(self.timed)
        numbers = {"energy_kwh": energy, "co2e_kg": co2e}
        if self.inference:
            sample = formulas.sample_energy(self.inference)
            numbers.update(inference_kwh=sample, inference_co2e_kg=formulas.co2e(sample))
        if self.lifetime:
            for what, training in (("kwh", energy), ("co2e_kg", co2e)):
                numbers["lifetime_" + what] = formulas.lifetime(training, numbers["inference_" + what])
        return numbers
