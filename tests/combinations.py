"""Parameters that are tested together."""

import itertools
import os

from allpairspy import AllPairs

# Large problems, all combinations, a process for each script: on request, by HYPOTHESIS_PROFILE=thorough.
THOROUGH = os.environ.get("HYPOTHESIS_PROFILE") == "thorough"


def combinations(*lists):
    """Combinations of one value of each list in which every pair of values occurs; all where the profile is thorough.

    Most faults of combined parameters show in pairs (Kuhn, Wallace & Gallo 2004), and all pairs need about as many
    tests as the product of the two longest lists.
    """
    if THOROUGH:
        return list(itertools.product(*lists))
    return [tuple(case) for case in AllPairs([list(values) for values in lists])]
