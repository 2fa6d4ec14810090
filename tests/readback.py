#!/usr/bin/env python3
"""Score the poster's sweep and read the result back as its users do: with h5py and with xarray.

usage: readback.py PROGRAM SCRATCH_FOLDER

Checks the known answers, every view against the definition, and what a reader of the file relies on: types, shapes,
fill values, dimension names and units. Needs h5py, numpy, xarray and h5netcdf.
Prints 'N passed, N failed' last; exits 0 when all hold.
"""
import csv
import math
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np

DATA = Path(__file__).resolve().parent.parent / "data"
KEYS = ("dataset", "quality_metric", "table")
NO_COUNT = 0xFFFFFFFF

# (dataset, table): dominated_by of the rows named, 0 for the others, with quality up and params down
KNOWN_COUNTS = {
    ("SC09", "Mamba table 4"): {"SampleRNN": 7, "WaveGAN": 2, "DiffWave": 2, "DiffWave+SaShiMi": 1},
    ("LJSpeech", "DiffWave table 1"): {"WaveFlow-64": 2, "WaveFlow-128": 2, "WaveGlow": 4},
}
# model: (kWh, kg), kg None where no figure is known
KNOWN_EMISSIONS = {
    "NSynth WaveNet-AE": (1804.8, 788.6976),
    "Parallel WaveGAN": (40.32, 17.61984),
    "Jukebox prior": (103219.2, None),
}

passed = failed = 0


def check(name, holds, detail=""):
    global passed, failed
    if holds:
        passed += 1
    else:
        failed += 1
        print(f"FAIL {name}: {detail}", flush=True)


def equal(name, found, expected):
    found, expected = np.asarray(found), np.asarray(expected)
    same = found.shape == expected.shape and np.array_equal(found, expected, equal_nan=found.dtype.kind == "f")
    check(name, same, f"{found.tolist()} instead of {expected.tolist()}")


def number(text):
    return float(text) if text else math.nan


def run(*arguments):
    try:
        done = subprocess.run([str(a) for a in arguments], capture_output=True, text=True)
    except OSError as error:
        sys.exit(f"cannot run '{arguments[0]}' ({error.strerror}); give the path of the program")
    if done.returncode:
        sys.exit(f"{' '.join(map(str, arguments))}\nexit {done.returncode}: {done.stderr.strip()}\n0 passed, 1 failed")


class Expected:
    """One view's answers by definition, in plain Python."""

    def __init__(self, rows, objectives, values):
        """`objectives`: list of (column, sign); sign −1 where more is better. `values`: rows × objectives as stored."""
        n = len(rows)
        cost = values * np.array([sign for _, sign in objectives])
        rated = ~np.isnan(values).any(axis=1)
        self.state = np.where(rated, 2, 1)
        keys = [tuple((row[k] == "", row[k].encode()) for k in KEYS) for row in rows]
        self.keys = sorted(set(keys))
        self.group = np.array([self.keys.index(key) for key in keys])
        beats = np.zeros((n, n), bool)
        for a in range(n):
            for b in range(n):
                beats[a, b] = (rated[a] and rated[b] and self.group[a] == self.group[b]
                               and (cost[a] <= cost[b]).all() and (cost[a] < cost[b]).any())
        self.dominated_by = np.where(rated, beats.sum(axis=0), NO_COUNT)
        self.dominates = np.where(rated, beats.sum(axis=1), NO_COUNT)
        self.nondominated = rated & (self.dominated_by == 0)
        self.front = np.flatnonzero(self.nondominated)
        self.rank = np.full(n, NO_COUNT)
        left, front = rated.copy(), 0
        while left.any():
            best = left & ~beats[left].any(axis=0)
            self.rank[best] = front
            left, front = left & ~best, front + 1
        self.witness = np.full(n, -1)
        for row in np.flatnonzero(rated & ~self.nondominated):
            self.witness[row] = np.flatnonzero(beats[:, row] & self.nondominated)[0]
        self.ideal, self.nadir = np.full((2, len(self.keys), len(objectives)), math.nan)
        self.rows, self.rated, self.front_rows, self.front_points = np.zeros((4, len(self.keys)), int)
        for g in range(len(self.keys)):
            here = self.nondominated & (self.group == g)
            self.rows[g], self.rated[g], self.front_rows[g] = (self.group == g).sum(), (rated & (self.group == g)).sum(), here.sum()
            self.front_points[g] = len({tuple(c) for c in cost[here]})
            if here.any():
                signs = np.array([sign for _, sign in objectives])
                self.ideal[g], self.nadir[g] = signs * cost[here].min(axis=0), signs * cost[here].max(axis=0)


ROW_DATASETS = {  # name: (dtype, fill)
    "state": ("u1", None), "nondominated": ("u1", None), "dominated_by": ("u4", NO_COUNT), "dominates": ("u4", NO_COUNT),
    "rank": ("u4", NO_COUNT), "witness": ("i8", -1), "group": ("u4", NO_COUNT),
}
GROUP_DATASETS = {"rows": "u8", "rated": "u8", "front_rows": "u8", "front_points": "u8", "ideal": "f8", "nadir": "f8"}


def check_with_h5py(path, name, expected):
    with h5py.File(path, "r") as file:
        view = file[f"views/{name}"]
        for dataset, (dtype, fill) in ROW_DATASETS.items():
            label = f"h5py {name}/{dataset}"
            check(f"{label} type", view[dataset].dtype == np.dtype(dtype), str(view[dataset].dtype))
            equal(label, view[dataset][:], getattr(expected, dataset))
            if fill is not None:
                stored = view[dataset].attrs.get("_FillValue")
                check(f"{label} _FillValue", stored is not None and np.asarray(stored).dtype == np.dtype(dtype)
                      and np.all(np.asarray(stored) == np.array(fill, dtype)), str(stored))
        flag = view["nondominated"].attrs.get("dtype")
        check(f"h5py {name}/nondominated is a truth value", flag in ("bool", b"bool"), str(flag))
        check(f"h5py {name}/front type", view["front"].dtype == np.dtype("i8"), str(view["front"].dtype))
        equal(f"h5py {name}/front", view["front"][:], expected.front)
        groups = view["groups"]
        for dataset, dtype in GROUP_DATASETS.items():
            check(f"h5py {name}/groups/{dataset} type", groups[dataset].dtype == np.dtype(dtype), str(groups[dataset].dtype))
            equal(f"h5py {name}/groups/{dataset}", groups[dataset][:], getattr(expected, dataset))
        for at, column in enumerate(KEYS):
            found = [value if isinstance(value, bytes) else value.encode() for value in groups[f"keys/{column}"][:]]
            equal(f"h5py {name}/groups/keys/{column}", found, [key[at][1] for key in expected.keys])
            missing = groups[f"keys/{column}_missing"]
            check(f"h5py {name}/groups/keys/{column}_missing type", missing.dtype == np.dtype("u1"), str(missing.dtype))
            equal(f"h5py {name}/groups/keys/{column}_missing", missing[:], [int(key[at][0]) for key in expected.keys])


def check_dimensions(label, data, name, length):
    """Every dimension has a name of its own, and variable `name` has `length` rows."""
    names = {dimension for variable in data.variables.values() for dimension in variable.dims}
    check(f"{label} named dimensions", not any(n.startswith("phony_dim") for n in names), str(names))
    check(f"{label} {name} shape", data[name].shape[:1] == (length,), str(data[name].shape))


def check_with_xarray(path, name, expected):
    import xarray

    def opened(group, **options):
        return xarray.open_dataset(path, group=group, engine="h5netcdf", **options)

    rows = len(expected.state)
    with opened(f"/views/{name}") as view:
        label = f"xarray {name}"
        check_dimensions(label, view, "state", rows)
        dims = {view[d].dims for d in ROW_DATASETS}
        check(f"{label} one dimension for all rows", len(dims) == 1, str(dims))
        check(f"{label} front has its own dimension", view["front"].dims not in dims, str(view["front"].dims))
        check(f"{label} nondominated type", view["nondominated"].dtype == bool, str(view["nondominated"].dtype))
        equal(f"{label} nondominated", view["nondominated"].values, expected.nondominated)
        for dataset in ("dominated_by", "dominates", "rank"):
            want = getattr(expected, dataset).astype(float)
            want[want == NO_COUNT] = math.nan
            equal(f"{label} {dataset} decoded", view[dataset].values.astype(float), want)
    with opened(f"/views/{name}", mask_and_scale=False) as view:
        for dataset, (dtype, _) in ROW_DATASETS.items():
            if dataset != "nondominated":
                check(f"{label} {dataset} type", view[dataset].dtype == np.dtype(dtype), str(view[dataset].dtype))
                equal(f"{label} {dataset}", view[dataset].values, getattr(expected, dataset))
    with opened(f"/views/{name}/groups") as groups:
        check_dimensions(f"{label} groups", groups, "ideal", len(expected.keys))
        for dataset in GROUP_DATASETS:
            equal(f"{label} groups/{dataset}", groups[dataset].values, getattr(expected, dataset))


def check_emissions(path, table, expected_kwh, expected_kg):
    import xarray

    with h5py.File(path, "r") as file:
        for dataset, values, units in (("energy_kwh", expected_kwh, "kWh"), ("co2e_kg", expected_kg, "kg")):
            stored = file[f"emissions/{dataset}"]
            check(f"h5py {dataset} type", stored.dtype == np.dtype("f8"), str(stored.dtype))
            equal(f"h5py {dataset}", stored[:], values)
            found = stored.attrs.get("units")
            check(f"h5py {dataset} units", found in (units, units.encode()), str(found))
            check(f"h5py {dataset} long_name", bool(stored.attrs.get("long_name")))
    with xarray.open_dataset(path, group="/emissions", engine="h5netcdf") as emissions:
        check_dimensions("xarray emissions", emissions, "co2e_kg", len(table))
        equal("xarray energy_kwh", emissions["energy_kwh"].values, expected_kwh)
        equal("xarray co2e_kg", emissions["co2e_kg"].values, expected_kg)
        check("xarray co2e_kg units", emissions["co2e_kg"].attrs.get("units") == "kg", str(emissions["co2e_kg"].attrs))
        names = [row["model"] for row in table]
        for model, (kwh, kg) in KNOWN_EMISSIONS.items():
            at = names.index(model)
            found = float(emissions["energy_kwh"][at]), float(emissions["co2e_kg"][at])
            check(f"known energy of {model}", math.isclose(found[0], kwh, rel_tol=1e-14), str(found[0]))
            check(f"known emissions of {model}", kg is None or math.isclose(found[1], kg, rel_tol=1e-14), str(found[1]))


def check_known_counts(path, table):
    with h5py.File(path, "r") as file:
        counts = file["views/inference/dominated_by"][:]
    for (dataset, source), known in KNOWN_COUNTS.items():
        here = [i for i, row in enumerate(table) if row["dataset"] == dataset and row["table"] == source]
        found = {table[i]["model"]: int(counts[i]) for i in here}
        want = {table[i]["model"]: known.get(table[i]["model"], 0) for i in here}
        check(f"known counts of {dataset}", found == want and set(known) <= set(want), f"{found} instead of {want}")


def check_provenance(path):
    """How the result was made, and the checksums of what HDF5 has none for, are read by h5py and xarray."""
    import xarray

    with h5py.File(path, "r") as file:
        lines = [line.decode() for line in file["provenance/checksums"][:]]
        objects = {"/"}
        file.visit(lambda name: objects.add("/" + name))
        named = {line[33:] for line in lines}
        check("checksums of every object", named == objects - {"/provenance/checksums"}, str(named ^ objects))
        check("checksums are XXH3-128", all(len(line.split(" ")[0]) == 32 for line in lines), lines[0])
        check("rows have checksums", file["views/training/state"].fletcher32 and file["emissions/co2e_kg"].fletcher32)
    with xarray.open_dataset(path, group="/provenance", engine="h5netcdf") as provenance:
        check("xarray provenance", " score " in provenance.attrs["command_line"] and provenance["checksums"].size == len(lines))


def main(arguments):
    if len(arguments) != 2:
        sys.exit(__doc__.strip())
    program, scratch = Path(arguments[0]).resolve(), Path(arguments[1])
    scratch.mkdir(parents=True, exist_ok=True)
    sweep, result = scratch / "poster.h5", scratch / "poster-result.h5"
    run(program, "convert", DATA / "audio_models.csv", "-o", sweep, "--units", "train_hours=h,tdp_w=W", "--force")
    run(program, "score", sweep, "--spec", DATA / "poster.toml", "-o", result, "--force")

    with open(DATA / "audio_models.csv", newline="", encoding="utf-8") as file:
        table = list(csv.DictReader(file))
    column = {name: np.array([number(row[name]) for row in table]) for name in ("quality", "params", "n_gpus", "tdp_w", "train_hours")}
    kwh = ((column["n_gpus"] * column["tdp_w"]) * column["train_hours"]) * 1 / 1000
    kg = kwh * 0.437
    check_emissions(result, table, kwh, kg)
    check_known_counts(result, table)
    check_provenance(result)
    for name, second in (("training", kg), ("inference", column["params"])):
        expected = Expected(table, [("quality", -1), ("other", 1)], np.stack([column["quality"], second], axis=1))
        for reader in (check_with_h5py, check_with_xarray):
            try:
                reader(result, name, expected)
            except (KeyError, ValueError, OSError) as error:
                check(f"{reader.__name__} {name}", False, repr(error))
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
