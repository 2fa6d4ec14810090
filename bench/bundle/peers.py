"""Times what a GPU's user has on the same points: botorch's is_non_dominated, a plain pairwise count in PyTorch, and EvoX's
non_dominate_rank where it is installed.

usage: peers.py GPU_BENCH FOLDER     appends to FOLDER/measurements.jsonl; a time counts only where the answer equals ours
"""

import json
import os
import statistics
import subprocess
import sys

import torch

gpu_bench, folder = sys.argv[1:]


def note(**line):
    with open(f"{folder}/measurements.jsonl", "a") as out:
        out.write(json.dumps({"kind": "peer", **line}) + "\n")


def pairwise_counts(points, block=512):
    """Rows that dominate each row. points [objectives, rows] on the device."""
    counts = torch.empty(points.shape[1], dtype=torch.int64, device=points.device)
    for begin in range(0, points.shape[1], block):
        queries = points[:, begin : begin + block].unsqueeze(2)
        no_worse = (points.unsqueeze(1) <= queries).all(dim=0)
        better = (points.unsqueeze(1) < queries).any(dim=0)
        counts[begin : begin + block] = (no_worse & better).sum(dim=1)
    return counts


def seconds_of(work):
    """Median of three, by CUDA events; the first call, which warms up, gives the answer."""
    answer, seconds = work(), []
    for _ in range(3):
        begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        begin.record()
        work()
        end.record()
        end.synchronize()
        seconds.append(begin.elapsed_time(end) / 1e3)
    return answer, statistics.median(seconds)


def measure(name, rows, objectives, work, ours):
    try:
        answer, seconds = seconds_of(work)
    except Exception as error:  # such as out of memory: its n² table
        note(name=name, rows=rows, objectives=objectives, equal=None, why=str(error).splitlines()[0][:120])
        return True
    equal = torch.equal(answer.cpu().to(ours.dtype), ours)
    note(name=name, rows=rows, objectives=objectives, equal=equal, **({"seconds": seconds} if equal else {}))
    return equal


try:
    from botorch.utils.multi_objective.pareto import is_non_dominated
except ImportError:
    is_non_dominated = None
    note(name="botorch is_non_dominated", why="botorch is not here")

try:
    from evox.operators.selection import non_dominate_rank
except ImportError:
    non_dominate_rank = None
    note(name="EvoX non_dominate_rank", why="EvoX is not here")

right = True
for rows, objectives in ((10_000, 3), (100_000, 3)):
    subprocess.run([gpu_bench, "answers", folder, "--rows", str(rows), "--objectives", str(objectives)], check=True)
    load = lambda name, count, dtype: torch.from_file(f"{folder}/{name}", size=count, dtype=dtype)
    points = load("points.f64", rows * objectives, torch.float64).view(objectives, rows).cuda()
    front, counts = load("front.u8", rows, torch.uint8), load("counts.u32", rows, torch.int32).to(torch.int64)
    ranks = load("ranks.u32", rows, torch.int32).to(torch.int64)
    right &= measure("PyTorch, all pairs: counts", rows, objectives, lambda: pairwise_counts(points), counts)
    if is_non_dominated:
        values = -points.T.contiguous()
        right &= measure("botorch is_non_dominated", rows, objectives,
                         lambda: is_non_dominated(values, deduplicate=False), front)
    if non_dominate_rank:
        rows_of_points = points.T.contiguous()
        right &= measure("EvoX non_dominate_rank", rows, objectives, lambda: non_dominate_rank(rows_of_points), ranks)
for name in ("points.f64", "front.u8", "counts.u32", "ranks.u32"):
    os.remove(f"{folder}/{name}")
sys.exit(0 if right else 1)
