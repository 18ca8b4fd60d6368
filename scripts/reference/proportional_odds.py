"""Proportional odds by maximum likelihood on the witness data of reported quantiles: reference values for
tests/individual_data.rs. logit P(grade >= k) = a_k + b log2(C/12.5). Newton's method in plain Python."""
from math import exp, log, log2, sqrt

grades = [
    [2.54, 3.06, 3.24, 8.06, 11.14, 13.60, 17.65, 17.86, 20.24, 72.50],
    [0.97, 2.31, 3.45, 4.05, 10.18, 30.47, 100.80],
    [12.10, 12.18, 17.40, 27.15, 87.13, 126.19, 156.27],
]
rows = [(log2(c / 12.5), g) for g, levels in enumerate(grades) for c in levels]


def F(x):
    return 1 / (1 + exp(-x))


def value(p):
    a1, a2, b = p
    total = 0.0
    for x, g in rows:
        up = [1.0, F(a1 + b * x), F(a2 + b * x), 0.0]
        total += log(up[g] - up[g + 1])
    return total


def derivatives(p, h=1e-4):
    n = len(p)

    def at(*moves):
        q = list(p)
        for i, s in moves:
            q[i] += s * h
        return value(q)

    g = [(8 * (at((i, 1)) - at((i, -1))) - (at((i, 2)) - at((i, -2)))) / (12 * h) for i in range(n)]
    H = [[(at((i, 1), (j, 1)) - at((i, 1), (j, -1)) - at((i, -1), (j, 1)) + at((i, -1), (j, -1))) / (4 * h * h)
          for j in range(n)] for i in range(n)]
    return g, H


def solve(A, b):
    n = len(b)
    M = [row[:] + [y] for row, y in zip(A, b)]
    for i in range(n):
        k = max(range(i, n), key=lambda r: abs(M[r][i]))
        M[i], M[k] = M[k], M[i]
        for r in range(n):
            if r != i:
                f = M[r][i] / M[i][i]
                M[r] = [x - f * y for x, y in zip(M[r], M[i])]
    return [M[i][n] / M[i][i] for i in range(n)]


p = [0.4, -1.0, 0.3]
for _ in range(30):
    g, H = derivatives(p)
    p = [x - s for x, s in zip(p, solve(H, g))]
_, H = derivatives(p)
errors = [sqrt(-solve(H, [float(i == j) for j in range(3)])[i]) for i in range(3)]
print("a1, a2, b", [round(x, 5) for x in p], "se", [round(e, 4) for e in errors], "loglik", round(value(p), 6))
