"""What a sweep ends with, as arrays and as tables."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import ExperimentError, UnsupportedError
from .design import Design, Grid, Points


@dataclass(frozen=True)
class Swept:
    """The results of a sweep.

    Attributes:
        design: the `Grid` or `Random` that was visited.
        points: the value of every axis at every point, shape (points,).
        values: under each name the results, shape (points, ...), or (points, seeds, ...) where
            seeds were asked for. Where a point failed: not a number, or zero for integers.
        failed: which of them failed, booleans of shape (points,) or (points, seeds).
        errors: why, under (point, seed); "not finite" where the numbers say so.
        seeds: how many seeds, or None.
    """

    design: Design
    points: Points
    values: dict[str, np.ndarray]
    failed: np.ndarray
    errors: dict[tuple[int, int], str]
    seeds: int | None

    def __getitem__(self, name: str) -> np.ndarray:
        """The results under a name, shaped by the grid: (\\*axes, seeds, ...).

        Raises:
            ExperimentError: there are none under that name.
        """
        values = self._named(name)
        return values.reshape(*self.design.shape, *values.shape[1:])

    def best(self, name: str) -> dict[str, Any]:
        """The point with the smallest result (its median over the seeds that did not fail).

        Args:
            name: of a result that is one number per point and seed.

        Returns:
            The value of every axis there, and the result under ``name``.

        Raises:
            ExperimentError: no result of that name, more than one number per point and seed, or
                every point failed.
        """
        values = self._named(name)
        if values.shape != self.failed.shape:
            raise ExperimentError(
                f"best: {name} is not one number per point and seed",
                expected=self.failed.shape,
                got=values.shape,
            )
        found = np.where(self.failed, np.nan, values).reshape(len(values), -1)
        usable = ~np.all(np.isnan(found), axis=1)
        if not usable.any():
            why = next(iter(self.errors.values()), "not a number")
            raise ExperimentError("best: every point failed", got=why)
        middle = np.full(len(found), np.inf)
        middle[usable] = np.nanmedian(found[usable], axis=1)
        at = int(np.argmin(middle))
        return {axis: v[at].item() for axis, v in self.points.items()} | {name: float(middle[at])}

    def _named(self, name: str) -> np.ndarray:
        if name not in self.values:
            raise ExperimentError(
                f"the sweep has no result {name!r}",
                expected=", ".join(self.values) or "none: every point failed",
            )
        return self.values[name]

    def columns(self) -> dict[str, Any]:
        """One row per point and seed: axes, ``seed``, results, ``failed``; arrays or lists."""
        seeds = self.seeds or 1
        table: dict[str, Any] = {name: np.repeat(v, seeds) for name, v in self.points.items()}
        if self.seeds is not None:
            table["seed"] = np.tile(np.arange(seeds), len(self.failed))
        lead = 1 if self.seeds is None else 2
        for name, v in self.values.items():
            rows = v.reshape(-1, *v.shape[lead:])
            table[name] = rows if rows.ndim == 1 else list(rows)
        return table | {"failed": self.failed.ravel()}

    def to_pandas(self) -> Any:
        """`columns` as a `pandas.DataFrame`.

        Raises:
            UnsupportedError: pandas is not installed.
        """
        return _package("pandas").DataFrame(self.columns())

    def to_xarray(self) -> Any:
        """An `xarray.Dataset`: one dimension per axis of a grid (or ``point``), then ``seed``.

        Raises:
            UnsupportedError: xarray is not installed.
        """
        grid = isinstance(self.design, Grid)
        dims = list(self.design.axes) if grid else ["point"]
        coords = (
            dict(self.design.axes) if grid else {n: ("point", v) for n, v in self.points.items()}
        )
        dims = dims + ["seed"] * (self.seeds is not None)
        values = {name: self[name] for name in self.values}
        values["failed"] = self.failed.reshape(*self.design.shape, *self.failed.shape[1:])
        return _package("xarray").Dataset(
            {
                name: ([*dims, *(f"{name}_{k}" for k in range(v.ndim - len(dims)))], v)
                for name, v in values.items()
            },
            coords,
        )


def _package(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        raise UnsupportedError(
            f"this view of a sweep needs the package {name}",
            fix=f"pip install {name}, or take .columns(), which is NumPy",
        ) from None
