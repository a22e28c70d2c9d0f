"""Strict settings for every test: float64, strict promotion, checked types, no warnings."""

import os
from pathlib import Path

import pytest
from jaxtyping import install_import_hook

os.environ.setdefault(
    "JAX_COMPILATION_CACHE_DIR", str(Path(__file__).resolve().parents[1] / ".cache" / "jax")
)
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.1")
os.environ.setdefault("MPLBACKEND", "Agg")

import jax

# Shapes and types in signatures are enforced here, and only here: users pay nothing for them.
install_import_hook("qjax", "beartype.beartype")

jax.config.update("jax_enable_x64", True)
jax.config.update("jax_numpy_dtype_promotion", "strict")
jax.config.update("jax_numpy_rank_promotion", "raise")


def pytest_addoption(parser):
    parser.addoption("--run-verify", action="store_true", help="run the full counts as well")


def pytest_collection_modifyitems(config, items):
    if config.getoption("--run-verify"):
        return
    skip = pytest.mark.skip(reason="full counts: run with --run-verify or `make verify`")
    for item in items:
        if "verify" in item.keywords:
            item.add_marker(skip)
