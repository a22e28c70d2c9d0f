"""Series that generate themselves: differential equations, special functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import DataError
from .arrays import generator, positive


def _runge_kutta(
    right: Callable[[np.ndarray], np.ndarray], state: np.ndarray, dt: float, steps: int
) -> np.ndarray:
    """One sampling interval of an autonomous equation, by the classical fourth-order method."""
    h = dt / steps
    for _ in range(steps):
        a = right(state)
        b = right(state + h / 2 * a)
        c = right(state + h / 2 * b)
        state = state + h / 6 * (a + 2 * b + 2 * c + right(state + h * c))
    return state


def lorenz(
    length: int,
    dt: float = 0.02,
    *,
    start: Any = None,
    key: Any = None,
    washout: int = 1000,
    sigma: float | int = 10.0,
    rho: float | int = 28.0,
    beta: float | int = 8 / 3,
) -> np.ndarray:
    """The Lorenz-63 system, ``x' = sigma (y - x), y' = x (rho - z) - y, z' = x y - beta z``.

    Args:
        length: number of samples.
        dt: time between samples; each is integrated in steps of at most 0.005.
        start: initial x, y, z; shape (3,).
        key: PRNG key for a random initial point near the attractor, in place of ``start``.
        washout: samples dropped first, so that the series lies on the attractor.
        sigma, rho, beta: the parameters; the largest Lyapunov exponent of the usual ones is
            ``LYAPUNOV["lorenz"]``.

    Returns:
        x, y, z, shape (length, 3).

    Raises:
        DataError: both or neither of ``start`` and ``key``.

    Source: Lorenz, J. Atmospheric Sciences 20, 130 (1963).

    Example:
        >>> lorenz(5, start=(1.0, 1.0, 1.0)).shape
        (5, 3)
    """
    if (start is None) == (key is None):
        raise DataError("lorenz needs one of start and key", fix="pass start=(1.0, 1.0, 1.0)")
    if key is not None:
        start = np.array([0.0, 1.0, 25.0]) + generator(key).normal(size=3)
    x, y, z = (float(v) for v in np.asarray(start, float))
    count = positive(length, "length") + positive(washout, "washout", 0)
    out = np.empty((count, 3))
    steps = max(1, int(np.ceil(dt / 0.005 - 1e-9)))
    h = dt / steps

    def right(x: Any, y: Any, z: Any) -> tuple[Any, Any, Any]:
        return sigma * (y - x), x * (rho - z) - y, x * y - beta * z

    for k in range(count):  # on plain floats: four times as fast as on small arrays
        out[k] = x, y, z
        for _ in range(steps):
            a = right(x, y, z)
            b = right(x + h / 2 * a[0], y + h / 2 * a[1], z + h / 2 * a[2])
            c = right(x + h / 2 * b[0], y + h / 2 * b[1], z + h / 2 * b[2])
            d = right(x + h * c[0], y + h * c[1], z + h * c[2])
            x += h / 6 * (a[0] + 2 * b[0] + 2 * c[0] + d[0])
            y += h / 6 * (a[1] + 2 * b[1] + 2 * c[1] + d[1])
            z += h / 6 * (a[2] + 2 * b[2] + 2 * c[2] + d[2])
    return out[washout:]


def mackey_glass(
    length: int,
    delay: int = 17,
    *,
    dt: float | int = 1.0,
    step: float = 0.1,
    start: float | int = 1.2,
    washout: int = 500,
    key: Any = None,
) -> np.ndarray:
    """The Mackey-Glass delay equation, ``x' = 0.2 x(t - tau) / (1 + x(t - tau)^10) - 0.1 x``.

    Fourth-order Runge-Kutta; the delayed value at half steps is Hermite's cubic through values
    and slopes, which keeps the order.

    Args:
        length: number of samples.
        delay: tau; 17 gives the usual weak chaos.
        dt: time between samples.
        step: of the integration; ``dt`` and ``delay`` must be multiples of it.
        start: x before time 0.
        washout: samples dropped first.
        key: PRNG key; perturbs ``start`` by a normal number of width 0.1, for other trajectories.

    Returns:
        Shape (length,).

    Raises:
        DataError: a step that does not divide ``dt`` and ``delay``.

    Source: Mackey and Glass, Science 197, 287 (1977).

    Example:
        >>> mackey_glass(3, washout=0).round(3).tolist()
        [1.2, 1.118, 1.043]
    """
    history, stride = delay / step, dt / step
    if any(abs(x - round(x)) > 1e-9 or round(x) < 1 for x in (history, stride)):
        raise DataError("step must divide dt and delay", got=(step, dt, delay))
    back, every = round(history), round(stride)
    count = positive(length, "length") + positive(washout, "washout", 0)
    if key is not None:
        start = start + 0.1 * float(generator(key).normal())
    h = float(step)

    def right(now: float, then: float) -> float:
        return 0.2 * then / (1.0 + then**10) - 0.1 * now

    values, arriving = [float(start)] * (back + 1), [0.0] * (back + 1)
    leaving = [*arriving[1:], right(values[0], values[0])]  # the slope jumps at time 0
    for _ in range((count - 1) * every):
        x, old, new = values[-1], values[-1 - back], values[-back]
        middle = (old + new) / 2 + h * (leaving[-1 - back] - arriving[-back]) / 8
        a = right(x, old)
        b = right(x + h / 2 * a, middle)
        c = right(x + h / 2 * b, middle)
        x += h / 6 * (a + 2 * b + 2 * c + right(x + h * c, new))
        values.append(x)
        slope = right(x, new)
        arriving.append(slope)
        leaving.append(slope)
    return np.asarray(values[back::every][washout:])


def damped_pendulum(
    points: int = 240,
    duration: float | int = 20.0,
    *,
    damping: float | int = 0.15,
    gravity: float | int = 9.81,
    speed: float | int = 3.0,
) -> np.ndarray:
    """Angular velocity of ``a'' = -damping a' - gravity sin(a)``, which starts at rest angle 0.

    Args:
        points: samples, evenly over [0, duration] with both ends.
        duration: in seconds.
        damping, gravity: b/m and g/l.
        speed: initial angular velocity, rad/s.

    Returns:
        In rad/s, unscaled, shape (points,).

    Source: the "damped oscillation" of Chen, arXiv:2402.17760.

    Example:
        >>> damped_pendulum()[0].item()
        3.0
    """
    count = positive(points, "points", 2)
    dt = duration / (count - 1)
    steps = max(1, int(np.ceil(dt / 0.005)))

    def right(s: np.ndarray) -> np.ndarray:
        return np.array([s[1], -damping * s[1] - gravity * np.sin(s[0])])

    state, out = np.array([0.0, float(speed)]), np.empty(count)
    for k in range(count):
        out[k] = state[1]
        state = _runge_kutta(right, state, dt, steps)
    return out


def bessel(
    points: int = 256,
    *,
    order: int = 2,
    first: float | int = 2.0,
    last: float | int = 100.0,
) -> np.ndarray:
    """The Bessel function ``J_order`` on ``linspace(first, last, points)``; shape (points,).

    Example:
        >>> bessel().shape
        (256,)
    """
    from scipy.special import jv

    return np.asarray(jv(order, np.linspace(first, last, positive(points, "points", 2))))


def delayed_control() -> np.ndarray:
    """Delayed quantum control: ``sum_(n=0)^10 exp(-10 (x - 2n)^2) exp(-x / 16)``.

    Returns:
        At x = -2, -1.99, ..., 19.99; shape (2200,).

    Source: the series of that name in Chen, arXiv:2402.17760.

    Example:
        >>> round(delayed_control()[200].item(), 3)
        1.0
    """
    x = -2 + 0.01 * np.arange(2200)
    pulses = np.exp(-10 * (x[:, None] - 2 * np.arange(11)) ** 2)
    return pulses.sum(axis=1) * np.exp(-x / 16)
