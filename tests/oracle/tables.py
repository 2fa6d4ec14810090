"""A sweep as a table of text for `carbonfront convert`, and what its columns become (data/schema.md, "From a text table")."""
import numpy as np

from .columns import Column


def converted(column):
    """Returns (the fields of a column as text, the column that `convert` makes of them), or None where its type would be another one."""
    if column.text:
        return ([value.decode() for value in column.values], column) if any(column.values) else None
    known = [value for value, missing in zip(column.values, column.missing) if not missing]
    if column.stored.dtype.kind == "b":
        return [str(bool(value)).lower() for value in known], Column(column.name, np.array(known, dtype=bool), column.units)
    if not known:
        return None
    texts = ["" if missing else repr(value) for value, missing in zip(column.values, column.missing)]
    if column.real:
        values = [np.nan if missing else value for value, missing in zip(column.values, column.missing)]
        return texts, Column(column.name, np.array(values, dtype="f8"), column.units)
    signed = max(known) < 2**63
    if not signed and min(known) < 0:
        return None
    fill = np.int64(-(2**63)) if signed else np.uint64(2**64 - 1)
    values = [int(fill) if missing else value for value, missing in zip(column.values, column.missing)]
    stored = np.array(values, dtype=fill.dtype)
    return texts, Column(column.name, stored, column.units, {"_FillValue": fill} if any(column.missing) else {})


def write_table(columns, path):
    """Writes columns, all of which `converted` knows, as a table; returns what they become."""
    made = [converted(column) for column in columns]
    quote = lambda text: '"' + text.replace('"', '""') + '"' if " " in text or "," in text else text
    lines = [",".join(quote(f"{c.name} [{c.units}]" if c.units else c.name) for _, c in made)]
    lines += [",".join(quote(texts[i]) for texts, _ in made) for i in range(len(made[0][0]))]
    with open(path, "w", newline="", encoding="utf-8") as f:
        f.write("\r\n".join(lines) + "\r\n")
    return [column for _, column in made]
