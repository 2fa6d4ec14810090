"""Compares a result file with the oracle, number by number."""
from fractions import Fraction
from math import inf, isfinite, nan, prod

import h5py
import numpy as np

from . import figures
from .quantities import FOUND, MISSING
from .verdict import certainty

ALL_ONES = 2**32 - 1


class Wrong(AssertionError):
    """A difference: its kind (to be counted) and what it is."""

    def __init__(self, kind, text):
        super().__init__(f"{kind}: {text}")
        self.kind = kind


def equal(kind, got, want):
    if got != want:
        raise Wrong(kind, f"{got}, expected {want}")


def same_rows(kind, got, want):
    """Compares row by row."""
    got = got.tolist()
    if got != want:
        row = next((i for i, (a, b) in enumerate(zip(got, want)) if a != b), None)
        raise Wrong(kind, f"{len(got)} values, expected {len(want)}" if row is None else f"row {row}: {got[row]}, expected {want[row]}")


def same_bits(kind, got, want, of=None):
    """Compares float64 bit for bit; any NaN is NaN."""
    want = np.array(want, dtype="f8")
    equal(kind + ": shape", got.shape, want.shape)
    different = (got.view("i8") != want.view("i8")) & ~(np.isnan(got) & np.isnan(want))
    if got.dtype != np.float64 or different.any():
        at = np.argwhere(different)[0] if different.any() else (0,)
        raise Wrong(kind, f"{list(at)}: {float(got[tuple(at)])!r}, expected {float(want[tuple(at)])!r}")


def close(kind, got, want, size):
    """Compares a figure that brute force gives with another rounding; `size` is the magnitude it is summed from."""
    if not (got == want or abs(got - want) <= 1e-9 * max(size, abs(want)) or (got != got and want != want)):
        raise Wrong(kind, f"{got!r}, expected {want!r}")


def check_result(sweep, path):
    with h5py.File(path) as f:
        equal("rows", (int(f.attrs["rows"]), int(f.attrs["selected"])), (sweep.rows, len(sweep.selected)))
        equal("emissions", "emissions" in f, sweep.emissions is not None)
        if sweep.emissions is not None:
            check_emissions(sweep, f["emissions"])
        equal("views", sorted(f["views"]), sorted(view.name for view in sweep.views))
        for view in sweep.views:
            check_view(sweep, view, f[f"views/{view.name}"])


def check_emissions(sweep, group):
    numbers = [name for name in group if name.endswith(("kwh", "co2e_kg", "_low", "_high"))]
    equal("emissions: columns", sorted(numbers), sorted(sweep.numbers))
    for name, want in sweep.numbers.items():
        same_bits("emissions: " + name, group[name][:], want)
    if sweep.first_available:
        equal("emissions: source", "source" in group, True)
        same_rows("emissions: source", group["source"][:], [255 if source is None else source for source in sweep.source])
        equal("emissions: models", list(group.attrs["models"]), sweep.emissions.models)
    else:
        equal("emissions: source", "source" in group, False)
    if sweep.emissions.bounded:
        check_enclosed(sweep, group)
    check_accounts(sweep, group)


def check_enclosed(sweep, group):
    for name in sweep.emissions.names():
        low, value, high = (group[name + suffix][:] for suffix in ("_low", "", "_high"))
        if not ((np.isnan(low) & np.isnan(value) & np.isnan(high)) | ((low <= value) & (value <= high))).all():
            raise Wrong("emissions: bounds enclose the value", name)


def check_accounts(sweep, group):
    accounts = {name: quantity for name, quantity in sweep.emissions.quantities.items() if quantity.account is not None}
    equal("emissions: accounts", sorted(group["account"]) if "account" in group else [], sorted(accounts))
    names = list(group.attrs["quantities"])
    for name, quantity in accounts.items():
        want = [quantity.account[i] if i in set(sweep.selected) else 0 for i in range(sweep.rows)]
        same_rows("emissions: account", group[f"account/{name}"][:], want)
        missing, assumed = (int(group.attrs[attribute][names.index(name)]) for attribute in ("missing_rows", "assumed_rows"))
        equal("emissions: missing and assumed rows", (missing, assumed), (want.count(4), want.count(3)))
        if quantity.found is not None:
            check_lookups(sweep, quantity, group, want)
    without = sum(sweep.numbers["co2e_kg"][i] != sweep.numbers["co2e_kg"][i] for i in sweep.selected)
    equal("emissions: rows_without_emissions", int(group.attrs["rows_without_emissions"]), without)


def check_lookups(sweep, quantity, group, account):
    names = [text.decode() for text in quantity.columns[0].stored]
    used = sorted({names[i].encode() for i in sweep.selected if names[i]})
    if not used and f"lookups/{quantity.name}" not in group:
        return
    lookups = group[f"lookups/{quantity.name}"]
    equal("emissions: lookups", lookups["name"][:].tolist(), used)
    found = [quantity.found[name.decode()] for name in used]
    same_bits("emissions: lookups", lookups["value"][:], [nan if value is None else value for value in found])
    equal("emissions: lookups", lookups["rows"][:].tolist(), [sum(names[i].encode() == name for i in sweep.selected) for name in used])


def check_view(sweep, view, group):
    ordered, group_of = sweep.groups(view)
    verdicts = sweep.verdicts(view)
    rated = {i: verdict for verdict in verdicts for i in verdict.points}
    selected = set(sweep.selected)
    same_rows("state", group["state"][:], [2 if i in rated else 1 if i in selected else 0 for i in range(sweep.rows)])
    equal("rated", (int(group.attrs["rated"]), int(group.attrs["unrated"])), (len(rated), len(selected) - len(rated)))
    front = sorted(i for verdict in verdicts for i in verdict.front)
    same_rows("front", group["front"][:], front)
    same_rows("nondominated", group["nondominated"][:], [int(i in set(front)) for i in range(sweep.rows)])
    per_row = {"dominated_by": (lambda v, i: len(v.dominators[i]), ALL_ONES), "dominates": (lambda v, i: v.dominated[i], ALL_ONES),
               "rank": (lambda v, i: v.rank[i] if view.max_rank is None or v.rank[i] < view.max_rank else ALL_ONES, ALL_ONES),
               "witness": (lambda v, i: v.witness(i), -1)}
    for output, (number, nowhere) in per_row.items():
        equal("outputs", output in group, view.wants(output))
        if output in group:
            same_rows(output, group[output][:], [number(rated[i], i) if i in rated else nowhere for i in range(sweep.rows)])
    check_causes(sweep, view, group, rated)
    check_certainty(sweep, view, group, verdicts)
    check_groups(sweep, view, group, ordered, group_of, verdicts)
    check_front_columns(sweep, view, group, front)
    equal("outputs", "crowding" in group, view.wants("crowding"))
    if "crowding" in group:
        check_crowding(sweep, view, group["crowding"][:], verdicts)
    equal("outputs: hypervolume", "hypervolume" in group["groups"], view.wants("hypervolume"))
    equal("outputs: front_contribution", "front_contribution" in group, view.wants("contributions"))
    if view.wants("hypervolume"):
        check_hypervolume(sweep, view, group, verdicts, front)


def check_causes(sweep, view, group, rated):
    """Unrated rows by cause: how many miss each column, and each quantity of a computed objective."""
    if view.missing == "worst":
        return
    rows = [i for i in sweep.selected if i not in rated]
    want = {}
    bounds = [x for form in view.intervals.values() for x in form.values()]
    for name in set(sweep.columns).intersection(view.objectives + bounds):
        want[("", name)] = sum(sweep.columns[name].missing[i] for i in rows)
    computed = [name for name in view.objectives if name not in sweep.columns]
    for name in set().union(*(sweep.emissions.used(c.removesuffix("_low").removesuffix("_high")) for c in computed)):
        quantity = sweep.emissions.quantities.get(name)
        if quantity is not None and quantity.account is not None:
            lacking = [i for i in rows if quantity.account[i] == MISSING]
            for column in quantity.columns:  # of two bounds, the one that is missing
                want[(name, column.name)] = sum(column.missing[i] or quantity.found is not None for i in lacking)
    quantities, columns, counts = (list(group.attrs["missing_" + name]) for name in ("quantities", "columns", "rows"))
    got = {(q, c): int(n) for q, c, n in zip(quantities, columns, counts)}
    if computed and sweep.first_available:  # which model's quantities are to blame is not defined
        got, want = ({k: n for k, n in of.items() if not k[0]} for of in (got, want))
    equal("causes", {k: n for k, n in got.items() if n}, {k: n for k, n in want.items() if n})


def check_certainty(sweep, view, group, verdicts):
    names = ("certainty", "surely_dominated_by", "possibly_dominated_by")
    equal("certainty is there", [name in group for name in names], [sweep.uncertain(view)] * 3)
    if not sweep.uncertain(view):
        return
    want = [[0] * sweep.rows, [ALL_ONES] * sweep.rows, [ALL_ONES] * sweep.rows]
    for verdict in verdicts:
        corners = {False: {}, True: {}}
        for i in verdict.points:
            for best in corners:
                sides = zip(view.objectives, view.maximise)
                corners[best][i] = tuple(corner(sweep.interval(view, name, i), up, best) for name, up in sides)
        for i, answer in certainty(corners[True], corners[False]).items():
            for k in range(3):
                want[k][i] = answer[k]
    for name, rows in zip(names, want):
        same_rows(name, group[name][:], rows)
    equal("rows_by_certainty", group.attrs["rows_by_certainty"].tolist()[1:], [want[0].count(k) for k in (1, 2, 3)])


def corner(interval, maximise, best):
    if interval is None:  # missing = "worst"
        return (1, 0)
    low, high = interval
    return (0, -(high if best else low)) if maximise else (0, low if best else high)


def check_groups(sweep, view, group, ordered, group_of, verdicts):
    groups = group["groups"]
    key_columns = sorted(name + suffix for name in view.group_by for suffix in ("", "_missing"))
    equal("groups: key columns", sorted(groups["keys"]) if "keys" in groups else [], key_columns)
    equal("groups: index", "group" in group, bool(view.group_by))
    if view.group_by:
        same_rows("groups: index", group["group"][:], [group_of.get(i, ALL_ONES) for i in range(sweep.rows)])
    for k, name in enumerate(view.group_by):
        column, keys = sweep.columns[name], groups[f"keys/{name}"]
        same_rows("groups: missing keys", groups[f"keys/{name}_missing"][:], [key[k][0] for key in ordered])
        known = [g for g, key in enumerate(ordered) if not key[k][0]]
        equal("groups: keys", [keys[:].tolist()[g] for g in known], [ordered[g][k][1] for g in known])
        if not column.text and column.stored.dtype.kind != "b" and column.unpacked:
            equal("groups: type of keys", keys.dtype.newbyteorder("="), column.stored.dtype.newbyteorder("="))
    rows = [sum(group_of[i] == g for i in sweep.selected) for g in range(len(ordered))]
    want = [rows, [len(v.points) for v in verdicts], [len(v.front) for v in verdicts], [v.front_points() for v in verdicts]]
    for name, numbers in zip(("rows", "rated", "front_rows", "front_points"), want):
        equal("groups: " + name, groups[name][:].tolist(), numbers)
    for name, choose in (("ideal", min), ("nadir", max)):
        bits = np.full((len(ordered), len(view.objectives)), nan)
        for g, verdict in enumerate(verdicts):
            for k, up in enumerate(view.maximise):
                known = [verdict.points[i][k] for i in verdict.front if not verdict.points[i][k][0]]
                if known:
                    value = choose(known)[1]
                    bits[g, k] = float(-value if up else value) + 0.0
        same_bits("groups: " + name, groups[name][:], bits)


def check_front_columns(sweep, view, group, front):
    equal("front columns", sorted(group["front_columns"]) if "front_columns" in group else [], sorted(view.columns))
    for name in view.columns:
        got = group[f"front_columns/{name}"][:]
        if name not in sweep.columns:
            same_bits("front columns: computed", got, [sweep.numbers[name][i] for i in front])
            continue
        column = sweep.columns[name]
        if column.text:
            equal("front columns: text", got.tolist(), [column.stored[i] for i in front])
        elif not column.unpacked:
            equal("front columns: type of a packed one", got.dtype, np.dtype("f8"))
            same_bits("front columns: packed", got, [nan if column.missing[i] else column.values[i] for i in front])
        else:
            check_copy(column, front, group[f"front_columns/{name}"])


def check_copy(column, front, dataset):
    """A copied column of numbers: its type (float16 is widened), every known value bit for bit, and NaN or the fill value where it is missing."""
    got, want = dataset[:], column.stored[front]
    native = {"b": np.dtype("u1"), "f": np.dtype(f"f{max(4, want.dtype.itemsize)}")}.get(want.dtype.kind, want.dtype.newbyteorder("="))
    equal("front columns: type", got.dtype.newbyteorder("="), native)
    fills = [dataset.attrs[name] for name in ("_FillValue", "missing_value") if name in dataset.attrs]
    for k, i in enumerate(front):
        if not column.missing[i]:
            equal("front columns: values", got[k].astype(native).tobytes(), want[k].astype(native).tobytes())
        elif got[k] == got[k] and got[k] not in fills:
            raise Wrong("front columns: missing values", f"row {i}: {got[k]}, expected one of {fills}")


def check_crowding(sweep, view, got, verdicts):
    for verdict in verdicts:
        for rank in set(verdict.rank.values()):
            rows = [i for i in verdict.points if verdict.rank[i] == rank]
            want = figures.crowding({i: verdict.points[i] for i in rows})
            if view.max_rank is not None and rank >= view.max_rank:
                want = dict.fromkeys(rows, nan)
            for i in rows if want is not None else []:
                close("crowding", float(got[i]), want[i], 1.0)
    ranked = {i for verdict in verdicts for i in verdict.points}
    equal("crowding of unrated rows", [i for i in range(sweep.rows) if i not in ranked and not np.isnan(got[i])], [])


def check_hypervolume(sweep, view, group, verdicts, front):
    signs = [-1.0 if up else 1.0 for up in view.maximise]
    fronts = [{i: tuple(nan if missing else float(x) for missing, x in verdict.points[i]) for i in verdict.front} for verdict in verdicts]
    points = [point for rows in fronts for point in rows.values()]
    got = group["groups/reference"][:]
    if view.reference_point:
        same_bits("hypervolume: reference", got, view.reference_point)
    else:
        for k, sign in enumerate(signs):
            finite = [point[k] for point in points if isfinite(point[k])]
            close("hypervolume: reference", float(got[k]) * sign, figures.default_reference(finite), max(map(abs, finite), default=0))
    reference = tuple(float(x) * sign for x, sign in zip(got, signs))
    without = any(x != x for x in reference)  # there is no finite value to count from
    contribution = dict(zip(front, group["front_contribution"][:].tolist() if "front_contribution" in group else []))
    for g, rows in enumerate(fronts):
        inside = [p for p in rows.values() if all(x < r for x, r in zip(p, reference))]
        if len(set(inside)) ** (len(reference) - 1) > 4000:  # too many slices
            continue
        infinite = any(x == -inf for p in inside for x in p)
        box = 1.0 if infinite else prod(r - min((p[k] for p in inside), default=r) for k, r in enumerate(reference))
        number = float if isfinite(box) else Fraction  # what overflows in float64 is told apart exactly
        volume_of = lambda points: figures.volume([tuple(map(number, p)) for p in points], tuple(map(number, reference)))
        volume = nan if without or not rows else inf if infinite else volume_of(inside)
        size = box if isfinite(box) else 0
        close("hypervolume", float(group["groups/hypervolume"][g]), figures.rounded(volume), size)
        for row, p in rows.items() if contribution else []:
            alone = p in inside and sum(q == p for q in inside) == 1
            if without:
                lost = nan
            elif alone and infinite and -inf not in p:
                continue  # finite, of an infinite volume
            else:
                lost = 0.0 if not alone else inf if -inf in p else volume - volume_of([q for q in inside if q != p])
            close("contributions", contribution[row], figures.rounded(lost), size)
