"""qjax as a PennyLane device, ``qml.device("qjax.qubit", wires=4)``. Loads PennyLane when asked."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from .. import measure as verbs
from .needs import require
from .pennylane_tape import from_pennylane, pauli_sum, supported


def __getattr__(name: str) -> Any:
    if name == "QjaxDevice":
        return device_class()
    raise AttributeError(name)


@cache
def device_class() -> type:
    """The class of the device; it can only be made where PennyLane is installed.

    Circuits run as qjax programs: under ``interface="jax"`` they are traced, so `jax.jit`,
    `jax.vmap` and `jax.grad` pass right through (``diff_method="backprop"``, the default there).
    Other interfaces get exact Jacobians from the device (``diff_method="device"``), in double
    precision whatever JAX is set to, or, of amplitudes (``qml.state``), its vector-Jacobian
    products; a second derivative there (``max_diff=2``) is taken by parameter shift.

    Raises:
        UnsupportedError: PennyLane is not installed.
    """
    part = lambda name: require(f"pennylane.{name}", "the PennyLane device")  # noqa: E731
    devices, preprocess, transforms = (
        part(n) for n in ("devices", "devices.preprocess", "transforms")
    )
    math, modifiers = part("math"), part("devices.modifiers")
    measurements = part("measurements")
    names = ("SampleMeasurement", "ClassicalShadowMP", "ShadowExpvalMP")
    sampled = tuple(getattr(measurements, n) for n in names)
    measure_final_state = part("devices.qubit.simulate").measure_final_state
    traced = {math.Interface.JAX, math.Interface.JAX_JIT}

    @modifiers.simulator_tracking
    @modifiers.single_tape_support
    class QjaxDevice(devices.Device):
        """Statevector simulation by qjax.

        Args:
            wires, shots: as for every PennyLane device.
            seed: of NumPy's generator, or a `jax.random.key` for sampling under `jax.jit`.
        """

        name = "qjax.qubit"

        def __init__(self, wires: Any = None, shots: Any = None, seed: Any = None) -> None:
            super().__init__(wires=wires, shots=shots)
            self._key = seed if math.get_interface(seed) == "jax" else None
            self._rng = np.random.default_rng(None if self._key is not None else seed)

        def setup_execution_config(self, config: Any = None, circuit: Any = None) -> Any:
            config = config or devices.ExecutionConfig()
            through = config.interface in traced
            method = config.gradient_method
            if method == "best":
                method = "backprop"
            changes: dict[str, Any] = {"use_device_gradient": method in ("backprop", "device")}
            if method == "backprop" and through:
                changes["convert_to_numpy"] = False
            elif method == "backprop":
                # The device's Jacobians cannot be differentiated once more by other interfaces.
                once = config.derivative_order == 1
                method = "device" if once else part("gradients").param_shift
                changes["use_device_gradient"] = once
            # A complex Jacobian times a cotangent would be no gradient of real parameters.
            product = changes["use_device_gradient"] and not through and _complex(circuit)
            changes |= {"gradient_method": method, "use_device_jacobian_product": product}
            if changes["use_device_gradient"]:
                changes["grad_on_execution"] = False
            return replace(config, **changes)

        def preprocess_transforms(self, execution_config: Any = None) -> Any:
            config = execution_config or devices.ExecutionConfig()
            pipeline = part("transforms.core").CompilePipeline()
            pipeline.add_transform(transforms.defer_measurements, allow_postselect=False)
            pipeline.add_transform(
                preprocess.decompose,
                stopping_condition=supported,
                device_wires=self.wires,
                name=self.name,
            )
            pipeline.add_transform(preprocess.validate_device_wires, self.wires, name=self.name)
            pipeline.add_transform(
                preprocess.validate_measurements,
                analytic_measurements=lambda m: isinstance(m, measurements.StateMeasurement),
                sample_measurements=lambda m: isinstance(m, sampled),
                name=self.name,
            )
            pipeline.add_transform(transforms.broadcast_expand)
            if config.gradient_method in ("backprop", "device"):
                pipeline.add_transform(
                    preprocess.no_sampling, name=f"{config.gradient_method} + {self.name}"
                )
            return pipeline

        def supports_derivatives(self, execution_config: Any = None, circuit: Any = None) -> bool:
            if execution_config is None:
                return True
            good = execution_config.gradient_method in ("backprop", "device", "best")
            return good and (circuit is None or not circuit.shots)

        def supports_vjp(self, execution_config: Any = None, circuit: Any = None) -> bool:
            return self.supports_derivatives(execution_config, circuit)

        def execute(self, circuits: Any, execution_config: Any = None) -> Any:
            return tuple(self._one(tape) for tape in circuits)

        def _one(self, tape: Any) -> Any:
            if any(hasattr(p, "aval") for p in tape.get_parameters(trainable_only=False)):
                return _final(tape, self._options())
            with jax.enable_x64(True):
                return _as_numpy(_final(tape, self._options()))

        def _options(self) -> dict[str, Any]:
            if self._key is None:
                return {"rng": self._rng}
            self._key, key = jax.random.split(self._key)
            return {"rng": self._rng, "prng_key": key}

        def compute_derivatives(self, circuits: Any, execution_config: Any = None) -> Any:
            return tuple(self._jacobian(tape) for tape in circuits)

        def execute_and_compute_derivatives(
            self, circuits: Any, execution_config: Any = None
        ) -> Any:
            return (
                tuple(self._one(tape) for tape in circuits),
                self.compute_derivatives(circuits, execution_config),
            )

        def compute_vjp(self, circuits: Any, cotangents: Any, execution_config: Any = None) -> Any:
            return tuple(map(self._product, circuits, cotangents))

        def _product(self, tape: Any, cotangent: Any) -> Any:
            with jax.enable_x64(True):
                found, pull = jax.vjp(*_traced(tape))
                given = jax.tree.map(
                    lambda x, c: jnp.asarray(c).astype(x.dtype).reshape(x.shape), found, cotangent
                )
                return tuple(_as_numpy(pull(given)[0]))

        def _jacobian(self, tape: Any) -> Any:
            with jax.enable_x64(True):
                results, values = _traced(tape)
                found = _as_numpy(jax.jacfwd(results)(values))
            several = len(tape.measurements) > 1
            rows = [tuple(row) for row in (found if several else [found])]
            flat = [row[0] if len(row) == 1 else row for row in rows]
            return tuple(flat) if several else flat[0]

    def _complex(tape: Any) -> bool:
        """Whether a tape asks for amplitudes."""
        asked = () if tape is None else tape.measurements
        return any(isinstance(m, measurements.StateMP) for m in asked)

    def _traced(tape: Any) -> tuple[Any, list[Any]]:
        """The results as a function of the trainable parameters, and the parameters."""

        def results(params: list[Any]) -> Any:
            return _final(tape.bind_new_parameters(params, tape.trainable_params), {})

        return results, [jnp.asarray(v) for v in tape.get_parameters()]

    def _final(tape: Any, options: dict[str, Any]) -> Any:
        """The results of a tape: expectation values of Pauli sums directly, others by PennyLane."""
        tape = tape.map_to_standard_wires()
        order = range(len(tape.wires))  # which are the wires' names by now
        circuit = from_pennylane(tape, order)
        if not tape.shots and tape.measurements:
            place = {k: k for k in order}
            sums = [
                pauli_sum(m.obs, place)
                if type(m) is measurements.ExpectationMP and m.obs is not None
                else None
                for m in tape.measurements
            ]
            if all(s is not None for s in sums):
                values = verbs.expval(circuit, sums)
                return values[0] if len(values) == 1 else tuple(values)
        state = verbs.run(circuit).reshape((2,) * circuit.n)
        return measure_final_state(tape, state, False, **options)

    return QjaxDevice


def _as_numpy(value: Any) -> Any:
    return jax.tree.map(lambda x: np.asarray(x) if isinstance(x, jax.Array) else x, value)
