"""PenalizedCoxCV: folds, scores and the choice against naive refits."""

import numpy as np
import pytest
from sklearn.model_selection import KFold, StratifiedKFold

from skreg import PenalizedCox, PenalizedCoxCV
from skreg._core.concordance import concordance
from tests.core.parts.test_cox import definition
from tests.linear.test_cox import GROUPS, columns, survival

PARAMS = dict(alphas=4, eps=0.05, tol=1e-8, store_coef_path=True)


def added_likelihood(b, X, event, time, weights, codes, train, test, efron):
    """What the held-out rows add to the logarithm of the partial likelihood, for each of their events."""
    parts = [
        definition(time[rows], event[rows].astype(float), weights[rows], codes[rows], X[rows] @ b, efron)
        for rows in (train, np.sort(np.append(train, test)))
    ]
    return (parts[0] - parts[1]) / (weights[test] @ event[test])


@pytest.mark.parametrize("ties", ["breslow", "efron"])
def test_cox_cv__scores_are_what_held_out_rows_add_to_naive_refits(ties):
    X, event, time = survival(n=90)
    rng = np.random.default_rng(1)
    weights, strata = rng.uniform(0.5, 2.0, 90), rng.choice(["a", "b"], 90)
    codes, cv = (strata == "b").astype(int), KFold(3)
    search = PenalizedCoxCV(l1_ratio=[0.5, 1.0], cv=cv, ties=ties, **PARAMS)
    search.fit(X, columns(event, time), weights, strata=strata)
    assert search.scores_.shape == (2, 1, 4, 3)
    assert search.coefs_path_.shape == (2, 1, 4, 3, 9)
    for number, (train, test) in enumerate(cv.split(X)):
        for i, l1_ratio in enumerate([0.5, 1.0]):
            alpha = search.alphas_[i, 0, 2]
            single = PenalizedCox(alpha, l1_ratio=l1_ratio, ties=ties, tol=1e-10)
            single.fit(X[train], columns(event, time)[train], weights[train], strata=strata[train])
            np.testing.assert_allclose(search.coefs_path_[i, 0, 2, number], single.coef_, atol=1e-4)
            own = search.coefs_path_[i, 0, 2, number]
            expected = added_likelihood(own, X, event, time, weights, codes, train, test, ties == "efron")
            assert search.scores_[i, 0, 2, number] == pytest.approx(expected, rel=1e-9)
    means = search.scores_.mean(axis=-1)
    assert search.best_score_ == means.max()
    i, _, k = np.unravel_index(means.argmax(), means.shape)
    assert (search.l1_ratio_, search.alpha_) == ([0.5, 1.0][i], search.alphas_[i, 0, k])


def test_cox_cv__concordance_is_that_of_held_out_rows():
    X, event, time = survival(n=90)
    strata, cv = np.random.default_rng(1).integers(0, 2, 90), KFold(3)
    search = PenalizedCoxCV(l1_ratio=1.0, cv=cv, scoring="concordance", **PARAMS)
    search.fit(X, columns(event, time), strata=strata)

    def scorer(model, X, y):
        return concordance(y[:, 0].astype(bool), y[:, 1], model.predict(X), np.ones(len(X)), np.zeros(len(X), int))

    plain = PenalizedCoxCV(l1_ratio=1.0, cv=cv, scoring="concordance", **PARAMS).fit(X, columns(event, time))
    called = PenalizedCoxCV(l1_ratio=1.0, cv=cv, scoring=scorer, **PARAMS).fit(X, columns(event, time))
    np.testing.assert_allclose(called.scores_, plain.scores_)
    for number, (train, test) in enumerate(cv.split(X)):
        single = PenalizedCox(search.alphas_[0, 0, 2], l1_ratio=1.0, tol=1e-10)
        single.fit(X[train], columns(event, time)[train], strata=strata[train])
        expected = single.score(X[test], columns(event, time)[test], strata=strata[test])
        assert search.scores_[0, 0, 2, number] == pytest.approx(expected, abs=0.02)


@pytest.mark.parametrize("name", ["group_lasso", "mcp"])
def test_cox_cv__refit_and_choice(name):
    X, event, time = survival(n=90)
    y = columns(event, time)
    params = dict(penalty=name, **(dict(groups=GROUPS) if "group" in name else dict(gamma=[2.5, 6.0])))
    search = PenalizedCoxCV(selection="1se", n_jobs=2, **PARAMS, **params).fit(X, y)
    assert search.alpha_ == search.alpha_1se_ >= search.alpha_min_
    chosen = dict(gamma=search.gamma_) if name == "mcp" else {}
    again = PenalizedCox(search.alpha_, tol=1e-8, **{**params, **chosen}).fit(X, y)
    np.testing.assert_allclose(search.coef_, again.coef_, atol=1e-5)
    np.testing.assert_allclose(search.predict(X), again.predict(X), atol=1e-4)
    np.testing.assert_allclose(search.predict_survival_function(X), again.predict_survival_function(X), atol=1e-4)
    assert search.score(X, y) == pytest.approx(again.score(X, y), abs=1e-3)
    assert hasattr(search, "gamma_") == (name == "mcp")
    mean = PenalizedCoxCV(refit=False, **PARAMS, **params).fit(X, y)
    at = np.unravel_index(mean.scores_.mean(axis=-1).argmax(), mean.scores_.shape[:-1])
    np.testing.assert_allclose(mean.coef_, mean.coefs_path_[at].mean(axis=0))
    assert not hasattr(mean, "dual_gap_")
    assert mean.event_times_[0].size > 0


def test_cox_cv__folds_are_stratified_by_event():
    X, event, time = survival(n=60)
    event = np.arange(60) < 9  # few events, all at the beginning
    counts = []
    for train, test in StratifiedKFold(3).split(X, event):
        counts.append((event[train].sum(), event[test].sum()))
    assert counts == [(6, 3)] * 3
    whole = PenalizedCoxCV(cv=3, l1_ratio=1.0, **PARAMS).fit(X, columns(event, time))
    given = PenalizedCoxCV(cv=list(StratifiedKFold(3).split(X, event)), l1_ratio=1.0, **PARAMS)
    np.testing.assert_array_equal(whole.scores_, given.fit(X, columns(event, time)).scores_)
    with pytest.warns(UserWarning, match="uses 3 folds instead of 5, as there are no more events"):
        few = PenalizedCoxCV(l1_ratio=1.0, **PARAMS).fit(X, columns(np.arange(60) < 3, time))
    assert few.scores_.shape[-1] == 3


@pytest.mark.filterwarnings("ignore:.*smallest of its grid")
def test_cox_cv__events_without_weight_are_censored_rows():
    X, event, time = survival(n=60)
    event, weights = np.arange(60) < 20, np.ones(60)
    weights[3:20] = 0.0
    with pytest.warns(UserWarning, match="uses 3 folds instead of 5"):
        search = PenalizedCoxCV(l1_ratio=1.0, **PARAMS).fit(X, columns(event, time), weights)
    assert np.isfinite(search.scores_).all()
    assert search.scores_.shape[-1] == 3
    with pytest.raises(ValueError, match="at least two events of positive weight"):
        PenalizedCoxCV().fit(X, columns(event, time), np.where(event, np.arange(60) == 0, 1.0))


@pytest.mark.filterwarnings("ignore:.*smallest of its grid")
def test_cox_cv__folds_without_events():
    X, event, time = survival(n=60)
    event = np.arange(60) % 2 == 0
    cv = [
        (np.arange(0, 40), np.arange(41, 60, 2)),
        (np.arange(20, 60), np.arange(20)),
        (np.arange(40), np.arange(40, 60)),
    ]
    with pytest.warns(UserWarning, match="leaves fold 0 out of the choice"):
        search = PenalizedCoxCV(cv=cv, l1_ratio=1.0, **PARAMS).fit(X, columns(event, time))
    assert np.isnan(search.scores_[..., 0]).all()
    assert np.isfinite(search.scores_[..., 1:]).all()
    with pytest.raises(ValueError, match="the training rows of fold 0 hold no event"):
        PenalizedCoxCV(cv=[(np.arange(1, 60, 2), np.arange(0, 60, 2))]).fit(X, columns(event, time))
    with pytest.raises(ValueError, match="at least two events"):
        PenalizedCoxCV().fit(X, columns(np.arange(60) == 0, time))
    for scoring in ("r2", None):
        with pytest.raises(ValueError, match="'scoring' parameter"):
            PenalizedCoxCV(scoring=scoring).fit(X, columns(event, time))


@pytest.mark.filterwarnings("ignore:.*smallest of its grid", "error::RuntimeWarning")
def test_cox_cv__a_fold_whose_only_event_is_the_last_row_has_no_loss():
    X, _, time = survival(n=40)
    order = np.argsort(time)
    first, last = order[:20], order[20:]
    event = np.zeros(40, bool)
    event[[last[-1], *first]] = True
    cv = [(last, first), (first, last)]
    search = PenalizedCoxCV(cv=cv, l1_ratio=1.0, **PARAMS).fit(X, columns(event, time))
    assert np.isfinite(search.coef_).all()
