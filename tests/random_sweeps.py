#!/usr/bin/env python3
"""Score small random sweeps through the program and compare every answer with an oracle written from the definitions.

Every case is a random sweep, a random spec and several runs of the program: one is compared with the oracle number by number
(tests/oracle/), others, with another backend, reader, batch, in shares or after a time limit, must have the same digest; specs
that have to be refused must be, with the documented exit code. Needs h5py and numpy. Prints 'N passed, N failed' last.
"""
import argparse
import multiprocessing
import shlex
import shutil
import sys
import tempfile
import traceback
from collections import Counter
from pathlib import Path

sys.dont_write_bytecode = True  # the source tree stays as it is
from oracle.checks import Wrong
from oracle.runs import Runs
from oracle.sweeps import Sweep


def run_case(seed):
    """Returns (seed, kind of difference or None, text)."""
    options = run_case.options
    folder = Path(options.keep) / f"seed-{seed}" if options.keep else Path(tempfile.mkdtemp(prefix="random_sweep-"))
    runs = None
    try:
        if options.keep:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
        sweep = Sweep(seed, str(folder))
        sweep.write()
        runs = Runs(options.program, options.emulated, sweep)
        runs.check()
        return seed, None, ""
    except Wrong as wrong:
        kind, text = wrong.kind, str(wrong)
    except Exception:  # the oracle's own fault is a failure too
        kind, text = "the oracle fell over", traceback.format_exc()
    finally:
        spec = (folder / "spec.toml").read_text() if (folder / "spec.toml").exists() else ""
        if not options.keep:
            shutil.rmtree(folder, ignore_errors=True)
    command = shlex.join(runs.commands[-1]) if runs and runs.commands else "none"
    return seed, kind, f"{text}\n  command: {command}\n  spec:\n" + "".join(f"    {line}\n" for line in spec.splitlines())


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    parser.add_argument("cases", nargs="?", type=int, default=60)
    parser.add_argument("--first", type=int, default=0, metavar="SEED", help="the first case's seed (default 0)")
    parser.add_argument("--seed", type=int, action="append", help="run this case alone; may be repeated")
    parser.add_argument("--keep", metavar="FOLDER", help="keep each case's files in FOLDER/seed-N")
    parser.add_argument("--emulated", metavar="PROGRAM", help="also run every case on the emulated device, with this program")
    parser.add_argument("--jobs", type=int, default=multiprocessing.cpu_count())
    parser.add_argument("--brief", action="store_true", help="print failing seeds without their specs")
    return parser.parse_args()


def start(options):
    run_case.options = options


def main():
    options = arguments()
    seeds = options.seed or range(options.first, options.first + options.cases)
    kinds, passed = Counter(), 0
    first = {}
    with multiprocessing.Pool(min(options.jobs, max(1, len(seeds))), start, (options,)) as pool:
        for seed, kind, text in pool.imap_unordered(run_case, seeds, chunksize=1):
            if kind is None:
                passed += 1
                continue
            kinds[kind] += 1
            first.setdefault(kind, []).append(seed)
            print(f"FAIL seed {seed}: {text.splitlines()[0] if options.brief else text}", flush=True)
    for kind, count in kinds.most_common():
        print(f"{count:6} × {kind} (seeds {', '.join(map(str, sorted(first[kind])[:8]))})")
    if kinds:
        device = f" --emulated {options.emulated}" if options.emulated else ""  # without it, other numbers are drawn
        print(f"to look at one: {sys.argv[0]} {options.program}{device} --seed N --keep FOLDER")
    failed = sum(kinds.values())
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
