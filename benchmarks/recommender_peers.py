"""Models of users and items behind one interface: ours, and those of implicit, Surprise and Cornac where installed.

A model of ratings is ``fit(X, y, **setting)``, which returns a function that predicts. One of lists is
``fit(matrix, **setting)``, for a sparse matrix of users and items, which returns factors of both and biases of items.
Users and items are codes from 0.
"""

import contextlib
import importlib.util
import io
import itertools
import warnings

import numpy as np
import scipy.sparse as sp

from skreg import MatrixFactorizationRecommender, MatrixFactorizationRegressor

SEED = 0


def is_installed(name):
    return importlib.util.find_spec(name) is not None


def skreg_ratings(X, y, **setting):
    model = MatrixFactorizationRegressor(**setting).fit(X, y)
    return lambda new: np.clip(model.predict(new), y.min(), y.max())


def of_surprise(name):
    def fit(X, y, **setting):
        import surprise

        rows = [(str(u), str(i), float(r), None) for (u, i), r in zip(X.tolist(), y.tolist(), strict=True)]
        reader = surprise.Reader(rating_scale=(y.min(), y.max()))
        trainset = surprise.Dataset(reader).construct_trainset(rows)
        model = getattr(surprise, name)(random_state=SEED, **setting).fit(trainset)
        return lambda new: np.array([model.predict(str(u), str(i)).est for u, i in new.tolist()])

    return fit


def grid(**values):
    """All combinations of values, as dicts."""
    return [dict(zip(values, choice, strict=True)) for choice in itertools.product(*values.values())]


RATINGS = {
    "skreg": (
        None,
        skreg_ratings,
        grid(rank=[50, 100], alpha=[0.1, 0.12, 0.15, 0.2], alpha_bias=[0.02, 0.05, 0.1], tol=[1e-4]),
    ),
    "skreg, defaults": (None, skreg_ratings, [{}]),
    "Surprise SVD, defaults": ("surprise", of_surprise("SVD"), [{}]),
    "Surprise SVD": (
        "surprise",
        of_surprise("SVD"),
        grid(n_factors=[100], n_epochs=[40, 80], lr_all=[0.005, 0.01], reg_all=[0.08, 0.12]),
    ),
    "Surprise SVD++, defaults": ("surprise", of_surprise("SVDpp"), [{}]),
}


def skreg_lists(matrix, **setting):
    pairs = np.column_stack(matrix.nonzero())
    model = MatrixFactorizationRecommender(random_state=SEED, **setting).fit(pairs)
    P, Q = np.zeros((matrix.shape[0], model.rank)), np.zeros((matrix.shape[1], model.rank))
    biases = np.full(matrix.shape[1], -1e9)  # items without rows are recommended to nobody
    P[model.users_], Q[model.items_], biases[model.items_] = (
        model.user_factors_,
        model.item_factors_,
        model.item_biases_,
    )
    return P, Q, biases


def implicit_als(matrix, confidence, num_threads=1, **setting):
    from implicit.cpu.als import AlternatingLeastSquares

    model = AlternatingLeastSquares(random_state=SEED, num_threads=num_threads, **setting)
    model.fit((matrix * (1.0 + confidence)).tocsr().astype(np.float32), show_progress=False)
    return model.user_factors, model.item_factors, np.zeros(matrix.shape[1])


def implicit_bpr(matrix, **setting):
    from implicit.cpu.bpr import BayesianPersonalizedRanking

    model = BayesianPersonalizedRanking(random_state=SEED, num_threads=1, **setting)
    model.fit(matrix.tocsr().astype(np.float32), show_progress=False)
    return model.user_factors, model.item_factors, np.zeros(matrix.shape[1])


def cornac_bpr(matrix, **setting):
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import cornac

        users, items = matrix.nonzero()
        data = cornac.data.Dataset.from_uir([(u, i, 1.0) for u, i in zip(users.tolist(), items.tolist(), strict=True)])
        model = cornac.models.BPR(seed=SEED, num_threads=1, **setting).fit(data)
    P, Q, biases = (
        np.zeros((matrix.shape[0], model.k)),
        np.zeros((matrix.shape[1], model.k)),
        np.full(matrix.shape[1], -1e9),
    )
    users, items = list(data.uid_map), list(data.iid_map)
    P[users], Q[items], biases[items] = model.u_factors, model.i_factors, model.i_biases
    return P, Q, biases


ALS = dict(confidence=[1.0, 3.0, 10.0])
LISTS = {
    "skreg als": (
        None, skreg_lists, grid(loss=["als"], rank=[50], alpha=[0.01, 0.02, 0.03], tol=[1e-4], **ALS),
    ),
    "skreg als, defaults": (None, skreg_lists, [{}]),
    "skreg bpr": (
        None, skreg_lists, grid(loss=["bpr"], rank=[50], alpha=[0.01, 0.02, 0.05]),
    ),
    "skreg warp": (
        None, skreg_lists, grid(loss=["warp"], rank=[50], alpha=[0.3, 1.0, 3.0]),
    ),
    "implicit als": (
        "implicit", implicit_als, grid(factors=[50], regularization=[10.0, 30.0, 100.0], iterations=[15], **ALS),
    ),
    "implicit bpr": (
        "implicit", implicit_bpr,
        grid(factors=[50], regularization=[0.01, 0.03, 0.1], learning_rate=[0.01, 0.05], iterations=[100]),
    ),
    "Cornac BPR": (
        "cornac", cornac_bpr,
        grid(k=[50, 200], lambda_reg=[0.001, 0.01, 0.03], learning_rate=[0.01, 0.05], max_iter=[100]),
    ),
}  # fmt: skip


def weighted_loss(matrix, P, Q, confidence, ridge):
    """The objective of least squares on all pairs, with the same ridge for all rows, in double precision."""
    P, Q = np.asarray(P, dtype=np.float64), np.asarray(Q, dtype=np.float64)
    users, items = matrix.nonzero()
    scores = np.einsum("ij,ij->i", P[users], Q[items])
    everywhere = float(np.vdot(P.T @ P, Q.T @ Q))
    known = float((1.0 + confidence) * ((1.0 - scores) ** 2).sum() - (scores**2).sum())
    # of all scales that leave the product P Q' as it is, the one with the least penalty
    return everywhere + known + 2.0 * ridge * np.sqrt((P**2).sum() * (Q**2).sum())


def matrix_of(X, shape):
    return sp.csr_matrix((np.ones(len(X)), tuple(X.T)), shape=shape)
