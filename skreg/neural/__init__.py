"""Neural estimators: multilayer perceptrons with the whole family of regularizers."""

from ._autoencoder import Autoencoder
from ._cnn import DropoutCNNClassifier, DropoutCNNRegressor
from ._mlp import DropoutMLPClassifier, DropoutMLPRegressor
from ._wrapped import predict_interval, predict_uncertainty

__all__ = [
    "Autoencoder",
    "DropoutCNNClassifier",
    "DropoutCNNRegressor",
    "DropoutMLPClassifier",
    "DropoutMLPRegressor",
    "predict_interval",
    "predict_uncertainty",
]
