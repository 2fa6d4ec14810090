"""Random emission quantities: how the spec gives each, the columns behind it, and what it is in every row (data/schema.md, "Emissions")."""
from dataclasses import dataclass, field

import numpy as np

from .columns import Column, packing_of, with_missing
from .emissions import DIVISORS, SHARES, UNITS, fits

GIVEN, FOUND, ASSUMED, MISSING = 1, 2, 3, 4
SPELLINGS = {"h": ["h", "hours"], "W": ["W", "watt"], "min": ["min"], "s": ["s"]}

# A catalogue of the user's: name, quantity, value, unit, same_as. Names match in any case and order of words.
OWN_CATALOGUE = """name,quantity,value,unit,same_as
Home brew,max_power,42,W,
Home brew,peak_fp32,1.5,TFLOP/s,
Big One,max_power,333.25,W,
Big One,peak_fp32,0.7,TFLOP/s,
My card,,,,Home brew
Nowhere,carbon_intensity,123.5,g/kWh,
Some where,carbon_intensity,411,g/kWh,
"""
CATALOGUES = {
    "max_power": ("hardware", "W", {"Home brew": 42.0, "brew HOME": 42.0, "My card": 42.0, "BIG ONE": 333.25,
                                    "NVIDIA A100-SXM4-80GB": 400.0}),
    "peak": ("hardware", "TFLOP/s", {"home brew": 1.5, "my card": 1.5, "One Big": 0.7}),
    "carbon_intensity": ("carbon", "g/kWh", {"Nowhere": 123.5, "NOWHERE": 123.5, "where some": 411.0}),
}


@dataclass
class Quantity:
    name: str
    toml: dict  # as [emissions] gives it
    unit: str
    rows: list  # (low, value, high) in that unit, or None
    account: list = None  # of quantities with a column: GIVEN, FOUND, ASSUMED or MISSING
    columns: list = field(default_factory=list)
    bounded: bool = False
    faults: dict = field(default_factory=dict)  # rows that must be refused if they are selected
    refused: bool = False  # the constant itself is outside the quantity's limits
    found: dict = None  # of a column of names: name -> value


def likely(r, name):
    """A number that a quantity may have."""
    if name in SHARES:
        return r.choice([0.3, 0.1, 0.5, 1.0, r.uniform(0.05, 1)])
    if name == "pue":
        return r.choice([1.0, 1.12, 1.5, r.uniform(1, 2)])
    if name == "carbon_intensity":
        return r.choice([0.437, 475.0, r.uniform(0.01, 900)])
    zero = [] if name in (*DIVISORS, "devices") else [0.0]
    return r.choice([*zero, 1.0, 2.0, 3.0, 7.0, 8.0, 250.0, 0.1, r.uniform(0.01, 1000)])


def numbers(r, name, rows):
    """An array of likely numbers, of a random type; integers where they fit, packed sometimes (then with its packing)."""
    style = r.random()
    if style < 0.15:
        step = np.float64(0.01)
        low, high = (1, 100) if name in SHARES else (100, 250) if name == "pue" else (1, 30000)
        return np.array([r.randint(low, high) for _ in range(rows)], dtype=r.choice(["i2", ">i2", "i4"])), {"scale_factor": step}
    if style < 0.3 and name not in (*SHARES, "pue"):
        packing = packing_of(r) if r.random() < 0.3 else {}
        return np.array([r.randint(1, 100) for _ in range(rows)], dtype=r.choice(["i8", "u1", "i4", ">i4", "u8"])), packing
    return np.array([likely(r, name) for _ in range(rows)], dtype=r.choice(["f8", "f8", ">f8", "f4", "f2"])), {}


def with_error(name, value, error):
    """The bounds of a relative error; they stop at a PUE of 1, and at a utilisation or usage of 1."""
    low, high = value * (1 - error), value * (1 + error)
    return max(low, 1.0) if name == "pue" else low, value, min(high, 1.0) if name in SHARES else high


class Maker:
    """Makes random quantities for one sweep of `rows` rows."""

    def __init__(self, r, rows, divisors, catalogue):
        self.r, self.rows, self.divisors, self.catalogue = r, rows, divisors, catalogue
        self.fault = r.random() < 0.06  # some specs hold one thing that must be refused
        self.huge = r.random() < 0.03

    def make(self, name):
        r = self.r
        forms = [self.constant, self.column, self.column, self.bounds, self.bound_columns]
        if self.catalogue and name in CATALOGUES:
            forms += [self.catalogue_column] * 2 + [self.catalogue_name]
        return r.choice(forms)(name, r.choice(list(UNITS[name])))

    def constant(self, name, unit):
        r, value = self.r, self.likely(name)
        if self.fault and r.random() < 0.15:
            value = r.choice([-1.0, 0.0, 1.5]) if name in SHARES else 0.5 if name == "pue" else 0.0 if name in self.divisors else -2.5
        toml, triple, bounded = {"value": value}, (value,) * 3, False
        if r.random() < 0.3:
            error = r.choice([0.1, 0.25, 0.0, r.uniform(0, 0.9)])
            toml["error"], triple, bounded = error, with_error(name, value, error), True
        refused = not all(fits(name, bound, self.divisors) for bound in triple)
        return Quantity(name, self.unit_of(toml, unit), unit, [triple] * self.rows, bounded=bounded, refused=refused)

    def bounds(self, name, unit):
        r = self.r
        low, high = sorted([self.likely(name), self.likely(name)])
        if self.fault and r.random() < 0.3 and low < high:
            low, high = high, low
        refused = low > high or not all(fits(name, bound, self.divisors) for bound in (low, high))
        toml, triple = self.unit_of({"low": low, "high": high}, unit), (low, (low + high) / 2, high)
        return Quantity(name, toml, unit, [triple] * self.rows, bounded=True, refused=refused)

    def column(self, name, unit):
        r = self.r
        column, toml = self.stored(name, name, unit)
        assume = self.assumed(name)
        error = r.choice([0.2, 0.0, r.uniform(0, 0.9)]) if r.random() < 0.3 else None
        return self.finish(name, unit, toml, [column], assume, error)

    def bound_columns(self, name, unit):
        r, pair = self.r, [f"{name}_least", f"{name}_most"]
        stored, packing = numbers(r, name, self.rows)
        arrays = [stored, np.array([r.choice(stored) if r.random() < 0.8 else x for x in stored], dtype=stored.dtype)]
        arrays = [np.minimum(*arrays), np.maximum(*arrays)]
        if self.huge:  # 0 · infinity has no value; a bound of 0 is none of the value's business
            arrays[1] = np.maximum(arrays[1], 1).astype(stored.dtype) if name not in SHARES else arrays[1]
        if self.fault and r.random() < 0.3:
            arrays.reverse()
        columns = [with_missing(r, column, array, None, packing, 0.4) for column, array in zip(pair, arrays)]
        toml = {"low": pair[0], "high": pair[1]}
        for column in columns:
            self.place_unit(column, toml, unit)
        if "unit" not in toml and any(column.units is None for column in columns) and UNITS[name] != {"1": (1, 1)}:
            for column in columns:
                column.units = unit
        assume = self.assumed(name)
        return self.finish(name, unit, toml, columns, assume, None)

    def finish(self, name, unit, toml, columns, assume, error):
        """Gives a quantity of columns its rows: assumed where missing, with bounds, checked."""
        quantity = Quantity(name, toml, unit, [], [], columns, bounded=error is not None or len(columns) == 2)
        if assume is not None:
            toml["assume"] = assume
            quantity.refused = not all(fits(name, x, self.divisors) for x in with_error(name, assume, error or 0.0))
        if error is not None:
            toml["error"] = error
        for i in range(self.rows):
            known = [column.known(i) for column in columns]
            if None in known:
                quantity.account.append(MISSING if assume is None else ASSUMED)
                known = [assume]
            else:
                quantity.account.append(GIVEN)
                known = [float(value) for value in known]
            if known[0] is None:
                quantity.rows.append(None)
                continue
            triple = (known[0],) * 3 if error is None else with_error(name, known[0], error)
            triple = (known[0], (known[0] + known[1]) / 2, known[1]) if len(known) == 2 else triple
            quantity.rows.append(triple)
            if known[0] > known[-1] or not all(fits(name, value, self.divisors) for value in triple):
                quantity.faults[i] = "outside its limits"
        return quantity

    def assumed(self, name):
        if self.r.random() > 0.25:
            return None
        return -1.0 if self.fault and self.r.random() < 0.3 else self.likely(name)

    def likely(self, name):
        """A likely number; in some sweeps one of those that bring the products to infinity, and never 0 then."""
        if not self.huge or name in (*SHARES, *DIVISORS, "pue", "devices"):
            return likely(self.r, name)
        return self.r.choice([1e150, 1e200, likely(self.r, name) or 1.0])

    def stored(self, name, column_name, unit):
        r = self.r
        values, packing = numbers(r, name, self.rows)
        values = np.where(values == 0, 1, values).astype(values.dtype) if self.huge else values  # 0 · infinity has no value
        if self.fault and r.random() < 0.3 and values.dtype.kind == "f":
            values[r.randrange(self.rows)] = r.choice([-1, 0, np.inf, 1.25, 0.5])
        column, toml = with_missing(r, column_name, values, None, packing, 0.5), {"column": column_name}
        self.place_unit(column, toml, unit)
        return column, toml

    def place_unit(self, column, toml, unit):
        """The unit stands in the column's attribute, the spec, or both; 1 may be left out."""
        if "unit" not in toml and self.r.random() < 0.5:
            toml["unit"] = unit
        if "unit" not in toml or self.r.random() < 0.3:
            column.units = self.r.choice(SPELLINGS.get(unit, [unit]))
        if unit == "1" and self.r.random() < 0.7:
            column.units = None

    def unit_of(self, toml, unit):
        if unit != "1" or self.r.random() < 0.3:
            toml["unit"] = unit
        return toml

    def catalogue_column(self, name, _):
        r = self.r
        catalogue, unit, names = CATALOGUES[name]
        toml = {"column": f"{name}_name", "catalog": catalogue}
        texts = r.sample(list(names), min(3, len(names))) + [""]
        unknown = r.random() < 0.3
        if unknown or (self.fault and r.random() < 0.5):
            texts.append("no such thing")
        chosen = [r.choice(texts) for _ in range(self.rows)]
        assume = self.assumed(name)
        error = r.choice([0.1, 0.3]) if r.random() < 0.3 else None
        column = Column(f"{name}_name", [text.encode() for text in chosen])
        quantity = Quantity(name, toml, unit, [], [], [column], bounded=error is not None, found={})
        if name == "peak":
            toml["precision"] = "fp32"
        toml.update({key: value for key, value in (("assume", assume), ("error", error)) if value is not None})
        if unknown:
            toml["unknown"] = "missing"
        if assume is not None:
            quantity.refused = not all(fits(name, x, self.divisors) for x in with_error(name, assume, error or 0.0))
        for i, text in enumerate(chosen):
            value = names.get(text)
            if text and value is None and not unknown:
                quantity.faults[i] = "unknown to the catalogue"
            quantity.account.append(FOUND if value is not None else MISSING if assume is None else ASSUMED)
            value = assume if value is None else value
            quantity.rows.append(None if value is None else (value,) * 3 if error is None else with_error(name, value, error))
            quantity.found.update({text: names.get(text)} if text else {})
        return quantity

    def catalogue_name(self, name, _):
        catalogue, unit, names = CATALOGUES[name]
        text = self.r.choice(list(names))
        toml = {"catalog": catalogue, "name": text, **({"precision": "fp32"} if name == "peak" else {})}
        return Quantity(name, toml, unit, [(names[text],) * 3] * self.rows)
