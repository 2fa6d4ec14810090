"""Verdicts from the definition, by comparing all pairs (data/schema.md, "Output").

A row's point is a tuple of keys, one an objective, less is better: (0, value), or with missing = "worst" (1, 0) for a missing value.
Python compares integers and floats exactly.
"""


def key(value, maximise):
    return (1, 0) if value is None else (0, -value if maximise else value)


def dominates(p, q):
    """No worse in all objectives and better in one."""
    return p != q and all(a <= b for a, b in zip(p, q))


class Verdict:
    """Who dominates whom among the rated rows of one group: `points` by row number."""

    def __init__(self, points):
        self.points = points
        self.dominators = {b: [a for a in points if dominates(points[a], points[b])] for b in points}
        self.front = [i for i in points if not self.dominators[i]]
        self.rank = {}
        for i in sorted(points, key=lambda row: len(self.dominators[row])):  # a dominator has fewer dominators
            self.rank[i] = 1 + max((self.rank[a] for a in self.dominators[i]), default=-1)
        self.dominated = {i: 0 for i in points}
        for beaten_by in self.dominators.values():
            for a in beaten_by:
                self.dominated[a] += 1

    def witness(self, i):
        """The lowest row of the front that dominates row i, or -1."""
        return min((a for a in self.dominators[i] if not self.dominators[a]), default=-1)

    def front_points(self):
        return len({self.points[i] for i in self.front})


def certainty(best, worst):
    """Returns for every row (certainty, surely dominated by, possibly dominated by): a row is never its own opponent."""
    answer = {}
    for i in best:
        others = [a for a in best if a != i]
        surely = sum(dominates(worst[a], best[i]) for a in others)
        possibly = sum(dominates(best[a], worst[i]) for a in others)
        answer[i] = (2 if surely else 3 if possibly else 1, surely, possibly)
    return answer


def group_key(columns, i):
    """The key of row i: ascending, text by bytes, missing last; -0.0 is +0.0."""
    return tuple((1, 0) if column.missing[i] else (0, column.values[i] + 0 if not column.text else column.values[i]) for column in columns)
