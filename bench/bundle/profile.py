"""Sums what Nsight Compute wrote, by kernel, and appends a line for each to FOLDER/measurements.jsonl.

usage: profile.py FILE.csv ROW FOLDER
"""

import collections
import csv
import json
import re
import sys

path, row, folder = sys.argv[1:]
with open(path, errors="replace") as file:
    lines = [line for line in file if line.startswith('"')]  # the rest is the profiler's own talk
launches, metrics = collections.defaultdict(set), collections.defaultdict(collections.Counter)
for line in csv.DictReader(lines):
    name = re.sub(r"<.*|\(.*", "", re.sub(r"^void |\(anonymous namespace\)::|<unnamed>::|carbonfront::(device::|bench::)?", "", line["Kernel Name"]))
    launches[name].add(line["ID"])
    metrics[name][line["Metric Name"]] += float(line["Metric Value"].replace(",", "") or "nan")
with open(f"{folder}/measurements.jsonl", "a") as out:
    for name, sums in sorted(metrics.items(), key=lambda item: -item[1]["gpu__time_duration.sum"]):
        microseconds = sums.pop("gpu__time_duration.sum") / 1e3  # nanoseconds, by --print-units base
        line = {"kind": "profile", "row": row, "name": name, "times": len(launches[name]), "microseconds": microseconds}
        if sums:
            line["metrics"] = ", ".join(f"{metric} {value:g}" for metric, value in sorted(sums.items()))
        out.write(json.dumps(line) + "\n")
        print(f"{microseconds:12.0f} us {len(launches[name]):6d} x {name}", line.get("metrics", ""))
sys.exit(0 if metrics else 1)
