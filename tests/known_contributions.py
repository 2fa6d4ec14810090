#!/usr/bin/env python3
"""Hypervolume contributions as moocore gives them, for tests/samples/contributions.txt: known_contributions.py > FILE.

Needs moocore and numpy from PyPI; the tests need only the file. Sets of 2 to 4 objectives, all minimised, one reference point
for each number of objectives. moocore's convention (hv_contributions): dominated points are ignored, as if only the front
were there, and have 0, like points with an equal and points that are not better than the reference point in every objective.
"""

import moocore
import numpy as np

REFERENCE = {2: [8.0, 8.0], 3: [8.0, 8.0, 8.0], 4: [8.0, 8.0, 8.0, 8.0]}


def sets_of(objectives):
    random = np.random.default_rng(objectives)
    whole = random.integers(0, 10, (24, objectives)).astype(float)  # ties, and values on and outside the reference point
    yield "ties", whole
    yield "duplicates", np.vstack([whole[:8], whole[:4], whole[2:3]])
    front = random.random((12, objectives))
    front = np.round(7 * front / np.linalg.norm(front, axis=1, keepdims=True), 3)
    yield "front", front
    yield "hiding", np.vstack([front[:6], front[:6] + 0.25, front[:3] + 0.5])  # rows that one point alone dominates
    outside = front.copy()
    outside[::3, 0] = 8.0
    outside[1::3, -1] = 9.5
    yield "outside", outside
    yield "one", np.full((1, objectives), 2.5)
    yield "all_outside", np.full((3, objectives), 8.0)
    yield "one_better", np.vstack([np.full((1, objectives), 1.0), whole[:5] + 1.0, np.full((1, objectives), 1.0)])


def main():
    print(f"# moocore {moocore.__version__}: hv_contributions(points, ref), written by tests/known_contributions.py")
    print("# a set: `objectives name rows`, then a line a point: its objectives and its contribution")
    for objectives, reference in REFERENCE.items():
        for name, points in sets_of(objectives):
            lost = moocore.hv_contributions(points, ref=reference)
            print(objectives, name, len(points))
            for point, value in zip(points, lost):
                print(*(repr(float(number)) for number in [*point, value]))


if __name__ == "__main__":
    main()
