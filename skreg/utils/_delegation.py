"""Methods that a meta-estimator has where the estimator inside has them."""

from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from ._errors import naming


def delegates(method):
    """Decorate a method that exists where `estimator_`, or `estimator` before `fit`, has it.

    ``estimator=None`` stands for a default estimator that has all of them.
    """

    def check(self):
        inner = getattr(self, "estimator_", self.estimator)
        if inner is not None:
            getattr(inner, method)  # its own AttributeError says why not
        return True

    return available_if(check)


class DelegatesToFitted:
    """Mixin of meta-estimators: `predict` is that of the fitted `estimator_`."""

    def predict(self, X, **params):
        """Predict with the fitted estimator.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, ...)
        **params : dict
            Passed on to the `predict` of `estimator_`, such as ``return_std=True``.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        """
        return self._ask("predict", X, **params)

    def _ask(self, method, X, **params):
        check_is_fitted(self, "estimator_")
        with naming(self):
            return getattr(self.estimator_, method)(X, **params)


class DelegatesToFittedClassifier(DelegatesToFitted):
    """Mixin of meta-estimators for classification, with probabilities and scores where `estimator_` has them."""

    @delegates("predict_proba")
    def predict_proba(self, X):
        """Probabilities of the classes.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, ...)

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
        X : array-like or sparse matrix of shape (n_samples, ...)

        Returns
        -------
        log_p : ndarray of shape (n_samples, n_classes)
            In the order of `classes_`.
        """
        return self._ask("predict_log_proba", X)

    @delegates("decision_function")
    def decision_function(self, X):
        """Scores of the classes.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, ...)

        Returns
        -------
        scores : ndarray of shape (n_samples,) or (n_samples, n_classes)
            With two classes, the score of ``classes_[1]``.
        """
        return self._ask("decision_function", X)
