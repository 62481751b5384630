"""Settings of all tests."""

import os

import hypothesis

hypothesis.settings.register_profile(
    "skreg",
    deadline=None,
    derandomize=True,
    database=None,
    max_examples=60,
    phases=(hypothesis.Phase.explicit, hypothesis.Phase.generate),
)
hypothesis.settings.register_profile("thorough", parent=hypothesis.settings.get_profile("skreg"), max_examples=1000)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "skreg"))
