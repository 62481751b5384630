"""The protocol of penalties of the whole vector of coefficients, such as `SortedL1` and `FusedL1`.

A **vector penalty** is a block penalty with one block (`one_block`), so that certificates need to know nothing else.
Steps are those of the prox-gradient loop, with `prox_all`, and Newton steps on its faces. A **face** is a set of points
on which the penalty is linear: coefficients in one cluster are equal, up to signs, or zero. `face(w, ...)` describes
that of a point; see `loops.vector`.
"""

import inspect


class _OneBlock:
    """The block protocol of a vector penalty, from its `gauge`."""

    def n_blocks(self):
        return 1

    def block_start(self, j):
        return 0

    def block_stop(self, j):
        return self.n_coordinates()

    def block_feasible_scale(self, c, j):
        if self.l2 > 0.0:
            return 1.0
        return 1.0 / max(self.gauge(c), 1.0)

    def block_vanishing_scale(self, c, j):
        return 1.0 / max(self.gauge(c), 1.0)

    def block_entry_distance(self, c, scale, j):
        return 1.0  # steps say which coefficients are zero

    def clip_all(self, trial, w):
        """Set to zero what changes its sign, in place."""
        for i in range(w.size):
            if trial[i] * w[i] < 0.0:
                trial[i] = 0.0


def one_block(cls):
    """Give a vector penalty the block protocol."""
    for name, function in vars(_OneBlock).items():
        if inspect.isfunction(function):
            setattr(cls, name, function)
    cls.is_separable = False
    cls.is_piecewise_quadratic = True
    cls.is_convex = True
    return cls
