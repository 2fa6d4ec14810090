"""One sweep in shares on a private Slurm: submitted as a user would, disturbed, and compared with a single run."""
import os
import re
import signal
import threading
from pathlib import Path

from slurm_cluster import wait_until

SPEC = """[sweep]
where = ["accuracy >= 20"]
[emissions]
devices   = { column = "n_gpus" }
max_power = { column = "tdp" }
time      = { column = "train_time" }
[[view]]
name = "training"
objectives = ["accuracy:max", "co2e_kg:min"]
group_by = ["gpu"]
[[view]]
name = "front"
objectives = ["accuracy:max", "params:min", "energy_kwh:min"]
outputs = ["hypervolume"]
"""


class Work:
    """A folder with s.h5, spec.toml and, when all is done, r.h5; or, without a spec, whatever is there."""

    def __init__(self, cluster, program, folder, rows=40_000, shards=4, spec=SPEC, sweep=None, result="r.h5"):
        self.cluster, self.program, self.folder, self.shards = cluster, program, Path(folder), shards
        self.folder.mkdir(parents=True, exist_ok=spec is None)
        self.sweep = sweep or [self.folder / "s.h5"]
        self.result, self.batch = self.folder / result, self.folder / f"{result}.slurm"
        if spec is not None:
            (self.folder / "spec.toml").write_text(spec)
        if not sweep:
            self.carbonfront("generate", "--rows", rows, "--missing", "0.05", "--chunk-rows", "1000", "-o", self.sweep[0])

    def carbonfront(self, *words, expect=0):
        done = self.cluster.run(self.program, *words)
        assert done.returncode == expect, f"{words}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done

    def command(self, *more):
        return ["slurm", *self.sweep, "--spec", self.folder / "spec.toml", "--shards", self.shards, "-o", self.result, *more]

    def write(self, *more):
        done = self.carbonfront(*self.command(*more))
        self.slow_down()
        return done

    def slow_down(self, batch_rows=1):
        """Lets score tasks read few rows at a time until `speed_up`, so that there is time to disturb them."""
        score, settings = self.batch / "score.sh", self.batch / "settings.sh"
        score.write_text(score.read_text().rstrip("\n") + ' "${slowly[@]}"\n')
        settings.write_text(settings.read_text() + f"slowly=(--batch-rows {batch_rows})\n[ ! -e fast ] || slowly=()\n")

    def speed_up(self):
        (self.batch / "fast").touch()

    def submit(self, *more, expect=0):
        done = self.cluster.run("bash", self.batch / "submit.sh", *more)
        assert done.returncode == expect, f"submit.sh {more}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done

    def wait(self, expect=0):
        return self.carbonfront("slurm", "-o", self.result, "--wait", expect=expect)

    def jobs(self):
        return dict(line.split() for line in (self.batch / "jobs").read_text().splitlines())

    def part(self, shard):
        return self.folder / f"{self.result.name}.part-{shard}-of-{self.shards}"

    def checkpoint(self, shard):
        return Path(f"{self.part(shard)}.checkpoint")

    def log(self, task):
        path = self.batch / "logs" / f"{task}.log"
        return path.read_text() if path.exists() else ""

    def digest(self, path=None):
        return self.carbonfront("inspect", "--digest", path or self.result).stdout.split()[0]

    def digest_of_one_run(self):
        one = self.folder / "one.h5"
        self.carbonfront("score", *self.sweep, "--spec", self.folder / "spec.toml", "-o", one, "--force")
        return self.digest(one)

    def process_of(self, shard):
        """The program that scores a shard, or None."""
        wanted = f"--shard\0{shard}/{self.shards}\0".encode()
        for entry in Path("/proc").iterdir():
            try:
                words = (entry / "cmdline").read_bytes() if entry.name.isdigit() else b""
            except OSError:
                continue
            if wanted in words and str(self.result).encode() in words and b"\0score\0" in words:
                return int(entry.name)
        return None

    def freezing(self, *shards):
        """Looks out for shards from now on, to stop the program in the middle of their rows; what this returns, called, waits
        until all are stopped and gives their process ids. Call this before the jobs are submitted: a shard takes a second."""
        frozen, failed = {}, []

        def look_out(shard):
            try:
                wait_until(lambda: list(self.folder.glob(f".{self.result.name}.part-{shard}-of-*.tmp")) and self.process_of(shard),
                           lambda: f"shard {shard} does not start; {self.log(f'score-{shard}')}\n{self.cluster.condition()}", 60, 0.01)
                process = self.process_of(shard)
                os.kill(process, signal.SIGSTOP)
                assert not self.part(shard).exists(), f"shard {shard} was done too soon"
                frozen[shard] = process
            except Exception as error:
                failed.append(error)

        threads = [threading.Thread(target=look_out, args=(shard,), daemon=True) for shard in shards]
        for thread in threads:
            thread.start()

        def processes():
            for thread in threads:
                thread.join()
            if failed:
                raise failed[0]
            return [frozen[shard] for shard in shards]

        return processes

    def submit_freezing(self, *shards):
        """Submits, and returns the process ids of the shards' programs, stopped in the middle of their rows."""
        processes = self.freezing(*shards)
        self.submit()
        return processes()

    @staticmethod
    def thaw(process):
        try:
            os.kill(process, signal.SIGCONT)
        except ProcessLookupError:
            pass

    def parent_of(self, process):
        return int(re.search(r"^PPid:\s*(\d+)", Path(f"/proc/{process}/status").read_text(), re.MULTILINE).group(1))

    def has_pending(self, process, number):
        """Whether a frozen program has been sent a signal; true when it is gone."""
        try:
            text = Path(f"/proc/{process}/status").read_text()
        except OSError:
            return True
        return any(int(mask, 16) >> (number - 1) & 1 for mask in re.findall(r"^(?:SigPnd|ShdPnd):\s*(\w+)", text, re.MULTILINE))

    def state(self, job):
        done = self.cluster.run("squeue", "--noheader", "--array", "--states=all", "--format=%T", "--jobs", job)
        return done.stdout.strip()
