"""Results as a picture: curves of every peer, and the ratio of the best peer to qjax."""

from pathlib import Path

from benchmarks.report import compare
from benchmarks.suites import Suite

# One colour per contestant in every picture; ours are dark.
COLOURS = {
    "qjax": "black",
    "qjax-backprop": "dimgray",
    "pennylane-jit": "tab:purple",
    "lightning": "tab:orange",
    "tc-scan": "tab:blue",
    "tc-docs": "tab:cyan",
    "qujax": "tab:green",
    "qulacs": "tab:red",
    "aer": "tab:brown",
}


def draw(folder: Path, name: str, suite: Suite, rows: list[dict]) -> None:
    """Write one picture with a row of panels for each curve family."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    families = group(rows, suite.axis)
    if not families:
        return
    figure, axes = plt.subplots(
        len(families), 2, figsize=(11, 3.2 * len(families)), squeeze=False, layout="constrained"
    )
    for (curves, ratios), (label, members) in zip(axes, families.items(), strict=True):
        draw_curves(curves, suite, members)
        draw_ratios(ratios, suite, members)
        curves.set_title(label, fontsize="small")
    figure.suptitle(suite.title)
    figure.savefig(folder / f"{name}.png", dpi=120)
    plt.close(figure)


def group(rows: list[dict], axis: str) -> dict[str, list[dict]]:
    """Return the rows by everything in the case but the axis and the goal."""
    families: dict[str, list[dict]] = {}
    for row in rows:
        case = row["case"]
        fixed = [
            f"{key}={value}" for key, value in case.items() if key not in (axis, "goal") and value
        ]
        families.setdefault(" ".join(fixed), []).append(row)
    return families


def draw_curves(axes, suite: Suite, rows: list[dict]) -> None:
    """Draw the figure of every peer along the axis of the suite."""
    for name in rows[0]["peers"]:
        points = [
            (row["case"][suite.axis], row["peers"][name][suite.figure])
            for row in rows
            if row["peers"][name]["status"] == "ok" and suite.figure in row["peers"][name]
        ]
        if points:
            axes.plot(*zip(*points, strict=True), "o-", label=name, color=COLOURS[name])
    axes.set(yscale="log", xlabel=suite.axis, ylabel=f"{suite.figure} ({suite.unit})")
    if suite.axis != "qubits":
        axes.set_xscale("log")
    if axes.lines:
        axes.legend(fontsize="x-small")


def draw_ratios(axes, suite: Suite, rows: list[dict]) -> None:
    """Draw how many times the best peer's figure is ours, with the goals."""
    labels = [str(row["case"][suite.axis]) for row in rows]
    found = [compare(row, suite.figure) for row in rows]
    bars = axes.bar(labels, [best[1] if best else 0.0 for best in found], color="lightsteelblue")
    axes.bar_label(bars, [best[0] if best else "no pair" for best in found], fontsize="x-small")
    for place, row in enumerate(rows):
        if row["case"]["goal"] is not None:
            axes.hlines(row["case"]["goal"], place - 0.4, place + 0.4, color="black", ls="--")
    axes.axhline(1.0, color="gray", lw=0.8)
    axes.set(xlabel=suite.axis, ylabel="best peer / qjax")
