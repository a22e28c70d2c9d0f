"""What of a result is compared between peers. NumPy only."""

import numpy as np

from benchmarks.problem import probe


def checked_lanes(batch: int) -> list[int]:
    """Return the members of a batch whose results are compared."""
    return sorted({0, batch // 2, batch - 1})


def probed(state, n: int, qubit_0_lowest: bool = False) -> dict:
    """Return a few amplitudes of a state as two lists.

    They are scaled by 2^(n/2), so that a typical one has magnitude 1.
    """
    index = probe(n)
    if qubit_0_lowest:
        index = sum(((index >> k) & 1) << (n - 1 - k) for k in range(n))
    values = np.asarray(state.reshape(-1)[index]) * 2 ** (n / 2)
    return {"real": values.real.tolist(), "imag": values.imag.tolist()}
