"""What a fitted net has: weights, rates, and outputs with and without noise."""

import numpy as np
import scipy.sparse as sp
from sklearn.utils.validation import check_is_fitted

from .._nets.context import Context
from .._nets.layers.activations import BiasActivationDropout
from .._nets.layers.dense import Bias, Weighted
from .._nets.layers.members import MemberRows
from .._nets.noise import Concrete
from .._nets.training.evaluation import scores
from ..utils._rows import numpy_dtypes
from ._data import too_large
from ._uncertainty import check_n_draws, features_of


def _precision(X):
    """The precision of predictions for X."""
    return np.dtype(np.float64 if X.dtype == np.float64 else np.float32)


def precision_of_predictions(X):
    """That of X, before it was read, where it holds floats; double precision for numbers that have no rounding."""
    dtypes = numpy_dtypes(X)
    is_single = bool(dtypes) and all(dtype.kind == "f" and dtype.itemsize <= 4 for dtype in dtypes)
    return np.dtype(np.float32 if is_single else np.float64)


def _leaves_single_precision(X):
    """Whether X has finite numbers that single precision does not have."""
    values = X.data if sp.issparse(X) else X
    if values.dtype != np.float64 or not values.size:
        return False
    most = np.finfo(np.float32).max
    return np.fmax.reduce(values, axis=None) > most or np.fmin.reduce(values, axis=None) < -most


class NetOutputs:
    """What all fitted nets have; see `BaseNet`."""

    _distance = None  # FeatureDistance, set by fit
    _noise_strength = 1.0  # of Monte Carlo draws: that of the epoch that was kept

    @property
    def weights_(self):
        """Weights of every layer (n_in, n_out), after weight normalization; (k, n_in, n_out) of k members."""
        check_is_fitted(self)
        layers = [module for module in self._net.layer.modules() if isinstance(module, Weighted)]
        return [layer.matrices(Context()).copy() for layer in layers]

    @property
    def biases_(self):
        """Biases of every layer (n_out,), or (k, n_out)."""
        check_is_fitted(self)
        k, modules, n_shared = self._net.n_members, list(self._net.layer.modules()), 0
        for i, module in enumerate(modules):
            if isinstance(module, MemberRows):  # all members have its layers, and those before it
                n_shared = i + len(list(module.modules()))
        found = [(i, one.bias.value) for i, one in enumerate(modules) if isinstance(one, (BiasActivationDropout, Bias))]
        return [bias.reshape((k, -1) if k > 1 and i >= n_shared else -1).copy() for i, bias in found]

    @property
    def dropout_rates_(self):
        """Dropout rate of every hidden layer; with concrete dropout, the learned rate."""
        check_is_fitted(self)
        dense = self._architecture.dense
        if dense.dropout_kind != "concrete":
            return np.array(dense.dropout)
        units = [module for module in self._net.layer.modules() if isinstance(module, BiasActivationDropout)]
        return np.array([module.rate for module in units if isinstance(module.noise, Concrete)])

    def __sklearn_is_fitted__(self):
        return hasattr(self, "n_iter_") or hasattr(self, "loss_curve_")

    def _averaged(self, z):
        """Outputs of the averaged prediction, from those of all members if there are several."""
        return self._plain_objective().average(z) if self._net.n_members > 1 else z

    def _scores(self, X):
        """Outputs without noise, in the precision of predictions; those of the averaged prediction of all members."""
        if not self.__sklearn_is_fitted__():
            check_is_fitted(self)  # raises; it takes as long as a small net
        wanted, X = precision_of_predictions(X), self._rows_of(X)
        return self._averaged(scores(self._net.astype(_precision(X)), X)).astype(wanted, copy=False)

    def _rows_to_predict(self, X, n_draws):
        """X, checked, for `_noisy_scores`, which computes in the precision of the net."""
        check_is_fitted(self)
        check_n_draws(n_draws)
        X, inputs = self._rows_of(X), self._net.inputs
        if (inputs is None or not inputs.exact) and _leaves_single_precision(X):
            raise too_large(X, self._place, "in which draws are computed")
        return X

    def _noisy_scores(self, X, n_draws):
        """Outputs for X, which was checked, under draws of the noise, one by one; the same at every call.

        A pass with one draw of the noise gives an output of every member, in their order. There are as many passes as
        `n_draws` outputs take, so that all members count the same.
        """
        k = self._net.n_members
        for z in self._noisy_passes(X, -(-n_draws // k)):
            z = z.astype(_precision(X), copy=False)
            yield from (z,) if k == 1 else (z[:, m] for m in range(k))

    def _noisy_passes(self, X, n_passes):
        if not any(module.is_noisy for module in self._net.layer.modules()):
            z = scores(self._net, X)  # the same in all passes
            yield from (z for _ in range(n_passes))
            return
        seeds = Context(self._seed)
        for _ in range(n_passes):
            ctx = Context(seeds.seed(), noisy=True)
            ctx.strength = self._noise_strength
            yield scores(self._net, X, ctx=ctx)

    def _distances(self, X):
        """Distance of rows, which were checked, from the training rows; NaN where it was not learned."""
        if self._distance is None:
            return np.full(X.shape[0], np.nan)
        return self._distance(features_of(self._net, X))
