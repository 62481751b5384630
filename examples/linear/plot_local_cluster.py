"""
A search on a local cluster, with its dashboard
===============================================

With a client of `dask.distributed`, blocks of rows are computed by its workers, and so are the fits of any search of
scikit-learn, through joblib. The dashboard shows in a browser what every worker does.
"""

# %%
# Two workers. They are threads of this process here, which start at once. ``processes=True`` makes worker processes, in
# a script below ``if __name__ == "__main__":``; ``Client("tcp://address:8786")`` takes a cluster of many machines. The
# dashboard needs ``pip install bokeh``.
import dask.array as da
import joblib
import matplotlib.pyplot as plt
import numpy as np
from dask.distributed import Client, LocalCluster
from sklearn.model_selection import GridSearchCV

from skreg import ElasticNetProxCV, LabelSmoothedLogistic

options = dict(processes=False, protocol="tcp://", host="127.0.0.1", dashboard_address=":0")
cluster = LocalCluster(n_workers=2, threads_per_worker=1, **options)
client = Client(cluster)
print("dashboard:", client.dashboard_link)

# %%
# Data in blocks: every worker computes the moments of its blocks, and sends p x p numbers. Rows never travel.
rng = da.random.default_rng(0)
X = rng.normal(size=(40_000, 20), chunks=(4_000, 20))
y = X[:, 0] - 0.5 * X[:, 1] + rng.normal(size=40_000, chunks=4_000)
search = ElasticNetProxCV(l1_ratio=1.0, selection="1se").fit(X, y)
print(f"alpha: {search.alpha_:.3f}, features: {np.flatnonzero(search.coef_)}")

# %%
# Data in memory: joblib sends the rows to the workers once, and every fit of the grid to one of them.
some, labels = X[:4_000].compute(), (y[:4_000] > 0.0).compute()
grid = {"alpha": np.geomspace(0.001, 0.3, 6)}
with joblib.parallel_config("dask"):
    classes = GridSearchCV(LabelSmoothedLogistic(l1_ratio=1.0), grid, cv=3, scoring="neg_log_loss").fit(some, labels)
print(f"alpha: {classes.best_params_['alpha']:.3f}, log loss: {-classes.best_score_:.3f}")

client.close()
cluster.close()

# %%
# Both errors grow where the penalty is stronger than the noise asks for.
figure, axes = plt.subplots(1, 2, figsize=(9, 3.5), layout="constrained")
axes[0].semilogx(search.alphas_[0], search.mse_path_[0].mean(axis=1))
axes[0].set(xlabel="alpha", ylabel="mean squared error", title="40,000 rows in blocks")
axes[1].semilogx(grid["alpha"], -classes.cv_results_["mean_test_score"], "o-")
axes[1].set(xlabel="alpha", ylabel="log loss", title="4,000 rows in memory")
figure.savefig("local_cluster.png", dpi=120)
