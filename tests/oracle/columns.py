"""Random columns of a sweep, what each stored value means, and the files that hold them (data/schema.md, "Input")."""
from dataclasses import dataclass, field, replace

import h5py
import numpy as np

REAL = ["f8", "f8", "f4", "f2", ">f8", ">f4"]
INTEGER = ["i8", "u8", "i4", "i2", ">i4", ">i8", "u1", "i1"]


@dataclass
class Column:
    """One column: values as stored, attributes, and from these what every row's value is and whether it is missing."""

    name: str
    stored: object  # a numpy array, or a list of bytes
    units: str = None
    fills: dict = field(default_factory=dict)  # _FillValue, missing_value: numpy scalars
    packing: dict = field(default_factory=dict)  # scale_factor, add_offset: value = stored · scale + offset, in float64
    later: tuple = None  # (first row of a later file, its packing): each file has its own

    def __post_init__(self):
        self.text = isinstance(self.stored, list)
        self.unpacked = self.packing.get("scale_factor", 1) == 1 and self.packing.get("add_offset", 0) == 0  # changes nothing
        self.real = not self.text and (self.stored.dtype.kind == "f" or not self.unpacked)
        if self.text:
            self.values, self.missing = list(self.stored), [value == b"" for value in self.stored]
            return
        exact = [float(x) if self.stored.dtype.kind == "f" else int(x) for x in self.stored]
        # Of reals the fill value is rounded to the stored type; of integers it is compared exactly, and may be out of their range.
        fills = [float(self.stored.dtype.type(fill)) if self.stored.dtype.kind == "f" else fill.item() for fill in self.fills.values()]
        self.missing = [x != x or any(x == fill for fill in fills) for x in exact]
        self.values = exact if self.unpacked else [unpack(x, self.packing_at(i)) for i, x in enumerate(exact)]

    def packing_at(self, i):
        return self.packing if self.later is None or i < self.later[0] else self.later[1]

    def known(self, i):
        return None if self.missing[i] else self.values[i]


def unpack(x, packing):
    return float(x) * float(packing.get("scale_factor", 1)) + float(packing.get("add_offset", 0))


def fill_of(r, stored):
    """A fill value: of the column's own type or another one, one of the values or none."""
    if stored.dtype.kind == "f":
        fill = stored.dtype.type(r.choice([0, 1, 2, 99])) if r.random() < 0.3 else r.choice(stored)
        fill = np.float64(0.1) if r.random() < 0.1 else fill
        return np.float64(fill) if r.random() < 0.5 else fill
    if r.random() < 0.15:
        return r.choice([np.int64(-1), np.int64(300), np.float64(2.0), np.float64(2.5), np.float64(-1e300), np.uint64(2**64 - 1)])
    fill = stored.dtype.type(r.choice([0, 1, 2, 99])) if r.random() < 0.3 else r.choice(stored)
    return np.int64(fill) if fill < 2**63 and r.random() < 0.2 else fill


def with_missing(r, name, stored, units=None, packing=None, share=0.5):
    """Adds missing values to a numpy array: NaN, and fill values."""
    fills, rows = {}, len(stored)
    stored = stored.copy()
    if stored.dtype.kind != "b" and r.random() < share:
        for i in range(rows):
            if stored.dtype.kind == "f" and r.random() < 0.1:
                stored[i] = np.nan
        for attribute in r.sample(["_FillValue", "missing_value"], r.choice([0, 1, 1, 2])):
            fills[attribute] = fill = fill_of(r, stored)
            if stored.dtype.kind == "f" or (fill == int(fill) and np.iinfo(stored.dtype).min <= fill <= np.iinfo(stored.dtype).max):
                for i in range(rows):
                    if r.random() < 0.05:
                        stored[i] = fill
    return Column(name, stored, units, fills, packing or {})


def packing_of(r):
    """Random scale_factor and add_offset, of float64 or float32."""
    packing = {}
    if r.random() < 0.8:
        packing["scale_factor"] = r.choice([np.float64(0.01), np.float64(0.1), np.float32(0.5), np.float64(3.0), np.float64(1)])
    if r.random() < 0.6 or not packing:
        packing["add_offset"] = r.choice([np.float64(0.3), np.float32(0.25), np.float64(2.0), np.float64(0)])
    return packing


def objective_column(r, name, rows, tame, cuts):
    """A column with ties, infinities, -0.0, integers beyond 2^53, missing values; tame: finite and below 2^53. `cuts`: where files end."""
    if r.random() < 0.15:
        stored = np.array([r.randrange(-5, 6) for _ in range(rows)], dtype=r.choice(["i2", "i1", ">i4", "f4"]))
        packing = packing_of(r)
        column = with_missing(r, name, stored, packing=packing)
        if not column.unpacked and cuts and r.random() < 0.5:
            column = replace(column, later=(cuts[0], {**packing_of(r), "scale_factor": np.float64(0.25)}))
        return column
    if r.random() < 0.5:
        kind = r.choice(REAL)
        pool = [0.0, -0.0, 1, 2, 3, 1.5, -2] if tame else [0.0, -0.0, 1, 2, 3, 1.5, -2, np.inf, -np.inf]
        smooth = r.random() < 0.4
        values = [r.uniform(-3, 3) if smooth else r.choice(pool) for _ in range(rows)]
        return with_missing(r, name, np.array(values, dtype=kind))
    kind = r.choice(INTEGER + ["bool"])
    if kind == "bool":
        return Column(name, np.array([r.random() < 0.5 for _ in range(rows)], dtype=bool))
    base = 0 if tame else {"i8": 2**53, ">i8": -(2**60), "u8": 2**64 - 40}.get(kind, 0) * r.choice([0, 1])
    return with_missing(r, name, np.array([base + r.randrange(r.choice([3, 30])) for _ in range(rows)], dtype=kind))


def key_column(r, name, rows):
    """A column to group by: text, integer, truth value, or real with -0.0 and NaN."""
    kind = r.choice(["text", "text", "i4", "u1", "bool", "f8", "f4", ">f8"])
    if kind == "text":
        return Column(name, [r.choice([b"", b"a", b"b", b"Z", "\u00e9".encode()]) for _ in range(rows)])
    if "f" in kind:
        return with_missing(r, name, np.array([r.choice([0.0, -0.0, 1, -1.5, np.inf]) for _ in range(rows)], dtype=kind))
    if kind == "bool":
        return Column(name, np.array([r.random() < 0.5 for _ in range(rows)], dtype=bool))
    return with_missing(r, name, np.array([r.randrange(4) for _ in range(rows)], dtype=kind))


def write(r, columns, path, group, cuts):
    """Writes the columns as one file, or split at `cuts` as several; returns the paths. Chunks and filters are random."""
    edges, paths = [0, *cuts, len(columns[0].stored)], []
    fixed = lambda column: h5py.string_dtype("utf-8", max(1, *map(len, column.stored)))
    text_types = {column.name: r.choice([h5py.string_dtype(), fixed(column)]) for column in columns if column.text}
    for k in range(len(edges) - 1):
        paths.append(path if k == 0 else f"{path[:-3]}-{k}.h5")
        with h5py.File(paths[-1], "w") as f:
            for column in columns:
                stored, options = column.stored[edges[k]:edges[k + 1]], {}
                if column.text:
                    options["dtype"] = text_types[column.name]
                elif r.random() < 0.6:
                    options = dict(chunks=(r.randint(1, len(stored)),), shuffle=r.random() < 0.5, fletcher32=r.random() < 0.3,
                                   compression=r.choice([None, "gzip"]))
                dataset = f.create_dataset(f"{group}/{column.name}", data=stored, **options)
                for name, value in [*column.fills.items(), *column.packing_at(edges[k]).items()]:
                    dataset.attrs.create(name, value, dtype=value.dtype)
                if column.units:
                    dataset.attrs["units"] = column.units
    return paths
