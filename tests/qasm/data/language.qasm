OPENQASM 3.1;
include "stdgates.inc";
/* Most of the language that qjax reads. */
const int[32] n = 3;
const float[64] angle_step = π / 2 ** n;
input float[64] theta;
def flip(qubit[2] pair, bit which) -> bit {
  if (which) { x pair[0]; } else { x pair[1]; }
  return measure pair[0];
}
gate pair(α) a, b { rx(α / 2) a; ctrl @ ry(-α) a, b; }
qubit[n] q;
qubit r;
bit[n] c;
bit d = 1;
uint[4] mask = 0b1010;
let ends = q[{0, 2}] ++ q[1:1];
h q;
pair(theta) q[0], r;
negctrl @ pow(2) @ inv @ s q[1], r;
for uint i in [0:n - 1] {
  if (bool(mask[i])) rz(angle_step * i) q[i];
}
cx ends[0:1], q[{1, 1}];
c[0:1] = measure q[0:1];
d = flip(q[0:1], c[0]);
if (int[3](c) >= 2 && !d) { reset r; } else { gphase(0.25); }
while (d) { h r; d = measure r; }
@annotation ignored
barrier q, r;
c = measure q;
