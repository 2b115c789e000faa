"""Exact SHAP values of a tree ensemble for one row, by quadrature.

The values are those of Lundberg et al. 2018, Algorithm 2 (path-dependent TreeSHAP), which takes O(depth^2) a leaf.
A leaf's Shapley value is an integral over t in [0, 1] of a product over the features of its path (each with share z
and o = 1 where the row goes the leaf's way, else 0):

    phi_i = value * (o_i - z_i) * integral of prod over j != i of (z_j (1 - t) + o_j t)

It is a polynomial in t of a degree below the number d of the path's features, so Gauss and Legendre's rule with d / 2
points is exact, and at each point the products of a whole tree are shared by its leaves: one pass down multiplies
what is above a split, one pass up adds what is below it (as Linear TreeSHAP does with polynomials: Yu et al. 2022).
At a split with the taken side h, the other side c, G the product of all above it but its own feature's factor, and
S_h and S_c the weighted sums of the leaves below either side, the split adds z_c * integral of G (S_h - S_c) to its
feature. Where another split above is on the same feature, its factor F is divided out; if the row left the path
there, the split adds nothing.
"""

from typing import Any

import numpy as np
from numba import types
from numpy.typing import NDArray

from models.features.compiled import compiled, compiles_once, inlined
from models.scoring.tree_ensemble import TreeEnsemble

POINTS = 4
"""Quadrature points that one pass takes: enough for 8 features in a path. Deeper trees take more passes."""

Quad = tuple[Any, Any, Any, Any]
"""A number at each of a pass's points."""


class TreeShap:
    """The trees of a model, ready to say what each feature adds to a row's log-odds.

    Parameters
    ----------
    features : int
        Number of features of the model.
    """

    def __init__(self, trees: TreeEnsemble, features: int) -> None:
        self.expected = trees.expected
        self._features = features
        self._trees = trees[:-2]
        self._passes = np.maximum(1, -(-trees.features_in_path // (2 * POINTS))).astype(np.int32)
        self._points, self._weights = _rules(int(self._passes.max(initial=1)))
        _compile()

    def contributions(self, row: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return what each feature adds to the log-odds, (F,): with `expected` they add up to the row's log-odds.

        Parameters
        ----------
        row : ndarray of float32, (F,)
        """
        phi = np.zeros(self._features)
        add_contributions(*self._trees, self._passes, self._points, self._weights, row, phi)
        return phi


def _rules(passes: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return points and weights on [0, 1], (passes, passes, POINTS): row m - 1 is the rule of m passes."""
    points, weights = np.zeros((passes, passes, POINTS)), np.zeros((passes, passes, POINTS))
    for count in range(1, passes + 1):
        x, w = np.polynomial.legendre.leggauss(count * POINTS)
        points[count - 1, :count] = ((x + 1) / 2).reshape(count, POINTS)
        weights[count - 1, :count] = (w / 2).reshape(count, POINTS)
    return points, weights


@inlined
def _load(rows: Any, at: int) -> Quad:
    return rows[at, 0], rows[at, 1], rows[at, 2], rows[at, 3]


@inlined
def _store(rows: Any, at: int, a: Quad) -> None:
    rows[at, 0], rows[at, 1], rows[at, 2], rows[at, 3] = a


@inlined
def _times(a: Quad, b: Quad) -> Quad:
    return a[0] * b[0], a[1] * b[1], a[2] * b[2], a[3] * b[3]


@inlined
def _mixed(a: Quad, s: Any, b: Quad, r: Any) -> Quad:
    """Return s a + r b."""
    return a[0] * s + b[0] * r, a[1] * s + b[1] * r, a[2] * s + b[2] * r, a[3] * s + b[3] * r


@inlined
def _total(a: Quad) -> Any:
    return a[0] + a[1] + a[2] + a[3]


@inlined
def _decide(
    first: int, splits: int, feature: Any, threshold: Any, nan_left: Any, above: Any, above_side: Any, row: Any,
    took: Any, alive: Any,
) -> None:  # fmt: skip
    """Note which side the row takes at each split, and whether it took that of the split above on the same feature.

    Without branches, here and below: the sides that a row takes can't be predicted, and a wrong guess of the processor
    costs more than all else at a split.
    """
    for at in range(splits):
        split = first + at
        x = row[feature[split]]
        is_left = np.uint8(x <= threshold[split]) | (nan_left[split] & np.uint8(np.isnan(x)))
        took[at] = np.uint8(1) - is_left
        a = above[split]
        alive[at] = np.uint8(1) if a < 0 else alive[a] & np.uint8(took[a] == above_side[split])


@inlined
def _descend(
    first: int, splits: int, parent: Any, side: Any, share: Any, share_in: Any, above: Any, t: Quad, u: Quad,
    took: Any, alive: Any, product: Any, inverse: Any,
) -> None:  # fmt: skip
    """Multiply what is above each split but its own feature's factor; ``inverse`` is 1 / that, where it has one."""
    for at in range(1, splits):
        split = first + at
        p = parent[split]
        o = np.float64(alive[p] & np.uint8(took[p] == side[split]))
        g = _times(_load(product, p), _mixed(u, share_in[split], t, o))
        if above[split] >= 0:
            f = _mixed(u, share[split, 0] + share[split, 1], t, np.float64(alive[at]))
            i = (1 / f[0], 1 / f[1], 1 / f[2], 1 / f[3])
            _store(inverse, at, i)
            g = _times(g, i)
        _store(product, at, g)


@inlined
def _ascend(
    first: int, splits: int, feature: Any, child: Any, share: Any, above: Any, t: Quad, u: Quad,
    took: Any, alive: Any, product: Any, inverse: Any, below: Any, phi: Any,
) -> None:  # fmt: skip
    """Add up what is below each split, and what the split adds to its feature; the leaves are in ``below``."""
    for at in range(splits - 1, -1, -1):
        split = first + at
        h = np.uint64(took[at])
        c = np.uint64(1) - h
        hot, cold = _load(below, child[split, h]), _load(below, child[split, c])
        share_c, o = share[split, c], np.float64(alive[at])
        g = _load(product, at)
        total = _mixed(_times(_mixed(hot, share[split, h], cold, share_c), u), 1.0, _times(hot, t), o)
        if above[split] >= 0:
            i = _load(inverse, at)
            g, total = _times(g, i), _times(total, i)
        _store(below, at, total)
        phi[feature[split]] += share_c * o * _total(_times(g, _mixed(hot, 1.0, cold, -1.0)))


@compiled
def add_contributions(
    starts: Any, feature: Any, threshold: Any, nan_left: Any, child: Any, parent: Any, side: Any, share: Any,
    share_in: Any, above: Any, above_side: Any, value: Any, passes: Any, points: Any, weights: Any, row: Any, phi: Any,
) -> None:  # fmt: skip
    """Add to ``phi``, (F,) float64, what each feature adds to the log-odds of ``row``, (F,) float32.

    The others are the columns of `TreeEnsemble`, the passes of each tree, (T,) int32, and what `_rules` gives.
    """
    widest = np.max(starts[1:] - starts[:-1])
    took, alive = np.empty(widest, np.uint8), np.empty(widest, np.uint8)
    product, inverse, below = np.empty((widest, POINTS)), np.empty((widest, POINTS)), np.empty((2 * widest + 1, POINTS))
    for tree in range(len(starts) - 1):
        first = starts[tree]
        splits = starts[tree + 1] - first
        _decide(first, splits, feature, threshold, nan_left, above, above_side, row, took, alive)
        rule = passes[tree] - 1
        for number in range(passes[tree] if splits else 0):
            t = _load(points[rule], number)
            u = (1 - t[0], 1 - t[1], 1 - t[2], 1 - t[3])
            _store(product, 0, _load(weights[rule], number))
            _descend(first, splits, parent, side, share, share_in, above, t, u, took, alive, product, inverse)
            for leaf in range(splits + 1):
                v = value[first + tree + leaf]
                _store(below, splits + leaf, (v, v, v, v))
            _ascend(first, splits, feature, child, share, above, t, u, took, alive, product, inverse, below, phi)


@compiles_once
def _compile() -> None:
    """Compile for one signature, or read it from the cache on disk; later calls do nothing. See `warm_up`."""
    add_contributions.compile(SIGNATURE)
    add_contributions.disable_compile()


def _array(dtype: types.Type, dimensions: int = 1) -> types.Array:
    return types.Array(dtype, dimensions, "C")


_INTS, _FLAGS, _DOUBLES = _array(types.int32), _array(types.uint8), _array(types.float64)
_RULES = _array(types.float64, 3)
SIGNATURE = (
    _INTS, _INTS, _array(types.float32), _FLAGS, _array(types.int32, 2), _INTS, _FLAGS, _array(types.float64, 2),
    _DOUBLES, _INTS, _FLAGS, _DOUBLES,
    _INTS, _RULES, _RULES, types.Array(types.float32, 1, "C", readonly=True), _DOUBLES,
)  # fmt: skip
