#!/usr/bin/env python3
"""Write the seeds of fuzz_reader: small HDF5 files of each kind of chunk index, with 16 bytes in front. Needs h5py.

usage: make_reader_corpus.py FOLDER
"""
import io
import struct
import sys
from pathlib import Path

import h5py
import numpy as np


def seed(libver, rows, chunk, dtype="i4", growable=False, texts=False, **packed):
    memory = io.BytesIO()
    with h5py.File(memory, "w", libver=libver) as file:
        values = np.arange(rows) % 7
        data = file.create_dataset("x", data=values.astype(dtype), chunks=(chunk,), maxshape=(None,) if growable else (rows,), **packed)
        address, element = h5py.h5o.get_info(data.id).addr, data.dtype.itemsize
        place = 0
        if texts:
            text = file.create_dataset("t", (8,), h5py.string_dtype())
            text[:] = [f"text {i}" * i for i in range(8)]
            file.flush()
            place = text.id.get_offset()
    filters = bool(packed.get("shuffle")) | bool(packed.get("compression")) << 1 | bool(packed.get("fletcher32")) << 2
    return struct.pack("<IHHBBHI", address, rows - 1, chunk - 1, element - 1, filters, 0, place) + memory.getvalue()


SEEDS = {
    "tree": seed("earliest", 200, 50, compression=6, shuffle=True, fletcher32=True),
    "tree_of_two_levels": seed("earliest", 100, 1, "i1"),
    "texts": seed("earliest", 20, 20, texts=True),
    "fixed": seed("latest", 200, 50, compression=6, shuffle=True, fletcher32=True),
    "fixed_paged": seed("latest", 1100, 1, "i1"),
    "single": seed("latest", 50, 50, "f8", compression=1),
    "extensible": seed("latest", 300, 2, "i2", growable=True, fletcher32=True),
}

for name, content in SEEDS.items():
    Path(sys.argv[1], name).write_bytes(content.rstrip(b"\0"))
