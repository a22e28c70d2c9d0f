"""A small stabiliser simulator, the oracle of Clifford circuits on many qubits.

Aaronson and Gottesman, PRA 70, 052328 (2004), with only the stabiliser half of the tableau.
"""

import numpy as np

GATES = {"H": 1, "S": 1, "X": 1, "CX": 2, "CZ": 2}


class Tableau:
    """Generators of the stabiliser group: rows of x bits, z bits and signs."""

    def __init__(self, n):
        self.n = n
        self.x = np.zeros((n, n), bool)
        self.z = np.eye(n, dtype=bool)
        self.sign = np.zeros(n, bool)

    def apply(self, name, qubits):
        x, z = self.x, self.z
        if name == "CZ":
            a, b = qubits
            self.apply("H", (b,))
            self.apply("CX", (a, b))
            self.apply("H", (b,))
        elif name == "CX":
            a, b = qubits
            self.sign ^= x[:, a] & z[:, b] & (x[:, b] ^ z[:, a] ^ True)
            x[:, b] ^= x[:, a]
            z[:, a] ^= z[:, b]
        elif name == "H":
            (a,) = qubits
            self.sign ^= x[:, a] & z[:, a]
            x[:, a], z[:, a] = z[:, a].copy(), x[:, a].copy()
        elif name == "S":
            (a,) = qubits
            self.sign ^= x[:, a] & z[:, a]
            z[:, a] ^= x[:, a]
        else:
            (a,) = qubits
            self.sign ^= z[:, a]

    def product(self, rows):
        """The product of generators as ``(x, z, power of i)``, for letters with Y = i X Z."""
        x, z, power = np.zeros(self.n, bool), np.zeros(self.n, bool), 0
        for r in rows:
            # X^x Z^z with Z moved past X of the next factor; each Y of the row brings an i.
            power += 2 * int(self.sign[r]) + int(np.sum(self.x[r] & self.z[r]))
            power += 2 * int(np.sum(z & self.x[r]))
            x, z = x ^ self.x[r], z ^ self.z[r]
        return x, z, power % 4

    def expectation(self, word):
        """-1, 0 or 1."""
        x, z = np.zeros(self.n, bool), np.zeros(self.n, bool)
        for q, letter in word:
            x[q], z[q] = letter in "XY", letter in "YZ"
        rows = self._solve(np.concatenate([x, z]))
        if rows is None:
            return 0
        _, _, power = self.product(rows)
        power -= int(np.sum(x & z))
        return 1 if power % 4 == 0 else -1

    def _solve(self, target):
        """Which generators multiply to the word, by elimination over two elements."""
        m = np.concatenate([self.x, self.z], axis=1).T.copy()
        rhs = target.copy()
        pivots, row = [], 0
        for column in range(self.n):
            found = np.flatnonzero(m[row:, column])
            if not len(found):
                continue
            k = row + found[0]
            m[[row, k]], rhs[[row, k]] = m[[k, row]], rhs[[k, row]]
            for j in np.flatnonzero(m[:, column]):
                if j != row:
                    m[j] ^= m[row]
                    rhs[j] ^= rhs[row]
            pivots.append(column)
            row += 1
        if np.any(rhs[row:]):
            return None
        return [c for k, c in enumerate(pivots) if rhs[k]]

    def some_words(self, rng, count):
        """Half of them in the group, half random on a few qubits; no word twice."""
        words = {}
        while len(words) < count:
            if len(words) % 2:
                qubits = rng.choice(self.n, 2 + rng.integers(3), replace=False)
                word = tuple(sorted((int(q), "XYZ"[rng.integers(3)]) for q in qubits))
            else:
                rows = rng.choice(self.n, 1 + rng.integers(3), replace=False)
                x, z, _ = self.product(rows)
                letters = {(1, 0): "X", (1, 1): "Y", (0, 1): "Z"}
                word = tuple(
                    (q, letters[int(x[q]), int(z[q])]) for q in np.flatnonzero(x | z).tolist()
                )
            words.setdefault(word)
        return list(words)


def random_clifford(rng, n, layers):
    """Neighbouring gates in bricks, so that no bond needs more than ``2**layers``."""
    gates = []
    for layer in range(layers):
        for q in range(n):
            gates += [(str(rng.choice(["H", "S", "X"])), (q,)) for _ in range(2)]
        for a in range(layer % 2, n - 1, 2):
            pair = (a, a + 1) if rng.random() < 0.5 else (a + 1, a)
            gates.append((str(rng.choice(["CX", "CZ"])), pair))
    return gates
