"""Runs of the program on one sweep: one run that is checked, and others that must give the same digest."""
import subprocess
from pathlib import Path

from .checks import Wrong, check_result


class Runs:
    """`program`, an optional program with the emulated device, one sweep in its folder; keeps the commands that it ran."""

    def __init__(self, program, emulated, sweep):
        self.program, self.emulated, self.sweep, self.commands = program, emulated, sweep, []
        self.r = sweep.r

    def run(self, *words, program=None):
        command = [program or self.program, *map(str, words)]
        self.commands.append(command)
        return subprocess.run(command, capture_output=True, text=True, timeout=120)

    def ran(self, what, *words, program=None, codes=(0,)):
        done = self.run(*words, program=program)
        if done.returncode not in codes:
            raise Wrong(f"{what}: exit code", f"{done.returncode}, expected {sorted(codes)}: {last_line(done.stderr)}")
        return done

    def options(self):
        """Random threads, batches and reader: none of them may matter."""
        r, words = self.r, []
        words += ["--threads", r.randint(1, 3)] if r.random() < 0.7 else []
        words += ["--batch-rows", r.randint(1, 70)] if r.random() < 0.7 else []
        return words + (["--reader", r.choice(["plain", "fast"])] if r.random() < 0.5 else [])

    def score(self, output, *words, codes=(0,), emulated=False):
        program, backend = (self.emulated, "cuda-emulated") if emulated else (self.program, self.r.choice(["cpu", "reference"]))
        return self.ran("score", "score", *self.sweep.paths, "--spec", self.sweep.spec_path, "-o", output, "--backend", backend,
                        *self.options(), *words, program=program, codes=codes)

    def digest(self, path):
        return self.ran("inspect", "inspect", "--digest", path).stdout.split()[0]

    def same(self, what, path, digest):
        if self.digest(path) != digest:
            raise Wrong(f"digest of {what}", f"differs from that of one run: {' '.join(map(str, self.commands[-2]))}")
        Path(path).unlink()

    def check(self):
        sweep, r, folder = self.sweep, self.r, self.sweep.folder
        one = f"{folder}/one.h5"
        if sweep.table:
            self.ran("convert", "convert", sweep.table, "-o", sweep.paths[0], "--group", sweep.group)
        if sweep.refusals:
            for emulated in [False] + ([True] if self.emulated else []):
                done = self.score(one, codes=sweep.refusals, emulated=emulated)
                if not done.stderr.strip().splitlines()[-1].startswith("carbonfront: ") or list(Path(folder).glob("one*")):
                    raise Wrong("refusal", f"no message, or an output is left: {last_line(done.stderr)}")
            return
        self.score(one)
        check_result(sweep, one)
        digest = self.digest(one)
        for k in range(r.randint(1, 2)):
            self.score(f"{folder}/again.h5", *(["--validate", "all"] if r.random() < 0.2 else []))
            self.same("another backend, reader, batch or thread number", f"{folder}/again.h5", digest)
        if self.emulated:
            self.score(f"{folder}/device.h5", emulated=True)
            self.same("the emulated device", f"{folder}/device.h5", digest)
        self.ran("validate", "validate", one, *sweep.paths, "--rows", "all")
        if r.random() < 0.2:
            self.shards(f"{folder}/shares.h5", digest)
        if r.random() < 0.15:
            self.resumed("a resumed run", lambda *words, codes: self.score(f"{folder}/late.h5", *words, codes=codes))
            self.same("a resumed run", f"{folder}/late.h5", digest)

    def resumed(self, what, run):
        """Runs under a time limit that is too short, a few times, and then to the end."""
        for limit in self.r.sample(["0.004s", "0.007s", "0.01s", "0.014s", "0.018s", "0.025s"], self.r.randint(2, 4)):
            if run("--time-limit", limit, codes=(0, 7)).returncode == 0:
                return
        run(codes=(0,))

    def shards(self, output, digest):
        shards = self.r.randint(1, 4)
        parts = [f"{output}.part-{k}-of-{shards}" for k in range(shards)]
        for k in self.r.sample(range(shards), shards):
            score = lambda *words, codes: self.score(output, "--shard", f"{k}/{shards}", *words, codes=codes)
            self.resumed("a resumed share", score) if self.r.random() < 0.3 else score(codes=(0,))
        if self.r.random() < 0.5 and any(self.counts(view) for view in self.sweep.views):
            for k in range(shards):
                count = lambda *words, codes: self.ran("count", "count", *parts, "--shard", f"{k}/{shards}", *words, codes=codes)
                self.resumed("a resumed count", count) if self.r.random() < 0.3 else count(codes=(0,))
        self.ran("merge", "merge", *parts, "-o", output, "--backend", self.r.choice(["cpu", "reference"]))
        self.same("a merge of shares", output, digest)

    def counts(self, view):
        """Says whether `count` has anything to do: intervals, or counts or witnesses and neither ranks nor crowding."""
        ranked = view.wants("rank") or view.wants("crowding")
        return self.sweep.uncertain(view) or (not ranked and any(map(view.wants, ("dominated_by", "dominates", "witness"))))


def last_line(text):
    lines = [line for line in text.strip().splitlines() if line.startswith("carbonfront")] or text.strip().splitlines() or [""]
    return lines[-1]
