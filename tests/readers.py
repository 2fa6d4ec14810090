#!/usr/bin/env python3
"""Score real sweeps through both readers and several batch sizes: the results must be equal, byte for byte.

usage: readers.py PROGRAM FOLDER...

Every HDF5 file below the folders is scored on its first numeric columns, grouped by its first text column, four ways: the
fast reader and the plain one, in one batch and in batches of 1,000 rows. Needs h5py.
"""
import subprocess
import sys
import tempfile
from pathlib import Path

import h5py

WAYS = [(reader, rows) for reader in ("fast", "plain") for rows in ("1000000000", "1000")]


def spec_of(sweep):
    with h5py.File(sweep, "r") as file:
        group = "configs" if "configs" in file else "/"
        columns = {name: column for name, column in file[group].items() if isinstance(column, h5py.Dataset) and column.ndim == 1}
        rows = max(column.size for column in columns.values())
        numbers = [n for n, c in columns.items() if c.dtype.kind in "iuf" and c.size == rows][:4]
        texts = [n for n, c in columns.items() if c.dtype.kind in "SO" and c.size == rows][:1]
    spec = ["--group", "/" if group == "/" else "/configs", "--outputs", "dominated_by,dominates,witness"]
    quoted = ["`" + name.replace("`", "``") + "`:" + "min max".split()[i % 2] for i, name in enumerate(numbers)]
    return spec + ["--view", "v=" + ",".join(quoted)] + (["--group-by", "`" + texts[0] + "`"] if texts else [])


def main():
    program, folders = sys.argv[1], sys.argv[2:]
    sweeps = sorted(path for folder in folders for path in Path(folder).rglob("*.h5"))
    wrong = 0
    with tempfile.TemporaryDirectory() as scratch:
        for sweep in sweeps:
            result, digests = Path(scratch) / "r.h5", []
            for reader, rows in WAYS:
                command = [program, "score", sweep, "-o", result, "--force", "--reader", reader, "--batch-rows", rows]
                run = subprocess.run(command + spec_of(sweep), capture_output=True, text=True)
                if run.returncode:
                    sys.exit(f"{sweep}: exit {run.returncode}: {run.stderr}")
                digest = subprocess.run([program, "inspect", "--digest", result], capture_output=True, text=True, check=True)
                digests.append(digest.stdout.split()[0])
            if len(set(digests)) > 1:
                wrong += 1
                print(f"{sweep}: results differ: {list(zip(WAYS, digests))}")
    print(f"{len(sweeps)} sweeps, {len(WAYS)} ways each: {wrong} differ")
    return 1 if wrong or not sweeps else 0


if __name__ == "__main__":
    sys.exit(main())
