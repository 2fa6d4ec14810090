#!/usr/bin/env python3
"""Holds the work of the tile kernels at 10^5 rows, as gpu_count counts it, to that of the simulation they were designed by: the
same levels, and at most 15 % more rounds and warp items.
usage: gpu_work.py PROGRAM"""
import json
import subprocess
import sys

# Exact counts of a simulation of aligned tiles on the same points: levels, rounds (the most of a level, summed over levels),
# warp items. It looks at rows beyond one low corner of a tile of sources, the kernels at those beyond one for each depth.
SIMULATED = {
    ("ranks", "independent", 2): (49, 2553, 49700),
    ("ranks", "independent", 3): (27, 858, 105000),
    ("ranks", "independent", 8): (17, 94, 134000),
    ("front", "anticorrelated", 6): (0, 0, 75900),
}

wrong = 0
for (task, distribution, objectives), simulated in SIMULATED.items():
    options = ["--rows", "100000", "--objectives", str(objectives), "--distribution", distribution, "--task", task, "--json"]
    work = json.loads(subprocess.run([sys.argv[1], *options], capture_output=True, text=True, check=True).stdout)["work"]
    found = work["levels"], work["rounds"], work["warp_items"]
    bad = found[0] != simulated[0] or any(more > 1.15 * most for more, most in zip(found[1:], simulated[1:]))
    wrong += bad
    print(f"{task} {distribution} x {objectives}: {found}, simulated {simulated}{' - too much' if bad else ''}", flush=True)
sys.exit(1 if wrong else 0)
