"""How much memory there is."""

from __future__ import annotations

import os

import jax


def available_memory() -> float:
    """Bytes of the default device: what its allocator may use, or the machine's memory."""
    device = jax.devices()[0]
    stats = device.memory_stats() if device.platform != "cpu" else None
    if stats and "bytes_limit" in stats:
        return float(stats["bytes_limit"])
    return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))


def size(count: float) -> str:
    """A number of bytes as people say it: ``"1.5 GiB"``."""
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):
        if count < 1024 or unit == "TiB":
            return f"{count:.3g} {unit}"
        count /= 1024
    raise AssertionError


def short_of_maps(share: float = 0.5) -> bool:
    """Whether this process holds more than ``share`` of the memory maps that Linux allows it.

    Every program that XLA compiles for a CPU holds hundreds. False where neither can be read.
    """
    try:
        with open("/proc/sys/vm/max_map_count") as limit, open("/proc/self/maps") as held:
            return sum(1 for _ in held) > share * int(limit.read())
    except (OSError, ValueError):
        return False
