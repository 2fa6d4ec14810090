"""What a sweep in shares costs: constants fitted to measured tasks, a schedule simulated, large sweeps tabulated."""
import heapq
import math

import numpy

MODEL = """## The model

R rows in T tasks, so n = R / T rows a task; three objectives, one of them computed. A task of `score` reads its rows, computes
emissions, finds its front and writes its part; one of `count` puts its n rows beside all R in one list (or beside blocks of them
that fit its memory, at n rows more a block), orders it and counts; `merge` copies everything and writes the result. CPU seconds:

    score   start + score_row · n                       memory  score_memory + score_memory_row · n
    count   start + count_row_log · m · log2(m)         memory  count_memory + count_memory_row · m,   m = n + rows of a block
    merge   start + merge_row · R                       memory  merge_memory, whatever R is

and bytes read and written: the columns used (40 a row) and the part; all parts' values and the counts; all parts, all counts and the
result. Files: T parts, T counts, one result. Constants are least squares over all tasks measured above, at two sizes."""

COLUMN_BYTES = 40  # accuracy, params, n_gpus, tdp, train_time


def least_squares(rows, target):
    matrix = numpy.array(rows, dtype=float)
    weights = 1 / numpy.maximum(numpy.array(target), 1e-9)  # relative errors
    return numpy.linalg.lstsq(matrix * weights[:, None], numpy.array(target) * weights, rcond=None)[0]


def list_cost(rows):
    return rows * math.log2(max(2, rows))


def fitted(cases):
    """Constants from the tasks of one work at several sizes and numbers of shards."""
    score, score_cpu, score_peak, count, count_cpu, count_peak, merge, merge_cpu, merge_peak = ([] for _ in range(9))
    for case in cases:
        own = case["rows"] / case["shards"]
        for task in case["tasks"]["score"]:
            score.append([1, own]), score_cpu.append(task["cpu"]), score_peak.append(task["peak"])
        for task in case["tasks"]["count"]:
            everything = own + case["rows"]
            count.append([1, list_cost(everything), everything]), count_cpu.append(task["cpu"]), count_peak.append(task["peak"])
        for task in case["tasks"]["merge"]:
            merge.append([1, case["rows"]]), merge_cpu.append(task["cpu"]), merge_peak.append(task["peak"])
    start, score_row = least_squares(score, score_cpu)
    score_memory, score_memory_row = least_squares(score, score_peak)
    count_rows = numpy.array(count)
    count_row_log = float(numpy.median((numpy.array(count_cpu) - start) / count_rows[:, 1]))
    count_memory, count_memory_row = least_squares(count_rows[:, [0, 2]], count_peak)
    merge_row = float(numpy.median([(cpu - start) / row[1] for cpu, row in zip(merge_cpu, merge)]))
    largest = max(cases, key=lambda case: case["rows"])
    per_row = {f"{name}_bytes_row": largest[f"{name}_bytes"] / largest["rows"] for name in ("part", "counts", "result")}
    return {"start": float(start), "score_row": float(score_row), "count_row_log": count_row_log, "merge_row": merge_row,
            "score_memory": float(score_memory), "score_memory_row": float(score_memory_row), "count_memory": float(count_memory),
            "count_memory_row": float(count_memory_row), "merge_memory": float(max(merge_peak)), **per_row}


def cpu_of_score(model, rows):
    return model["start"] + model["score_row"] * rows


def count_blocks(model, own, rows, memory):
    """How many blocks the rows of all tasks come in, and the rows of one."""
    most = rows if memory is None else max(own, (memory - model["count_memory"]) / model["count_memory_row"] - own)
    blocks = max(1, math.ceil(rows / most))
    return blocks, rows / blocks


def cpu_of_count(model, own, rows, memory=None):
    blocks, block = count_blocks(model, own, rows, memory)
    return model["start"] + model["count_row_log"] * blocks * list_cost(own + block)


def cpu_of_merge(model, rows):
    return model["start"] + model["merge_row"] * rows


def makespan(seconds, workers):
    """When the last of these tasks ends, each begun in order by the first worker that is free."""
    free = [0.0] * workers
    for task in seconds:
        heapq.heapreplace(free, free[0] + task)
    return max(free)


def simulated(model, rows, shards, workers):
    """A schedule: all of score, then all of count, then merge, on workers of one thread."""
    own = rows / shards
    jobs = [[cpu_of_score(model, own)] * shards, [cpu_of_count(model, own, rows)] * shards, [cpu_of_merge(model, rows)]]
    return {"predicted_cpu": sum(map(sum, jobs)), "predicted_wall": sum(makespan(job, workers) for job in jobs)}


def table_of_large_sweeps(model, memory=64e9, cores=8):
    """Lines of Markdown for 10^9 and 10^10 rows, a task on eight cores with 64 GB."""
    tera = lambda value: f"{value / 1e12:.2f} TB" if value >= 1e11 else f"{value / 1e9:.2f} GB"
    out = ["## Large sweeps, by the model", "",
           f"A task has {cores} cores, used as well as the two that were measured, and {memory / 1e9:.0f} GB; all tasks run at once. Nothing of this was measured. A sweep of "
           "2³¹ − 1 rows or more is refused by this version, so 10¹⁰ rows are five sweeps or a later version.", "",
           "| rows | tasks | rows a task | score: time, memory, read, written | count: time, blocks, memory, read, written | merge: time, read, written | "
           "all, front alone | all, counted | files |", "|---:|---:|---:|---|---|---|---:|---:|---:|"]
    for rows in (10**9, 10**10):
        for tasks in (64, 128, 256, 512, 1024):
            own = rows / tasks
            blocks, block = count_blocks(model, own, rows, memory)
            score = cpu_of_score(model, own) / cores
            count = cpu_of_count(model, own, rows, memory) / cores
            merge = model["start"] + model["merge_row"] * rows / cores
            part, counts, result = (model[f"{name}_bytes_row"] for name in ("part", "counts", "result"))
            out.append(
                f"| {rows:.0e} | {tasks:,} | {own:,.0f} | {score:,.1f} s, {tera(model['score_memory'] + model['score_memory_row'] * own)}, "
                f"{tera(own * COLUMN_BYTES)}, {tera(own * part)} | {count:,.0f} s, {blocks}, "
                f"{tera(model['count_memory'] + model['count_memory_row'] * (own + block))}, {tera(rows * part)}, {tera(own * counts)} | {merge:,.0f} s, "
                f"{tera(rows * (part + counts))}, {tera(rows * result)} | {score + merge:,.0f} s | {score + count + merge:,.0f} s | {2 * tasks + 1:,} |")
    out += ["", "What limits: `merge` is one task, and its time does not fall with their number; `count` reads every part in every task "
            "(T times the parts in all), and orders all rows in each, so that its time hardly falls with T either."]
    return out
