#!/usr/bin/env python3
"""Coefficients of cos(acos(x) / 3) in src/kinetics/linear/eigenvalues.rs.

Chebyshev interpolation in 50 digits (mpmath) of cos(2 acos(y) / 3), y = (v + 1) / 2, on -1 <= v <= 1, as powers of v.
"""
from mpmath import acos, cos, linspace, mp, mpf, nstr, pi, polyval

mp.dps = 50
DEGREE, POINTS = 22, 64


def target(v):
    return cos(2 * acos((v + 1) / 2) / 3)


angles = [pi * (j + mpf(1) / 2) / POINTS for j in range(POINTS)]
weights = [(2 if k else 1) * sum(target(cos(a)) * cos(k * a) for a in angles) / POINTS for k in range(DEGREE + 1)]
chebyshev = [[mpf(1)], [mpf(0), mpf(1)]]
for k in range(2, DEGREE + 1):
    nxt = [mpf(0)] + [2 * x for x in chebyshev[-1]]
    for i, x in enumerate(chebyshev[-2]):
        nxt[i] -= x
    chebyshev.append(nxt)
powers = [sum(w * c[i] for w, c in zip(weights, chebyshev) if i < len(c)) for i in range(DEGREE + 1)]
for x in powers:
    print(repr(float(x)))
print("error:", nstr(max(abs(polyval(powers[::-1], v) - target(v)) for v in linspace(-1, 1, 2001)), 3))
