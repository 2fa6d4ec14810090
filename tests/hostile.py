#!/usr/bin/env python3
"""Files made to deceive end at a stated limit, quickly and in little memory, and make the program read no other files.

usage: hostile.py PROGRAM FOLDER        prints exit code, seconds and peak memory of each. Needs h5py.
"""
import os
import shutil
import subprocess
import sys
import tempfile
import threading
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


# What one file makes the program read of others. The secret lies beside the folder of the input; none of it may reach a result.
SECRET = np.array([1234.5, 6789.25, 31337.125, 27182.75])
ROWS = len(SECRET)
UNLIMITED = h5py.h5s.UNLIMITED


def stored_in(group, name, raw):
    group.create_dataset(name, (ROWS,), "f8", external=[(str(raw), 0, h5py.h5f.UNLIMITED)])


def virtual(group, name, *sources, unlimited=False, block=ROWS):
    """A virtual dataset of sources (file, dataset); unlimited: along the rows, so that names may be patterns."""
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    for i, (file, dataset) in enumerate(sources):
        space = h5py.h5s.create_simple((0 if unlimited else ROWS,), (UNLIMITED if unlimited else ROWS,))
        space.select_hyperslab((i * ROWS,), (UNLIMITED if unlimited else 1,), (block,), (block,))
        plist.set_virtual(space, str(file).encode(), dataset.encode(), h5py.h5s.create_simple((block,)))
    space = h5py.h5s.create_simple((0 if unlimited else ROWS,), (UNLIMITED if unlimited else ROWS,))
    h5py.h5d.create(group.id, name.encode(), h5py.h5t.IEEE_F64LE, space, plist)


def innocent(path, name="configs/a"):
    with h5py.File(path, "w", libver="latest") as file:
        file[name] = np.arange(float(ROWS))


def percent_dataset(inbox, secret, group):
    stored_in(group, "r%", secret / "values.raw")
    virtual(group, "a", (".", "configs/r%%"))


def percent_file(inbox, secret, group):
    with h5py.File(inbox / "x%.h5", "w", libver="latest") as file:
        stored_in(file, "r", secret / "values.raw")
    virtual(group, "a", ("x%%.h5", "r"))


def pattern_dataset(inbox, secret, group):
    stored_in(group, "r0", secret / "values.raw")
    virtual(group, "a", (".", "configs/r%b"), unlimited=True)


def pattern_file(inbox, secret, group):
    virtual(group, "a", (secret / "part%b.h5", "configs/a"), unlimited=True)


def pattern_of_percents(inbox, secret, group):
    stored_in(group, "%0%", "../secret/values.raw")
    virtual(group, "a", (".", "configs/%%%b%%"), unlimited=True)


def same_file(inbox, secret, group):
    stored_in(group, "r", secret / "values.raw")
    virtual(group, "b", (".", "configs/r"))
    virtual(group, "a", (".", "configs/b"))


def link_in_the_source(inbox, secret, group):
    """The source's path leads through a link into another folder, from where its storage's relative name counts."""
    (inbox / "below").mkdir()
    (inbox / "below/values.raw").symlink_to(secret / "values.raw")
    np.zeros(ROWS).tofile(inbox / "values.raw")
    with h5py.File(inbox / "below/z.h5", "w", libver="latest") as file:
        stored_in(file, "r", "values.raw")
    with h5py.File(inbox / "y.h5", "w", libver="latest") as file:
        file["l"] = h5py.ExternalLink("below/z.h5", "/")
    virtual(group, "a", ("y.h5", "l/r"))


def link_to_a_source(inbox, secret, group):
    with h5py.File(inbox / "y.h5", "w", libver="latest") as file:
        file["r"] = h5py.ExternalLink(str(secret / "part0.h5"), "configs/a")
    virtual(group, "a", ("y.h5", "r"))


def external_link(inbox, secret, group):
    group["a"] = h5py.ExternalLink("../secret/part0.h5", "configs/a")


def group_link(inbox, secret, group):
    del group.file["configs"]
    group.file["configs"] = h5py.ExternalLink(str(secret / "part0.h5"), "configs")


def link_chain(inbox, secret, group):
    with h5py.File(inbox / "y.h5", "w") as file:
        file["r"] = h5py.ExternalLink(str(secret / "part0.h5"), "configs/a")
    group["s"] = h5py.ExternalLink("y.h5", "r")
    group["a"] = h5py.SoftLink("/configs/s")


def symbolic_link(inbox, secret, group):
    (inbox / "y.h5").symlink_to(secret / "part0.h5")
    virtual(group, "a", ("y.h5", "configs/a"))


def alias(inbox, secret, group, hard=False):
    """The file under a second name, in a folder from where its source is another file than from where HDF5 looks for it."""
    (inbox / "below").mkdir()
    os.link(inbox / "s.h5", inbox / "below/alias.h5") if hard else (inbox / "below/alias.h5").symlink_to("../s.h5")
    innocent(inbox / "below/x.h5")
    (inbox / "x.h5").symlink_to(secret / "part0.h5")
    virtual(group, "v", ("x.h5", "configs/a"))
    group["a"] = h5py.ExternalLink("below/alias.h5", "configs/v")


def hard_alias(inbox, secret, group):
    alias(inbox, secret, group, hard=True)


def current_folder(inbox, secret, group):
    """Storage behind a source, whose relative name must not be one in the folder where the program runs."""
    np.arange(float(ROWS)).tofile(inbox / "values.raw")
    stored_in(group, "r", "values.raw")
    virtual(group, "a", (".", "configs/r"))


def dots(inbox, secret, group):
    (inbox / "below").mkdir()
    stored_in(group, "a", "below/../../secret/values.raw")


def environment_virtual(inbox, secret, group):
    innocent(inbox / "part0.h5")
    virtual(group, "a", ("part0.h5", "configs/a"))


def environment_external(inbox, secret, group):
    np.arange(float(ROWS)).tofile(inbox / "values.raw")
    stored_in(group, "a", "values.raw")


def environment_link(inbox, secret, group):
    innocent(inbox / "part0.h5")
    group["a"] = h5py.ExternalLink("part0.h5", "configs/a")


def link_circle(inbox, secret, group):
    group["a"] = h5py.ExternalLink("s.h5", "configs/a")


def pipe_link(inbox, secret, group):
    os.mkfifo(inbox / "pipe")
    group["a"] = h5py.ExternalLink("pipe", "configs/a")


def pipe_group(inbox, secret, group):
    os.mkfifo(inbox / "pipe")
    del group.file["configs"]
    group.file["configs"] = h5py.ExternalLink(str(inbox / "pipe"), "configs")


def pipe_source(inbox, secret, group):
    os.mkfifo(secret / "pipe0")
    virtual(group, "a", (secret / "pipe%b", "configs/a"), unlimited=True)


# name: how to make it, the exit codes that are right, words of the message, and the environment
ATTACKS = {
    "a percent sign in a source's dataset": (percent_dataset, {3}, "outside"), "a percent sign in a source's file": (percent_file, {3}, "outside"),
    "a pattern of datasets in the same file": (pattern_dataset, {3}, "pattern"), "a pattern of files": (pattern_file, {3}, "pattern"),
    "a pattern with percent signs": (pattern_of_percents, {3}, "pattern"), "storage behind sources in the same file": (same_file, {3}, "outside"),
    "storage behind a link in a source's path": (link_in_the_source, {3}, "outside"), "a source that is a link": (link_to_a_source, {3}, "outside"),
    "an external link": (external_link, {3}, "outside"), "a group that is an external link": (group_link, {3}, "outside"),
    "a link to a link": (link_chain, {3}, "outside"), "a symbolic link": (symbolic_link, {3}, "outside"), "dots in a storage's name": (dots, {3}, "outside"),
    "a second name in another folder": (alias, {3}, "links name"), "a second name by a hard link": (hard_alias, {3}, "links name"), "storage behind a source, in the current folder": (current_folder, {0}, ""),
    "HDF5_VDS_PREFIX": (environment_virtual, {0}, "", "HDF5_VDS_PREFIX"), "HDF5_EXTFILE_PREFIX": (environment_external, {0}, "", "HDF5_EXTFILE_PREFIX"),
    "HDF5_EXT_PREFIX": (environment_link, {0}, "", "HDF5_EXT_PREFIX"), "external links in a circle": (link_circle, {3}, "circle"),
    "a link to a pipe": (pipe_link, {3}, "no ordinary file"), "a group that is a link to a pipe": (pipe_group, {3}, "no ordinary file"), "a pattern that leads to a pipe": (pipe_source, {3}, "pattern"),
}


def leaked(path):
    """Whether a file, or what an HDF5 file holds, has a value of the secret."""
    found = [any(value.tobytes() in path.read_bytes() for value in SECRET)] if path.exists() else [False]
    if path.exists():
        with h5py.File(path) as file:
            file.visititems(lambda name, item: found.append(isinstance(item, h5py.Dataset) and item.dtype.kind == "f" and
                                                            bool(np.isin(item[()], SECRET).any())))
    return any(found)


def attack(program, folder, name):
    make, codes, words, *variables = ATTACKS[name]
    shutil.rmtree(folder, ignore_errors=True)
    inbox, secret = folder / "inbox", folder / "secret"
    inbox.mkdir(parents=True)
    secret.mkdir()
    SECRET.tofile(secret / "values.raw")
    with h5py.File(secret / "part0.h5", "w", libver="latest") as file:
        file["configs/a"] = SECRET
    with h5py.File(inbox / "s.h5", "w", libver="latest") as file:
        group = file.create_group("configs")
        make(inbox, secret, group)
    environment = {**os.environ, **{variable: str(secret) for variable in variables}}
    told = []
    for more in ([], ["--reader", "plain"]):
        code, seconds, _, errors = peak_of([program, "score", inbox / "s.h5", "-o", folder / "r.h5", "--force", "--view", "v=a:max", "--columns", "a",
                                            *more], environment, folder=secret)
        good = code in codes and words in " ".join(errors) and not leaked(folder / "r.h5") and (code == 0) == (folder / "r.h5").exists()
        told.append((good, code, seconds, errors[-1][:300] if errors else ""))
        (folder / "r.h5").unlink(missing_ok=True)
    code, seconds, _, errors = peak_of([program, "inspect", inbox / "s.h5"], environment)
    told.append((code in (0, 3), code, seconds, errors[-1][:300] if errors else ""))
    good = all(t[0] for t in told)
    print(f"{'ok  ' if good else 'FAIL'} {name}: " + "; ".join(f"exit {code}, {seconds:.1f} s{'' if fine else ' (wrong)'}" for fine, code, seconds, _ in told)
          + f"; {told[0][3]}", flush=True)
    return good


def forged_part(program, folder):
    """A part whose values are another file's: merging it must not copy them."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "inbox").mkdir(parents=True)
    SECRET.tofile(folder / "values.raw")
    innocent(folder / "inbox/s.h5")
    common = ["--view", "v=a:max", "--outputs", "", "--columns", "a"]
    command = [program, "score", folder / "inbox/s.h5", "-o", folder / "inbox/r.h5", "--emissions", "devices=2,max_power=3W,time=a:h", *common]
    code = peak_of([*command, "--shard", "0/1"])[0]
    part = folder / "inbox/r.h5.part-0-of-1"
    with h5py.File(part, "r+") as file:
        del file["emissions/co2e_kg"]
        stored_in(file, "emissions/co2e_kg", folder / "values.raw")
    merged, _, _, errors = peak_of([program, "merge", part, "-o", folder / "inbox/r.h5"])
    good = code == 0 and merged == 3 and not leaked(folder / "inbox/r.h5")
    print(f"{'ok  ' if good else 'FAIL'} a part whose values are another file's: exit {code}, merge exit {merged}; {errors[-1][:300] if errors else ''}", flush=True)
    return good


def peak_of(command, environment=None, folder=None):
    """Exit code, seconds, peak memory in MB and errors of a run; one that hangs is killed, which no case expects."""
    start = time.time()
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen([str(w) for w in command], stdout=subprocess.DEVNULL, stderr=errors, env=environment, cwd=folder)
        ending = threading.Timer(120, process.kill)
        ending.start()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        ending.cancel()
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
        good = code in codes and peak < megabytes + 100 and not (code and result.exists())
        good &= inspected in (0, 3) and inspect_peak < 1500
        wrong += not good
        print(f"{'ok  ' if good else 'FAIL'} {name}: exit {code}, {seconds:.1f} s, {peak:.0f} MB; inspect exit {inspected}, {inspect_seconds:.1f} s, "
              f"{inspect_peak:.0f} MB; {errors[-1][:300] if errors else ''}", flush=True)
        result.unlink(missing_ok=True)
    wrong += sum(not attack(program, folder / "attack", name) for name in ATTACKS)
    wrong += not forged_part(program, folder / "attack")
    shutil.rmtree(folder)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
