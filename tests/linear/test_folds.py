"""Cross-validation over paths where folds lack rows, classes or a score."""

import warnings

import numpy as np
import pytest
import sklearn
from sklearn.datasets import load_iris
from sklearn.metrics import log_loss, make_scorer, roc_auc_score
from sklearn.model_selection import GroupKFold, KFold, LeaveOneOut, PredefinedSplit, StratifiedKFold

from skreg import ElasticNetProxCV, LabelSmoothedLogistic, LabelSmoothedLogisticCV
from tests.problems import classification, regression
from tests.versions import needs_brier, needs_d2

pytestmark = pytest.mark.filterwarnings("ignore:.*est of its grid", "ignore:The least populated class")

IRIS = load_iris(return_X_y=True)
SHUFFLED = KFold(3, shuffle=True, random_state=0)
BRIER, D2 = pytest.param("neg_brier_score", marks=needs_brier), pytest.param("d2_log_loss_score", marks=needs_d2)


def search(**params):
    return LabelSmoothedLogisticCV(**(dict(alphas=3, label_smoothing=0.0) | params))


@pytest.mark.parametrize("names", [np.arange(3), np.array(["a", "b", "c"])])
@pytest.mark.parametrize("scoring", ["neg_log_loss", BRIER, D2])
def test_folds__scores_of_probabilities_know_classes_that_test_rows_lack(scoring, names):
    X, y = IRIS
    model = search(scoring=scoring, cv=KFold(3)).fit(X, names[y])  # each fold holds one class, which others never saw
    assert (
        np.isfinite(model.scores_[..., :]).any() if scoring == "d2_log_loss_score" else np.isfinite(model.scores_).all()
    )


def test_folds__log_loss_scorer_gives_the_default_scores():
    X, y = IRIS
    ours = search(cv=KFold(4)).fit(X, y)
    theirs = search(cv=KFold(4), scoring="neg_log_loss").fit(X, y)
    clipped = -np.log(np.finfo(float).eps)  # scikit-learn cuts probabilities off there
    np.testing.assert_allclose(np.maximum(ours.scores_, -clipped), theirs.scores_, rtol=1e-6)


@pytest.mark.parametrize("scoring", ["neg_log_loss", BRIER, "top_k_accuracy", "f1_macro", "accuracy"])
def test_folds__a_class_of_one_row(scoring):
    X, codes = classification(60, 4, 3, seed=3)
    codes = np.where(codes == 2, 1, codes)
    codes[0] = 2
    model = search(scoring=scoring).fit(X, codes)
    assert np.isfinite(model.scores_).all()


def test_folds__two_classes_of_which_test_rows_have_one():
    X, codes = classification(60, 4, 2, seed=3)
    labels = np.array(["no", "yes"])[codes]
    order = np.argsort(codes, kind="stable")
    for scoring in ("neg_log_loss", "neg_brier_score"):
        model = search(scoring=scoring, cv=KFold(3)).fit(X[order], labels[order])
        assert np.isfinite(model.scores_).all()


def test_folds__without_a_score_are_left_out_with_one_warning():
    X, codes = classification(90, 4, 2, seed=1)
    fold = np.arange(90) % 5
    fold[codes == 0] = np.arange((codes == 0).sum()) % 4  # fold 4 has one class
    with pytest.warns(UserWarning, match="leaves fold 4") as told:
        model = search(scoring="roc_auc", cv=PredefinedSplit(fold)).fit(X, codes)
    left_out = [str(w.message) for w in told if "leaves fold" in str(w.message)]
    assert len(left_out) == len(told) == 1
    assert "leaves fold 4 out of the choice: scoring='roc_auc' has no value on its test rows" in left_out[0]
    assert told[0].filename == __file__
    assert np.isnan(model.scores_[..., 4]).all()
    assert np.isfinite(model.scores_[..., :4]).all()
    others = [(np.flatnonzero(fold != f), np.flatnonzero(fold == f)) for f in range(4)]
    same = search(scoring="roc_auc", cv=others).fit(X, codes)
    np.testing.assert_array_equal(model.scores_[..., :4], same.scores_)
    assert (model.alpha_, model.alpha_1se_, model.best_score_) == (same.alpha_, same.alpha_1se_, same.best_score_)
    np.testing.assert_array_equal(model.coef_, same.coef_)


def test_folds__a_scorer_that_raises_on_some_folds():
    X, codes = classification(90, 4, 3, seed=1)
    fold = np.where(codes == 2, np.arange(90) % 4, np.arange(90) % 5)
    strict = make_scorer(lambda y, p: log_loss(y, p), response_method="predict_proba", greater_is_better=False)
    with pytest.warns(UserWarning, match=r"leaves fold 4 out .* test rows: .*(different number of classes|labels)"):
        model = search(scoring=strict, cv=PredefinedSplit(fold)).fit(X, codes)
    assert np.isfinite(model.best_score_)
    with pytest.raises(ValueError, match=r"scoring=.*has no value on the test rows of any fold: no such luck\.$"):
        search(scoring=raises(ValueError("no such luck."))).fit(X, codes)
    with pytest.raises(MemoryError, match="no room"):
        search(scoring=raises(MemoryError("no room"))).fit(X, codes)


def raises(error):
    def scorer(estimator, X, y):
        raise error

    return scorer


def test_folds__r2_on_one_row():
    X, y = regression(12, 3, seed=1)
    with pytest.raises(ValueError, match="scoring='r2' has no value on the test rows of any fold: it is NaN"):
        ElasticNetProxCV(alphas=3, cv=LeaveOneOut(), scoring="r2").fit(X, y)
    with pytest.warns(UserWarning, match="leaves folds 0, 2 out of the choice: scoring='r2'") as told:
        ElasticNetProxCV(alphas=3, cv=PredefinedSplit([0, 2, *[1] * 10]), scoring="r2").fit(X, y)
    assert len(told) == 1
    assert np.isfinite(ElasticNetProxCV(alphas=3, cv=LeaveOneOut()).fit(X, y).scores_).all()


def test_folds__default_folds_are_as_many_as_the_rows_allow():
    X, codes = classification(60, 4, 3, seed=2)
    few = np.concatenate([np.flatnonzero(codes == k)[:n] for k, n in enumerate((4, 4, 3))])
    with pytest.warns(
        UserWarning, match="uses 4 folds instead of 5, as there are no more than 4 rows of any class"
    ) as told:
        model = search().fit(X[few], codes[few])
    assert told[0].filename == __file__
    assert model.scores_.shape == (1, 1, 3, 4)
    with pytest.raises(ValueError, match="n_splits=5 cannot be greater"):
        search(cv=5).fit(X[few], codes[few])
    with pytest.warns(UserWarning, match="uses 3 folds instead of 5, as there are no more than 3 rows"):
        assert ElasticNetProxCV(alphas=3).fit(X[:3], np.arange(3.0)).scores_.shape == (1, 3, 3)
    with pytest.raises(ValueError, match="needs at least two rows of any class; got n_samples=2 with one row of every"):
        search().fit(X[few[[0, 4]]], codes[few[[0, 4]]])
    with pytest.raises(ValueError, match="needs at least two rows; got n_samples=1"):
        ElasticNetProxCV(alphas=3).fit(X[:1], [1.0])


def test_folds__best_score_is_the_mean_at_the_choice():
    X, y = regression(80, 6, seed=2)
    for selection in ("min", "1se"):
        model = ElasticNetProxCV(l1_ratio=[0.2, 1.0], alphas=8, selection=selection).fit(X, y)
        where = (
            [0.2, 1.0].index(model.l1_ratio_),
            np.flatnonzero(model.alphas_[0 if model.l1_ratio_ == 0.2 else 1] == model.alpha_)[0],
        )
        assert model.best_score_ == model.scores_.mean(axis=-1)[where]
        assert type(model.best_score_) is float
    assert model.best_score_ <= model.scores_.mean(axis=-1).max()


@pytest.mark.parametrize("K", [2, 3])
def test_folds__stored_coefficients_are_those_of_the_folds(K):
    X, codes = classification(80, 5, K, seed=7)
    folds, params = StratifiedKFold(3), dict(tol=1e-10)
    model = search(l1_ratio=[0.5, 1.0], label_smoothing=[0.0, 0.1], cv=folds, store_coef_path=True, **params).fit(
        X, codes
    )
    rows = 1 if K == 2 else K
    assert model.coefs_path_.shape == (2, 2, 3, 3, rows, 5)
    assert model.intercepts_path_.shape == (2, 2, 3, 3, rows)
    train = next(iter(folds.split(X, codes)))[0]
    one = LabelSmoothedLogistic(model.alphas_[0, 1, 2], l1_ratio=0.5, label_smoothing=0.1, **params)
    one.fit(X[train], codes[train])
    np.testing.assert_allclose(model.coefs_path_[0, 1, 2, 0], one.coef_, atol=1e-4)
    np.testing.assert_allclose(model.intercepts_path_[0, 1, 2, 0], one.intercept_, atol=1e-4)
    model.set_params(store_coef_path=False).fit(X, codes)
    assert not hasattr(model, "coefs_path_")


def test_folds__stored_coefficients_of_a_regression_give_the_errors():
    X, y = regression(60, 5, seed=3)
    for targets in (y, np.column_stack([y, -y])):
        model = ElasticNetProxCV(alphas=4, cv=SHUFFLED, store_coef_path=True).fit(X, targets)
        assert model.coefs_path_.shape == (1, 4, 3, *targets.shape[1:], 5)
        for f, (_, test) in enumerate(SHUFFLED.split(X)):
            predicted = X[test] @ model.coefs_path_[0, 2, f].T + model.intercepts_path_[0, 2, f]
            assert np.mean((targets[test] - predicted) ** 2) == pytest.approx(model.mse_path_[0, 2, f])


def test_folds__routed_parameters_that_are_not_one_a_row_stay_whole():
    X, codes = classification(90, 4, 3, seed=4)
    groups, weights = np.arange(90) // 9, np.random.default_rng(0).uniform(0.5, 2.0, 90)
    with sklearn.config_context(enable_metadata_routing=True):
        scorer = make_scorer(log_loss, response_method="predict_proba", greater_is_better=False)
        scorer.set_score_request(labels=True, sample_weight=True)
        model = search(scoring=scorer, cv=GroupKFold(3).set_split_request(groups=True))
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            model.fit(X, codes, weights, labels=[0, 1, 2], groups=groups)
    plain = search(cv=GroupKFold(3)).set_params(cv=list(GroupKFold(3).split(X, codes, groups))).fit(X, codes, weights)
    np.testing.assert_allclose(model.scores_, plain.scores_, rtol=1e-6)


def test_folds__binary_auc_agrees_with_scikit_learn():
    X, codes = classification(90, 4, 2, seed=4)
    model = search(scoring="roc_auc", cv=SHUFFLED).fit(X, codes)
    for f, (train, test) in enumerate(SHUFFLED.split(X)):
        one = LabelSmoothedLogistic(model.alphas_[0, 0, 2], l1_ratio=1.0).fit(X[train], codes[train])
        assert model.scores_[0, 0, 2, f] == pytest.approx(roc_auc_score(codes[test], one.decision_function(X[test])))


def test_folds__a_scorer_without_weights_is_named():
    X, y = regression(40, 3, seed=1)
    with pytest.raises(TypeError, match="scoring takes no sample_weight, which fit passes on to it"):
        ElasticNetProxCV(alphas=3, scoring=lambda model, X, y: 0.0).fit(X, y, np.arange(40.0))
    with pytest.raises(TypeError, match="of the scorer"):
        ElasticNetProxCV(alphas=3, scoring=raises(TypeError("of the scorer"))).fit(X, y)


def test_folds__without_refit_float32_coefficients_that_cancel_stay_in_double_precision():
    rng = np.random.default_rng(0)
    X = (rng.standard_normal((200, 1)) + 1e-6 * rng.standard_normal((200, 3))).astype(np.float32)
    y = 1e6 * (X[:, 0].astype(float) - X[:, 1]) + 0.1 * rng.standard_normal(200)
    params = dict(alphas=[1e-15, 1e-16], l1_ratio=0.0, refit=False, store_coef_path=True)
    single, double = (ElasticNetProxCV(**params).fit(Z, y) for Z in (X, X.astype(float)))
    np.testing.assert_allclose(single.predict(X.astype(float)), double.predict(X.astype(float)), atol=1e-3)
    np.testing.assert_allclose(single.coefs_path_, double.coefs_path_, rtol=1e-6)
