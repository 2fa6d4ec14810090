#!/usr/bin/env python3
"""Score small random sweeps through the program and compare every answer with an oracle written from the definition.

usage: random_sweeps.py PROGRAM [SEEDS]

Columns are of random types with ties, infinities, -0.0, integers beyond 2^53, NaN and fill values; views have random directions,
groups, filters, policies, batches and backends. Needs h5py and numpy. Prints 'N passed, N failed' last.
"""
import subprocess
import sys
import tempfile
from functools import lru_cache
from pathlib import Path

import h5py
import numpy as np

ALL_ONES = 2**32 - 1
TYPES = ["f8", "f4", ">f8", "i8", "u8", "i2", ">i4", "u1", "bool"]


def random_column(random, rows):
    """Returns values as stored, and a fill value or None."""
    kind = str(random.choice(TYPES))
    if "f" in kind:
        values = random.choice([-np.inf, np.inf, -0.0, 0.0, 1, 2, 3, np.nan, 1.5, -2], rows).astype(kind)
    else:
        values = random.integers(0, 2 if kind == "bool" else 5, rows).astype(kind)
        if kind == "i8":
            values = values + np.int64(2**53)
        if kind == "u8":
            values = values + np.uint64(2**64 - 10)
    fill = values[int(random.integers(rows))] if kind != "bool" and random.random() < 0.4 else None
    return values, fill


class Sweep:
    """One random sweep in memory and on disk, and how it is to be scored."""

    def __init__(self, seed, path):
        random = np.random.default_rng(seed)
        self.rows, self.objectives = int(random.integers(1, 60)), int(random.integers(1, 6))
        self.values, self.missing = [], []
        self.maximise = [bool(random.integers(2)) for _ in range(self.objectives)]
        self.grouped, self.filtered = bool(random.integers(2)), bool(random.integers(2))
        self.policy = str(random.choice(["exclude", "worst"]))
        self.backend = str(random.choice(["cpu", "reference"]))
        self.batch_rows = int(random.integers(1, 70))
        with h5py.File(path, "w") as f:
            for k in range(self.objectives):
                values, fill = random_column(random, self.rows)
                chunks = (max(1, self.rows // 3),) if random.random() < 0.5 else None
                dataset = f.create_dataset(f"configs/c{k}", data=values, chunks=chunks)
                if fill is not None:
                    dataset.attrs.create(str(random.choice(["_FillValue", "missing_value"])), fill, dtype=values.dtype)
                self.missing.append([bool(v != v or (fill is not None and v == fill)) for v in values])
                self.values.append([float(v) if values.dtype.kind == "f" else int(v) for v in values])
            self.keys = [str(k) for k in random.choice(["", "a", "b", "c"], self.rows)]
            f.create_dataset("configs/key", data=[k.encode() for k in self.keys], dtype=h5py.string_dtype())
            chosen = random.integers(0, 4, self.rows)
            f.create_dataset("configs/chosen", data=chosen)
        self.selected = [i for i in range(self.rows) if not self.filtered or chosen[i] != 0]
        complete = [i for i in self.selected if not any(m[i] for m in self.missing)]
        self.rated = self.selected if self.policy == "worst" else complete

    def command(self, program, sweep, result):
        view = "v=" + ",".join(f"c{k}:{'max' if m else 'min'}" for k, m in enumerate(self.maximise))
        words = [program, "score", sweep, "-o", result, "--force", "--backend", self.backend, "--missing", self.policy, "--view", view,
                 "--outputs", "dominated_by,dominates,rank,witness", "--batch-rows", str(self.batch_rows), "--validate", "all"]
        return words + (["--group-by", "key"] if self.grouped else []) + (["--where", "chosen != 0"] if self.filtered else [])

    def better(self, k, a, b):
        if self.missing[k][a] or self.missing[k][b]:
            return not self.missing[k][a] and self.missing[k][b]
        return self.values[k][a] > self.values[k][b] if self.maximise[k] else self.values[k][a] < self.values[k][b]

    def dominates(self, a, b):
        if self.grouped and self.keys[a] != self.keys[b]:
            return False
        objectives = range(self.objectives)
        return not any(self.better(k, b, a) for k in objectives) and any(self.better(k, a, b) for k in objectives)


def check_rows(sweep, view):
    dominators = {b: [a for a in sweep.rated if sweep.dominates(a, b)] for b in sweep.rated}

    @lru_cache(None)
    def rank(row):
        return 1 + max(map(rank, dominators[row])) if dominators[row] else 0

    stored = {name: view[name][:] for name in ("state", "nondominated", "dominated_by", "dominates", "rank", "witness")}
    for i in range(sweep.rows):
        got = [int(stored[name][i]) for name in stored]
        if i not in dominators:
            assert got == [1 if i in sweep.selected else 0, 0, ALL_ONES, ALL_ONES, ALL_ONES, -1], f"row {i}: {got}"
            continue
        beaten = sum(i in those for those in dominators.values())
        witnesses = [a for a in dominators[i] if not dominators[a]]
        want = [2, int(not dominators[i]), len(dominators[i]), beaten, rank(i), witnesses[0] if witnesses else -1]
        assert got == want, f"row {i}: {got}, expected {want}"
    front = [i for i in sweep.rated if not dominators[i]]
    assert view["front"][:].tolist() == front, "front"
    return front


def check_groups(sweep, view, front):
    names = [None]
    if sweep.grouped:
        names = sorted({sweep.keys[i] for i in sweep.selected}, key=lambda key: (key == "", key))
        assert [k.decode() for k in view["groups/keys/key"][:]] == names, "keys"
        assert view["groups/keys/key_missing"][:].tolist() == [int(name == "") for name in names], "missing keys"
        want = [names.index(sweep.keys[i]) if i in sweep.selected else ALL_ONES for i in range(sweep.rows)]
        assert view["group"][:].tolist() == want, "group"
    for g, name in enumerate(names):
        inside = lambda rows: [i for i in rows if name is None or sweep.keys[i] == name]
        here = inside(front)
        for k in range(sweep.objectives):
            known = [sweep.values[k][i] for i in here if not sweep.missing[k][i]] or [np.nan]
            best, worst = (max(known), min(known)) if sweep.maximise[k] else (min(known), max(known))
            np.testing.assert_equal([view["groups/ideal"][g, k], view["groups/nadir"][g, k]], [float(best) + 0.0, float(worst) + 0.0])
        point = lambda i: tuple(None if sweep.missing[k][i] else sweep.values[k][i] + 0 for k in range(sweep.objectives))
        got = [int(view[f"groups/{n}"][g]) for n in ("rows", "rated", "front_rows", "front_points")]
        assert got == [len(inside(sweep.selected)), len(inside(sweep.rated)), len(here), len({point(i) for i in here})], f"group {g}: {got}"


def main():
    program, seeds = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 60
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        path, result = str(Path(folder) / "sweep.h5"), str(Path(folder) / "result.h5")
        for seed in range(seeds):
            try:
                sweep = Sweep(seed, path)
                run = subprocess.run(sweep.command(program, path, result), capture_output=True, text=True)
                assert run.returncode == 0, run.stderr
                with h5py.File(result) as f:
                    check_groups(sweep, f["views/v"], check_rows(sweep, f["views/v"]))
                run = subprocess.run([program, "validate", result, path, "--rows", "all"], capture_output=True, text=True)
                assert run.returncode == 0, run.stderr
            except AssertionError as e:
                failed += 1
                print(f"FAIL seed {seed}: {e}")
    print(f"{seeds - failed} passed, {failed} failed")
    return 1 if failed or seeds == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
