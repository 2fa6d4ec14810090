#!/usr/bin/env python3
"""Files made to deceive end at a stated limit, quickly and in little memory.

usage: hostile.py PROGRAM FOLDER        prints exit code, seconds and peak memory of each. Needs h5py.
"""
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zlib
from pathlib import Path

import h5py
import numpy as np


def huge_rows(file):
    file.create_dataset("configs/a", (2**50,), "f8", chunks=(1024,))


def huge_contiguous(file):
    space, plist = h5py.h5s.create_simple((2**45,)), h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plist.set_alloc_time(h5py.h5d.ALLOC_TIME_LATE)
    h5py.h5d.create(file.create_group("configs").id, b"a", h5py.h5t.NATIVE_DOUBLE, space, plist)


def huge_chunk(file):
    file.create_dataset("configs/a", (2**29,), "f8", chunks=(2**29 - 1,), compression=1)


def bomb(file):
    """A gigabyte of zeros in a megabyte, over and over: 1000:1, within what deflate can do."""
    packed = zlib.compress(bytes(2**28), 9)
    data = file.create_dataset("configs/a", (2**25 * 32,), "f8", chunks=(2**25,), compression=9)
    for i in range(32):
        data.id.write_direct_chunk((i * 2**25,), packed)


def lying_chunk(file):
    """A chunk of 8 KB whose stream unfolds to a gigabyte."""
    data = file.create_dataset("configs/a", (1024,), "f8", chunks=(1024,), compression=9)
    data.id.write_direct_chunk((0,), zlib.compress(bytes(2**30), 9))


def wide_texts(file):
    file.create_dataset("configs/a", (4,), "f8")
    file.create_dataset("configs/t", (2**20,), "S1000000", chunks=(64,))


def repeated_text(file):
    """One text of a megabyte that 100,000 rows refer to."""
    rows = 100_000
    file["configs/a"] = np.arange(float(rows))
    data = file.create_dataset("configs/t", (rows,), h5py.string_dtype())
    data[:] = ["x" * 2**20] + [""] * (rows - 1)
    file.flush()
    return data.id.get_offset(), rows


def deep(file):
    group = file.create_group("configs")
    for _ in range(3000):
        group = group.create_group("g")
    group["a"] = np.arange(3.0)


def circles(file):
    group = file.create_group("configs")
    group["b"] = np.arange(3.0)
    for name in "uvwxyz":
        group[name] = group
        group["soft" + name] = h5py.SoftLink("/configs/soft" + chr(ord(name) % 26 + ord("a")))


def many_columns(file):
    file.create_dataset("configs", (3,), [(f"c{i}", "f4", (6000,)) for i in range(12)])


# name: how to make it, the column asked for, the exit codes that are right, and the most megabytes
CASES = {
    "2^50 rows never written": (huge_rows, "a", {3}, 100), "2^45 rows, contiguous": (huge_contiguous, "a", {3}, 100),
    "a chunk of 4 GiB": (huge_chunk, "a", {3}, 100), "8 GiB of zeros in 8 MiB": (bomb, "a", {0, 4}, 1400),
    "a chunk that unfolds 100,000:1": (lying_chunk, "a", {3}, 100), "2^20 texts of 1 MB": (wide_texts, "a", {3}, 100),
    "one text for all rows": (repeated_text, "a", {3}, 1400), "3000 nested groups": (deep, "g/" * 3000 + "a", {0, 3}, 100),
    "links in circles": (circles, "softu/b", {3}, 100), "72,000 columns in one table": (many_columns, "c0/0", {3}, 100),
}


def peak_of(command):
    start = time.time()
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen([str(w) for w in command], stdout=subprocess.DEVNULL, stderr=errors)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        errors.seek(0)
        return process.returncode, time.time() - start, usage.ru_maxrss / 1024, errors.read().decode().strip().splitlines()


def main():
    program, folder = sys.argv[1], Path(sys.argv[2])
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    wrong = 0
    for name, (make, column, codes, megabytes) in CASES.items():
        sweep, result = folder / "s.h5", folder / "r.h5"
        with h5py.File(sweep, "w") as file:
            found = make(file)
        if found:
            with open(sweep, "r+b") as raw:
                raw.seek(found[0])
                first = raw.read(16)
                raw.seek(found[0])
                raw.write(first * found[1])
        where = ["--where", "t != ''"] if make in (wide_texts, repeated_text) else []
        code, seconds, peak, errors = peak_of([program, "score", sweep, "-o", result, "--force", "--view", f"v={column}:max",
                                               "--outputs", "", "--memory-limit", "1GiB", *where])
        inspected, inspect_seconds, inspect_peak, _ = peak_of([program, "inspect", sweep]) if "GiB of zeros" not in name else (0, 0, 0, [])
        good = code in codes and seconds < 30 and peak < megabytes + 100 and not (code and result.exists())
        good &= inspected in (0, 3) and inspect_seconds < 30 and inspect_peak < 1500
        wrong += not good
        print(f"{'ok  ' if good else 'FAIL'} {name}: exit {code}, {seconds:.1f} s, {peak:.0f} MB; inspect exit {inspected}, {inspect_seconds:.1f} s, "
              f"{inspect_peak:.0f} MB; {errors[-1][:300] if errors else ''}", flush=True)
        result.unlink(missing_ok=True)
    shutil.rmtree(folder)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
