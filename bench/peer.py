#!/usr/bin/env python3
"""Time one library on one task, and hash its answer.

usage: peer.py LIBRARY TASK SWEEP.h5 [RUNS]     prints {"seconds": median, "version": ..., "answer": ...}

Reads the columns f1..fM as one float64 array [rows x objectives], outside the timed part. Answers in a common form: `front`: ascending
row numbers; `rank`: front numbers from 0; `dominated_by`: counts; hashed with SHA-256 as little-endian integers. `hypervolume`: the
value, reference point 1.1 everywhere. Runs under the Python that has the library installed.
"""
import hashlib
import importlib.metadata
import json
import statistics
import sys
import time

import h5py
import numpy as np


def sha(values, kind):
    return hashlib.sha256(np.ascontiguousarray(values).astype(kind).tobytes()).hexdigest()


def front(mask):
    return sha(np.flatnonzero(mask), "<i8")


def moocore(task, x):
    import moocore as m
    if task == "front":
        return lambda: m.is_nondominated(x, keep_weakly=True), front
    if task == "rank":
        return lambda: m.pareto_rank(x), lambda ranks: sha(ranks - ranks.min(), "<u4")
    if task == "hypervolume":
        return lambda: m.hypervolume(x, ref=[1.1] * x.shape[1]), float


def pymoo(task, x):
    from pymoo.util.nds.non_dominated_sorting import NonDominatedSorting
    if task == "front":
        def mask(rows):
            out = np.zeros(len(x), bool)
            out[rows] = True
            return front(out)
        return lambda: NonDominatedSorting().do(x, only_non_dominated_front=True), mask
    if task == "rank":
        return lambda: NonDominatedSorting().do(x, return_rank=True)[1], lambda ranks: sha(ranks, "<u4")


def paretoset(task, x):
    import paretoset as p
    if task == "front":
        return lambda: p.paretoset(x, distinct=False), front
    if task == "rank":
        return lambda: p.paretorank(x, distinct=False), lambda ranks: sha(ranks - 1, "<u4")


def pygmo(task, x):
    import pygmo as p
    if task == "front" and x.shape[1] == 2:
        def mask(rows):
            out = np.zeros(len(x), bool)
            out[rows] = True
            return front(out)
        return lambda: p.non_dominated_front_2d(x), mask
    if task == "rank":
        return lambda: p.fast_non_dominated_sorting(x)[3], lambda ranks: sha(ranks, "<u4")
    if task == "dominated_by":
        return lambda: p.fast_non_dominated_sorting(x)[2], lambda counts: sha(counts, "<u4")
    if task == "hypervolume":
        return lambda: p.hypervolume(x).compute([1.1] * x.shape[1]), float


def main():
    library, task, path = sys.argv[1:4]
    runs = int(sys.argv[4]) if len(sys.argv) > 4 else 3
    with h5py.File(path) as f:
        group = f["configs"]
        names = sorted((n for n in group if n.startswith("f")), key=lambda n: int(n[1:]))
        x = np.ascontiguousarray(np.stack([group[n][:] for n in names], axis=1))
    call, answer = {"moocore": moocore, "pymoo": pymoo, "paretoset": paretoset, "pygmo": pygmo}[library](task, x)
    every = []
    for _ in range(runs):
        start = time.perf_counter()
        result = call()
        every.append(time.perf_counter() - start)
        if every[0] > 10:  # long ones speak for themselves
            break
    print(json.dumps({"seconds": statistics.median(every), "version": importlib.metadata.version(library), "answer": answer(result)}))


if __name__ == "__main__":
    main()
