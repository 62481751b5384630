"""Learning rate schedules: factors on the learning rate, as functions of the share of the steps that are done."""

import math


def constant(share):
    return 1.0


def cosine(share):
    """From 1 to 0 along a cosine (Loshchilov & Hutter 2017, eq. 5, without restarts)."""
    return 0.5 * (1.0 + math.cos(math.pi * share))


def one_cycle(share):
    """From 1/25 to 1 in the first three tenths of the steps, then to 0 along a cosine (Smith & Topin 2019)."""
    if share < 0.3:
        return 0.04 + 0.96 * 0.5 * (1.0 - math.cos(math.pi * share / 0.3))
    return cosine((share - 0.3) / 0.7)


def step(share):
    """1, then 0.1 after half of the steps, then 0.01 after three quarters (He et al. 2016, section 4.2)."""
    return 1.0 if share < 0.5 else 0.1 if share < 0.75 else 0.01


def exponential(share):
    """From 1 to 0.01, by the same factor at every step."""
    return 0.01**share


SCHEDULES = {
    "constant": constant,
    "cosine": cosine,
    "one-cycle": one_cycle,
    "step": step,
    "exponential": exponential,
}


def rate_at(step, steps, schedule, warmup):
    """The factor on the learning rate at a step: rises linearly over the first `warmup` steps, then the schedule."""
    if step < warmup:
        return (step + 1.0) / (warmup + 1.0)
    return SCHEDULES[schedule]((step - warmup) / max(steps - warmup, 1))
