#!/usr/bin/env python3
"""Store the same configurations in every layout a sweep may have: the verdict must be the same, through both readers.

usage: layouts.py PROGRAM FOLDER

FOLDER is made anew. tests/samples holds tables that pandas 3.1 and PyTables 3.11 wrote. Needs h5py, numpy, h5netcdf and xarray.
"""
import shutil
import subprocess
import sys
from pathlib import Path

import h5netcdf
import h5py
import numpy as np
import xarray

ROWS = 500
VIEWS = ["accuracy", "energy", "params"]
wrong = 0


def check(holds, what):
    global wrong
    if not holds:
        wrong += 1
        print("FAIL", what)


def run(*words):
    done = subprocess.run([str(w) for w in words], capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


def values():
    random = np.random.default_rng(11)
    accuracy = random.random(ROWS).round(3)
    accuracy[::50] = np.nan
    return {"accuracy": accuracy, "energy": random.random(ROWS).round(2).astype("f4"), "params": random.integers(1, 1000, ROWS),
            "name": np.array([b"m%03d" % i for i in range(ROWS)]), "pruned": random.random(ROWS) < 0.3}


def group_of_columns(path, columns, group="configs"):
    with h5py.File(path, "w") as file:
        for name, column in columns.items():
            file.create_dataset(f"{group}/{name}", data=column)
    return path


def verdict(program, sweep, group="/configs", names=VIEWS, more=(), where=None):
    """All datasets of the view; one array for each."""
    result = Path(str(sweep)).with_suffix(".result.h5")
    view = f"v={names[0]}:max,{names[1]}:min,{names[2]}:min"
    code, _, errors = run(program, "score", sweep, "--group", group, "--view", view, "-o", result, "--force", "--outputs",
                          "dominated_by,rank,witness", *(["--where", where] if where else []), *more)
    if code:
        return f"exit {code}: {errors}"
    with h5py.File(result) as file:
        return {name: file["views/v"][name][:] for name in ("state", "front", "dominated_by", "rank", "witness")}


def same(a, b):
    return isinstance(a, dict) and isinstance(b, dict) and all(np.array_equal(a[name], b[name]) for name in a)


def check_layout(program, expected, what, sweep, allow=(), **how):
    for more in ([], ["--batch-rows", 7], ["--reader", "plain"], ["--reader", "plain", "--batch-rows", 7]):
        found = verdict(program, sweep, more=[*more, *allow], **how)
        check(same(found, expected), f"{what} {more}: {found if isinstance(found, str) else 'another verdict'}")


def compound(columns, nested=False):
    flat = [(name, column.dtype) for name, column in columns.items()]
    table = np.zeros(ROWS, flat if not nested else [("a", "f4", (3,)), ("train", flat)])
    for name, column in columns.items():
        (table["train"] if nested else table)[name] = column
    return table


def check_tables(program, folder, columns, expected):
    for what, options in {"contiguous": {}, "chunked": {"chunks": (64,)}, "packed": {"chunks": (64,), "compression": 4, "shuffle": True},
                          "checked": {"chunks": (130,), "compression": 1, "fletcher32": True}, "big-endian": {"chunks": (64,), "compression": 1}}.items():
        with h5py.File(folder / f"compound-{what}.h5", "w") as file:
            order = (lambda table: table.astype(table.dtype.newbyteorder(">"))) if what == "big-endian" else (lambda table: table)
            file.create_dataset("configs", data=order(compound(columns)), **options)
            file.create_dataset("deep/nested", data=order(compound(columns, nested=True)), **options)
        check_layout(program, expected, f"compound, {what}", folder / f"compound-{what}.h5")
        check_layout(program, expected, f"nested compound, {what}", folder / f"compound-{what}.h5", group="/deep/nested",
                     names=[f"train/{name}" for name in VIEWS])
        check_layout(program, expected, f"compound in a group, {what}", folder / f"compound-{what}.h5", group="/",
                     names=[f"configs/{name}" for name in VIEWS])
        numbers = np.stack([columns[name].astype("f8") for name in VIEWS], axis=1)
        with h5py.File(folder / f"matrix-{what}.h5", "w") as file:
            if "chunks" in options:
                options = {**options, "chunks": (64, 2)}
            matrix = file.create_dataset("configs", data=order(numbers), **options)
            matrix.attrs["columns"] = VIEWS
            matrix.attrs["units"] = ["percent", "kWh", "1"]
        check_layout(program, expected, f"matrix, {what}", folder / f"matrix-{what}.h5")
    _, listing, _ = run(program, "inspect", folder / "compound-packed.h5", "--group", "/deep/nested")
    check("a/2" in listing and "train/params" in listing, f"inspect lists nested members:\n{listing}")
    _, listing, _ = run(program, "inspect", folder / "matrix-packed.h5")
    check("energy" in listing and "kWh" in listing, f"inspect lists a matrix' columns and units:\n{listing}")


def check_groups(program, folder, columns, expected):
    nested = group_of_columns(folder / "nested.h5", {f"train/{name}": column for name, column in columns.items()})
    check_layout(program, expected, "nested groups", nested, names=[f"train/{name}" for name in VIEWS])
    check_layout(program, expected, "nested groups as the group", nested, group="/configs/train")
    with h5netcdf.File(folder / "root.nc", "w") as file:
        file.dimensions = {"config": ROWS}
        for name in VIEWS:
            file.create_variable(name, ("config",), columns[name].dtype, data=columns[name], chunks=(100,), compression="gzip")
    check_layout(program, expected, "netCDF-4 root", folder / "root.nc", group="/")
    _, listing, _ = run(program, "inspect", folder / "root.nc")
    check("accuracy" in listing and "config " not in listing, f"inspect lists variables, not dimensions:\n{listing}")


def check_virtual(program, folder, columns, expected):
    halves = {"part1.h5": slice(0, 200), "part2.h5": slice(200, ROWS)}
    for name, rows in halves.items():
        group_of_columns(folder / name, {n: c[rows] for n, c in columns.items()})
    for sub in ("", "elsewhere"):
        (folder / sub).mkdir(exist_ok=True)
        with h5py.File(folder / sub / "virtual.h5", "w", libver="latest") as file:
            for name in VIEWS:
                layout = h5py.VirtualLayout((ROWS,), columns[name].dtype)
                for part, rows in halves.items():
                    source = h5py.VirtualSource(("../" if sub else "") + part, f"configs/{name}", (rows.stop - rows.start,))
                    layout[rows] = source
                file.create_virtual_dataset(f"configs/{name}", layout)
    check_layout(program, expected, "virtual", folder / "virtual.h5")
    code, _, errors = run(program, "score", folder / "elsewhere/virtual.h5", "--view", "v=accuracy:max", "-o", folder / "r.h5")
    check(code == 3 and "--allow-external" in errors, f"a virtual source outside is refused: {code} {errors}")
    found = verdict(program, folder / "elsewhere/virtual.h5", more=["--allow-external"])
    check(same(found, expected), f"a virtual source outside is read with --allow-external: {found}")
    (folder / "part2.h5").rename(folder / "gone.h5")
    for more in ([], ["--allow-external"]):
        code, _, errors = run(program, "score", folder / "virtual.h5", "--view", "v=accuracy:max", "-o", folder / "r.h5", *more)
        check(code == 3 and "part2.h5" in errors, f"a virtual source that is gone is refused: {code} {errors}")


def check_external(program, folder, columns, expected):
    inside = group_of_columns(folder / "linked.h5", columns)
    (folder / "below").mkdir()
    for path, target in ((folder / "link.h5", "linked.h5"), (folder / "below/link.h5", "../linked.h5"),
                         (folder / "below/absolute.h5", str(inside.resolve()))):
        with h5py.File(path, "w") as file:
            for name in columns:
                file[f"configs/{name}"] = h5py.ExternalLink(target, f"configs/{name}")
            file["soft"] = h5py.SoftLink("/configs")
    check_layout(program, expected, "external links beside", folder / "link.h5")
    for name in ("link.h5", "absolute.h5"):
        for group in ("/configs", "/soft"):
            code, _, errors = run(program, "score", folder / "below" / name, "--group", group, "--view", "v=accuracy:max", "-o", folder / "r.h5")
            check(code == 3 and "--allow-external" in errors, f"{name}: a link outside is refused: {code} {errors}")
        check(same(verdict(program, folder / "below" / name, more=["--allow-external"]), expected), f"{name}: --allow-external reads it")
    code, listing, errors = run(program, "inspect", folder / "below/link.h5")
    check(code == 0 and "--allow-external" in listing, f"inspect names refused columns: {code} {listing} {errors}")
    columns["accuracy"].tofile(folder / "accuracy.raw")
    for path, raw in ((folder / "raw.h5", "accuracy.raw"), (folder / "below/raw.h5", "../accuracy.raw")):
        with h5py.File(path, "w") as file:
            file.create_dataset("configs/accuracy", (ROWS,), "f8", external=[(raw, 0, h5py.h5f.UNLIMITED)])
            file["configs/energy"], file["configs/params"] = columns["energy"], columns["params"]
    check_layout(program, expected, "external storage beside", folder / "raw.h5")
    code, _, errors = run(program, "score", folder / "below/raw.h5", "--view", "v=accuracy:max", "-o", folder / "r.h5")
    check(code == 3 and "--allow-external" in errors, f"external storage outside is refused: {code} {errors}")


def check_patterns(program, folder, columns, expected):
    """Sources named by a pattern, of files or of datasets: refused, and read where that is allowed."""
    for n in range(5):
        group_of_columns(folder / f"block%{n}.h5", {f"{name}{n}": column[n * 100:(n + 1) * 100] for name, column in columns.items()})
    with h5py.File(folder / "pattern.h5", "w", libver="latest") as file:
        group = file.create_group("configs")
        for name in VIEWS:
            space = h5py.h5s.create_simple((0,), (h5py.h5s.UNLIMITED,))
            space.select_hyperslab((0,), (h5py.h5s.UNLIMITED,), (100,), (100,))
            plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
            plist.set_virtual(space, b"block%%%b.h5", f"configs/{name}%b".encode(), h5py.h5s.create_simple((100,)))
            extent = h5py.h5s.create_simple((0,), (h5py.h5s.UNLIMITED,))
            h5py.h5d.create(group.id, name.encode(), h5py.h5t.py_create(columns[name].dtype), extent, plist)
    code, _, errors = run(program, "score", folder / "pattern.h5", "--view", "v=accuracy:max", "-o", folder / "r.h5", "--force")
    check(code == 3 and "pattern" in errors and "--allow-external" in errors, f"a pattern of sources is refused: {code} {errors}")
    check_layout(program, expected, "a pattern of sources", folder / "pattern.h5", allow=["--allow-external"])
    with h5py.File(folder / "percent.h5", "w", libver="latest") as file:
        for name in VIEWS:
            layout = h5py.VirtualLayout((ROWS,), columns[name].dtype)
            for n in range(5):
                layout[n * 100:(n + 1) * 100] = h5py.VirtualSource(f"block%%{n}.h5", f"configs/{name}{n}", (100,))
            file.create_virtual_dataset(f"configs/{name}", layout)
    check_layout(program, expected, "sources with a percent sign", folder / "percent.h5")


def check_sources_of_sources(program, folder, columns, expected):
    """A virtual dataset of external storage in the same file, beside the storage's own dataset, from any current folder."""
    (folder / "far").mkdir()
    columns["accuracy"].tofile(folder / "far/accuracy.raw")
    with h5py.File(folder / "far/far.h5", "w", libver="latest") as file:
        file.create_dataset("configs/stored", (ROWS,), "f8", external=[("accuracy.raw", 0, h5py.h5f.UNLIMITED)])
        file["configs/energy"], file["configs/params"] = columns["energy"], columns["params"]
        layout = h5py.VirtualLayout((ROWS,), "f8")
        layout[:] = h5py.VirtualSource(".", "configs/stored", (ROWS,))
        file.create_virtual_dataset("configs/accuracy", layout)
    check_layout(program, expected, "external storage behind a virtual dataset", folder / "far/far.h5")
    check_layout(program, expected, "external storage beside a virtual dataset of it", folder / "far/far.h5", allow=["--columns", "stored"])


def check_packed(program, folder):
    """Packed columns have the float64 values that xarray decodes, or, of what it decodes to float32, that numpy computes."""
    random, scale, offset = np.random.default_rng(3), 0.0173, -12.75
    for kind in ("i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f4", "f8"):
        dtype = np.dtype(kind)
        raw = (random.random(ROWS) * 1000).astype(dtype) if dtype.kind == "f" else \
            random.integers(np.iinfo(dtype).min, np.iinfo(dtype).max, ROWS, dtype, endpoint=True)
        raw[::7] = fill = dtype.type(99)
        with h5netcdf.File(folder / "packed.nc", "w") as file:
            file.dimensions = {"config": ROWS}
            file.create_variable("x", ("config",), dtype, data=raw, chunks=(100,), compression="gzip", shuffle=True)
            file.create_variable("same", ("config",), "f8", data=np.zeros(ROWS))
            for name, value in {"scale_factor": scale, "add_offset": offset, "_FillValue": fill}.items():
                file["x"].attrs[name] = value
        wanted = np.where(raw == fill, np.nan, raw.astype("f8") * scale + offset)
        with xarray.open_dataset(folder / "packed.nc", engine="h5netcdf") as decoded:
            values = decoded["x"].values
        check(values.dtype != "f8" or np.array_equal(values, wanted, equal_nan=True), f"{kind}: xarray and numpy agree")
        check(values.dtype == "f8" or dtype.kind == "f" or dtype.itemsize <= 2, f"{kind}: xarray decodes to float64")
        for more in ([], ["--reader", "plain"], ["--batch-rows", 7]):
            code, _, errors = run(program, "score", folder / "packed.nc", "--group", "/", "--view", "v=same:min", "--columns", "x", "-o",
                                  folder / "packed.result.h5", "--force", *more)
            check(code == 0, f"{kind} {more}: {errors}")
            with h5py.File(folder / "packed.result.h5") as file:
                found = file["views/v/front_columns/x"]
                check(found.dtype == "f8" and np.array_equal(found[:], wanted, equal_nan=True), f"{kind} {more}: other values")


def check_samples(program, folder):
    samples = Path(__file__).parent / "samples"
    with h5py.File(samples / "pandas_data_columns.h5") as file:
        table = file["configs/table"][:]
    columns = {name: table[name] for name in table.dtype.names}
    flat = group_of_columns(folder / "flat.h5", columns)
    expected = verdict(program, flat, where="seed >= 2")
    for name in ("pandas_data_columns.h5", "pandas_table.h5"):
        shutil.copy(samples / name, folder)
        check_layout(program, expected, name, folder / name, where="seed >= 2")
        code, listing, errors = run(program, "score", folder / name, "--view", "v=accuracy:max", "--group-by", "model", "-o", folder / "r.h5", "--force")
        check(code == 0 and "1 " in listing, f"{name}: {errors}")
    with h5py.File(samples / "pytables_table.h5") as file:
        table = file["configs"][:]
    columns = {"accuracy": table["accuracy"], "energy": table["hardware"]["energy"], "params": table["folds"][:, 1]}
    shutil.copy(samples / "pytables_table.h5", folder)
    check_layout(program, verdict(program, group_of_columns(folder / "flat2.h5", columns)), "PyTables", folder / "pytables_table.h5",
                 names=["accuracy", "hardware/energy", "folds/1"])


def main():
    program, folder = sys.argv[1], Path(sys.argv[2])
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    columns = values()
    expected = verdict(program, group_of_columns(folder / "group.h5", columns))
    check(isinstance(expected, dict) and len(expected["front"]) > 3, f"the group of columns: {expected}")
    check_tables(program, folder, columns, expected)
    check_groups(program, folder, columns, expected)
    check_virtual(program, folder, columns, expected)
    check_external(program, folder, columns, expected)
    check_patterns(program, folder, columns, expected)
    check_sources_of_sources(program, folder, columns, expected)
    check_packed(program, folder)
    check_samples(program, folder)
    with h5py.File(folder / "bad.h5", "w") as file:
        file["configs"] = np.zeros((3, 3))
        file["configs"].attrs["columns"] = ["a", "b"]
    code, _, errors = run(program, "score", folder / "bad.h5", "--view", "v=a:max", "-o", folder / "r.h5", "--force")
    check(code == 3 and "2 names" in errors, f"a matrix with too few names is refused: {code} {errors}")
    print("all layouts agree" if not wrong else f"{wrong} checks failed")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
