#!/usr/bin/env python3
"""Compare emissions of real sweeps with known answers.

usage: known_emissions.py PROGRAM CASES

CASES holds ecnas_energy (2,805 metered trainings) and epoch_models (2,228 models, most of whose details are missing), each with
expected.json. Exits 0 when everything holds. Needs h5py and numpy.
"""
import json, subprocess, sys, tempfile
from pathlib import Path

import h5py
import numpy as np

program, cases = sys.argv[1], Path(sys.argv[2])
METERED = """[emissions]
model = "green-algorithms"
time = { column = "total_time_s", unit = "s" }
cores = { value = 1 }
core_power = { column = "cpu_power_w", unit = "W" }
devices = { column = "n_devices" }
max_power = { column = "gpu_power_w", unit = "W" }
memory = { value = 0, unit = "GB" }
pue = { value = 1.59 }
carbon_intensity = { column = "carbon_intensity_g_per_kwh", unit = "g/kWh" }
"""
POSTER = """[emissions]
devices = { column = "hardware_quantity" }
max_power = { column = "tdp_w", unit = "W" }
time = { column = "training_time_h", unit = "h" }
"""
LOGGED = """[emissions]
model = "measured-energy"
energy = { column = "total_energy_kwh", unit = "kWh" }
carbon_intensity = { column = "carbon_intensity_g_per_kwh", unit = "g/kWh" }
"""


def scored(folder, sweep, emissions, *more):
    """Scores a sweep; returns the open result and the JSON summary."""
    spec, out = Path(folder) / "spec.toml", Path(folder) / "out.h5"
    spec.write_text(emissions + '[[view]]\nname = "v"\nobjectives = ["co2e_kg:min"]\n')
    run = subprocess.run([program, "score", str(sweep), "--spec", str(spec), "-o", str(out), "--force", "--json", *more],
                         capture_output=True, text=True)
    if run.returncode:
        sys.exit(f"{sweep}: exit {run.returncode}: {run.stderr.strip()[-300:]}")
    return h5py.File(out), json.loads(run.stdout)


def expect(what, got, wanted, tolerance=0.0):
    if not abs(got - wanted) <= tolerance:
        sys.exit(f"{what}: {got}, expected {wanted} within {tolerance}")
    print(f"{what}: {got}")


with tempfile.TemporaryDirectory() as folder:
    sweep = cases / "ecnas_energy" / "ecnas_energy.h5"
    known = json.loads((cases / "ecnas_energy" / "expected.json").read_text())["emission_model"]
    with h5py.File(sweep) as f:
        logged = f["configs/total_co2eq_g"][:]
    for backend in ("cpu", "reference"):
        result, _ = scored(folder, sweep, METERED, "--backend", backend)
        grams = result["emissions/co2e_kg"][:] * 1000
        result.close()
        error = np.abs(grams / logged - 1)
        expect("metered trainings, logged [g]", logged.sum(), known["sums"]["total_co2eq_g"], 1e-6)
        expect("metered trainings, by formula [g]", grams.sum(), known["sums"]["model_co2e_g_pue_1_59"], 1e-6)
        expect("median relative error", np.median(error), 0.00011, 0.000005)
        expect("largest relative error", error.max(), known["relative_error_of_formula_with_pue_1_59"]["1"], 1e-9)
    result, _ = scored(folder, sweep, LOGGED)
    expect("logged energy times intensity [g]", result["emissions/co2e_kg"][:].sum() * 1000, logged.sum(), 0.05)
    result.close()

    sweep = cases / "epoch_models" / "epoch_models.h5"
    known = json.loads((cases / "epoch_models" / "expected.json").read_text())["emission_model"]
    for backend in ("cpu", "reference"):
        result, summary = scored(folder, sweep, POSTER, "--backend", backend)
        energy, state = result["emissions/energy_kwh"][:], result["views/v/state"][:]
        account = {name: result[f"emissions/account/{name}"][:] for name in ("devices", "max_power", "time")}
        result.close()
        expect("models with all three factors", np.isfinite(energy).sum(), known["rows_valid"])
        expect("their energy [kWh]", np.nansum(energy), known["sum"], 1e-3)
        expect("models without a verdict", (state == 1).sum(), known["rows_nan"])
        for quantity, key in (("devices", "n"), ("max_power", "p_max"), ("time", "t")):
            missing = summary["emissions"]["quantities"][quantity]["missing_rows"]
            expect(f"models without {quantity}", missing, known["missing"][key])
            expect(f"models without {quantity}, by account", (account[quantity] == 4).sum(), missing)
