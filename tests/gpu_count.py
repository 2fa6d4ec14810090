#!/usr/bin/env python3
"""Checks gpu_count as it is used: sums, what is known of small cases, the same output twice, refusals.
usage: gpu_count.py PROGRAM"""
import json
import subprocess
import sys

SUMMED = ["times", "kernels", "bytes_read", "bytes_written", "block_sector_bytes", "launch_sector_bytes", "shared_bytes", "atomics"]


def run(*arguments, code=0):
    done = subprocess.run([sys.argv[1], *arguments], capture_output=True, text=True)
    assert done.returncode == code, (arguments, done.returncode, done.stderr)
    return done.stdout if code == 0 else done.stderr


def count(*arguments):
    text = run(*arguments, "--json", "--workers", "1")
    assert text == run(*arguments, "--json", "--workers", "1"), f"{arguments}: other counts the second time"
    return json.loads(text)


for task in "front", "ranks", "counts", "witnesses", "front-and-ranks":
    for many in [], ["--as-for-many"]:
        found = count("--rows", "700", "--objectives", "3", "--task", task, *many)
        lines = found["by_name"].values()
        for key in SUMMED:
            assert found["total"][key] == sum(line[key] for line in lines), (task, key)
        waits = 10 * found["waits"]
        assert abs(found["predicted_us"] - waits - sum(line["predicted_us"] for line in lines)) < 1e-6, task
        assert found["launches"] > 0 and found["waits"] > 0 and found["allocations"] > 0, task
        keys = found["by_name"]["keys_kernel"]  # every value is read once, and its key written once
        assert (keys["times"], keys["bytes_read"], keys["bytes_written"]) == (3, 3 * 8 * 700, 3 * 8 * 700), keys
        assert found["predicted_us"] >= 3 * found["total"]["kernels"] + waits, task

table = run("--rows", "300", "--task", "ranks")
assert "keys_kernel" in table and "predicted" in table and "mask_builds" in table, table
rows = run("--all", "--rows", "200").splitlines()
assert len(rows) > 30 and all(row.count("|") == rows[0].count("|") for row in rows), rows
assert "name a ROW" in run(code=2)
assert "there is no row" in run("front-of-the-house", code=2)
assert "no ceilings" in run("--rows", "10", "--ceilings", "/dev/null", code=2)
