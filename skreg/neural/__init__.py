"""Neural estimators: multilayer perceptrons with the whole family of regularizers."""

from ._autoencoder import Autoencoder
from ._classifier import DropoutMLPClassifier
from ._regressor import DropoutMLPRegressor
from ._wrapped import predict_interval, predict_uncertainty

__all__ = [
    "Autoencoder",
    "DropoutMLPClassifier",
    "DropoutMLPRegressor",
    "predict_interval",
    "predict_uncertainty",
]
