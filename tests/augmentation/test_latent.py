"""Augmenters in a latent space."""

import numpy as np
import pytest
from sklearn.datasets import load_digits

from skreg import DropoutMLPRegressor
from skreg import augmentation as au
from skreg.neural import Autoencoder


def test_latent_noise__around_an_autoencoder():
    X = load_digits().data[:600] / 16.0
    net = DropoutMLPRegressor((60, 8, 60), dropout=0.0, early_stopping=False, random_state=0)
    encoder = Autoencoder(net).fit(X)
    there = encoder.transform(X)
    assert there.shape == (600, 8)
    np.testing.assert_allclose(encoder.inverse_transform(there), encoder.net_.predict(X), rtol=1e-6, atol=1e-6)
    assert encoder.get_feature_names_out().tolist() == [f"autoencoder{k}" for k in range(8)]
    with pytest.raises(ValueError, match="Z must have 8 columns, as transform gives; got 7"):
        encoder.inverse_transform(there[:, 1:])
    with pytest.raises(ValueError, match="net needs a hidden layer"):
        Autoencoder(DropoutMLPRegressor(())).fit(X)
    new = au.LatentNoise(Autoencoder(net), 0.3).fit(X).perturb(X, np.random.default_rng(0))
    assert 0.0 < np.sqrt(np.mean((new - X) ** 2)) < 0.3
