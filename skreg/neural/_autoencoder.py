"""An autoencoder as a transformer."""

import numpy as np
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin, clone
from sklearn.utils import check_array
from sklearn.utils.validation import check_is_fitted, validate_data

from .._nets.architectures.mlp import end_of_hidden_layer
from .._nets.training.evaluation import scores
from ..utils._documentation import DocumentationLinkMixin
from ..utils._errors import unchanged_on_error
from ..utils._params import ParamKind, check_params
from ..utils._validation import check_table, naming_bad_columns
from ._mlp import DropoutMLPRegressor

NET = ParamKind("a DropoutMLPRegressor", lambda value: isinstance(value, DropoutMLPRegressor))


class Autoencoder(ClassNamePrefixFeaturesOutMixin, TransformerMixin, DocumentationLinkMixin, BaseEstimator):
    """Features learned by a net that predicts its input through a narrow hidden layer (Hinton & Salakhutdinov [1]_).

    With one hidden layer and ``activation="identity"`` the features are those of PCA, up to a linear map, where no
    number is beyond 3 standard deviations or ``standardize=None``; other nets find nonlinear features. With
    `input_noise` or `feature_mask`, it is a denoising autoencoder (Vincent et al. [2]_).

    Parameters
    ----------
    net : DropoutMLPRegressor
        The net, with at least one hidden layer. A clone of it, with one member, is fitted to ``(X, X)``, and the units
        of its narrowest hidden layer, the first one of equal width, are the features. ``dropout=0.0`` is usual, since
        dropout in so narrow a layer loses much information.

    Attributes
    ----------
    net_ : DropoutMLPRegressor
        The fitted net.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (`n_features_in_`,)

    Raises
    ------
    ValueError
        When the net has no hidden layer or several members, or X is sparse, since its prediction would be dense.

    See Also
    --------
    skreg.augmentation.LatentNoise : Augmentation among these features.

    References
    ----------
    .. [1] G. Hinton, R. Salakhutdinov, "Reducing the dimensionality of data with neural networks", Science 313, 2006.
    .. [2] P. Vincent et al., "Extracting and composing robust features with denoising autoencoders", ICML 2008.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skreg import DropoutMLPRegressor
    >>> from skreg.neural import Autoencoder
    >>> X = load_digits().data / 16.0
    >>> net = DropoutMLPRegressor((100, 8, 100), dropout=0.0, random_state=0)
    >>> encoder = Autoencoder(net).fit(X[:1500])
    >>> encoder.transform(X[1500:]).shape
    (297, 8)
    >>> found = encoder.inverse_transform(encoder.transform(X[1500:]))
    >>> bool(((found - X[1500:]) ** 2).mean() < 0.5 * X[1500:].var(axis=0).mean())
    True
    """

    _parameter_constraints = {"net": [NET]}

    def __init__(self, net):
        self.net = net

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    @unchanged_on_error
    def fit(self, X, y=None, sample_weight=None):
        """Fit the net to predict X from X.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : None
            Ignored.
        sample_weight : array-like of shape (n_samples,), default=None

        Returns
        -------
        self : object
        """
        check_params(self)
        if np.size(self.net.hidden_layer_sizes) == 0:
            raise ValueError(f"net needs a hidden layer; got net={self.net!r}.")
        if self.net.ensemble_size not in (1, "auto"):
            raise ValueError(f"net must give one code for a row, and so have ensemble_size=1; got net={self.net!r}.")
        X = self._numbers(X, reset=True)
        self.net_ = clone(self.net).set_params(ensemble_size=1).fit(X, X, sample_weight)
        return self

    def _numbers(self, X, reset):
        check_table(X)
        with naming_bad_columns(X):
            return validate_data(self, X, reset=reset, dtype=[np.float64, np.float32])

    def _halves(self, dtype):
        sizes = self.net_._architecture.dense.hidden_layer_sizes
        net = self.net_._net.astype(dtype)
        return net.split_at(end_of_hidden_layer(net, int(np.argmin(sizes))))

    @property
    def _n_features_out(self):
        return min(self.net_._architecture.dense.hidden_layer_sizes)

    def transform(self, X):
        """Compute the features of rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        Z : ndarray of shape (n_samples, n_components)
        """
        check_is_fitted(self, "net_")
        X = self._numbers(X, reset=False)
        return scores(self._halves(X.dtype)[0], X)

    def inverse_transform(self, Z):
        """Predict rows from their features.

        Parameters
        ----------
        Z : array-like of shape (n_samples, n_components)

        Returns
        -------
        X : ndarray of shape (n_samples, n_features)
        """
        check_is_fitted(self, "net_")
        Z = check_array(Z, dtype=[np.float64, np.float32], input_name="Z")
        if Z.shape[1] != self._n_features_out:
            raise ValueError(f"Z must have {self._n_features_out} columns, as transform gives; got {Z.shape[1]}.")
        return self.net_._means(scores(self._halves(Z.dtype)[1], Z))
