#!/usr/bin/env python3
"""Measure a sweep in shares against one run, and model large ones from what was measured.

usage: shards.py PROGRAM [--rows N] [--front-rows N] [--runs N] [--output-folder DIR] [--name NAME]

Runs `score`, then for 1, 2, 4 and 8 shards `score --shard`, `count` and `merge`, one process after the other, on made-up sweeps
of --rows and a quarter of them, with --front-rows where only the front is asked for, and checks that every digest is that of one run. CPU time is user + system, so that it counts the same
on a machine with other work. From the same runs it fits what a task costs (see MODEL), predicts a schedule of 8 shards on two
workers, runs that schedule, and tabulates 10^9 and 10^10 rows on 64 to 1,024 tasks.
Writes DIR/YYYY-MM-DD-cpu-NAME-shards.json and a Markdown file of that name (DIR: bench/results). Needs numpy.
"""
import argparse
import datetime
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy

from end_to_end import EMISSIONS, machine, view
from shards_model import MODEL, fitted, makespan, simulated, table_of_large_sweeps

WORKS = {
    "front + emissions": EMISSIONS + view(["accuracy:max", "co2e_kg:min"], []),
    "front, counts, witnesses + emissions": EMISSIONS + view(["accuracy:max", "params:min", "co2e_kg:min"], ["dominated_by", "witness"]),
}
SHARDS = (1, 2, 4, 8)


class Runner:
    """Runs the program and remembers what each process took."""

    def __init__(self, program, threads):
        self.program, self.threads = program, threads

    def start(self, *words, threads=None):
        command = [str(word) for word in (self.program, *words)]
        if words[0] in ("score", "count", "merge"):
            command += ["--threads", str(threads or self.threads)]
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def finish(self, process, begin):
        errors = process.stderr.read().decode()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            sys.exit(f"{' '.join(process.args)}: exit {process.returncode}: {errors.strip()}")
        return {"cpu": usage.ru_utime + usage.ru_stime, "wall": time.perf_counter() - begin, "peak": usage.ru_maxrss * 1024}

    def run(self, *words):
        begin = time.perf_counter()
        return self.finish(self.start(*words), begin)

    def digest(self, path):
        return subprocess.run([self.program, "inspect", "--digest", path], capture_output=True, check=True).stdout.split()[0]


def in_shares(runner, sweep, spec, shards, expected, folder):
    """One work in shares; returns what each task took and what it wrote."""
    result = folder / f"shares-{shards}.h5"
    parts = [Path(f"{result}.part-{k}-of-{shards}") for k in range(shards)]
    common = [sweep, "--spec", spec, "-o", result]
    tasks = {"score": [runner.run("score", *common, "--shard", f"{k}/{shards}") for k in range(shards)]}
    part_bytes = sum(part.stat().st_size for part in parts)
    tasks["merge without counts"] = [runner.run("merge", *parts, "-o", result)]
    if runner.digest(result) != expected:
        sys.exit(f"{shards} shards have another digest than one run")
    result_bytes = result.stat().st_size
    if "witness" in spec.read_text():
        tasks["count"] = [runner.run("count", *parts, "--shard", f"{k}/{shards}") for k in range(shards)]
        tasks["merge"] = [runner.run("merge", *parts, "-o", result, "--force")]
        if runner.digest(result) != expected:
            sys.exit(f"{shards} counted shards have another digest than one run")
    counts_bytes = sum(Path(f"{part}.counts").stat().st_size for part in parts if Path(f"{part}.counts").exists())
    for path in folder.glob("shares-*"):
        path.unlink()
    return {"tasks": tasks, "part_bytes": part_bytes, "counts_bytes": counts_bytes, "result_bytes": result_bytes}


def measured(runner, title, rows, runs, scratch):
    """One work at every number of shards, interleaved with one run, `runs` times."""
    sweep = scratch / f"{rows}.h5"
    runner.run("generate", "--rows", rows, "-o", sweep)
    every = []
    spec, one = scratch / "spec.toml", scratch / "one.h5"
    spec.write_text(WORKS[title])
    for number in range(runs):
        for shards in SHARDS:
            alone = runner.run("score", sweep, "--spec", spec, "-o", one, "--force")
            done = in_shares(runner, sweep, spec, shards, runner.digest(one), scratch)
            every.append({"work": title, "rows": rows, "run": number, "shards": shards, "one": alone, **done})
            print(f"{title}, {rows:,} rows, {shards} shards: " + ", ".join(
                f"{job} {sum(task['cpu'] for task in tasks):.2f} s" for job, tasks in done["tasks"].items())
                + f"; one run {alone['cpu']:.2f} s", file=sys.stderr)
    sweep.unlink()
    return every


def cpu_of(case, *jobs):
    return sum(task["cpu"] for job in jobs for task in case["tasks"].get(job, []))


def summary(every, rows_of_work):
    """Medians over runs, a line per work and number of shards."""
    lines = []
    for title, rows in rows_of_work.items():
        for shards in SHARDS:
            cases = [case for case in every if (case["work"], case["rows"], case["shards"]) == (title, rows, shards)]
            median = lambda of: float(numpy.median([of(case) for case in cases]))
            lines.append({
                "work": title, "rows": rows, "shards": shards, "one": median(lambda c: c["one"]["cpu"]), "score": median(lambda c: cpu_of(c, "score")),
                "count": median(lambda c: cpu_of(c, "count")), "merge": median(lambda c: cpu_of(c, "merge without counts")),
                "merge_counted": median(lambda c: cpu_of(c, "merge")),
                "ratio": median(lambda c: cpu_of(c, "score", "merge without counts") / c["one"]["cpu"]),
                "ratio_counted": median(lambda c: cpu_of(c, "score", "count", "merge") / c["one"]["cpu"]),
                "peak_task": max(task["peak"] for case in cases for task in case["tasks"]["score"]),
                "part_bytes_per_row": cases[0]["part_bytes"] / rows, "counts_bytes_per_row": cases[0]["counts_bytes"] / rows,
                "result_bytes_per_row": cases[0]["result_bytes"] / rows})
    return lines


def scheduled(runner, rows, shards, workers, model, scratch):
    """Runs score, count and merge with so many processes of one thread at a time; returns the time, and the model's."""
    sweep, spec, result = scratch / "scheduled.h5", scratch / "spec.toml", scratch / "scheduled-result.h5"
    spec.write_text(list(WORKS.values())[1])
    runner.run("generate", "--rows", rows, "-o", sweep)
    parts = [f"{result}.part-{k}-of-{shards}" for k in range(shards)]
    jobs = [[["score", sweep, "--spec", spec, "-o", result, "--shard", f"{k}/{shards}"] for k in range(shards)],
            [["count", *parts, "--shard", f"{k}/{shards}"] for k in range(shards)], [["merge", *parts, "-o", result]]]
    begin, every = time.perf_counter(), []
    for commands in jobs:
        waiting, running = list(commands), []
        every.append([])
        while waiting or running:
            while waiting and len(running) < workers:
                running.append(runner.start(*waiting.pop(0), threads=1))
            for process in list(running):
                if os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                    every[-1].append(runner.finish(process, begin)["cpu"])
                    running.remove(process)
            time.sleep(0.002)
    wall = time.perf_counter() - begin
    sweep.unlink()
    return {"rows": rows, "shards": shards, "workers": workers, "wall": wall, "cpu": sum(map(sum, every)),
            "undisturbed": sum(makespan(job, workers) for job in every), **simulated(model, rows, shards, workers)}


def markdown(report):
    m = report["machine"]
    out = [f"# Sweeps in shares, {report['date']}", "",
           f"{m['cpu']}, {m['cores']} cores, {m['memory_bytes'] / 2**30:.0f} GiB, {m['system']}; {report['version']}; "
           f"median of {report['runs']} runs, `--threads {report['threads']}`. CPU seconds (user + system) of all processes together.", "",
           "| work | rows | shards | one run | score | count | merge | score + merge / one | score + count + merge / one | peak of a task |",
           "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|"]
    for line in report["summary"]:
        counted = line["count"] > 0
        out.append(f"| {line['work']} | {line['rows']:,} | {line['shards']} | {line['one']:.2f} | {line['score']:.2f} | {line['count']:.2f} | {line['merge']:.2f}"
                   f"{' / %.2f' % line['merge_counted'] if counted else ''} | {line['ratio']:.2f} | "
                   f"{'%.2f' % line['ratio_counted'] if counted else '–'} | {line['peak_task'] / 1e6:.0f} MB |")
    last, size = report["summary"][-1], report["summary"][3]
    out += ["", "Two numbers under merge: without counting share by share (the merge counts), and with.",
            f"A row takes {size['part_bytes_per_row']:.0f} bytes in a part with the front alone and {last['part_bytes_per_row']:.0f} with the values that "
            f"counting needs, {last['counts_bytes_per_row']:.0f} in the counts, {last['result_bytes_per_row']:.1f} in the result.", "", MODEL, "",
            "| constant | value |", "|---|---:|"]
    out += [f"| {name} | {value:.3g} |" for name, value in report["model"].items()]
    s = report["schedule"]
    out += ["", f"Check: {s['rows']:,} rows in {s['shards']} shards on {s['workers']} workers of one thread. CPU: predicted {s['predicted_cpu']:.2f} s, "
            f"measured {s['cpu']:.2f} s ({s['cpu'] / s['predicted_cpu'] - 1:+.0%}). Makespan: simulated {s['predicted_wall']:.2f} s, of the tasks' measured CPU "
            f"times {s['undisturbed']:.2f} s ({s['undisturbed'] / s['predicted_wall'] - 1:+.0%}); by the clock {s['wall']:.2f} s, with files written to "
            f"disk and other work on the machine (load average {s['load']:.1f} before).", ""]
    out += report["large"]
    return "\n".join(out) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=Path)
    parser.add_argument("--output-folder", type=Path, default=Path(__file__).resolve().parent / "results")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--front-rows", type=int, default=16_000_000)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--name", default=f"{len(os.sched_getaffinity(0))}core")
    a = parser.parse_args()
    runner = Runner(a.program.resolve(), a.threads)
    version = subprocess.run([runner.program, "--version"], capture_output=True, text=True).stdout.strip()
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        front, counts = WORKS
        rows_of_work = {front: a.front_rows, counts: a.rows}
        every = [case for title, rows in ((front, a.front_rows), (counts, a.rows // 4), (counts, a.rows))
                 for case in measured(runner, title, rows, a.runs, scratch)]
        model = fitted([case for case in every if case["work"] == counts])
        load = os.getloadavg()[0]
        schedule = scheduled(runner, a.rows // 2, 8, 2, model, scratch) | {"load": load}
    date = datetime.date.today().isoformat()
    report = {"date": date, "machine": machine(), "version": version, "runs": a.runs, "threads": a.threads,
              "summary": summary(every, rows_of_work), "model": model, "schedule": schedule, "large": table_of_large_sweeps(model), "every": every}
    a.output_folder.mkdir(parents=True, exist_ok=True)
    stem = a.output_folder / f"{date}-cpu-{a.name}-shards"
    stem.with_name(stem.name + ".json").write_text(json.dumps(report, indent=1) + "\n")
    stem.with_name(stem.name + ".md").write_text(markdown(report))
    print(markdown(report), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
