"""Do the peers find the same numbers? Nobody is timed who does not."""

import numpy as np

TOLERANCE = 1e-5  # of values and gradients, relative to their size where that exceeds 1
# Amplitudes scaled by 2^(n/2) carry the rounding of the whole circuit, which is about
# 2e-7 sqrt(gates) in complex64: 6e-6 for a thousand gates, with room for the largest of 32.
AMPLITUDE_TOLERANCE = 5e-5


def reference(answers: dict[str, dict]) -> dict[str, np.ndarray]:
    """Return the elementwise median of the answers, key by key."""
    keys = next(iter(answers.values())).keys()
    return {key: np.median([answer[key] for answer in answers.values()], axis=0) for key in keys}


def deviations(answers: dict[str, dict], ours: tuple[str, ...]) -> dict[str, tuple[float, float]]:
    """Return for each name how far it is from the others, and how far it may be.

    The reference is what the peers say among themselves; without any, what our own variants say.
    """
    expected = reference({k: v for k, v in answers.items() if k not in ours} or answers)
    result = {}
    for name, answer in answers.items():
        worst, allowed = 0.0, TOLERANCE
        for key, value in expected.items():
            got = np.asarray(answer[key])
            if got.shape != value.shape:
                worst = np.inf
                break
            # NaN compares as infinitely far: a peer that found no number agrees with nobody.
            gap = np.nan_to_num(np.abs(got - value).max(), nan=np.inf)
            worst = max(worst, float(gap / max(1.0, np.abs(value).max())))
            allowed = TOLERANCE if key in ("value", "gradient") else AMPLITUDE_TOLERANCE
        result[name] = (worst, allowed)
    return result
