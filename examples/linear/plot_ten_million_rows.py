"""
A lasso path on ten million rows, on a laptop
=============================================

The squared loss needs only the moments of the rows. With a Dask array, every block computes its own, and one pass over
the blocks is enough for a whole path, or for a cross-validated search. Here X is generated block by block, and never
exists as a whole. The same code takes a memory-mapped file, Parquet files, or arrays on a cluster.
"""

# %%
# This page was made with a hundredth of the rows, so that it is quick: ``ROWS=10000000 python
# plot_ten_million_rows.py`` takes all, of which ``python -m benchmarks scale`` measures the time and the memory, on 100
# columns. Only eight of the forty columns have an effect.
import os
import tracemalloc

import dask.array as da
import matplotlib.pyplot as plt
import numpy as np

from skreg import ElasticNetProxCV, elastic_net_path

n, p = int(os.environ.get("ROWS", 100_000)), 40
block = min(n // 10, 100_000)
rng = da.random.default_rng(0)
X = rng.normal(size=(n, p), chunks=(block, p))
effects = np.zeros(p)
effects[:8] = 0.4 ** np.arange(8) * (-1) ** np.arange(8)
y = X @ effects + rng.normal(size=n, chunks=block)
print(f"{n:,} rows in blocks of {block:,}; X would take {X.nbytes / 1e6:,.0f} MB")

# %%
# The path, and the memory that it took: some blocks, whatever the number of rows.
tracemalloc.start()
alphas, coefs, intercepts, gaps = elastic_net_path(X, y, l1_ratio=1.0)
print(f"largest memory in use: {tracemalloc.get_traced_memory()[1] / 1e6:.0f} MB")
tracemalloc.stop()
print(f"largest duality gap: {gaps.max():.1e}")

# %%
# A search with five folds needs no more passes: the training rows of a fold are the sum of the other folds.
search = ElasticNetProxCV(l1_ratio=1.0, selection="1se").fit(X, y)
print(f"alpha: {search.alpha_:.4f}, features: {np.flatnonzero(search.coef_)}")

figure, ax = plt.subplots(figsize=(7, 4), layout="constrained")
ax.semilogx(alphas, coefs.T)
ax.axvline(search.alpha_, color="k", linestyle="--", linewidth=0.8)
ax.text(search.alpha_ * 0.93, 0.85, "chosen by five folds", fontsize=9)
ax.set(xlabel="alpha", ylabel="coefficient")
ax.invert_xaxis()
figure.savefig("ten_million_rows.png", dpi=150)

# %%
# Predictions are lazy: a Dask array, of which nothing is computed yet.
predictions = search.predict(X)
print(predictions)
print(f"mean squared error on the first block: {np.mean((predictions[:block] - y[:block]) ** 2).compute():.3f}")
