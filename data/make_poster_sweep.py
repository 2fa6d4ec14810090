#!/usr/bin/env python3
"""Write the sweep of published audio generators, one configuration a row, from the table that cites their sources.

usage: make_poster_sweep.py TABLE.csv SWEEP.h5

Group /configs, one dataset per column of the table: text as variable-length UTF-8, numbers as float64 with `units` and
`description`. What nobody reported stays missing: NaN, or an empty text. Needs h5py.
"""
import csv
import os
import sys

# column: (units, description); every other column is text
NUMBERS = {
    "year": ("1", "year of publication"),
    "quality": ("1", "reported quality, in the scale of quality_metric; higher is better"),
    "params": ("1", "number of parameters used for generation"),
    "n_gpus": ("1", "devices used for training"),
    "train_hours": ("h", "duration of the training"),
    "tdp_w": ("W", "maximum power of one device"),
}
TEXTS = {
    "model": "name of the model, as in its source",
    "dataset": "data set trained and judged on",
    "table": "published table whose figures are comparable with each other",
    "quality_metric": "what quality is: IS (inception score) or MOS (mean opinion score)",
    "quality_dir": "sense in which quality is good",
    "params_kind": "how the number of parameters is known",
    "gpu": "device used for training",
    "source_quality": "source of quality",
    "source_params": "source of params",
    "source_train": "source of n_gpus and train_hours",
}


def fail(text):
    print(f"make_poster_sweep.py: {text}", file=sys.stderr)
    sys.exit(2)


def number(text, column, line):
    if not text:
        return float("nan")
    try:
        return float(text)
    except ValueError:
        fail(f"line {line}, column '{column}': '{text}' (it is not a number); correct the table")


def main(arguments):
    if len(arguments) != 2:
        fail("two arguments are needed (the table and the sweep to write); usage: make_poster_sweep.py TABLE.csv SWEEP.h5")
    table, sweep = arguments
    try:
        import h5py
    except ImportError:
        fail("cannot write HDF5 (Python's h5py is not installed); install it: apt-get install python3-h5py, "
             "or pip install h5py")
    try:
        with open(table, newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
    except OSError as error:
        fail(f"cannot read '{table}' ({error.strerror}); give the path of the table")
    columns = list(rows[0]) if rows else []
    if set(columns) != set(NUMBERS) | set(TEXTS):
        unknown = set(columns) ^ (set(NUMBERS) | set(TEXTS))
        fail(f"'{table}' has other columns than expected ({', '.join(sorted(unknown))}); give the table of audio models")

    temporary = f"{sweep}.{os.getpid()}.tmp"
    try:
        with h5py.File(temporary, "w") as file:
            file.attrs["source"] = "published figures of audio generators, each with its source in the row"
            file.attrs["rows"] = len(rows)
            group = file.create_group("configs")
            for name in columns:
                if name in NUMBERS:
                    values = [number(row[name], name, line) for line, row in enumerate(rows, start=2)]
                    dataset = group.create_dataset(name, data=values, dtype="f8")
                    dataset.attrs["units"], dataset.attrs["description"] = NUMBERS[name]
                else:
                    dataset = group.create_dataset(name, data=[row[name] for row in rows], dtype=h5py.string_dtype("utf-8"))
                    dataset.attrs["units"], dataset.attrs["description"] = "", TEXTS[name]
        os.replace(temporary, sweep)
    except OSError as error:
        fail(f"cannot write '{sweep}' ({error}); check the folder and its free space")
    finally:
        if os.path.exists(temporary):
            os.remove(temporary)
    print(f"{sweep}: {len(rows)} configurations")


if __name__ == "__main__":
    main(sys.argv[1:])
