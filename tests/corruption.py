#!/usr/bin/env python3
"""Damage files at seeded places: every run ends with the correct answer or a clear error. A sweep of 50 columns here; results,
parts, counts and checkpoints in corruption_own.py.

usage: corruption.py PROGRAM FOLDER [--places N] [--own-places N] [--seed N]

Two samples with fletcher32 on every column (most with deflate and shuffle): one whose structure has checksums as well (HDF5's
newest format), one whose structure has none (the oldest, h5py's default). At each place a bit or a byte is changed, or the file is cut there. Places are
drawn from the whole file, and then from what is not data alone. A run must not crash, hang, leave a partial result, or end with another code than 0 and 3; a result must equal the undamaged one's
wherever a checksum covers the place. Prints the figures. Needs h5py.
"""
import argparse
import collections
import concurrent.futures
import os
import random
import re
import sys
import tempfile
from pathlib import Path

import h5py
import numpy as np

from corruption_own import campaign, run

ROWS, COLUMNS, OBJECTIVES = 3000, 50, 6


def make(path, libver):
    numbers = np.random.default_rng(5)
    with h5py.File(path, "w", libver=libver) as file:
        group = file.create_group("configs")
        for i in range(COLUMNS):
            kind = ["f8", "f4", "i8", "i4", "u2"][i % 5]
            values = (numbers.random(ROWS) * 1000).astype(kind)
            packed = {"compression": 4, "shuffle": i % 2 == 0} if i % 3 else {}
            data = group.create_dataset(f"c{i}", data=values, chunks=(400,), fletcher32=True, maxshape=(None if i % 7 == 0 else ROWS,), **packed)
            data.attrs["units"] = np.bytes_("1") if i % 2 else "percent"  # the second lies in the global heap
        names = [f"m{i:05d}" for i in range(ROWS)]
        group.create_dataset("name", data=np.array(names, "S"), chunks=(400,), fletcher32=True)
        group.create_dataset("text", data=names[:ROWS], dtype=h5py.string_dtype(), chunks=(400,))


def in_chunks(path):
    """Which bytes of the file are data."""
    inside = np.zeros(os.path.getsize(path), bool)
    with h5py.File(path) as file:
        for data in file["configs"].values():
            for i in range(data.id.get_num_chunks()):
                chunk = data.id.get_chunk_info(i)
                inside[chunk.byte_offset:chunk.byte_offset + chunk.size] = True
    return inside


def in_heaps(content):
    """Which bytes are texts of variable length: no version of the format has checksums for them."""
    inside, at = np.zeros(len(content), bool), content.find(b"GCOL")
    while at >= 0:
        inside[at:at + int.from_bytes(content[at + 8:at + 16], "little")] = True
        at = content.find(b"GCOL", at + 1)
    return inside


def command(program, sweep, result):
    view = ",".join(f"c{i}:{'min' if i % 2 else 'max'}" for i in range(OBJECTIVES))
    where = [word for i in range(OBJECTIVES, COLUMNS) for word in ("--where", f"c{i} >= 3")]
    where += ["--where", "text != 'm00007'"]
    return [program, "score", sweep, "-o", result, "--view", "v=" + view, "--label", "name", "--json=" + str(result) + ".json"] + where


def damaged(content, places, generator):
    """The damaged bytes, the place, and whether they were cut."""
    place, kind = int(places[generator.randrange(len(places))]), generator.randrange(10)
    if kind == 0:
        return content[:place], place, True
    byte = content[place] ^ (1 << generator.randrange(8)) if kind < 6 else generator.randrange(256)
    return content[:place] + bytes([byte]) + content[place + 1:], place, False


def check_known_crash(program, folder, content):
    """HDF5 1.10 divides by the size of a chunk before it looks at it."""
    sweep, result = Path(folder) / "zero.h5", Path(folder) / "zero-r.h5"
    shape = (400).to_bytes(4, "little") + (8).to_bytes(4, "little")  # of the chunks of the columns of 8 bytes
    sweep.write_bytes(content.replace(shape, bytes(4) + shape[4:]))
    code, _, errors = run(None, *command(program, sweep, result))
    sweep.unlink()
    refused = code == 3 and re.search(r"cannot (read|open) (column )?'.*' .*\(.*\); ", errors) and not list(Path(folder).glob("*zero-r*"))
    print(f"chunks of no rows: exit {code}, {reason(errors)}")
    return [] if refused else [f"chunks of no rows: exit {code}: {errors}"]


def reason(errors):
    """What refused the file, by who noticed."""
    for words, name in (("crashed", "HDF5 crashed"), ("divided by zero", "HDF5 divided by zero"), ("does not come back", "HDF5 loops"),
                        ("checksum", "checksum"), ("deflate", "deflate"), ("truncated", "truncated"), ("chunk", "chunk")):
        if words in errors:
            return name
    return "structure"


def judge(program, folder, content, places, expected, covered, seed):
    generator = random.Random(seed)
    changed, place, cut = damaged(content, places, generator)
    sweep, result = Path(folder) / f"{seed}.h5", Path(folder) / f"{seed}-r.h5"
    sweep.write_bytes(changed)
    try:
        code, _, errors = run(None, *command(program, sweep, result))
        if code == 0:
            digest = run(None, program, "inspect", "--digest", result)[1].split()[0]
            if digest == expected:
                return "correct", None
            if not cut and not covered[place]:
                return "changed where no checksum is", None
            return "wrong", f"seed {seed}: byte {place}, cut {cut}: another result"
        left = [p.name for p in Path(folder).iterdir() if p.name.startswith((f"{seed}-r.h5", f".{seed}-r.h5"))]
        last = errors.strip().splitlines()[-1] if errors.strip() else ""
        if code != 3 or left or not re.match(r"carbonfront: .* \(.*\); .*", last):
            return "wrong", f"seed {seed}: byte {place}, cut {cut}: exit {code}, left {left}, says {errors[-300:]!r}"
        if reason(last) in ("checksum", "deflate") and not re.search(r"column '.*' of '.*', chunk \d+", last):
            return "wrong", f"seed {seed}: names no column and chunk: {last}"
        return "refused: " + reason(last), None
    finally:
        for path in Path(folder).glob(f"*{seed}-r.h5*"):
            path.unlink()
        sweep.unlink()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("folder")
    parser.add_argument("--places", type=int, default=500)
    parser.add_argument("--own-places", type=int, default=500, help="in files that the program wrote")
    parser.add_argument("--seed", type=int, default=0)
    a = parser.parse_args()
    failures = []
    Path(a.folder).mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=a.folder) as folder:
        if a.own_places:
            failures += campaign(a.program, folder, Path(__file__).resolve().parent / "samples", a.own_places, a.seed)
        for libver in ("latest", "earliest") if a.places else ():
            sample, result = Path(folder) / "sample.h5", Path(folder) / "expected.h5"
            make(sample, libver)
            code, _, errors = run(None, *command(a.program, sample, result))
            if code:
                sys.exit(f"the undamaged sample: exit {code}: {errors}")
            expected, content = run(None, a.program, "inspect", "--digest", result)[1].split()[0], sample.read_bytes()
            data = in_chunks(sample)
            covered = data if libver == "earliest" else ~in_heaps(content)
            for what, places in (("all bytes", np.arange(len(content))), ("structure only", np.flatnonzero(~data))):
                with concurrent.futures.ThreadPoolExecutor(2) as pool:
                    verdicts = list(pool.map(lambda seed: judge(a.program, folder, content, places, expected, covered, seed),
                                             range(a.seed, a.seed + a.places)))
                counts = collections.Counter(verdict for verdict, _ in verdicts)
                failures += [text for _, text in verdicts if text]
                print(f"{libver} format, {what} ({len(places):,} bytes), {a.places} places: "
                      + ", ".join(f"{count} {verdict}" for verdict, count in sorted(counts.items())), flush=True)
            if libver == "earliest":
                failures += check_known_crash(a.program, folder, content)
            result.unlink(), Path(str(result) + ".json").unlink()
    print("\n".join(failures))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
