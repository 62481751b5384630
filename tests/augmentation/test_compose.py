"""Combined augmenters."""

import pickle

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.linear_model import SGDClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skreg import augmentation as au

from .cases import TABLE


def test_random_apply_and_one_of__change_their_share_of_rows():
    X, y = np.zeros((4000, 1)), np.arange(4000) % 3
    rng = np.random.default_rng(0)
    batch = au.Batch(X, y)
    some = au.RandomApply(au.GaussianNoise(1.0), 0.3).augment(batch, rng)
    assert (some.X != 0).mean() == pytest.approx(0.3, abs=0.03)
    assert (some.y == y).all()
    latent = au.RandomApply(au.LatentNoise(PCA(2)), 0.0).fit(TABLE)
    assert (latent.augment(au.Batch(TABLE, y[:60]), rng).X == TABLE).all()  # none is chosen
    one = au.OneOf([au.GaussianNoise(1.0), au.FeatureMask(1.0, value=9.0), au.Mixup(0.5)]).augment(batch, rng)
    assert (one.X == 9.0).mean() == pytest.approx(1 / 3, abs=0.03)
    assert (one.shares[:, 0] == 1.0).mean() == pytest.approx(2 / 3, abs=0.03)
    np.testing.assert_allclose(one.shares.sum(axis=1), 1.0)


def test_compose__parameters_of_parts_by_index():
    both = au.Compose([au.Mixup(), au.GaussianNoise()]).set_params(**{"1__scale": 3.0, "0": au.FeatureMask()})
    assert both.augmenters[1].scale == 3.0
    assert isinstance(both.augmenters[0], au.FeatureMask)
    with pytest.raises(ValueError, match="there are 2 augmenters; got a value for '7'"):
        both.set_params(**{"7": au.Mixup()})


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_compose__searches_reach_the_parts(n_jobs):
    X, y = load_digits(return_X_y=True)
    both = au.Compose([au.Rotate(10.0, image_shape=(8, 8)), au.GaussianNoise(1.0)])
    model = make_pipeline(
        StandardScaler(with_std=False), au.AugmentedClassifier(SGDClassifier(random_state=0), both, random_state=0)
    )
    grid = {
        "augmentedclassifier__augmenter__0__degrees": [0.0, 10.0],
        "augmentedclassifier__augmenter__1": [au.FeatureMask(0.1), au.GaussianNoise(2.0)],
    }
    with joblib.parallel_config("threading"):
        search = GridSearchCV(model, grid, cv=2, n_jobs=n_jobs).fit(X[:300], y[:300])
    fresh = clone(model).set_params(**search.best_params_).fit(X[:300], y[:300])
    assert (fresh.predict(X) == search.predict(X)).all()
    assert both.augmenters[0].degrees == 10.0
    pickle.loads(pickle.dumps(search.best_estimator_)).predict(X[:5])
