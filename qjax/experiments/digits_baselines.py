"""Classical classifiers on the images of ``qhe-digits``: what the quantum model is held against."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

Scores = dict[str, list[tuple[str, float]]]


def baselines(images: Any, chosen: np.ndarray, parameters: int, seed: int) -> Scores:
    """Accuracies of logistic regression, an RBF support vector machine and a small MLP.

    Args:
        images: has ``pixels`` of shape (n, 8, 8) and ``labels`` of shape (n,).
        chosen: booleans of shape (seeds, n): the training images of each seed.
        parameters: the MLP gets the number of hidden units that comes closest to this many.
        seed: where the seeds of the MLPs begin.

    Returns:
        For "train" and "test" a list of (name, median accuracy over the seeds).
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from sklearn.neural_network import MLPClassifier
    from sklearn.svm import SVC

    y = np.asarray(images.labels)
    x = np.asarray(images.pixels, np.float64).reshape(len(y), -1)
    inputs, classes = x.shape[1], 8
    hidden = max(1, round((parameters - classes) / (inputs + 1 + classes)))
    weights = (inputs + 1) * hidden + (hidden + 1) * classes
    contestants = {
        f"logistic regression ({(inputs + 1) * classes})": [
            LogisticRegression(C=1.0, max_iter=2000) for _ in chosen
        ],
        "RBF-SVM": [SVC(C=10.0, gamma="scale") for _ in chosen],
        f"MLP, {hidden} hidden ({weights})": [
            MLPClassifier(
                (hidden,), solver="lbfgs", alpha=1e-3, max_iter=1000, random_state=seed + k
            )
            for k in range(len(chosen))
        ],
    }
    found: Scores = {"train": [], "test": []}
    for name, models in contestants.items():
        accuracies: dict[str, list[float]] = {"train": [], "test": []}
        for model, mine in zip(models, chosen, strict=True):
            with warnings.catch_warnings():
                # A small MLP may use up its iterations; it is judged where it stands.
                warnings.simplefilter("ignore", ConvergenceWarning)
                model.fit(x[mine], y[mine])
            accuracies["train"].append(float(model.score(x[mine], y[mine])))
            accuracies["test"].append(float(model.score(x[~mine], y[~mine])))
        for which, values in accuracies.items():
            found[which].append((name, float(np.median(values))))
    return found
