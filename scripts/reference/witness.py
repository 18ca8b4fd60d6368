"""Posterior of a logistic regression on log2(C/12.5) by a grid with the trapezoidal rule: reference values for
src/evidence/logistic_posterior.rs. Priors Cauchy(0, 10) on the intercept, Cauchy(0, 2.5/3.5) on the slope. Needs numpy."""
import numpy as np

d = [2.54, 3.06, 3.24, 8.06, 11.14, 13.60, 17.65, 17.86, 20.24, 72.50]
r = [0.97, 2.31, 3.45, 4.05, 10.18, 30.47, 100.80]
m = [12.10, 12.18, 17.40, 27.15, 87.13, 126.19, 156.27]
x = np.log2(np.array(d + r + m) / 12.5)
for name, y in [("remission", [0] * 17 + [1] * 7), ("response", [0] * 10 + [1] * 14)]:
    y = np.array(y)
    a, b = np.linspace(-9, 6, 3001), np.linspace(-3, 6, 3001)
    log = -np.log1p((a[:, None] / 10) ** 2) - np.log1p((b[None] / (2.5 / 3.5)) ** 2)
    for xi, yi in zip(x, y):
        eta = a[:, None] + b[None] * xi
        log -= np.logaddexp(0, -eta if yi else eta)
    p = np.exp(log - log.max())
    for axis, grid in [(1, a), (0, b)]:
        q = p.sum(axis)
        c = np.concatenate([[0], np.cumsum((q[1:] + q[:-1]) / 2)])
        print(name, "ab"[1 - axis], np.round([np.interp(t * c[-1], c, grid) for t in (0.025, 0.5, 0.975)], 4))
