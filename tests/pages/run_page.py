"""Run every block of Python on a page, in order: `python run_page.py PAGE.md`.

A page that says ``% devices: 8`` has so many. Blocks that need more than one machine are written
``py`` and not run.
"""

import os
import re
import sys
import tempfile
import warnings
from pathlib import Path

os.environ["MPLBACKEND"] = "Agg"

import matplotlib

matplotlib.use("Agg")
BLOCK = re.compile(r"^```(?:python|\{code-cell\} ipython3)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def main() -> None:
    """Execute the page in a scope of its own and an empty folder; warnings are errors."""
    page = Path(sys.argv[1]).resolve()
    text = page.read_text()
    devices = re.search(r"^% devices: (\d+)$", text, re.MULTILINE)
    if devices:
        flag = f"--xla_force_host_platform_device_count={devices.group(1)}"
        os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {flag}"
    scope: dict = {"__name__": "__main__"}
    os.chdir(tempfile.mkdtemp())
    warnings.simplefilter("error")
    warnings.filterwarnings("ignore", message=".*non-interactive.*")  # plt.show() without a screen
    count = 0
    for match in BLOCK.finditer(text):
        line = text[: match.start()].count("\n") + 1  # errors name the line of the page
        code = compile("\n" * line + match.group(1), page.name, "exec")
        exec(code, scope)
        count += 1
    sys.stdout.write(f"ran {count} blocks\n")


if __name__ == "__main__":
    main()
