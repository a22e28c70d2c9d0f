"""Which experiments there are. Each lives in a module of its own, imported when it is asked for."""

from __future__ import annotations

import difflib
import importlib

from ..errors import ExperimentError
from .frame import Experiment

MODULES: dict[str, str] = {
    "qhe-digits": "qhe_digits",
    "h2-curve": "h2_curve",
    "molecule-curves": "molecule_curves",
    "adapt-vqe": "adapt_vqe",
    "heisenberg-magnet": "heisenberg_magnet",
    "qaoa-maxcut": "qaoa_maxcut",
    "pce-maxcut": "pce_maxcut",
    "constrained-optimisation": "constrained_optimisation",
    "qkan-regression": "qkan_regression",
    "qkan-digits": "qkan_digits",
    "qkan-extension": "qkan_extension",
    "hqkan-gpt": "qkan_gpt",
    "qkan-lstm": "qkan_lstm",
    "zne-nn": "zne_nn",
    "qgdm": "qgdm",
    "tn-vqe": "tn_vqe",
    "born-machine": "born_machine",
    "tn-generative": "tn_generative",
    "ttn-digits": "ttn_digits",
    "tn-plateau": "tn_plateau",
    "qfwp-series": "qfwp_series",
    "qlstm-series": "qlstm_series",
    "qfwp-minigrid": "qfwp_minigrid",
    "cartpole-agents": "cartpole_agents",
    "frozenlake-decoding": "frozenlake_decoding",
    "tfim-capacity": "tfim_capacity",
    "narma": "narma",
    "lorenz-forecast": "lorenz_forecast",
    "noise-induced": "noise_induced",
    "onion": "onion",
    "qrnn-rc": "qrnn_rc",
    "ipc": "ipc",
    "adhoc-kernel": "adhoc_kernel",
    "effective-dimension": "effective_dimension",
    "covariant-kernel": "covariant_kernel",
    "qpc-causal": "qpc_causal",
    "adversarial-digits": "adversarial_digits",
    "randomisation": "randomisation",
    "creep-in": "creep_in",
    "qdsformer-digits": "qdsformer_digits",
    "parallel-hqnn": "parallel_hqnn",
    "iris-qcnn": "iris_qcnn",
    "farhi-neven": "farhi_neven",
    "mpo-compress": "mpo_compress",
    "adapter-entanglement": "adapter_entanglement",
    "qvf-image": "qvf_image",
}
"""Name on the command line, and module in this package with its ``EXPERIMENT``."""


def names() -> list[str]:
    """The names of all experiments, the main one first."""
    return list(MODULES)


def find(name: str) -> Experiment:
    """The experiment of that name.

    Raises:
        ExperimentError: there is none.

    Example:
        >>> from qjax.experiments import find
        >>> find("qhe-digits").paper
        'arXiv:2407.14055'
    """
    if name not in MODULES:
        near = difflib.get_close_matches(name, MODULES, n=1)
        raise ExperimentError(
            f"there is no experiment {name!r}",
            expected=", ".join(MODULES),
            fix=f"did you mean {near[0]}?" if near else "qjax list shows them all",
        )
    return importlib.import_module(f"{__package__}.{MODULES[name]}").EXPERIMENT
