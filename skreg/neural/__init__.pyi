from ._autoencoder import Autoencoder
from ._cnn import DropoutCNNClassifier, DropoutCNNRegressor
from ._ensemble import DeepEnsembleClassifier, DeepEnsembleRegressor
from ._fine_tuned import FineTunedClassifier, FineTunedRegressor
from ._mlp import DropoutMLPClassifier, DropoutMLPRegressor
from ._rnn import DropoutRNNClassifier, DropoutRNNRegressor
from ._tokens import Tokens
from ._transformer import DropoutTransformerClassifier, DropoutTransformerRegressor
from ._wrapped import predict_interval, predict_uncertainty

__all__ = [
    "Autoencoder",
    "DeepEnsembleClassifier",
    "DeepEnsembleRegressor",
    "DropoutCNNClassifier",
    "DropoutCNNRegressor",
    "DropoutMLPClassifier",
    "DropoutMLPRegressor",
    "DropoutRNNClassifier",
    "DropoutRNNRegressor",
    "DropoutTransformerClassifier",
    "DropoutTransformerRegressor",
    "FineTunedClassifier",
    "FineTunedRegressor",
    "Tokens",
    "predict_interval",
    "predict_uncertainty",
]
