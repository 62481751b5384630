"""LabelSmoothedLogisticCV: what the choice promises."""

import numpy as np
import pytest
import sklearn
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import GroupKFold, KFold, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skreg import LabelSmoothedLogistic, LabelSmoothedLogisticCV
from tests.combinations import combinations
from tests.problems import DESIGNS, classification

# most grids here are short on purpose; when the warning comes is tested in test_grid.py
pytestmark = pytest.mark.filterwarnings("ignore:.*est of its grid")

TIGHT = dict(tol=1e-10)


@pytest.mark.parametrize(("K", "kind", "grouped"), combinations([2, 3], ["dense", "csc"], [False, True]))
def test_logistic_cv__folds_are_separate_fits(K, kind, grouped):
    X, codes = classification(90, 8, K, seed=1)
    weights = np.random.default_rng(0).uniform(0.5, 2.0, 90)
    folds, params = KFold(3, shuffle=True, random_state=0), dict(standardize=True, grouped=grouped, **TIGHT)
    ratios, smoothings = [0.3, 1.0], [0.0, 0.2]
    model = LabelSmoothedLogisticCV(
        l1_ratio=ratios, label_smoothing=smoothings, alphas=4, eps=0.05, cv=folds, **params
    ).fit(DESIGNS[kind](X), codes, weights)
    assert model.alphas_.shape == (2, 2, 4)
    assert model.scores_.shape == (2, 2, 4, 3)
    for i, j, k in np.ndindex(model.alphas_.shape):
        for f, (train, test) in enumerate(folds.split(X)):
            one = LabelSmoothedLogistic(
                model.alphas_[i, j, k], l1_ratio=ratios[i], label_smoothing=smoothings[j], **params
            ).fit(X[train], codes[train], weights[train])
            loss = log_loss(codes[test], one.predict_proba(X[test]), sample_weight=weights[test])
            assert model.scores_[i, j, k, f] == pytest.approx(-loss, rel=1e-4)
    best = np.unravel_index(model.scores_.mean(axis=-1).argmax(), (2, 2, 4))
    assert model.alpha_ == model.alphas_[best]
    assert (model.l1_ratio_, model.label_smoothing_) == (ratios[best[0]], smoothings[best[1]])
    refit = LabelSmoothedLogistic(
        model.alpha_, l1_ratio=model.l1_ratio_, label_smoothing=model.label_smoothing_, **params
    )
    np.testing.assert_allclose(refit.fit(X, codes, weights).coef_, model.coef_, atol=1e-5)
    np.testing.assert_array_equal(
        LabelSmoothedLogistic(1.001 * model.alphas_[1, 1, 0], l1_ratio=1.0, label_smoothing=0.2, **params)
        .fit(X, codes, weights)
        .coef_,
        0.0,
    )


def test_logistic_cv__one_se_is_never_less_regularized():
    simpler = 0
    for seed in range(6):
        X, codes = classification(60, 10, 2, seed=seed)
        params = dict(alphas=10, label_smoothing=0.05, eps=0.01)
        best, simple = (
            LabelSmoothedLogisticCV(selection=selection, **params).fit(X, codes) for selection in ("min", "1se")
        )
        assert best.alpha_ == best.alpha_min_ == simple.alpha_min_
        assert simple.alpha_ == simple.alpha_1se_ >= simple.alpha_min_
        simpler += simple.alpha_ > best.alpha_
    assert simpler


def test_logistic_cv__folds_are_stratified_by_default():
    X, codes = classification(60, 4, 3, seed=2)
    order = np.argsort(codes)  # consecutive folds would miss whole classes
    model = LabelSmoothedLogisticCV(alphas=3, cv=4).fit(X[order], codes[order])
    again = LabelSmoothedLogisticCV(alphas=3, cv=StratifiedKFold(4)).fit(X[order], codes[order])
    np.testing.assert_array_equal(model.scores_, again.scores_)


def test_logistic_cv__a_class_that_a_fold_has_not_seen():
    X, codes = classification(60, 4, 3, seed=3)
    codes[:] = np.where(codes == 2, 1, codes)
    codes[0] = 2
    model = LabelSmoothedLogisticCV(alphas=3, cv=KFold(3)).fit(X, codes)
    assert np.isfinite(model.scores_).all()
    assert -1.0 > model.scores_[0, 0, 0, 0] > -30.0  # nearly ruled out, but not more so as evaluations go on
    with pytest.raises(ValueError, match=r"cv=KFold.*: the training rows of fold 0 hold only one class"):
        LabelSmoothedLogisticCV(alphas=3, cv=KFold(2)).fit(X, np.arange(60) // 30)


def test_logistic_cv__a_confidence_penalty_has_no_gap_to_keep():
    X, codes = classification(60, 4, 3, seed=9)
    model = LabelSmoothedLogisticCV(alphas=3, confidence_penalty=0.5).fit(X, codes)
    assert model.stationarity_ <= 1e-4
    model.set_params(refit=False).fit(X, codes)
    assert not hasattr(model, "stationarity_")


def test_logistic_cv__scorers_see_labels_and_weights():
    X, codes = classification(90, 6, 3, seed=4)
    labels, weights = np.array(["a", "b", "c"])[codes], np.random.default_rng(0).uniform(0.1, 3.0, 90)
    folds = StratifiedKFold(3)
    model = LabelSmoothedLogisticCV(alphas=3, cv=folds, scoring="accuracy", **TIGHT).fit(X, labels, weights)
    for f, (train, test) in enumerate(folds.split(X, labels)):
        one = LabelSmoothedLogistic(model.alphas_[0, 1, 2], l1_ratio=1.0, label_smoothing=0.1, **TIGHT).fit(
            X[train], labels[train], weights[train]
        )
        score = accuracy_score(labels[test], one.predict(X[test]), sample_weight=weights[test])
        assert model.scores_[0, 1, 2, f] == pytest.approx(score)


def test_logistic_cv__threads_change_nothing():
    X, codes = classification(80, 6, 3, seed=5)
    one, two = (LabelSmoothedLogisticCV(alphas=5, n_jobs=n).fit(X, codes) for n in (1, 2))
    np.testing.assert_array_equal(one.scores_, two.scores_)
    np.testing.assert_array_equal(one.coef_, two.coef_)


def test_logistic_cv__groups_and_weights_by_routing():
    X, codes = classification(80, 5, 2, seed=6)
    groups, weights = np.arange(80) // 8, np.random.default_rng(0).uniform(0.5, 2.0, 80)
    with sklearn.config_context(enable_metadata_routing=True):
        model = LabelSmoothedLogisticCV(alphas=4, cv=GroupKFold(4).set_split_request(groups=True))
        model.fit(X, codes, weights, groups=groups)
    plain = LabelSmoothedLogisticCV(alphas=4, cv=list(GroupKFold(4).split(X, codes, groups))).fit(X, codes, weights)
    np.testing.assert_array_equal(model.scores_, plain.scores_)


def test_logistic_cv__without_refit_coefficients_are_the_folds_mean():
    X, codes = classification(80, 5, 3, seed=7)
    folds = StratifiedKFold(3)
    model = LabelSmoothedLogisticCV(alphas=4, cv=folds, refit=False, **TIGHT).fit(X, codes)
    fits = [
        LabelSmoothedLogistic(model.alpha_, l1_ratio=1.0, label_smoothing=model.label_smoothing_, **TIGHT).fit(
            X[train], codes[train]
        )
        for train, _ in folds.split(X, codes)
    ]
    np.testing.assert_allclose(model.coef_, np.mean([fit.coef_ for fit in fits], axis=0), atol=1e-5)
    assert not hasattr(model, "dual_gap_")


def test_logistic_cv__a_list_with_ridge_and_a_pipeline():
    X, codes = classification(80, 5, 3, seed=8)
    search = LabelSmoothedLogisticCV(l1_ratio=[0.0, 1.0], alphas=5)
    model = make_pipeline(StandardScaler(), search).fit(X, codes)
    assert model[-1].alphas_[0, 0, 0] == pytest.approx(1000.0 * model[-1].alphas_[1, 0, 0])
    assert model[-1].alphas_[0, 0, -1] == pytest.approx(model[-1].alphas_[1, 0, -1])
    assert model.score(X, codes) > 0.5
