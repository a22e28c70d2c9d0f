"""Results as JSON and as a Markdown table, with the ratio of the best peer to qjax."""

import json
import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.environments import ROOT
from benchmarks.peers import OURS
from benchmarks.suites import Suite

# Shown below the table of a suite, where its measurement has them.
DETAILS = {
    "first_seconds": ("First call", "s"),
    "trace_seconds": ("Tracing", "s"),
    "compile_seconds": ("Compiling", "s"),
    "growth_bytes": ("Growth of the process in a run, tracing and compiling left out", "B"),
    "peak_memory": ("Peak resident memory of the process", "B"),
}


def machine() -> dict:
    """Return what the numbers depend on, besides the code."""
    model = platform.processor()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        lines = [line for line in cpuinfo.read_text().splitlines() if line.startswith("model name")]
        model = lines[0].split(":", 1)[1].strip() if lines else model
    revision = subprocess.run(
        ["git", "describe", "--always", "--dirty"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "processor": model,
        "cores": os.cpu_count(),
        "system": platform.platform(),
        "load_average": list(os.getloadavg()) if hasattr(os, "getloadavg") else None,
        "revision": revision.stdout.strip(),
    }


def compare(row: dict, figure: str) -> tuple[str, float] | None:
    """Return the best peer, and its figure over ours; None without one of the two."""
    found = {
        name: entry[figure]
        for name, entry in row["peers"].items()
        if entry["status"] == "ok" and figure in entry
    }
    theirs = {name: value for name, value in found.items() if not name.startswith(OURS)}
    if OURS not in found or not theirs:
        return None
    best = min(theirs, key=theirs.get)
    return best, theirs[best] / found[OURS]


def write_json(folder: Path, name: str, suite: Suite, rows: list[dict], context: dict) -> None:
    """Write everything that was measured."""
    ratios = {row["name"]: compare(row, suite.figure) for row in rows}
    content = {"title": suite.title, "figure": suite.figure, **context}
    content |= {"rows": rows, "best_peer_over_qjax": ratios}
    (folder / f"{name}.json").write_text(json.dumps(content, indent=1))


def write_markdown(folder: Path, name: str, suite: Suite, rows: list[dict], context: dict) -> str:
    """Write the tables, and return them."""
    settings, host = context["settings"], context["machine"]
    lines = [f"# {suite.title}", ""]
    lines += [
        f"{host['processor']}, {host['cores']} cores, {settings['threads']} threads for everyone; "
        f"load average at the start {host['load_average']}; {host['date']}; "
        f"revision {host['revision']}.",
        f"Medians of {settings['rounds']} interleaved rounds at most; {settings['budget']:.0f} s "
        "per case and peer. All that are timed agree with each other. An asterisk marks complex128 "
        "where the case says complex64.",
        "",
        *table(rows, suite.figure, suite.unit, ratios=True),
    ]
    for key, (heading, unit) in DETAILS.items():
        if key != suite.figure and any(key in entry for row in rows for entry in entries(row)):
            lines += ["", f"## {heading}", "", *table(rows, key, unit)]
    lines += ["", *section("## Ratios", suite.remarks(rows))]
    lines += section("## Who could not", refusals(rows))
    lines += section("## Timed in spite of rounding beyond the tolerance", roundings(rows))
    lines += section("## Versions", versions(context["versions"]))
    text = "\n".join(lines).rstrip() + "\n"
    (folder / f"{name}.md").write_text(text)
    return text


def entries(row: dict) -> list[dict]:
    """Return what the peers of a row did."""
    return list(row["peers"].values())


def section(heading: str, items: list[str]) -> list[str]:
    """Return a heading and a list, or nothing for an empty list."""
    return [heading, "", *(f"- {item}" for item in items), ""] if items else []


def table(rows: list[dict], figure: str, unit: str, ratios: bool = False) -> list[str]:
    """Return one figure of all peers, a case per line."""
    names = list(rows[0]["peers"]) if rows else []
    head = ["case", *names, *(["best peer", "best peer / qjax", "goal"] if ratios else [])]
    lines = [" | ".join(head), " | ".join("---" for _ in head)]
    for row in rows:
        cells = [row["name"]]
        for name in names:
            entry = row["peers"][name]
            shown = figure in entry and entry["status"] == "ok"
            other = entry.get("precision", row["case"]["dtype"]) != row["case"]["dtype"]
            cells.append(quantity(entry[figure], unit) + "*" * other if shown else "-")
        if ratios:
            best, goal = compare(row, figure), row["case"]["goal"]
            cells += [best[0], f"**{best[1]:.3g}**"] if best else ["-", "-"]
            cells.append("-" if goal is None else f"{goal:g}")
        lines.append(" | ".join(cells))
    return [f"| {line} |" for line in lines]


def quantity(value: float, unit: str) -> str:
    """Return a number with a readable unit."""
    if unit == "B":
        return f"{value / 2**20:.0f} MiB"
    if unit != "s":
        return f"{value:.3g} {unit}"
    for scale, name in ((1.0, "s"), (1e-3, "ms")):
        if value >= scale:
            return f"{value / scale:.3g} {name}"
    return f"{value * 1e6:.3g} us"


def refusals(rows: list[dict]) -> list[str]:
    """Return every peer that did not finish a case it offers, and why."""
    return [
        f"{name}: {row['name']}: {entry['status']}"
        for row in rows
        for name, entry in row["peers"].items()
        if entry["status"] != "ok" and not entry["status"].startswith("not offered")
    ]


def roundings(rows: list[dict]) -> list[str]:
    """Return every peer that was timed although it is off by more than the tolerance."""
    return [
        f"{name}: {row['name']}: off by {entry['deviation']:.1e}"
        for row in rows
        for name, entry in row["peers"].items()
        if entry["status"] == "ok" and entry.get("deviation", 0.0) > entry.get("tolerance", 1.0)
    ]


def versions(found: dict[str, dict]) -> list[str]:
    """Return what ran, peer by peer."""
    return [
        f"{name}: Python {hello['python']}, "
        + ", ".join(f"{package} {number}" for package, number in hello["versions"].items())
        for name, hello in found.items()
    ]
