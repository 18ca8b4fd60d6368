#!/usr/bin/env python3
"""Responses of linear compartment systems in 60 digits, written to scripts/reference/linear.csv.

mpmath matrix exponentials of [[A, I, 0], [0, 0, I], [0, 0, 0]] t: the blocks of the first row are the exponential of A
and its first and second integral. Cases: depots, peripherals, rates in the order of kinetics::linear::Shape, time.
Repeated and nearly repeated decay rates, zero rates and stiff ones are among them.
"""
from mpmath import expm, matrix, mp, mpf, eye

mp.dps = 60


def system(depots, peripherals, rates):
    n = depots + 1 + peripherals
    a = matrix(n)
    c = depots
    for d in range(depots):
        absorbed, lost = rates[2 * d : 2 * d + 2]
        a[d, d] -= absorbed + lost
        a[c, d] += absorbed
    a[c, c] -= rates[2 * depots]
    for p in range(peripherals):
        away, back = rates[2 * depots + 1 + 2 * p : 2 * depots + 3 + 2 * p]
        a[c, c] -= away
        a[c + 1 + p, c] += away
        a[c, c + 1 + p] += back
        a[c + 1 + p, c + 1 + p] -= back
    return a


UPA = [30.8386 / 156, 3.22 / 156, 3.22 / 68]
# The slow decay rate of the two-compartment disposition above, so that absorption meets it.
S = UPA[0] + UPA[1] + UPA[2]
BETA = float((S - (S * S - 4 * UPA[0] * UPA[2]) ** 0.5) / 2)
CASES = [
    (0, 0, [0.2], 24.0),
    (0, 0, [0.0], 24.0),
    (1, 0, [1.6, 0.0, 0.2], 24.0),
    (1, 0, [0.2, 0.0, 0.2], 24.0),
    (1, 0, [0.2000001, 0.3, 0.2], 5.0),
    (1, 0, [0.0, 0.0, 0.0], 24.0),
    (2, 0, [0.2, 0.0, 0.2, 0.0, 0.2], 3.0),
    (2, 0, [1.5, 0.1, 0.05, 0.0, 0.3], 12.0),
    (0, 1, UPA, 24.0),
    (1, 1, [0.0523, 0.0] + UPA, 24.0),
    (1, 1, [0.0523, 0.0] + UPA, 0.154),
    (1, 1, [BETA, 0.0] + UPA, 24.0),
    (1, 1, [BETA * (1 + 1e-9), 0.0] + UPA, 240.0),
    (1, 1, [1.6, 0.0] + UPA, 8736.0),
    (1, 1, [12.3, 0.7, 0.3, 0.0, 0.3], 24.0),
    (1, 1, [0.3, 0.0, 0.3, 0.0, 0.3], 2.0),
    (1, 1, [0.3, 0.0, 0.0, 0.1, 0.2], 24.0),
    (1, 1, [1e4, 0.0, 0.1, 1e4, 1e4], 24.0),
    (1, 1, [1e-6, 0.0, 1e4, 1e-6, 1e-6], 24.0),
    (2, 1, [0.0523, 0.01, 2.77, 0.0] + UPA, 24.0),
    (2, 1, [0.0473, 0.0, 0.0473, 0.0, 0.2, 0.0, 0.0473], 24.0),
    (0, 2, [0.3, 0.5, 0.2, 0.05, 0.01], 24.0),
    (0, 2, [0.3, 0.0, 0.0, 0.0, 0.0], 24.0),
    (0, 2, [0.3, 0.0, 0.3, 0.0, 0.3], 24.0),
    (0, 2, [0.3, 0.2, 0.1, 0.2, 0.1], 24.0),
    (0, 2, [1e-6, 1e4, 1e4, 1e-3, 1e-6], 24.0),
    (1, 2, [1.1, 0.0, 0.3, 0.5, 0.2, 0.05, 0.01], 24.0),
    (1, 2, [0.2, 0.0, 0.3, 0.2, 0.2, 0.1, 0.2], 0.5),
    (1, 2, [0.0, 0.1, 0.0, 0.2, 0.2, 0.1, 0.2], 100.0),
    (2, 2, [1.1, 0.0, 0.01, 0.2, 0.3, 0.5, 0.2, 0.05, 0.01], 24.0),
    (2, 2, [0.2, 0.0, 0.2, 0.0, 0.2, 0.0, 0.2, 0.0, 0.2], 10.0),
]
with open(__file__.replace(".py", ".csv"), "w", newline="\n") as file:
    file.write("depots,peripherals,t,rates,integral,row after row\n")
    for depots, peripherals, rates, t in CASES:
        a = system(depots, peripherals, [mpf(r) for r in rates])
        n = a.rows
        whole = matrix(3 * n)
        for i in range(n):
            whole[i, n + i] = 1
            whole[n + i, 2 * n + i] = 1
            for j in range(n):
                whole[i, j] = a[i, j]
        result = expm(whole * mpf(t), method="taylor") if max(rates) * t < 1e3 else None
        if result is None:
            doublings = 30
            result = expm(whole * (mpf(t) / 2**doublings), method="taylor")
            for _ in range(doublings):
                result = result * result
        for integral in range(3):
            entries = [float(result[i, integral * n + j]) for i in range(n) for j in range(n)]
            file.write(f"{depots},{peripherals},{t!r},{' '.join(map(repr, rates))},{integral},{' '.join(map(repr, entries))}\n")
