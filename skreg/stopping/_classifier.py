"""Early stopping of classifiers."""

from sklearn.base import ClassifierMixin
from sklearn.utils import assert_all_finite, column_or_1d

from ..utils._delegation import DelegatesToFittedClassifier
from ..utils._targets import as_labels, check_classes
from ._base import BaseEarlyStopping
from ._descent import DescentClassifier
from ._docs import ATTRIBUTES, COMMON, PARAMETERS


class EarlyStoppingClassifier(DelegatesToFittedClassifier, ClassifierMixin, BaseEarlyStopping):
    __doc__ = f"""Train a classifier step by step until the validation loss stops improving, and keep the best state.

    For a logistic or multinomial regression that is trained by gradient descent from zero, early stopping is a
    regularizer like an L2 penalty [1]_; ``equivalent_alpha_`` is the penalty strength that shrinks about as much.

    Parameters
    ----------{PARAMETERS.format(loss="log loss", stratified=", stratified by class")}

    Attributes
    ----------{
        ATTRIBUTES.format(
            classes='''
    classes_ : ndarray of shape (n_classes,)
        The class labels.'''
        )
    }
{COMMON.format(other="EarlyStoppingRegressor : Early stopping of regressors.").strip(chr(10))}

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.linear_model import SGDClassifier
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skreg import EarlyStoppingClassifier
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> sgd = make_pipeline(StandardScaler(), SGDClassifier(loss="log_loss", alpha=1e-6, random_state=0))
    >>> model = EarlyStoppingClassifier(sgd, random_state=0).fit(X, y)
    >>> model.stopped_early_
    True
    >>> model.score(X, y) > 0.95
    True
    """

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = False
        return tags

    def _linear_model(self):
        return DescentClassifier(self.fit_intercept)

    def _read_targets(self, y, sample_weight, reset):
        """Labels, their codes and weights; `reset` sets the classes."""
        y = column_or_1d(as_labels(y) if reset else y)
        assert_all_finite(y, input_name="y")
        classes, codes, weights = check_classes(y, sample_weight, None if reset else self.classes_)
        self.classes_ = classes
        return y, codes, weights
