"""Neural estimators: perceptrons, convolutional and recurrent nets with the whole family of regularizers."""

from ._autoencoder import Autoencoder
from ._cnn import DropoutCNNClassifier, DropoutCNNRegressor
from ._fine_tuned import FineTunedClassifier, FineTunedRegressor
from ._mlp import DropoutMLPClassifier, DropoutMLPRegressor
from ._rnn import DropoutRNNClassifier, DropoutRNNRegressor
from ._tokens import Tokens
from ._wrapped import predict_interval, predict_uncertainty

__all__ = [
    "Autoencoder",
    "DropoutCNNClassifier",
    "DropoutCNNRegressor",
    "DropoutMLPClassifier",
    "DropoutMLPRegressor",
    "DropoutRNNClassifier",
    "DropoutRNNRegressor",
    "FineTunedClassifier",
    "FineTunedRegressor",
    "Tokens",
    "predict_interval",
    "predict_uncertainty",
]
