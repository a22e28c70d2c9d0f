"""The command: `python -m benchmarks [--suite w1] [--quick]`; results go to benchmarks/results/."""

import argparse
import dataclasses
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import plots, report, suites
from benchmarks.arena import Arena, Settings
from benchmarks.environments import ROOT, ensure
from benchmarks.peers import PEERS

RESULTS = Path(__file__).parent / "results"


def main() -> int:
    """Run the suites that were asked for."""
    available = suites.load()
    options = parse(list(available))
    names = list(available) if options.suite == "all" else [options.suite]
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    folder = RESULTS / (f"{stamp}-quick" if options.quick else stamp)
    folder.mkdir(parents=True)
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    settings = Settings(
        budget=options.budget,
        rounds=options.rounds or (2 if options.quick else 7),
        turn_seconds=0.05 if options.quick else 0.3,
        threads=options.threads,
        memory=int(0.6 * total),
        folder=folder,
    )
    unavailable = build_environments({n for name in names for n in available[name].peers}, options)
    host = report.machine()
    for name in names:
        with Arena(settings, broken=dict(unavailable)) as arena:
            run(name, available[name], arena, options, host)
    print(f"results in {folder.relative_to(ROOT)}")
    return 0


def parse(names: list[str]) -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--suite", choices=[*names, "all"], default="all")
    parser.add_argument("--quick", action="store_true", help="tiny sizes: does everything work?")
    parser.add_argument("--peers", help="comma-separated names; qjax always takes part")
    parser.add_argument("--only", help="only cases with these words in their names: n=8,complex64")
    parser.add_argument("--budget", type=float, default=120.0, help="seconds per case and peer")
    parser.add_argument("--rounds", type=int, help="interleaved rounds")
    parser.add_argument("--threads", type=int, default=2, help="threads of every peer")
    options = parser.parse_args()
    if options.peers:
        unknown = set(options.peers.split(",")) - set(PEERS)
        if unknown:
            parser.error(f"no such peers: {', '.join(sorted(unknown))}; there are {list(PEERS)}")
    return options


def build_environments(names: set[str], options: argparse.Namespace) -> dict[str, str]:
    """Build what the chosen peers need, and return who cannot take part and why."""
    wanted = sorted({PEERS[name].environment for name in names if chosen(name, options)})
    trouble = {environment: ensure(environment) for environment in wanted}
    for reason in filter(None, trouble.values()):
        print(reason, file=sys.stderr)
    return {
        name: trouble[PEERS[name].environment]
        for name in names
        if trouble.get(PEERS[name].environment)
    }


def chosen(name: str, options: argparse.Namespace) -> bool:
    """Tell whether a peer takes part."""
    return not options.peers or name == "qjax" or name in options.peers.split(",")


def run(name: str, suite: suites.Suite, arena: Arena, options, host: dict) -> None:
    """Run one suite, and write its results after every row, so that a stopped run keeps them."""
    print(f"{suite.title}", flush=True)
    rows: dict[str, dict] = {}
    settings = dataclasses.asdict(arena.settings) | {"folder": arena.settings.folder.name}

    def done(row: dict) -> None:
        rows[row["name"]] = row
        context = {"machine": host, "settings": settings, "versions": arena.versions}
        arguments = (arena.settings.folder, name, suite, list(rows.values()))
        report.write_json(*arguments, context)
        report.write_markdown(*arguments, context)
        best = report.compare(row, suite.figure)
        verdict = f"{best[0]} / qjax = {best[1]:.3g}" if best else "no pair to compare"
        print(f"  {row['name']}: {verdict}", flush=True)

    peers = [peer for peer in suite.peers if chosen(peer, options)]
    words = set(filter(None, (options.only or "").split(",")))
    cases = [case for case in suite.cases(options.quick) if words <= set(case.name.split())]
    if not cases:
        print("  no case has these words in its name", file=sys.stderr)
        return
    suite.measure(arena, cases, peers, done)
    plots.draw(arena.settings.folder, name, suite, list(rows.values()))


if __name__ == "__main__":
    sys.exit(main())
