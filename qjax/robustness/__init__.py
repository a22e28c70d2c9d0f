"""How far a model can be trusted: attacks on inputs, guaranteed prediction sets, attributions."""

from .attacks import adversarial_loss, fgsm, pgd
from .attribution import drop_column_importance, permutation_importance, q_medley
from .conformal import class_sets, conformal_threshold, coverage, interval

__all__ = [
    "adversarial_loss",
    "class_sets",
    "conformal_threshold",
    "coverage",
    "drop_column_importance",
    "fgsm",
    "interval",
    "permutation_importance",
    "pgd",
    "q_medley",
]
