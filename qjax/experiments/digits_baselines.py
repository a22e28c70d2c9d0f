"""Classical classifiers on the images of ``qhe-digits``: what the quantum model is held against."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

Scores = dict[str, list[tuple[str, float]]]


def baselines(train: Any, test: Any, parameters: int, seeds: int, seed: int) -> Scores:
    """Accuracies of logistic regression, an RBF support vector machine and a small MLP.

    Args:
        train: has ``pixels`` of shape (n, 8, 8) and ``labels`` of shape (n,).
        test: the same.
        parameters: the MLP gets the number of hidden units that comes closest to this many.
        seeds: how many MLPs; their median counts.
        seed: where their seeds begin.

    Returns:
        For "train" and "test" a list of (name, accuracy).
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from sklearn.neural_network import MLPClassifier
    from sklearn.svm import SVC

    x, y = _flat(train)
    inputs, classes = x.shape[1], 8
    hidden = max(1, round((parameters - classes) / (inputs + 1 + classes)))
    weights = (inputs + 1) * hidden + (hidden + 1) * classes
    contestants = {
        f"logistic regression ({(inputs + 1) * classes})": [
            LogisticRegression(C=1.0, max_iter=2000)
        ],
        "RBF-SVM": [SVC(C=10.0, gamma="scale")],
        f"MLP, {hidden} hidden ({weights})": [
            MLPClassifier(
                (hidden,), solver="lbfgs", alpha=1e-3, max_iter=1000, random_state=seed + k
            )
            for k in range(seeds)
        ],
    }
    found: Scores = {"train": [], "test": []}
    for name, models in contestants.items():
        accuracies: dict[str, list[float]] = {"train": [], "test": []}
        for model in models:
            with warnings.catch_warnings():
                # A small MLP may use up its iterations; it is judged where it stands.
                warnings.simplefilter("ignore", ConvergenceWarning)
                model.fit(x, y)
            accuracies["train"].append(float(model.score(x, y)))
            accuracies["test"].append(float(model.score(*_flat(test))))
        for which, values in accuracies.items():
            found[which].append((name, float(np.median(values))))
    return found


def _flat(images: Any) -> tuple[np.ndarray, np.ndarray]:
    labels = np.asarray(images.labels)
    return np.asarray(images.pixels, np.float64).reshape(len(labels), -1), labels
