"""States on eight (fake) devices give what one device gives, with as few exchanges as planned."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

HERE = Path(__file__).resolve().parent


def on_eight_devices(*names):
    """What functions of `eight_devices.py` find, in a process that starts with eight devices."""
    run = subprocess.run(
        [sys.executable, str(HERE / "eight_devices.py"), *names],
        capture_output=True,
        text=True,
        env={**os.environ, "JAX_PLATFORMS": "cpu"},
    )
    assert run.returncode == 0, run.stderr[-4000:]
    found = json.loads(run.stdout.splitlines()[-1])
    failed = [r["failed"] for r in found.values() if isinstance(r, dict) and "failed" in r]
    assert not failed, failed[0]
    return found


@pytest.fixture(scope="module")
def found():
    return on_eight_devices(
        "ring", "random_structures:5:9:true", "batch", "two_dimensional", "noise", "misuse", "said"
    )


@pytest.fixture(scope="module")
def full():
    return on_eight_devices("systems", "random_structures:0:5", "answers", "shots")


@pytest.mark.verify
def test_systems_with_closed_forms(full):
    """State, value and gradient of every system, on two to eight devices."""
    assert len(full["systems"]) == 7
    assert max(full["systems"].values()) <= 1e-11


def test_random_circuits_against_the_dense_reference(found):
    """A share: random gates, controls, blocks and preparations, with blocks run as loops."""
    errors = found["random_structures:5:9:true"]
    assert len(errors) >= 4
    assert max(errors.values()) <= 1e-11


def test_values_and_gradients_equal_those_of_one_device(found):
    assert found["ring"]["value error"] <= 1e-11
    assert found["ring"]["gradient error"] <= 1e-11


def test_the_compiled_program_has_the_planned_exchanges_and_nothing_else(found):
    """One all-to-all each, twice as many in a gradient; besides, sums over devices only."""
    ring = found["ring"]
    for name, times in (("forward", 1), ("gradient", 2)):
        counted = ring[name]
        assert counted.pop("all-to-all") == times * ring["planned"]
        assert counted.pop("all-reduce") >= 1
        assert not any(counted.values())


def test_exchanges_are_few(found):
    """At most a quarter of one exchange per gate, on ten layers."""
    ring = found["ring"]
    assert ring["naive"] == 3 * 10
    assert 0 < 4 * ring["run"] <= ring["naive"]


@pytest.mark.verify
def test_every_verb(full):
    errors = dict(full["answers"])
    # complex64: one rounding of the result and a random walk of those of 42 gates
    assert 1e-9 < errors.pop("single") <= 3e-7 + 2e-7 * np.sqrt(42)
    assert max(errors.values()) <= 1e-11, errors


@pytest.mark.verify
def test_shots(full):
    """Samples follow the probabilities (chi-squared within five deviations of its mean), estimates
    lie within five standard errors, and a key gives the same shots again."""
    shots = full["shots"]
    free = shots["outcomes"] - 1
    assert abs(shots["chi"] - free) <= 5 * np.sqrt(2 * free)
    assert max(shots["off"]) <= 5
    assert all(0 < e < 0.1 for e in shots["errors"])
    assert shots["same"]


def test_batches_over_devices(found):
    """`spread` gives what `jax.vmap` gives, on eight devices, without a word between them; a
    training loop on data spread over the devices is that on one."""
    batch = found["batch"]
    assert batch["shards"] == 8
    assert batch["collectives"] == 0
    names = ("values", "gradients", "training", "FidelityKernel", "ProjectedKernel")
    assert max(batch[name] for name in names) <= 1e-11


def test_batch_and_state_on_one_mesh(found):
    """Two rows of four devices: as many all-to-alls as one row has."""
    both = found["two_dimensional"]
    assert both["error"] <= 1e-11
    assert both["collectives"]["all-to-all"] == 2 * both["planned"]
    assert both["collectives"]["all-gather"] == 0


def test_noise_over_devices(found):
    """Density matrices as by `jax.vmap`; groups of trajectories with keys of their own, whose mean
    lies within five standard errors."""
    noise = found["noise"]
    assert noise["density"] <= 1e-11
    assert noise["lanes"] <= 1e-11
    assert noise["off"] <= 5
    assert noise["different"] >= 8


@pytest.mark.parametrize(
    ("case", "kind", "words"),
    [
        ("too many devices", "DeviceError", ["16", "at most 8", "XLA_FLAGS"]),
        ("no power of two", "DeviceError", ["6 along the axis 'state'", "use 4"]),
        ("no mesh", "DeviceError", ["mesh must be a mesh", "device_mesh(state=8)"]),
        ("unknown axis", "DeviceError", ["'model'", "('batch', 'state')"]),
        ("which axis", "DeviceError", ["which axis", "('a', 'b')"]),
        ("too few qubits", "DeviceError", ["3 qubits", "8 devices", "at most 4 devices"]),
        ("wide gate", "CapacityError", ["Unitary", "at most 1 of 4 qubits"]),
        ("channel", "UnsupportedError", ["BitFlip", "Trajectories"]),
        ("too large", "CapacityError", ["45 qubits", "8 devices"]),
        ("uneven batch", "DeviceError", ["a batch of 5", "multiple of 2", "pad it to 6"]),
        ("two sizes", "DeviceError", ["different sizes", "[4, 6]"]),
        ("unknown batch axis", "DeviceError", ["'lanes'", "('batch', 'state')"]),
        ("second order", "UnsupportedError", ["first derivatives only", "Backprop"]),
    ],
)
def test_misuse_is_refused(found, case, kind, words):
    assert found["misuse"][case] is not None, "nothing was refused"
    name, text = found["misuse"][case]
    assert name == kind
    assert all(word in text for word in words), text


def test_explain_tells_devices_bytes_and_exchanges(found):
    text = found["said"]
    assert "devices: 8, each with 9 of 12 qubits" in text
    assert "exchanges: " in text
    assert "if every gate made its own" in text
    assert "largest: " in text


@pytest.mark.verify
def test_random_circuits_in_full():
    """A hundred structures laid out, and forty with their blocks as loops."""
    names = ["random_structures:100:200", "random_structures:200:240:true"]
    found = on_eight_devices(*names)
    errors = [e for name in names for e in found[name].values()]
    assert len(errors) >= 100
    assert max(errors) <= 1e-11
