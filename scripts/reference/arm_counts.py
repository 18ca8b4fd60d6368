"""Posterior of arm counts on a grid: reference values for the tests of src/evidence/arm_fit.rs. Needs numpy.

0.66, 2.2 and 5.5 events in 220 patients an arm; exposure 0 and log-normal with medians 4.4 and 8.7 ng/mL, CV 60 %; priors
Cauchy(0, 10) on the intercept and Cauchy(0, s) on the slope. Quantiles by the trapezoidal rule.
"""
import numpy as np

np.seterr(over="ignore")
x, w = np.polynomial.hermite_e.hermegauss(64)
w = w / w.sum()
spread = np.sqrt(np.log(1 + 0.36))
y, n = np.array([0.66, 2.2, 5.5]), 220


def run(name, g_of, s, a_range, b_range, na=801, nb=3201):
    a, b = np.linspace(*a_range, na), np.linspace(*b_range, nb)
    g = [np.array([0.0]), g_of(4.4 * np.exp(spread * x)), g_of(8.7 * np.exp(spread * x))]
    weights = [np.ones(1), w, w]
    log = np.zeros((na, nb))
    for k in range(3):
        e = np.exp(-np.outer(g[k], b))
        for i in range(na):
            r = 1 / (1 + np.exp(-a[i]) * e)
            p, q = weights[k] @ r, weights[k] @ (1 - r)
            log[i] += y[k] * np.log(p) + (n - y[k]) * np.log(q)
    log += -np.log1p((a[:, None] / 10) ** 2) - np.log1p((b[None] / s) ** 2)
    m = np.exp(log - log.max()).sum(0)
    c = np.concatenate([[0], np.cumsum((m[1:] + m[:-1]) / 2)])
    print(name, np.round([np.interp(t * c[-1], c, b) for t in (0.5, 0.025, 0.975)], 4))


run("C/10", lambda c: c / 10, 2.1869557, (-45, 0), (-6, 14), 1601, 4001)
run("log2(1+C)", lambda c: np.log2(1 + c), 0.8300601, (-45, 0), (-4, 6), 1601, 4001)
run("log2(1+C/4.4)", lambda c: np.log2(1 + c / 4.4), 1.6143499, (-45, 0), (-6, 10), 1601, 4001)
run("C/(C+8.7)", lambda c: c / (c + 8.7), 5.3802748, (-50, 0), (-20, 40), 1601, 4001)
