"""Methods that a meta-estimator has where the estimator inside has them."""

from sklearn.utils.metaestimators import available_if


def delegates(method):
    """Decorate a method that is there if `estimator_`, or before `fit` `estimator`, has it; None has everything."""

    def check(self):
        inner = getattr(self, "estimator_", self.estimator)
        if inner is not None:
            getattr(inner, method)  # its own AttributeError says why not
        return True

    return available_if(check)
