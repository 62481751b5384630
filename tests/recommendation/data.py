"""Ratings of simulated users, and independent formulas for them."""

import numpy as np


def simulated_ratings(n_users=30, n_items=20, n=250, rank=2, noise=0.1, seed=0):
    """Pairs of codes without repetitions, and their ratings."""
    rng = np.random.default_rng(seed)
    users, items = np.divmod(rng.choice(n_users * n_items, n, replace=False), n_items)
    P, Q = rng.normal(size=(n_users, rank)), rng.normal(size=(n_items, rank))
    signal = 3.0 + 0.5 * rng.normal(size=n_users)[users] + rng.normal(size=n_items)[items]
    y = signal + np.einsum("ij,ij->i", P[users], Q[items]) + noise * rng.normal(size=n)
    return np.column_stack([users, items]), y


def objective(model, X, y, weights=None):
    """The objective of a fitted regressor by the formula of its docstring, with Python loops."""
    weights = np.ones(len(y)) if weights is None else weights
    alpha_bias = model.alpha if model.alpha_bias is None else model.alpha_bias
    loss = 0.0
    sides = [dict.fromkeys(labels, 0.0) for labels in (model.users_.tolist(), model.items_.tolist())]
    places = [{label: k for k, label in enumerate(side)} for side in sides]
    for (user, item), target, weight in zip(X.tolist(), y, weights, strict=True):
        if weight == 0.0:
            continue
        u, i = places[0][user], places[1][item]
        score = model.intercept_ + model.user_biases_[u] + model.item_biases_[i]
        loss += weight * (target - score - model.user_factors_[u] @ model.item_factors_[i]) ** 2
        sides[0][user] += weight
        sides[1][item] += weight
    total = loss / weights.sum()
    for side, factors, biases in zip(
        sides, (model.user_factors_, model.item_factors_), (model.user_biases_, model.item_biases_), strict=True
    ):
        n = np.array(list(side.values()))
        scale = (n / n.mean()) ** model.frequency_scaling
        total += np.mean(scale * (model.alpha * (factors**2).sum(axis=1) + alpha_bias * biases**2))
    return 0.5 * total
