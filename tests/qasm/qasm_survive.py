"""Feeds programs to the reader: ``qasm_survive.py hostile`` or ``damaged FIRST LAST``."""

import random
import re
import resource
import sys
import time
from pathlib import Path

from qasm_files import OWN, SHARED, files
from qasm_hostile import corpus

from qjax import qasm

SECONDS, KIBIBYTES = 2, 1024**2
PIECES = """( ) [ ] { } ; , -> == = @ $0 $9 . .. " ' // /* */ -1 0 1e9 1e400 999999999 pi qubit
bit q c int[8] if else for while in gate def ctrl inv pow(2) let const input measure reset barrier
gphase U cx h OPENQASM 2.0 3.0 include opaque creg qreg ^ ** ~ ! && ++ : \0 \x80 é"""
PIECES = re.split(r"[ \n]", PIECES)


def peak_memory():
    """The largest resident size of this program, KiB; what its parent had does not count."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:  # elsewhere than on Linux a new program starts its own count
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(re.search(r"VmHWM:\s+(\d+)", status)[1])


def sources():
    """Programs to damage: the project's own, and the shared ones where they are."""
    texts = [p.read_text() for p in sorted(OWN.glob("*.qasm"))]
    if SHARED.is_dir():
        texts += [p.read_text() for p in files("open") + files("openqasm3")]
    return texts


def damaged(rng, text):
    """A program with a few bytes or tokens changed."""
    for _ in range(rng.randint(1, 4)):
        if not text:
            return text
        a = rng.randrange(len(text))
        b = min(len(text), a + rng.choice((1, 1, 3, 12, 80)))
        kind = rng.randrange(5)
        if kind == 0:
            text = text[:a] + text[b:]
        elif kind == 1:
            text = text[:a] + f" {rng.choice(PIECES)} " + text[a:]
        elif kind == 2:
            text = text[:a] + rng.choice(PIECES) + text[b:]
        elif kind == 3:
            text = text[:a] + text[a:b] * rng.choice((2, 3, 50)) + text[b:]
        else:
            c = rng.randrange(len(text))
            text = text[:a] + text[c : c + (b - a)] + text[b:]
    return text


def read(name, text, accepted):
    """Read one program: `QasmError` or a circuit, soon, and in little memory."""
    start = time.process_time()
    try:
        qasm.loads(text)
    except qasm.QasmError:
        pass
    except BaseException as error:
        raise SystemExit(f"{name}: {type(error).__name__}: {error}\n{text[:2000]}") from error
    else:
        if not accepted:
            raise SystemExit(f"{name}: accepted")
    seconds = time.process_time() - start
    peak = peak_memory()
    if seconds > SECONDS or peak > KIBIBYTES:
        raise SystemExit(f"{name}: {seconds:.1f} s, {peak} KiB\n{text[:2000]}")


if __name__ == "__main__":
    if sys.argv[1] == "hostile":
        programs = corpus()
        for name, text in programs.items():
            read(name, text, accepted=False)
        sys.stdout.write(str(len(programs)))
    else:
        texts = sources()
        seeds = range(int(sys.argv[2]), int(sys.argv[3]))
        for seed in seeds:
            rng = random.Random(seed)
            read(f"seed {seed}", damaged(rng, rng.choice(texts)), accepted=True)
        sys.stdout.write(str(len(seeds)))
