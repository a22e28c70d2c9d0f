"""How sizes are split into the small dimensions of a tensor network's sites."""

from __future__ import annotations

from math import prod

from qjax.errors import ParameterError


def prime_factors(size: int) -> tuple[int, ...]:
    """Prime factors in ascending order.

    Args:
        size: a positive integer.

    Example:
        >>> prime_factors(12)
        (2, 2, 3)
    """
    found, candidate = [], 2
    while candidate * candidate <= size:
        while size % candidate == 0:
            found.append(candidate)
            size //= candidate
        candidate += 1
    return (*found, size) if size > 1 else tuple(found)


def balanced_factors(size: int, sites: int) -> tuple[int, ...]:
    """So many factors of nearly equal size, ascending; ones where there are not enough primes.

    Args:
        size: a positive integer.
        sites: how many factors.

    Example:
        >>> balanced_factors(64, 3), balanced_factors(10, 3)
        ((4, 4, 4), (1, 2, 5))
    """
    factors = [1] * sites
    for prime in reversed(prime_factors(size)):
        factors[factors.index(min(factors))] *= prime
    return tuple(sorted(factors))


def check_factors(name: str, factors: tuple[int, ...], size: int, sites: int) -> None:
    """Refuse factors whose product is another size, or of another number."""
    if len(factors) != sites or prod(factors) != size or min(factors) < 1:
        raise ParameterError(
            f"{name}: not a factorisation",
            expected=f"{sites} positive integers whose product is {size}",
            got=factors,
            fix=f"such as {balanced_factors(size, sites)}",
        )
