"""Keep measured numbers for the documentation: `python docs/record.py FOLDER ...`.

FOLDER is the folder of a finished run (`runs/NAME-...`) or of a benchmark
(`benchmarks/results/...`). The gallery and the benchmark page are made from what is kept here; an
older record of the same experiment or suite is replaced.
"""

import json
import sys
from pathlib import Path

RECORDED = Path(__file__).parent / "recorded"


def record_run(folder: Path) -> Path:
    """The table of a run, with what it was run with."""
    config = json.loads((folder / "config.json").read_text())
    result = json.loads((folder / "result.json").read_text())
    content = {
        "rows": result["rows"],
        "seconds": result["seconds"],
        "settings": config["settings"],
        "revision": config.get("revision"),
        "started": config.get("started"),
    }
    return keep(RECORDED / f"{config['experiment']}.json", content)


def record_benchmark(path: Path) -> Path:
    """A suite's numbers, without the lists of single times."""
    content = json.loads(path.read_text())
    if "settings" in content:
        content["settings"].pop("folder", None)
    content.get("machine", {}).pop("system", None)
    return keep(RECORDED / "benchmarks" / path.name, content)


def keep(path: Path, content: dict) -> Path:
    """Write JSON that is kind to diffs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n")
    return path


def main() -> None:
    """Record every folder that is named."""
    for name in sys.argv[1:]:
        folder = Path(name)
        if (folder / "result.json").exists():
            found = [record_run(folder)]
        else:
            found = [record_benchmark(path) for path in sorted(folder.glob("*.json"))]
        for path in found:
            sys.stdout.write(f"{path}\n")


if __name__ == "__main__":
    main()
