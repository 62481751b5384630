"""Early stopping of classifiers."""

from sklearn.base import ClassifierMixin
from sklearn.utils import assert_all_finite, column_or_1d
from sklearn.utils.multiclass import check_classification_targets

from ..utils._delegation import delegates
from ..utils._validation import class_codes
from ._base import BaseEarlyStopping
from ._descent import DescentClassifier
from ._docs import ATTRIBUTES, COMMON, PARAMETERS


class EarlyStoppingClassifier(ClassifierMixin, BaseEarlyStopping):
    __doc__ = f"""Stop training a classifier when its validation loss falls no more, and return to the best state.

    Of a linear model, training from zero by gradient descent on the log loss, logistic or multinomial, early stopping
    is a regularizer like L2 [1]_: ``equivalent_alpha_`` is about the strength that shrinks as much.

    Parameters
    ----------{PARAMETERS.format(loss="log loss", stratified=" of every class alike")}

    Attributes
    ----------{
        ATTRIBUTES.format(
            classes='''
    classes_ : ndarray of shape (n_classes,)'''
        )
    }
{COMMON.format(other="EarlyStoppingRegressor : The same for numbers.").strip(chr(10))}

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

    def _check_y(self, y):
        y = column_or_1d(y, warn=True)
        assert_all_finite(y, input_name="y")
        check_classification_targets(y)
        return y

    def _codes(self, y, reset):
        """Places among the classes, which are set if `reset`."""
        classes, codes = class_codes(y, None if reset else self.classes_)
        self.classes_ = classes
        return codes

    @delegates("predict_proba")
    def predict_proba(self, X):
        """Probabilities of the classes, with the best state.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        p : ndarray of shape (n_samples, n_classes)
            In the order of `classes_`.
        """
        return self._ask("predict_proba", X)

    @delegates("predict_log_proba")
    def predict_log_proba(self, X):
        """Logarithms of the probabilities of the classes.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        log_p : ndarray of shape (n_samples, n_classes)
        """
        return self._ask("predict_log_proba", X)

    @delegates("decision_function")
    def decision_function(self, X):
        """Scores of the classes.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        scores : ndarray of shape (n_samples,) or (n_samples, n_classes)
            Of two classes, that of ``classes_[1]``.
        """
        return self._ask("decision_function", X)
