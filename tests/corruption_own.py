"""Damage what the program wrote itself: a result, a part, counts, a checkpoint, and a result of version 0.1.0.

Every command that reads them must end with the right answer, or with a named error; it must not crash, hang, or commit anything
wrong. A result of version 0.1.0 has no checksums: only that nothing crashes or hangs is asked of it.
"""
import collections
import concurrent.futures
import random
import re
import shutil
import subprocess
from pathlib import Path

import h5py
import numpy as np

ROWS, SHARDS, SECONDS = 120, 3, 120
SPEC = """[sweep]
label = "name"
[emissions]
devices = { column = "n" }
max_power = { column = "gpu", catalog = "hardware", unknown = "missing" }
time = { column = "t" }
[[view]]
name = "all"
objectives = ["acc:max", "co2e_kg:min"]
group_by = ["team"]
outputs = ["dominated_by", "dominates", "rank", "witness", "crowding", "hypervolume", "contributions"]
columns = ["name", "params", "co2e_kg"]
[[view]]
name = "sure"
objectives = ["acc:max", "params:min"]
intervals = { acc = { absolute_error = "spread" } }
outputs = ["dominated_by", "witness"]
[[view]]
name = "crowd"
objectives = ["acc:max", "params:min"]
outputs = ["crowding"]
[[view]]
name = "front"
objectives = ["acc:max", "params:min"]
outputs = []
"""


def make_sweep(path):
    numbers = np.random.default_rng(7)
    with h5py.File(path, "w") as file:
        group = file.create_group("configs")
        for name, values, units in (("acc", numbers.random(ROWS), "percent"), ("spread", numbers.random(ROWS) / 10, None),
                                    ("params", numbers.integers(1, 99, ROWS), None), ("n", numbers.integers(1, 9, ROWS), None),
                                    ("t", numbers.random(ROWS) * 100, "h")):
            group.create_dataset(name, data=values, chunks=(10,))
            if units:
                group[name].attrs["units"] = units
        for name, of in (("name", lambda i: f"m{i:03d}"), ("team", lambda i: "abc"[i % 3]), ("gpu", lambda i: ["V100 SXM2", "nonesuch"][i % 7 == 0])):
            group.create_dataset(name, data=[of(i) for i in range(ROWS)], dtype=h5py.string_dtype(), chunks=(10,))


def run(folder, *words):
    """Exit code, output and errors of a run; one that does not end is a 'hang'."""
    try:
        done = subprocess.run([str(w) for w in words], capture_output=True, timeout=SECONDS, cwd=folder)
    except subprocess.TimeoutExpired:
        return "hang", "", ""
    return done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")


class Samples:
    """The undamaged files, and what is right of them."""

    def __init__(self, program, folder, old):
        self.program, self.folder = program, Path(folder)
        self.sweep, self.spec = self.folder / "own-s.h5", self.folder / "own.toml"
        make_sweep(self.sweep)
        self.spec.write_text(SPEC)
        self.must("score", self.sweep, "--spec", self.spec, "-o", "r.h5")
        for k in range(SHARDS):
            self.must(*self.score_shard(k))
        self.parts = [f"r.h5.part-{k}-of-{SHARDS}" for k in range(SHARDS)]
        for k in range(SHARDS):
            self.must("count", *self.parts, "--shard", f"{k}/{SHARDS}")
        self.counts = [part + ".counts" for part in self.parts]
        self.make_checkpoint()
        self.files = {"result": "r.h5", "part": self.parts[1], "counts": self.counts[1], "checkpoint": self.parts[1] + ".checkpoint"}
        if old:
            shutil.copy(old / "result_0_1_0.h5", self.folder / "old.h5")
            shutil.copy(old / "result_0_1_0_sweep.h5", self.folder / "old-s.h5")
            self.files["result of 0.1.0"] = "old.h5"
        self.content = {kind: (self.folder / name).read_bytes() for kind, name in self.files.items()}
        self.expected = {}
        for kind in self.files:
            place = self.folder / "whole"
            self.expected[kind] = {what: self.answer(kind, what, place, self.content[kind])[1] for what in self.commands(kind)}

    def must(self, *words):
        code, out, errors = run(self.folder, self.program, *words)
        if code:
            raise SystemExit(f"{words}: exit {code}: {errors}")
        return out

    def score_shard(self, k):
        return ["score", self.sweep, "--spec", self.spec, "-o", "r.h5", "--shard", f"{k}/{SHARDS}"]

    def make_checkpoint(self):
        part = self.folder / self.parts[1]
        whole = part.read_bytes()
        for attempt in range(500):
            part.unlink()
            code, _, errors = run(self.folder, self.program, *self.score_shard(1), "--batch-rows", "1", "--time-limit", f"{0.004 + 0.0005 * attempt}")
            kept = re.search(r"with (\d+) rows read", errors)
            if code == 7 and kept and int(kept[1]) > ROWS // SHARDS:
                break
            if code == 0 and attempt == 499:
                raise SystemExit("no time limit left a checkpoint")
            (self.folder / (self.parts[1] + ".checkpoint")).unlink(missing_ok=True)
            part.write_bytes(whole)
        part.write_bytes(whole)

    def commands(self, kind):
        return {"result": ["inspect", "digest", "validate", "explain"], "result of 0.1.0": ["inspect", "digest", "validate", "explain"],
                "part": ["inspect", "digest", "merge", "count"], "counts": ["inspect", "digest", "merge"],
                "checkpoint": ["inspect", "digest", "resume"]}[kind]

    def answer(self, kind, what, place, content):
        """Runs a command on a damaged file in a folder of its own: exit code, its answer, and errors."""
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        name = self.files[kind]
        if what in ("merge", "count"):
            for other in self.parts + (self.counts if what == "merge" else []):
                shutil.copy(self.folder / other, place / other)
        (place / name).write_bytes(content)
        before = {path.name for path in place.iterdir()}
        sweep = self.folder / ("old-s.h5" if kind == "result of 0.1.0" else self.sweep.name)
        words = {"inspect": ["inspect", name], "digest": ["inspect", "--digest", name], "validate": ["validate", name, sweep],
                 "explain": ["explain", name, "3", "--sweep", sweep], "merge": ["merge", *self.parts, "-o", "merged.h5"],
                 "count": ["count", *self.parts, "--shard", f"0/{SHARDS}"], "resume": self.score_shard(1)}[what]
        made = {"merge": "merged.h5", "count": self.counts[0], "resume": self.parts[1]}.get(what)
        code, out, errors = run(place, self.program, *words)
        if made and code == 0:
            out = run(place, self.program, "inspect", "--digest", made)[1]
        left = {path.name for path in place.iterdir()} - before - ({made} if code == 0 else set())
        return code, out, errors, left


def wrong(samples, kind, what, place, content):
    """Why an answer is wrong; empty where it is right, and how it came out."""
    code, out, errors, left = samples.answer(kind, what, place, content)
    last = errors.strip().splitlines()[-1] if errors.strip() else ""
    if left:
        return f"leaves {sorted(left)}", "wrong"
    if code == 0:
        right = out == samples.expected[kind][what]
        return ("", "right") if right or kind.endswith("0.1.0") else (f"another answer, {last!r}", "wrong")
    if code == 1 and what == "validate" and kind.endswith("0.1.0"):
        return "", "found by validate"
    if code not in (3, 4) or not re.match(r"carbonfront: .*\(.*\); .*", last) or "r.h5" not in last and "old" not in last:
        return f"exit {code}, says {errors[-300:]!r}", "wrong"
    return "", "refused: " + ("by its checksum" if "checksum" in last else "HDF5 crashed" if "crashed" in last else
                              "HDF5 loops" if "come back" in last else "structure")


def judge(samples, kind, place, at, generator):
    content = bytearray(samples.content[kind])
    how = generator.randrange(10)
    if how == 0:
        del content[at:]
    else:
        content[at] = content[at] ^ 1 << generator.randrange(8) if how < 8 else content[at] ^ generator.randrange(1, 256)
    failures, counts = [], collections.Counter()
    for what in samples.commands(kind):
        why, verdict = wrong(samples, kind, what, place, bytes(content))
        counts[verdict] += 1
        if why:
            failures.append(f"{kind}, byte {at}{' (cut)' if how == 0 else ''}, {what}: {why}")
    shutil.rmtree(place)
    return failures, counts


def places_of(content, count, generator):
    """Half of them anywhere; the others in global heaps, which HDF5 has no checksums for, and around what looks like structure."""
    heaps = [at for match in re.finditer(b"GCOL", content) for at in range(match.start(), min(len(content), match.start() + 4096))]
    signs = [at for match in re.finditer(b"OHDR|FADB|FAHD|FRHP|FHDB|BTHD|BTLF|TREE|SNOD|HEAP", content)
             for at in range(match.start(), min(len(content), match.start() + 64))]
    anywhere = [at * len(content) // count for at in range(count // 2)]
    chosen = [2 * at + generator.randrange(2) if 2 * at + 1 < len(content) else at for at in anywhere]
    for k in range(count - len(chosen)):
        pool = [heaps, signs, range(len(content))][k % 3] or range(len(content))
        chosen.append(pool[generator.randrange(len(pool))])
    return chosen


def campaign(program, folder, old, places, seed):
    """Damages `places` places in all; returns what was wrong."""
    folder = Path(folder) / "own"
    folder.mkdir()
    samples = Samples(Path(program).resolve(), folder.resolve(), old)
    share = {"result": 0.4, "part": 0.2, "counts": 0.1, "checkpoint": 0.15, "result of 0.1.0": 0.15}
    failures = []
    for kind in samples.files:
        count = max(1, round(places * share[kind]))
        generator = random.Random(f"{kind} {seed}")
        chosen = places_of(samples.content[kind], count, generator)
        generators = [random.Random(f"{kind} {seed} {i}") for i in range(count)]
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            outcomes = list(pool.map(lambda i: judge(samples, kind, samples.folder / f"{kind}-{i}", chosen[i], generators[i]), range(count)))
        counts = sum((counts for _, counts in outcomes), collections.Counter())
        failures += [line for lines, _ in outcomes for line in lines]
        print(f"{kind} ({len(samples.content[kind]):,} bytes), {count} places, {', '.join(samples.commands(kind))}: "
              + ", ".join(f"{number} {verdict}" for verdict, number in sorted(counts.items())), flush=True)
    return failures
