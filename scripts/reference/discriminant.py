"""Linear discriminant on log2 concentration from printed quartiles (Luo 2018 mean, Wan 2014 SD).

Reference values for the tests of src/evidence/discriminant.rs. Needs numpy and scipy.
"""
import numpy as np
from scipy.stats import norm


def moments(n, q):
    q1, m, q3 = np.log2(q)
    w = 0.7 + 0.39 / n
    return w * (q1 + q3) / 2 + (1 - w) * m, (q3 - q1) / (2 * norm.ppf((0.75 * n - 0.125) / (n + 0.25)))


for name, (n1, q1), (n0, q0) in [
    ("remission", (7, [14.79, 27.15, 106.66]), (17, [3.24, 10.18, 17.86])),
    ("response", (14, [5.58, 14.79, 72.96]), (10, [4.45, 12.37, 17.81])),
]:
    (m1, s1), (m0, s0) = moments(n1, q1), moments(n0, q0)
    f = n1 + n0 - 2
    v = ((n1 - 1) * s1**2 + (n0 - 1) * s0**2) / f
    b = (m1 - m0) / v
    se = np.sqrt((1 / n1 + 1 / n0) / v + 2 * b * b / f)
    a = np.log(n1 / n0) - (m1**2 - m0**2) / (2 * v)
    print(name, "means", m1, m0, "sds", s1, s0, "pooled", v**0.5)
    print("  b", b, b - 1.959964 * se, b + 1.959964 * se, "a", a, "EC50", 2 ** (-a / b), "shrunken", b * (f - 2) / f)
