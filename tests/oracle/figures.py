"""Crowding distances and hypervolumes from their definitions, by brute force."""
from math import inf, isfinite, nan
from sys import float_info


def crowding(points):
    """Returns the crowding distance (Deb et al. 2002), in float64, of every row of one front; `points` by row, less is better.

    Equal rows share one distance. Where different points tie in an objective, the one that is better in the first objective in which
    they differ comes first. None where a value is not finite.
    """
    if any(missing or not isfinite(value) for point in points.values() for missing, value in point):
        return None
    real = {row: tuple(float(value) for _, value in point) for row, point in points.items()}
    distance = {point: 0.0 for point in sorted(set(real.values()))}
    for k in range(len(next(iter(distance)))):
        order = sorted(distance, key=lambda point: point[k])  # stable: ties stay in the order of the points
        extent = order[-1][k] - order[0][k]
        distance[order[0]] = distance[order[-1]] = inf
        for before, here, after in zip(order, order[1:], order[2:]):
            if extent > 0:
                distance[here] += (after[k] - before[k]) / extent
    return {row: distance[real[row]] for row in points}


def rounded(number):
    """A float of a number of any size: what is beyond the largest is infinite."""
    try:
        return float(number)
    except OverflowError:
        return inf


def volume(points, reference):
    """The volume that points (tuples of floats, or of fractions, less is better) dominate up to the reference: slices along the first objective."""
    inside = sorted({p for p in points if all(x < r for x, r in zip(p, reference))})
    if not inside:
        return 0
    if len(reference) == 1:
        return reference[0] - inside[0][0]
    if len(reference) == 2:
        total, height = 0, reference[1]
        for x, y in inside:
            if y < height:
                total, height = total + (reference[0] - x) * (height - y), y
        return total
    edges = [*sorted({p[0] for p in inside}), reference[0]]
    slices = [(b - a, [p[1:] for p in inside if p[0] <= a]) for a, b in zip(edges, edges[1:])]
    return sum(width * volume(points, reference[1:]) for width, points in slices)


def default_reference(finite):
    """One objective's worst finite value on any front worsened by a tenth of the range of finite ones (of max(|worst|, 1) where that is
    0), no further than the largest number; NaN where there is none. Less is better."""
    if not finite:
        return nan
    worst, best = max(finite), min(finite)
    return min(worst + 0.1 * ((worst - best) or max(abs(worst), 1.0)), float_info.max)
