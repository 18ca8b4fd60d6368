#!/usr/bin/env python3
"""Minimax coefficients of the tail of the exponential in src/math/elementary.rs.

Remez exchange in 60 digits (mpmath): the polynomial p of degree 10 that minimises the largest error of
1 + r + r^2 p(r) against exp(r) on |r| <= ln(2)/2. Prints the coefficients and log2 of the error.
"""
from mpmath import cos, exp, log, lu_solve, matrix, mp, mpf, pi, polyval, sign

mp.dps = 60
DEGREE = 10
EDGE = log(2) / 2 * mpf("1.001")


def target(r):
    return mpf(1) / 2 + r / 6 + r * r / 24 if abs(r) < mpf("1e-12") else (exp(r) - 1 - r) / r**2


def weight(r):
    return max(r * r, mpf("1e-12"))


nodes = [EDGE * cos(pi * i / (DEGREE + 1)) for i in range(DEGREE + 2)][::-1]
for _ in range(12):
    system, values = matrix(DEGREE + 2), matrix(DEGREE + 2, 1)
    for i, x in enumerate(nodes):
        for j in range(DEGREE + 1):
            system[i, j] = x**j
        system[i, DEGREE + 1] = (-1) ** i / weight(x)
        values[i] = target(x)
    solution = lu_solve(system, values)
    coefficients = [solution[j] for j in range(DEGREE + 1)]
    grid = [-EDGE * cos(pi * k / 1500) for k in range(1501)]
    errors = [weight(x) * (polyval(coefficients[::-1], x) - target(x)) for x in grid]
    runs = [[0]]
    for k in range(1, len(grid)):
        if sign(errors[k]) != sign(errors[k - 1]):
            runs.append([])
        runs[-1].append(k)
    peaks = [max(run, key=lambda k: abs(errors[k])) for run in runs]
    if len(peaks) < DEGREE + 2:
        break
    while len(peaks) > DEGREE + 2:
        peaks = peaks[1:] if abs(errors[peaks[0]]) < abs(errors[peaks[-1]]) else peaks[:-1]
    nodes = [grid[k] for k in peaks]
for c in coefficients:
    print(repr(float(c)))
print("log2 of the error:", float(log(max(abs(e) for e in errors), 2)))
