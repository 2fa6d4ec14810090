"""Random sweeps and specs: columns, emissions, views and conditions, and whether the spec has to be refused."""
import json
import operator
import random
from dataclasses import dataclass, field
from math import isfinite

import numpy as np

from .columns import Column, key_column, objective_column, with_missing, write
from .emissions import DEFAULTS, DIVISORS, Emissions, inputs_of
from .quantities import MISSING, OWN_CATALOGUE, Maker
from .tables import converted, write_table
from .verdict import Verdict, group_key, key

OUTPUTS = ["dominated_by", "dominates", "rank", "witness", "crowding", "hypervolume", "contributions"]
COMPARE = {"==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


@dataclass
class View:
    name: str
    objectives: list  # names
    maximise: list
    group_by: list
    missing: str
    outputs: list  # None: left out
    columns: list
    max_rank: int = None
    intervals: dict = field(default_factory=dict)  # objective -> what stands in the spec
    reference_point: list = None

    def wants(self, output):
        return output in (["dominated_by", "witness"] if self.outputs is None else self.outputs)


def toml(value):
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{quoted(name)} = {toml(x)}" for name, x in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value) if isinstance(value, (str, bool)) else repr(value)


def quoted(name):
    return name if name.replace("_", "").isalnum() and name.isascii() else json.dumps(name)


class Sweep:
    """One random sweep: `columns` by name, `emissions` or None, `views`, `selected` rows, and `refusals`: exit codes to be expected."""

    def __init__(self, seed, folder):
        self.r = r = random.Random(seed)
        self.rows, self.folder = r.choice([1, 2, r.randint(3, 20), r.randint(20, 60)]), folder
        self.columns, self.refusals, self.emissions, self.numbers = {}, set(), None, {}
        self.cuts = sorted(r.sample(range(1, self.rows), min(self.rows - 1, r.choice([0, 0, 0, 1, 2])))) if self.rows > 1 else []
        self.tame = r.random() < 0.5  # objectives finite and below 2^53
        for k in range(r.randint(1, 4)):
            self.add(objective_column(r, r.choice([f"o{k}", f"o{k}", f"top-{k} %"]), self.rows, self.tame, self.cuts))
        self.objective_names = list(self.columns)
        for k in range(r.choice([0, 1, 1, 2])):
            self.add(key_column(r, f"key{k}", self.rows))
        self.key_names = [name for name in self.columns if name.startswith("key")]
        self.add(Column("chosen", np.array([r.randrange(5) for _ in range(self.rows)], dtype="i4")))
        self.spec = []
        self.group = r.choice(["/configs", "/configs", "/", "/runs/all"])
        self.where = self.conditions()
        self.selected = [i for i in range(self.rows) if all(holds(i) for _, holds in self.where)]
        if r.random() < 0.75:
            self.make_emissions()
        self.emissions_refused = bool(self.refusals)
        self.views = [self.make_view(f"v{k}") for k in range(r.choice([1, 1, 2, 3]))]
        self.refuse()

    def add(self, column):
        self.columns[column.name] = column

    # Conditions.

    def conditions(self):
        made = []
        while self.r.random() < 0.25:
            made.append(self.condition(self.columns[self.r.choice([*self.columns, "chosen", "chosen"])]))
        return made

    def condition(self, column):
        r, op = self.r, self.r.choice(list(COMPARE))
        if column.text:
            op, literal = "==", r.choice([b"a", b"b", "\u00e9".encode()])
            text = r.choice(["'{}'", '"{}"']).format(literal.decode())
        elif column.stored.dtype.kind == "b":
            op, literal = r.choice(["==", "!="]), r.random() < 0.5
            text = "true" if literal else "false"
        else:
            known = [x for x, missing in zip(column.values, column.missing) if not missing and isfinite(x)] or [1]
            literal = r.choice([r.choice(known), r.choice(known), 1, 0.5])
            literal = literal + 0.5 if r.random() < 0.2 else literal
            text = repr(literal)
        name = column.name if column.name.isidentifier() and r.random() < 0.7 else f"`{column.name}`"
        return f"{name} {op} {text}", lambda i: not column.missing[i] and COMPARE[op](column.values[i], literal)

    # Emissions.

    def make_emissions(self):
        r = self.r
        training = ["device-power", "green-algorithms", "measured-energy", "flops"]
        first_available = r.random() < 0.3
        models = r.sample(training, r.randint(1, 4)) if first_available else [r.choice(training)]
        work = r.choice([("flops",), ("parameters", "tokens")]) if "flops" in models else ("flops",)
        inference = r.choice([None, None, "energy-per-sample", "flops-per-sample", "parameters"])
        names = {name for model in models for name in inputs_of(model, work)} | {"carbon_intensity"}
        needed = {name for model in models if model != "green-algorithms" for name in inputs_of(model, work)}
        if inference:
            names.update(inputs_of(inference))
            needed.update(inputs_of(inference))
            names.update(["queries"] if r.random() < 0.5 else [])
        if r.random() < 0.3:
            names.update(["devices", "manufacture", "hardware_life"])
            needed.add("devices")
            if "flops" not in models or r.random() < 0.3:
                names.add("time")
        optional = [name for name in names if name in DEFAULTS and (name not in needed or name in ("pue", "carbon_intensity"))]
        left_out = {name for name in sorted(optional) if r.random() < 0.4}
        for pair in (("cores", "core_power"), ("devices", "max_power")):  # of the two that are multiplied, both or none
            if "green-algorithms" in models:
                left_out = left_out | set(pair) if needed.isdisjoint(pair) and r.random() < 0.4 else left_out - set(pair)
        if {"cores", "devices"} <= left_out:  # without both there is nothing to count
            left_out -= {"cores", "core_power"}
        catalogue = r.random() < 0.4
        maker = Maker(r, self.rows, DIVISORS + (("devices",) if "flops" in models else ()), catalogue)
        quantities = {name: maker.make(name) for name in sorted(names - left_out)}
        self.emissions = Emissions(models, quantities, work, inference)
        lines = ["[emissions]", f"model = {toml('first-available' if first_available else models[0])}"]
        lines += [f"models = {toml(models)}"] if first_available else []
        lines += [f"inference = {toml(inference)}"] if inference else []
        lines += [f'catalogs = ["{self.folder}/own.csv"]'] if catalogue else []
        self.first_available = first_available
        for name, quantity in quantities.items():
            lines.append(f"{name} = {toml(quantity.toml)}")
            for column in quantity.columns:
                self.add(column)
            self.refusals.update([2] if quantity.refused else [])
            self.refusals.update([3] if any(i in quantity.faults for i in self.selected) else [])
        required = [name for name, quantity in quantities.items() if quantity.account and "assume" not in quantity.toml]
        if required and r.random() < 0.1:
            name = r.choice(required)
            lines.append(f'require = ["{name}"]')
            self.refusals.update([3] if any(quantities[name].account[i] == MISSING for i in self.selected) else [])
        self.spec += lines
        self.source = [None] * self.rows
        for i in [] if self.refusals else self.selected:
            numbers, self.source[i] = self.emissions.row(i)
            for name, value in numbers.items():
                self.numbers.setdefault(name, [float("nan")] * self.rows)[i] = value
        suffixes = ["", "_low", "_high"] if self.emissions.bounded else [""]
        for name in [name + suffix for name in self.emissions.names() for suffix in suffixes]:
            self.numbers.setdefault(name, [float("nan")] * self.rows)

    # Views.

    def make_view(self, name):
        r = self.r
        computed = [] if self.emissions is None else list(self.numbers)
        candidates = self.objective_names + [c for c in computed if not c.endswith(("_low", "_high")) or r.random() < 0.15]
        objectives = r.sample(candidates, min(len(candidates), r.choice([1, 2, 2, 3, 3, 4])))
        outputs = r.choice([None, [], r.sample(OUTPUTS, r.randint(1, 7)), r.sample(OUTPUTS, r.randint(3, 7))])
        if outputs and "contributions" in outputs and "hypervolume" not in outputs:
            outputs.append("hypervolume")
        names = list(self.columns) + computed
        columns = r.sample(names, min(len(names), r.randint(1, 3))) if r.random() < 0.4 else []
        if computed and not any(quantity.columns for quantity in self.emissions.quantities.values()):
            objectives[0] = self.objective_names[0]  # a spec without any column is refused
            objectives = list(dict.fromkeys(objectives))
        view = View(name, objectives, [r.random() < 0.5 for _ in objectives], r.sample(self.key_names, r.randint(0, len(self.key_names))),
                    r.choices(["exclude", "worst", "error"], [6, 3, 1])[0], outputs, columns)
        if outputs and ("rank" in outputs or "crowding" in outputs) and r.random() < 0.4:
            view.max_rank = r.randint(1, 4)
        for objective in objectives:
            if objective in self.columns and r.random() < 0.25:
                view.intervals[objective] = self.make_interval(view, objective)
        if view.intervals and view.missing == "worst":
            if r.random() < 0.9:
                view.missing = "exclude"
            else:
                self.refusals.add(2)
        if view.wants("hypervolume") and r.random() < 0.4:
            view.reference_point = [r.choice([0.0, 1.5, -2.0, 3.0, 10.0]) for _ in objectives]
        return view

    def make_interval(self, view, objective):
        r, column = self.r, self.columns[objective]
        values = [None if missing else float(x) for x, missing in zip(column.values, column.missing)]
        finite = all(value is None or isfinite(value) for value in values)
        name = f"{view.name}_{len(self.columns)}"
        form = r.choice(["columns", "column", "absolute", "relative"]) if finite else "columns"
        if form == "absolute":
            return {"absolute_error": r.choice([0.0, 0.5, 1.25])}
        if form == "relative":
            return {"error": r.choice([0.0, 0.01, 0.25, 2.0])}
        widths = np.array([r.choice([0.0, 0.25, 1.0, r.uniform(0, 2)]) for _ in range(self.rows)])
        if r.random() < 0.04:
            widths[r.randrange(self.rows)] = -1.0
        if form == "column":
            self.add(with_missing(r, name, widths, share=0.4))
            return {"absolute_error": name}
        middle = np.array([0.0 if value is None else value for value in values])
        self.add(with_missing(r, name + "_low", middle - widths, share=0.4))
        self.add(with_missing(r, name + "_high", middle + np.array([r.choice([0.0, 0.5, 2.0]) for _ in range(self.rows)]), share=0.4))
        return {"low": name + "_low", "high": name + "_high"}

    def value(self, name, i):
        """An objective's value in row i, or None where it is missing."""
        if name in self.columns:
            return self.columns[name].known(i)
        number = self.numbers[name][i]
        return None if number != number else number

    def interval(self, view, name, i):
        """An objective's (low, high) in row i, or None where one of them is missing."""
        value = self.value(name, i)
        if name not in view.intervals:
            if value is None or name not in self.numbers or name + "_low" not in self.numbers:
                return None if value is None else (value, value)
            return self.numbers[name + "_low"][i], self.numbers[name + "_high"][i]
        form = view.intervals[name]
        known = [self.columns[x].known(i) if isinstance(x, str) else x for x in form.values()]
        if value is None or None in known:
            return None
        value = float(value)
        if "low" in form:
            return known[0], known[1]
        error = known[0] if "absolute_error" in form else abs(value) * known[0]
        return value - error, value + error

    def uncertain(self, view):
        """Says whether the view has interval objectives."""
        return bool(view.intervals) or any(name + "_low" in self.numbers for name in view.objectives)

    def rated(self, view):
        if view.missing == "worst":
            return self.selected
        known = lambda name, i: self.value(name, i) is not None and self.interval(view, name, i) is not None
        return [i for i in self.selected if all(known(name, i) for name in view.objectives)]

    def groups(self, view):
        """Returns the sorted group keys of the selected rows, and every row's index among them."""
        keys = {i: group_key([self.columns[name] for name in view.group_by], i) for i in self.selected}
        ordered = sorted(set(keys.values())) if view.group_by else [()]
        return ordered, {i: ordered.index(k) for i, k in keys.items()}

    def points(self, view, rows):
        return {i: tuple(key(self.value(name, i), up) for name, up in zip(view.objectives, view.maximise)) for i in rows}

    def verdicts(self, view):
        """Returns the verdict of every group."""
        ordered, group_of = self.groups(view)
        rated = self.rated(view)
        return [Verdict(self.points(view, [i for i in rated if group_of[i] == g])) for g in range(len(ordered))]

    # What has to be refused.

    def refuse(self):
        """Adds what views refuse. Of several reasons any may be told; figures are left out where emissions cannot be computed."""
        for view in self.views:
            for name, form in view.intervals.items():
                self.refusals.update([3] if any(self.faulty_interval(view, name, form, i) for i in self.selected) else [])
        for view in [] if self.emissions_refused else self.views:
            if view.missing == "error" and len(self.rated(view)) < len(self.selected):
                self.refusals.add(3)

    def faulty_interval(self, view, name, form, i):
        """Low above high, a value outside its bounds, a negative error, and 64-bit integers from 2^53 on."""
        known = [self.columns[x].known(i) if isinstance(x, str) else x for x in form.values()]
        if isinstance(self.value(name, i), int) and abs(self.value(name, i)) >= 2**53:
            return True
        if None not in known and (known[0] < 0 if "absolute_error" in form else len(known) == 2 and known[0] > known[1]):
            return True  # whatever the value
        if self.value(name, i) is None or None in known:
            return False
        low, high = self.interval(view, name, i)
        return not low <= float(self.value(name, i)) <= high

    # Files.

    def write(self):
        r = self.r
        with open(f"{self.folder}/own.csv", "w") as f:
            f.write(OWN_CATALOGUE)
        self.table = None
        if all(map(converted, self.columns.values())) and r.random() < 0.15:
            self.table = f"{self.folder}/sweep.csv"  # `convert` makes the sweep, of other types
            self.columns = {column.name: column for column in write_table(list(self.columns.values()), self.table)}
        self.paths = [f"{self.folder}/sweep.h5"]
        if self.table is None:
            self.paths = write(r, list(self.columns.values()), self.paths[0], self.group.strip("/"), self.cuts)
        lines = ["[sweep]", f"group = {toml(self.group)}"]
        lines += [f"where = {toml([text for text, _ in self.where])}"] if self.where else []
        lines += self.spec
        for view in self.views:
            lines += ["[[view]]", f"name = {toml(view.name)}",
                      f"objectives = {toml([f'{name}:{direction(up)}' for name, up in zip(view.objectives, view.maximise)])}"]
            for name in ("group_by", "outputs", "columns", "max_rank", "intervals", "reference_point"):
                value = getattr(view, name)
                if value or (name == "outputs" and value is not None):
                    lines.append(f"{name} = {toml(value)}")
            lines += [f"missing = {toml(view.missing)}"] if view.missing != "exclude" or r.random() < 0.5 else []
        self.spec_path = f"{self.folder}/spec.toml"
        with open(self.spec_path, "w") as f:
            f.write("\n".join(lines) + "\n")


def direction(maximise):
    return "max" if maximise else "min"
