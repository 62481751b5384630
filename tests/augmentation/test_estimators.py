"""Estimators train on exactly the rows that they should."""

import numpy as np
import pytest
from sklearn import config_context
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier
from sklearn.exceptions import DataConversionWarning
from sklearn.linear_model import LogisticRegression, Ridge, SGDClassifier, SGDRegressor
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils.validation import has_fit_parameter

from skreg import DropoutMLPClassifier, EarlyStoppingClassifier
from skreg import augmentation as au
from skreg.augmentation._draws import largest_cap

from .cases import RNG, TABLE, as_draws


def test_augmented__trains_on_rows_and_copies():
    y = np.arange(60) % 3
    model = au.AugmentedClassifier(KNeighborsClassifier(1), au.GaussianNoise(0.1), n_copies=2, random_state=0).fit(
        TABLE, y
    )
    assert model.estimator_._fit_X.shape == (180, 5)
    assert (model.estimator_._fit_X[:60] == TABLE).all()
    assert model.score(TABLE, y) == 1.0
    alone = au.AugmentedClassifier(
        KNeighborsClassifier(1), au.GaussianNoise(0.1), include_original=False, random_state=0
    )
    assert alone.fit(TABLE, y).estimator_._fit_X.shape == (60, 5)
    with pytest.raises(ValueError, match=r"KNeighborsClassifier.* takes no sample_weight in fit"):
        au.AugmentedClassifier(KNeighborsClassifier(), au.Mixup()).fit(TABLE, y)


def test_augmented__weights_reach_rows_and_copies():
    y = np.arange(60) % 3
    weights = RNG.integers(0, 3, 60).astype(float)
    for augmenter in (au.FeatureMask(0.0), au.Mixup(0.3)):
        heavy = au.AugmentedClassifier(LogisticRegression(), augmenter, random_state=0).fit(TABLE, y, weights)
        rng = np.random.default_rng(np.random.RandomState(0).randint(2**31 - 1))
        source = as_draws(au.Batch(TABLE, y, weights=weights))
        assert source.n == weights.sum()
        batch = augmenter.augment(source, rng).hard()
        own = np.ones(batch.n) if batch.weights is None else batch.weights
        plain = LogisticRegression().fit(np.vstack([TABLE, batch.X]), np.r_[y, batch.y], np.r_[weights, own])
        np.testing.assert_allclose(heavy.estimator_.coef_, plain.coef_)


def test_augmented__repeated_rows_get_as_many_draws():
    X, y = np.tile([[0.0, 1.0], [1.0, 0.0]], (500, 1)), np.tile([0, 1], 500)
    model = au.AugmentedClassifier(
        KNeighborsClassifier(1), au.GaussianNoise(1.0), include_original=False, random_state=0
    )
    assert len(np.unique(model.fit(X, y).estimator_._fit_X, axis=0)) == 1000
    weighted = au.Batch(X[:2], y[:2], weights=np.array([500.0, 500.0]))
    assert (as_draws(weighted).X == as_draws(au.Batch(X, y)).X).all()
    halves = as_draws(weighted._replace(weights=np.array([3.0, 7.5])))
    assert halves.n == 3 + 8
    assert halves.weights.sum() == pytest.approx(10.5)
    huge = as_draws(weighted._replace(weights=np.array([1e6, 2.0])))
    assert huge.n == 10_000
    assert huge.weights.sum() == pytest.approx(1e6 + 2.0)
    assert largest_cap(np.array([5.0, 50.0, 500.0]), 100) == 47
    streams = [
        au.AugmentedClassifier(
            SGDClassifier(loss="log_loss", random_state=0), au.FeatureMask(0.0), mode="stream", random_state=0
        ).fit(rows, y)
        for rows in (X, X + 1e-9 * np.arange(1000)[:, None])
    ]
    np.testing.assert_allclose(streams[0].predict_proba(X), streams[1].predict_proba(X), atol=1e-3)
    rows = np.repeat(np.random.default_rng(0).standard_normal((5, 4)), 2000, axis=0)
    weights = np.where(np.arange(10000) % 2, 1.0, 0.7)
    model = au.AugmentedRegressor(SGDRegressor(), au.GaussianNoise(0.1), mode="stream", n_epochs=3, random_state=0)
    assert np.abs(model.fit(rows, rows[:, 0], weights).estimator_.coef_).max() < 1.5


def test_augmented__classes_under_weights_of_zero():
    y = np.array(["n", "p", "q"])[np.arange(60) % 3]
    weights = (y != "n").astype(float)
    for inner, options in ((LogisticRegression(), {}), (SGDClassifier(loss="log_loss"), dict(mode="stream"))):
        model = au.AugmentedClassifier(inner, au.GaussianNoise(0.1), random_state=0, **options).fit(TABLE, y, weights)
        assert model.predict_proba(TABLE).shape == (60, len(model.classes_))
        assert (model.classes_[model.predict_proba(TABLE).argmax(axis=1)] == model.predict(TABLE)).all()


def test_augmented__weights_reach_the_last_step():
    y = np.arange(60) % 3
    logistic = LogisticRegression()
    for inner in (make_pipeline(StandardScaler(), logistic), make_pipeline(StandardScaler(), make_pipeline(logistic))):
        model = au.AugmentedClassifier(inner, au.Mixup(0.4), random_state=0).fit(TABLE, y)
        plain = au.AugmentedClassifier(inner, au.FeatureMask(0.0), random_state=0).fit(TABLE, y)
        assert not np.allclose(model.predict_proba(TABLE), plain.predict_proba(TABLE))


def test_augmented__several_outputs():
    Y = TABLE @ RNG.standard_normal((5, 2))
    model = au.AugmentedRegressor(Ridge(), au.Mixup(0.4), random_state=0).fit(TABLE, Y)
    np.testing.assert_allclose(model.predict(TABLE), Ridge().fit(TABLE, Y).predict(TABLE), atol=0.2)
    labels = (Y > 0).astype(int)
    trees = au.AugmentedClassifier(DecisionTreeClassifier(random_state=0), au.GaussianNoise(0.01), random_state=0)
    assert (trees.fit(TABLE, labels).predict(TABLE) == labels).all()
    stream = au.AugmentedClassifier(SGDClassifier(), au.FeatureMask(), mode="stream")
    with pytest.raises(ValueError, match=r"mode='stream' takes labels of one output; got y of shape \(60, 2\)"):
        stream.fit(TABLE, labels)
    some = au.AugmentedClassifier(DecisionTreeClassifier(), au.GaussianNoise(), classes=[1])
    with pytest.raises(ValueError, match=r"classes=\[1\] needs labels of one output; got y of shape \(60, 2\)"):
        some.fit(TABLE, labels)
    with pytest.raises(ValueError, match="labels of several outputs cannot be mixed"):
        au.AugmentedClassifier(DecisionTreeClassifier(), au.Mixup()).fit(TABLE, labels)


def test_augmented__y_of_one_column_warns_at_the_line_of_the_user():
    y = np.arange(60) % 3
    model = au.AugmentedClassifier(LogisticRegression(), au.GaussianNoise(0.1), random_state=0)
    wanted = clone(model).fit(TABLE, y).predict(TABLE)
    with pytest.warns(DataConversionWarning, match="column-vector y") as caught:
        model.fit(TABLE, y[:, None])
    assert [warning.filename for warning in caught] == [__file__]
    np.testing.assert_array_equal(model.predict(TABLE), wanted)


def test_stream__new_copies_in_every_epoch():
    seen = []

    class Kept(SGDClassifier):
        def partial_fit(self, X, y, classes=None, sample_weight=None):
            seen.append(X)
            return super().partial_fit(X, y, classes=classes, sample_weight=sample_weight)

    y = np.arange(60) % 3
    model = au.AugmentedClassifier(
        Kept(random_state=0), au.GaussianNoise(0.1), mode="stream", n_epochs=3, batch_size=25, random_state=0
    ).fit(TABLE, y)
    assert [len(X) for X in seen] == [50, 50, 20] * 3
    originals = np.vstack([X[: len(X) // 2] for X in seen[:3]])
    assert set(map(tuple, originals)) == set(map(tuple, TABLE))
    noises = [np.vstack([X[len(X) // 2 :] for X in seen[k : k + 3]]) for k in (0, 3)]
    assert not np.isin(noises[0], noises[1]).any()
    assert model.predict(TABLE).shape == (60,)


def test_augmented__bad_input():
    y = np.arange(60) % 3
    for model, target, message in (
        (au.AugmentedRegressor(Ridge(), au.Mixup()), np.array(["a", "b", "c"])[y], "y must hold numbers to regress on"),
        (au.AugmentedRegressor(LogisticRegression(), au.Mixup()), y, "AugmentedRegressor needs a regressor"),
        (au.AugmentedClassifier(Ridge(), au.Mixup()), y, "AugmentedClassifier needs a classifier"),
        (au.AugmentedClassifier(LogisticRegression(), PCA()), y, r"'augmenter' .* Got PCA\(\)"),
        (au.AugmentedClassifier(LogisticRegression(), au.Mixup(), n_copies=-1), y, "'n_copies' .* Got -1"),
        (
            au.AugmentedClassifier(LogisticRegression(), au.Mixup(), n_copies=0, include_original=False),
            y,
            "n_copies=0 with include_original=False leaves no rows",
        ),
        (
            au.AugmentedClassifier(LogisticRegression(), au.Mixup(), classes=[7]),
            y,
            r"no row is of classes=\[7\]; y has",
        ),
        (
            au.AugmentedClassifier(SGDClassifier(), Doubled(), mode="stream"),
            y,
            "mode='stream' needs an augmenter; got the sampler",
        ),
        (au.AugmentedClassifier(LogisticRegression(), au.Mixup(), mode="stream"), y, "mode='stream' needs partial_fit"),
        (au.AugmentedClassifier(LogisticRegression(), au.Rotate(image_shape=(2, 2))), y, r"image_shape=\(2, 2\) has 4"),
    ):
        with pytest.raises(ValueError, match=message):
            model.fit(TABLE, target)


class Doubled(BaseEstimator):
    """A sampler of another library: all rows twice, those of the second time with another label."""

    def fit_resample(self, X, y):
        return np.vstack([X, X + 100.0]), np.r_[y, y + 1]


class Recorder(ClassifierMixin, BaseEstimator):
    """Keeps what it is fitted with, and would hold out a tenth of its rows."""

    def __init__(self, early_stopping=True, validation_fraction=0.1):
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction

    def fit(self, X, y, sample_weight=None, X_val=None, y_val=None, sample_weight_val=None):
        self.X_ = X
        self.y_ = y
        self.sample_weight_ = sample_weight
        self.X_val_ = X_val
        self.y_val_ = y_val
        self.sample_weight_val_ = sample_weight_val
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.full(len(X), self.classes_[0])


@pytest.mark.parametrize("none", [dict(augmenter=None), dict(n_copies=0)], ids=str)
@pytest.mark.parametrize("weights", [None, np.linspace(0.0, 5.0, 60)], ids=["equal", "weighted"])
def test_augmented__without_augmentation_is_the_plain_fit(none, weights):
    y = np.arange(60) % 3
    model = au.AugmentedClassifier(LogisticRegression(), au.Mixup()).set_params(**none).fit(TABLE, y, weights)
    np.testing.assert_array_equal(model.estimator_.coef_, LogisticRegression().fit(TABLE, y, weights).coef_)
    alone = au.AugmentedRegressor(Ridge(), None, include_original=False, n_copies=5).fit(TABLE, y, weights)
    np.testing.assert_array_equal(alone.estimator_.coef_, Ridge().fit(TABLE, y, weights).coef_)
    rows = au.AugmentedClassifier(Recorder(), None).fit(TABLE, y).estimator_  # stops early as it does alone
    assert rows.X_val_ is None
    assert rows.early_stopping
    stream = au.AugmentedClassifier(SGDClassifier(random_state=0), None, mode="stream", n_epochs=2, random_state=0)
    assert stream.fit(TABLE, y, weights).predict(TABLE).shape == (60,)


def test_augmented__searches_compare_with_no_augmentation():
    y = np.arange(60) % 3
    model = au.AugmentedClassifier(LogisticRegression(), au.Mixup(), random_state=0)
    search = GridSearchCV(model, {"augmenter": [None, au.GaussianNoise(5.0)], "n_copies": [0, 2]}, cv=2).fit(TABLE, y)
    scores = search.cv_results_["mean_test_score"]
    assert scores[0] == scores[1] == scores[2]


def test_augmented__validation_rows_are_held_out_before_rows_are_copied():
    X = np.repeat(RNG.standard_normal((100, 5)), 2, axis=0)  # every row twice
    y = np.repeat(np.arange(100) % 2, 2)
    weights = np.repeat(RNG.uniform(0.6, 0.9, 100), 2)
    weights[:10] = 0.0
    for inner in (Recorder(), make_pipeline(StandardScaler(), make_pipeline(PCA(), Recorder()))):
        model = au.AugmentedClassifier(inner, au.FeatureMask(0.0), n_copies=3, random_state=0).fit(X, y, weights)
        fitted = model.estimator_ if isinstance(inner, Recorder) else model.estimator_[-1][-1]
        head = None if isinstance(inner, Recorder) else make_pipeline(model.estimator_[0], model.estimator_[1][0])
        seen, held = (Z if head is None else head.inverse_transform(Z) for Z in (fitted.X_, fitted.X_val_))
        rows = {tuple(row) for row in np.round(seen, 9) + 0.0}
        kept = {tuple(row) for row in np.round(held, 9) + 0.0}
        assert not rows & kept  # neither a copy of a row nor a repeated row on both sides
        assert rows | kept == {tuple(row) for row in np.round(X, 9) + 0.0}
        assert len(kept) == round(0.1 * 95)  # of the rows with weight
        assert len(held) == 2 * len(kept)  # as they are
        assert len(seen) == 10 + 8 * (95 - len(kept))  # two rows and, of a weight between 1 and 2, two draws a copy
        assert np.mean(fitted.y_val_) == pytest.approx(0.5, abs=0.11)
        total = weights.sum() - fitted.sample_weight_val_.sum()
        assert fitted.sample_weight_.sum() == pytest.approx(4 * total)
        if head is not None:  # scaled by the rows that are trained on
            np.testing.assert_allclose(model.estimator_[0].mean_, seen.mean(axis=0))


def test_augmented__validation_rows_that_are_given_or_not_wanted():
    X, y = RNG.standard_normal((100, 5)), np.arange(100) % 2
    few = au.AugmentedClassifier(Recorder(), au.FeatureMask(0.0), random_state=0).fit(X[:30], y[:30])
    assert few.estimator_.X_val_ is None
    assert few.estimator_.early_stopping is False
    few.set_params(estimator=make_pipeline(Recorder(validation_fraction=0.3)))
    with pytest.warns(
        UserWarning, match=r"at least 50 unique rows.* Without effect: recorder__validation_fraction=0\.3"
    ):
        few.fit(X[:30], y[:30])
    stopper = EarlyStoppingClassifier(min_delta=1e-2, random_state=0)  # holds rows out of any number
    au.AugmentedClassifier(stopper, au.FeatureMask(0.0), random_state=0).fit(X[:30], X[:30, 0] > 0.0)
    given = au.AugmentedClassifier(make_pipeline(StandardScaler(), Recorder()), au.FeatureMask(0.0))
    given.fit(X, y, X_val=X[:9], y_val=y[:9])
    np.testing.assert_allclose(given.estimator_[-1].X_val_, given.estimator_[0].transform(X[:9]))
    assert len(given.estimator_[-1].X_) == 200
    off = au.AugmentedClassifier(Recorder(early_stopping=False), au.FeatureMask(0.0)).fit(X, y)
    assert off.estimator_.X_val_ is None
    auto = au.AugmentedClassifier(Recorder(early_stopping="auto"), au.FeatureMask(0.0)).fit(X, y)
    assert auto.estimator_.X_val_ is None  # as few as scikit-learn does not stop early with


def test_augmented__early_stopping_of_real_estimators_without_a_warning():
    X, y = load_digits(return_X_y=True)
    X, y = X[:120] / 16.0, y[:120] > 4
    net = DropoutMLPClassifier((10,), max_iter=3, random_state=0)
    for inner in (
        net,
        make_pipeline(StandardScaler(), net),
        EarlyStoppingClassifier(min_delta=1e-2, random_state=0),
        EarlyStoppingClassifier(GradientBoostingClassifier(n_estimators=5), patience=2, random_state=0),
        HistGradientBoostingClassifier(max_iter=5, early_stopping=True, random_state=0),
    ):
        if isinstance(inner, HistGradientBoostingClassifier) and not has_fit_parameter(inner, "X_val"):
            continue  # takes validation rows since scikit-learn 1.7
        au.AugmentedClassifier(inner, au.GaussianNoise(0.1), random_state=0).fit(X, y)
    augmented = au.AugmentedClassifier(net, au.GaussianNoise(0.1), random_state=0)
    augmented.fit(X[:100], y[:100], X_val=X[100:], y_val=y[100:])
    clone(augmented).set_params(mode="stream", n_epochs=2).fit(X[:100], y[:100])
    with pytest.raises(ValueError, match="mode='stream' takes no more arguments of fit; got X_val"):
        clone(augmented).set_params(mode="stream").fit(X, y, X_val=X)


def test_augmented__splits_that_cannot_be_made_before_copying_warn():
    y = np.arange(60) % 2
    for inner, name in (
        (GradientBoostingClassifier(n_estimators=5, n_iter_no_change=3), "n_iter_no_change"),
        (GridSearchCV(KNeighborsClassifier(), {"n_neighbors": [1, 5]}, cv=2), "cv"),
        (make_pipeline(StandardScaler(), SGDClassifier(early_stopping=True)), "sgdclassifier__early_stopping"),
        (EarlyStoppingClassifier(GradientBoostingClassifier(n_estimators=5), cv=2, random_state=0), "cv"),
    ):
        with pytest.warns(UserWarning, match=rf"splits its training rows by itself \({name}\)"):
            au.AugmentedClassifier(inner, au.GaussianNoise(0.1), random_state=0).fit(TABLE, y)


def test_augmented__copies_of_some_classes_only():
    y = np.array(["common"] * 50 + ["rare"] * 10)
    model = au.AugmentedClassifier(
        Recorder(early_stopping=False), au.Mixup(), n_copies=4, classes=["rare"], random_state=0
    )
    rows = model.fit(TABLE, y).estimator_
    assert (rows.y_[:60] == y).all()
    assert set(rows.y_[60:]) == {"rare"}
    assert rows.sample_weight_.sum() == pytest.approx(60 + 4 * 10)
    low, high = TABLE[50:].min(axis=0), TABLE[50:].max(axis=0)
    assert ((rows.X_[60:] >= low) & (rows.X_[60:] <= high)).all()  # mixed among themselves
    stream = clone(model).set_params(estimator=SGDClassifier(random_state=0), augmenter=au.GaussianNoise(0.01))
    stream.set_params(mode="stream", include_original=False, batch_size=5, n_epochs=3)
    assert set(stream.fit(TABLE, y).predict(TABLE[50:])) == {"rare"}


def test_augmented__samplers_of_other_libraries():
    y = np.arange(60) % 2
    rows = au.AugmentedClassifier(Recorder(early_stopping=False), Doubled()).fit(TABLE, y).estimator_
    assert (np.vstack([TABLE, TABLE + 100.0]) == rows.X_).all()
    assert (rows.y_ == np.r_[y, y + 1]).all()
    X, y = RNG.standard_normal((120, 5)), np.arange(120) % 2
    held = au.AugmentedClassifier(Recorder(), Doubled(), random_state=0).fit(X, y).estimator_
    assert len(held.X_val_) == 12
    assert len(held.X_) == 2 * 108
    with pytest.raises(ValueError, match="sample_weight is given, and the sampler augmenter="):
        au.AugmentedClassifier(LogisticRegression(), Doubled()).fit(X, y, np.linspace(1.0, 2.0, 120))
    over_sampling = pytest.importorskip("imblearn.over_sampling")
    y = np.r_[np.zeros(100, int), np.ones(20, int)]
    smote = over_sampling.SMOTE(random_state=0)
    model = au.AugmentedClassifier(LogisticRegression(), smote).fit(X, y)
    plain = LogisticRegression().fit(*smote.fit_resample(X, y))
    np.testing.assert_array_equal(model.estimator_.coef_, plain.coef_)
    with pytest.raises(ValueError, match=r"'augmenter' .* a sampler with fit_resample"):
        au.AugmentedClassifier(LogisticRegression(), over_sampling.SMOTE).fit(X, y)


def test_augmented__weights_under_metadata_routing():
    y = np.arange(60) % 2
    weights = np.linspace(0.5, 1.0, 60)
    plain = au.AugmentedClassifier(LogisticRegression(), au.FeatureMask(0.0), random_state=0)
    wanted = clone(plain).fit(TABLE, y, weights).estimator_.coef_
    with config_context(enable_metadata_routing=True):
        model = clone(plain).set_fit_request(sample_weight=True).set_score_request(sample_weight=False)
        search = GridSearchCV(model, {"n_copies": [1]}, cv=2).fit(TABLE, y, sample_weight=weights)
    np.testing.assert_allclose(search.best_estimator_.estimator_.coef_, wanted)


def test_augmented__weights_of_mixed_labels_under_metadata_routing():
    y = np.arange(60) % 2
    for inner in (make_pipeline(StandardScaler(), LogisticRegression()), make_pipeline(StandardScaler(), Recorder())):
        wanted = au.AugmentedClassifier(inner, au.Mixup(), random_state=0).fit(TABLE, y).estimator_[-1]
        with config_context(enable_metadata_routing=True):
            asked = clone(inner)
            asked[0].set_fit_request(sample_weight=False)
            asked[-1].set_fit_request(sample_weight=True)
            found = au.AugmentedClassifier(asked, au.Mixup(), random_state=0).fit(TABLE, y).estimator_[-1]
            if isinstance(found, Recorder):
                np.testing.assert_array_equal(found.sample_weight_, wanted.sample_weight_)
                np.testing.assert_array_equal(found.X_val_, wanted.X_val_)
            else:
                np.testing.assert_array_equal(found.coef_, wanted.coef_)
                with pytest.raises(ValueError, match=r"takes no sample_weight in fit.* it must be requested"):
                    au.AugmentedClassifier(inner, au.Mixup(), random_state=0).fit(TABLE, y)
