"""Programs that ask for too much, or are no programs: each has to be refused, fast."""

V2 = 'OPENQASM 2.0;\ninclude "qelib1.inc";\n'
V3 = 'OPENQASM 3.0;\ninclude "stdgates.inc";\n'


def _doubling(levels, header, call):
    lines = [header, "gate g0 a { x a; }"]
    lines += [f"gate g{k} a {{ g{k - 1} a; g{k - 1} a; }}" for k in range(1, levels)]
    return "\n".join([*lines, call])


def corpus():
    """name -> text."""
    q2, q3 = V2 + "qreg q[4];\ncreg c[4];\n", V3 + "qubit[4] q;\nbit[4] c;\n"
    nest = "(" * 100_000
    return {
        "empty": "",
        "white space": " \n\t " * 1000,
        "nothing but a comment": "// hello",
        "comment without end": "/* " + "x" * 100_000,
        "string without end": 'OPENQASM 2.0; include "qelib1.inc',
        "null bytes": "\0" * 1000,
        "control characters": q2 + "\x01\x02\x03 q[0];",
        "replacement characters": q2 + "\ufffd" * 50,
        "lone surrogate": q3 + "x \ud800[0];",
        "right-to-left override": q3 + "\u202ex q[0];",
        "wrong version": "OPENQASM 7.0; qubit q;",
        "version of letters": "OPENQASM abc;",
        "huge version": "OPENQASM " + "9" * 100_000 + ";",
        "no qubits": "OPENQASM 3.0;",
        "zero register": V2 + "qreg q[0];",
        "negative register": V3 + "qubit[-5] q;",
        "1e9 qubits": V2 + "qreg q[1000000000]; h q;",
        "4e9 qubits": V3 + "qubit[4000000000] q; h q;",
        "1e30 qubits": V2 + f"qreg q[{10**30}];",
        "1e5 digits of qubits": V2 + "qreg q[" + "9" * 100_000 + "];",
        "9**9**9 qubits": V3 + "qubit[9**9**9] q;",
        "2**99999 qubits": V3 + "qubit[2**99999] q;",
        "shifted size": V3 + "qubit[1 << 100] q;",
        "huge shift": V3 + "const uint n = 1 << 10000000000;",
        "1e9 bits": V3 + "qubit q; bit[1000000000] c;",
        "many big registers": V2 + "\n".join(f"qreg r{k}[99999];" for k in range(50)),
        "fractional register": V3 + "qubit[2.5] q;",
        "physical qubit 1e30": V3 + "x $" + "9" * 30 + ";",
        "wide integer": V3 + "int[100000000] a = 5;",
        "100,000 parentheses": q2 + f"rx({nest}1{')' * 100_000}) q[0];",
        "open parentheses": q3 + f"rx({nest}",
        "100,000 minus signs": q3 + f"rx({'-' * 100_000}1) q[0];",
        "100,000 terms": q3 + f"rx({'1+' * 100_000}1) q[0];",
        "100,000 powers": q3 + f"rx({'2**' * 100_000}2) q[0];",
        "100,000 brackets": q3 + "x q" + "[" * 100_000,
        "100,000 braces": q3 + "if (true) {" * 100_000,
        "100,000 ifs": q3 + "if (true) " * 100_000 + "x q[0];",
        "100,000 modifiers": q3 + "inv @ " * 100_000 + "x q[0];",
        "100,000 functions": q3 + "rx(" + "sin(" * 100_000 + "1",
        "100,000 controls": q3 + "ctrl @ " * 100_000 + "x q[0];",
        "a billion controls": q3 + "ctrl(1000000000) @ x q[0], q[1];",
        "a gate of itself": V2 + "gate g a { g a; } qreg q[1]; g q[0];",
        "gates of each other": V2 + "gate g a { f a; } gate f a { g a; } qreg q[1]; g q[0];",
        "40 doublings in 2": _doubling(40, V2, "qreg q[1]; g39 q[0];"),
        "40 doublings in 3": _doubling(40, V3, "qubit q; g39 q;"),
        "doublings of nothing": _doubling(60, V3, "qubit q; g59 q;").replace("{ x a; }", "{ }"),
        "chain of 5,000 gates": V2
        + "gate g0 a { x a; }\n"
        + "\n".join(f"gate g{k} a {{ g{k - 1} a; }}" for k in range(1, 5000))
        + "\nqreg q[1]; g4999 q[0];",
        "a subroutine of itself": V3 + "def f(qubit a) { f(a); } qubit q; f(q);",
        "doubling subroutines": V3
        + "def f0(qubit a) { x a; }\n"
        + "\n".join(f"def f{k}(qubit a) {{ f{k - 1}(a); f{k - 1}(a); }}" for k in range(1, 40))
        + "\nqubit q; f39(q);",
        "loop of 1e9": q3 + "for uint i in [0:1000000000] { x q[0]; }",
        "loop of 1e30": q3 + f"for uint i in [0:{10**30}] {{ }}",
        "loops in loops": q3 + "for uint i in [0:999] " * 8 + "{ }",
        "endless while": q3 + "while (true) { x q[0]; }",
        "endless empty while": q3 + "while (1 == 1) { }",
        "counting while": q3 + "uint i = 1; while (i > 0) { i += 1; }",
        "a billionth power": q3 + "pow(1000000000) @ h q[0]; pow(1000000000) @ cy q[0], q[1]; y;",
        "power of a definition": V3 + "gate g a,b,c,d,e,f,h0 { x a; } qubit[7] q; pow(10**9) @ g "
        "q[0],q[1],q[2],q[3],q[4],q[5],q[6]; pow(0.5) @ z;",
        "infinite power": q3 + "pow(1e308*10) @ x q[0];",
        "infinite angle": q2 + "rx(1e400) q[0];",
        "not a number": q2 + "rx(nan) q[0];",
        "inf by name": q2 + "rx(inf) q[0];",
        "division by zero": q2 + "rx(1/0) q[0];",
        "0/0": q3 + "rx(0.0/0.0) q[0];",
        "root of -1": q2 + "rx(sqrt(-1)) q[0];",
        "log of 0": q2 + "rx(ln(0)) q[0];",
        "overflow": q2 + "rx(exp(100000)) q[0];",
        "fractional power of -1": q2 + "rx((-1)^0.5) q[0];",
        "power tower": q2 + "rx(9^9^9^9) q[0];",
        "include of a secret": 'OPENQASM 2.0; include "/etc/passwd"; qreg q[1];',
        "include upwards": 'OPENQASM 3.0; include "../../../../etc/passwd"; qubit q;',
        "include of a device": 'OPENQASM 3.0; include "/dev/zero"; qubit q;',
        "include of an address": 'OPENQASM 3.0; include "http://example.org/x.inc"; qubit q;',
        "include twice": V3 + "gate x a { }",
        "python": q3 + "rx(__import__('os').system('true')) q[0];",
        "python in a name": q3 + "__class__ q[0];",
        "shell": q2 + "`touch x` q[0];",
        "format string": q3 + "x q[{0.__class__}];",
        "sql": q2 + "x q[0]'; drop table gates; --",
        "index outside": q2 + "x q[4];",
        "index far outside": q2 + "x q[99999999999999999999];",
        "the same qubit twice": q2 + "cx q[0], q[0];",
        "registers of other lengths": V2 + "qreg a[2]; qreg b[3]; cx a, b;",
        "measurement into too few bits": V2 + "qreg a[3]; creg b[2]; measure a -> b;",
        "barrier bomb": V3 + "qubit[100000] q; for uint i in [0:100000] { barrier q; }",
        "broadcast bomb": V3 + "qubit[100000] q; for uint i in [0:100000] { h q; }",
        "1.4 MB in one line": q2 + "x q[0] " * 200_000,
        "1.4 MB name": q2 + "x" * 1_400_000 + " q[0];",
        "1.4 MB number": q2 + f"rx({'1' * 1_400_000}) q[0];",
        "1 MB string": V3 + f'qubit q; bit[4] c = "{"1" * 1_000_000}";',
        "truth table of 40 bits": V3
        + "qubit q; bit[40] c; if (int[40](c) > 7) { x q; } if (c + 1 == 2) { x q; }",
        "opaque call": V2 + "opaque g a; qreg q[1]; g q[0];",
        "external call": V3 + "extern f(int) -> int; qubit q; int a = f(1);",
        "pragma": q3 + "#pragma something\nx q[0];",
        "binary": "\x7fELF\x02\x01\x01" + "\0" * 100,
        "json": '{"qubits": 3}',
        "html": "<html><body>OPENQASM 2.0;</body></html>",
        "missing semicolon": q2 + "x q[0]\nh q[0];",
        "half a statement": q2 + "cx q[0],",
    }
