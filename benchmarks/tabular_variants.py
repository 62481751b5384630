"""Our models with other parameters than the defaults, for the choice of these."""

from sklearn.base import BaseEstimator

from skreg import DropoutMLPClassifier
from skreg._nets.architectures.mlp import scale_outputs

from .tabular_peers import as_it_is, changed, encoded, linear, scikit_learn_mlp

UNCHANGED = "as they are"
VARIANTS = {
    UNCHANGED: changed(),
    "one layer": changed(hidden_layer_sizes=(100,)),
    "256 units": changed(hidden_layer_sizes=(256, 256)),
    "GELU": changed(activation="gelu"),
    "no normalization": changed(normalization=None),
    "layer normalization": changed(normalization="layer"),
    "dropout 0": changed(dropout=0.0),
    "dropout 0.25": changed(dropout=0.25),
    "dropout 0.5": changed(dropout=0.5),
    "input dropout 0.1": changed(input_dropout=0.1),
    "decay 0.01": changed(weight_decay=0.01),
    "decay 1": changed(weight_decay=1.0),
    "label smoothing 0.05": changed(label_smoothing=0.05),
    "no L1": changed(l1=0.0),
    "L1 0.0001": changed(l1=1e-4),
    "L1 0.001": changed(l1=1e-3),
    "rate 0.001": changed(learning_rate=0.001),
    "rate 0.002": changed(learning_rate=0.002),
    "rate 0.005": changed(learning_rate=0.005),
    "constant rate": changed(schedule="constant"),
    "last weights": changed(averaging=None),
    "robust scales": changed(standardize="robust"),
    "piecewise numbers": changed(numeric_embedding="piecewise"),
    "periodic numbers": changed(numeric_embedding="periodic"),
    "table as it is": as_it_is,
    "8 members": changed(ensemble_size=8),
    "32 members": changed(ensemble_size=32),
    "8 members, no normalization": changed(ensemble_size=8, normalization=None),
    "a tenth held out": changed(early_stopping=True),
    "all rows, last epoch": changed(early_stopping=False),
}
# Ways to use few rows: part "few" compares them.
FEW = {
    "a tenth held out": changed(early_stopping=True),
    "a fifth held out": changed(early_stopping=True, validation_fraction=0.2),
    "all rows, last epoch": changed(early_stopping=False),
    "cross-validated epoch": changed(early_stopping="cv", ensemble_size=1),
    "8 members, a tenth held out": changed(ensemble_size=8, early_stopping=True),
    "8 members, all rows, last epoch": changed(ensemble_size=8, early_stopping=False),
    "8 members, cross-validated epoch": changed(ensemble_size=8, early_stopping="cv"),
    "logistic or ridge by CV": linear,
    "scikit-learn MLP": scikit_learn_mlp,
}
# Defaults that few rows may want otherwise: part "few defaults" compares them.
FEW_DEFAULTS = {
    "1 member": changed(ensemble_size=1),
    "1 member, batches of 32": changed(ensemble_size=1, batch_size=32),
    "1 member, piecewise numbers": changed(ensemble_size=1, numeric_embedding="piecewise"),
    "4 members, batches of 16": changed(ensemble_size=4, batch_size=16),
    "4 members": changed(ensemble_size=4),
    "4 members, batches of 32": changed(ensemble_size=4, batch_size=32),
    "8 members, batches of 16": changed(ensemble_size=8, batch_size=16),
    "scikit-learn MLP": scikit_learn_mlp,
}


class WithoutTemperature(BaseEstimator):
    """A net of ours whose scores are not divided by the temperature."""

    def __init__(self, net):
        self.net = net

    def fit(self, X, y):
        self.net.fit(X, y)
        self.classes_ = self.net.classes_
        scale_outputs(self.net._net, self.net.temperature_)
        return self

    def predict_proba(self, X):
        return self.net.predict_proba(X)


def without_temperature(classes, frame):
    if not classes:
        return VARIANTS[UNCHANGED](classes, frame)  # numbers have none
    return encoded(WithoutTemperature(DropoutMLPClassifier(random_state=0)))


# Defaults that were chosen by the number of rows: part "by rows" compares them.
BY_ROWS = {
    **{name: VARIANTS[name] for name in (UNCHANGED, "dropout 0", "dropout 0.25", "L1 0.0001", "L1 0.001")},
    "temperature 1": without_temperature,
    **{name: FEW_DEFAULTS[name] for name in ("1 member", "4 members")},
    "2 members": changed(ensemble_size=2),
}
