"""Fits on the folds of the adviser, in the time that there is."""

import time

from joblib import effective_n_jobs


class Runs:
    """Fits of models on folds, with a budget of time.

    Parameters
    ----------
    folds : Folds
    start : float
        When the budget began, by `time.perf_counter`.
    budget : float or None
        Seconds.
    progress : Progress

    Attributes
    ----------
    skipped : list of str
        What there was no time for, and what failed.
    out_of_time : list of str
        Those of `skipped` that there was no time for.
    """

    def __init__(self, folds, start, budget, progress):
        self.folds = folds
        self.start = start
        self.budget = budget
        self.progress = progress
        self.skipped = []
        self.out_of_time = []

    def expect(self, n):
        """Announce some lists of fits."""
        self.progress.expect(n)

    def run(self, what, estimator, share=None, folds=None):
        """List of `Fit` on all folds, whatever time that takes."""
        self.progress.begin(what)
        fits = (folds or self.folds).run(estimator, share)
        self.progress.end()
        return fits

    def _has_time_for(self, seconds):
        return self.budget is None or time.perf_counter() - self.start + seconds <= self.budget

    def affordable(self, what, seconds):
        """Whether there is time for something; remembers what is left out."""
        if self._has_time_for(seconds):
            return True
        self._leave_out(what)
        return False

    def _leave_out(self, what):
        if what not in self.out_of_time:
            self.skipped.append(what)
            self.out_of_time.append(what)

    def attempt(self, what, seconds, estimator, share=None, folds=None):
        """Fits of what is not the baseline: None where there is no time, or where they fail, as few rows may do."""
        if not self.affordable(what, seconds):
            return None
        try:
            return self._run_in_time(what, estimator, share, folds or self.folds)
        except (TypeError, ValueError) as error:  # TypeError: of columns that scikit-learn cannot sort
            self.skipped.append(f"{what} (failed: {error})")
            return None

    def _run_in_time(self, what, estimator, share, folds):
        """Fits on all folds; with a budget in parts, which end where the rest is expected to take too long."""
        if self.budget is None:
            return self.run(what, estimator, share, folds)
        step, fits = effective_n_jobs(folds.n_jobs), []
        self.progress.begin(what)
        while len(fits) < len(folds.splits):
            began = time.perf_counter()
            fits += folds.on(folds.splits[len(fits) : len(fits) + step]).run(estimator, share)
            n_parts = -(-(len(folds.splits) - len(fits)) // step)
            if n_parts and not self.affordable(what, n_parts * (time.perf_counter() - began)):
                return None
        self.progress.end()
        return fits
