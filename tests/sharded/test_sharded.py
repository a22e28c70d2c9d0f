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
        "ring",
        "random_structures:5:7:true",
        "batch",
        "trained",
        "two_dimensional",
        "noise",
        "misuse",
        "said",
        "memory:20:1:false",
    )


@pytest.fixture(scope="module")
def full():
    return on_eight_devices(
        "systems",
        "answers",
        "shots",
        "ring:12:10:2:true",
        "memory:20:4",
        "memory:20:10",
        "trained:true",
        "batch:true",
    )


@pytest.mark.verify
def test_systems_with_closed_forms(full):
    """State, value and gradient of every system, on two to eight devices."""
    assert len(full["systems"]) == 7
    assert max(full["systems"].values()) <= 1e-11


def test_random_circuits_against_the_dense_reference(found):
    """A share: random gates, controls, blocks and preparations, with blocks run as loops."""
    errors = found["random_structures:5:7:true"]
    assert len(errors) == 2
    assert max(errors.values()) <= 1e-11


def test_values_and_gradients_equal_those_of_one_device(found):
    assert found["ring"]["value error"] <= 1e-11
    assert found["ring"]["gradient error"] <= 1e-11


def check_exchanges(ring):
    """What was compiled has the planned exchanges and nothing else besides sums over devices; there
    are at most a quarter of one for each gate that touches a qubit among the devices."""
    for name, times in (("forward", 1), ("gradient", 2)):
        if name in ring:
            counted = dict(ring[name])
            assert counted.pop("all-to-all") == times * ring["planned"]
            assert counted.pop("all-reduce") >= 1
            assert not any(counted.values())
    assert ring["naive"] == 3 * 10
    assert 0 < 4 * ring["run"] <= ring["naive"]


def test_exchanges_are_few_and_as_planned(found):
    """On ten layers; a gradient makes each of them once more."""
    check_exchanges(found["ring"])


@pytest.mark.verify
def test_exchanges_of_twelve_qubits(full):
    ring = full["ring:12:10:2:true"]
    check_exchanges(ring)
    assert "forward" in ring
    assert ring["value error"] <= 1e-11
    assert ring["gradient error"] <= 1e-11


def check_memory(memory):
    """A device needs at most 1.3 times an eighth of what one device would need, and an exchange
    buffer of one part of the state (which is what an all-to-all receives)."""
    assert memory["eight"] <= 1.3 * memory["one"] / 8 + memory["exchanged"], memory


def test_memory_of_a_gradient_is_what_explain_says(found):
    """At n = 20, of one layer: nine of the eleven parts of the state that `explain` counts."""
    memory = found["memory:20:1:false"]
    assert memory["eight"] <= 9.5 * memory["exchanged"] < memory["promised"]


@pytest.mark.verify
def test_memory_of_a_gradient_whatever_the_depth(full):
    """Four and ten layers; on one device they run as a loop."""
    check_memory(full["memory:20:4"])
    check_memory(full["memory:20:10"])


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


def check_batch(batch):
    assert batch["shards"] == 8
    assert batch["collectives"] == 0
    assert max(batch["errors"].values()) <= 1e-11, batch


def test_batches_over_devices(found):
    """`spread` gives what `jax.vmap` gives, on eight devices, without a word between them; so do
    kernels."""
    check_batch(found["batch"])


@pytest.mark.verify
def test_training_on_shared_data(full):
    """A training loop on data spread over the devices is that on one."""
    check_batch(full["batch:true"])
    assert "training" in full["batch:true"]["errors"]


def check_training(trained):
    assert max(trained[name] for name in ("fit", "best", "sweep")) <= 1e-11
    assert trained["devices"] == 8
    assert trained["stopped"] == 2
    assert trained["resumed"] == 0


def test_training_and_sweeps_over_devices(found):
    """`fit` and `sweep` with a mesh are what they are without; a training that was interrupted
    ends with the same bits."""
    check_training(found["trained"])


@pytest.mark.verify
def test_training_on_all_rows(full):
    check_training(full["trained:true"])


def test_batch_and_state_on_one_mesh(found):
    """Two rows of four devices: as many all-to-alls as one row has, in the order in which large
    states are worked on."""
    both = found["two_dimensional"]
    assert both["ordered"]
    assert both["error"] <= 1e-11
    assert both["collectives"]["all-to-all"] == 2 * both["planned"]
    assert both["collectives"]["all-gather"] == 0


def test_noise_over_devices(found):
    """Density matrices give the closed form; groups of trajectories, with keys of their own, each
    what it gives alone, and a mean within five standard errors."""
    noise = found["noise"]
    assert noise["density"] <= 1e-11
    assert noise["lane"] <= 1e-11
    assert noise["off"] <= 5
    assert noise["different"] >= 8


@pytest.mark.parametrize(
    ("case", "kind", "words"),
    [
        ("uneven rows", "DeviceError", ["12 rows", "multiple of 8", "use 8 rows"]),
        ("uneven batch_size", "DeviceError", ["6 rows", "batch_size", "multiple of 8"]),
        ("rows of nothing", "DeviceError", ["needs data", "qjax.spread"]),
        ("no mesh for fit", "DeviceError", ["fit: mesh must be a mesh", "device_mesh(batch=8)"]),
        ("no batch axis for fit", "DeviceError", ["fit", "('a', 'b')"]),
        ("lanes over two axes", "DeviceError", ["one axis", "('batch', 'state')"]),
        ("no mesh for sweep", "DeviceError", ["sweep: mesh must be a mesh"]),
        ("mesh and devices", "DeviceError", ["pass one of them"]),
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
