"""Reference solutions of the ODE problem corpus (tests/ode_problems.rs), computed with SciPy.

    python3 scripts/reference/ode_corpus.py > tests/reference/ode_corpus.csv

Stiff problems by Radau (rtol 1e-12), the others by DOP853 (rtol 1e-13), linear ones and the forced one from their
closed solution in 40 digits. stderr shows, per problem, the largest difference to an independent second solve
(BDF-free: Radau at rtol 1e-11 or DOP853 at 1e-12), relative to each state's maximum.
"""
import sys
import mpmath as mp
import numpy as np
from scipy.integrate import solve_ivp

mp.mp.dps = 40


def two_compartment(t, x):
    return [-1.1 * x[0], 1.1 * x[0] - (0.2 + 0.3) * x[1] + 0.1 * x[2], 0.3 * x[1] - 0.1 * x[2], x[1] / 30.0]


def robertson(t, x):
    a, b, c = 0.04 * x[0], 1e4 * x[1] * x[2], 3e7 * x[1] * x[1]
    return [-a + b, a - b - c, c]


def van_der_pol(t, x):
    return [x[1], 1000.0 * (1.0 - x[0] * x[0]) * x[1] - x[0]]


def tmdd(t, x):
    depot, central, peripheral, receptor, complex_ = x
    kon, koff, kint, kdeg, ksyn, v = 1000.0, 1.0, 0.05, 0.02, 0.2, 3.0
    c = central / v
    bind = kon * c * receptor - koff * complex_
    return [-0.02 * depot, 0.02 * depot - (0.005 + 0.01) * central + 0.01 * peripheral - v * bind,
            0.01 * central - 0.01 * peripheral, ksyn - kdeg * receptor - bind, bind - kint * complex_]


def michaelis_menten(t, x):
    c = x[1] / 50.0
    return [-0.9 * x[0], 0.9 * x[0] - 12.0 * c / (0.8 + c)]


def friberg(t, x):
    drug, prol, t1, t2, t3, circ = x
    ktr, base = 4.0 / 125.0, 5.05
    edrug = 0.012 * drug
    return [-0.06 * drug, ktr * prol * ((1.0 - edrug) * (base / circ) ** 0.161 - 1.0), ktr * (prol - t1),
            ktr * (t1 - t2), ktr * (t2 - t3), ktr * (t3 - circ)]


def indirect_response(t, x):
    c = x[1] / 20.0
    return [-1.5 * x[0], 1.5 * x[0] - 0.15 * x[1], 10.0 * (1.0 - 0.95 * c / (0.3 + c)) - 0.5 * x[2]]


def decay(t, x):
    return [-0.3 * x[0]]


def forced(t, x):
    return [-200.0 * (x[0] - np.cos(t))]


PROBLEMS = [
    ("decay", decay, [100.0], [1.0, 4.0, 12.0, 24.0], "exact"),
    ("two-compartment", two_compartment, [100.0, 0.0, 0.0, 0.0], [0.5, 2.0, 8.0, 24.0, 72.0], "exact"),
    ("robertson", robertson, [1.0, 0.0, 0.0], [0.4, 4.0, 40.0, 400.0, 4000.0, 40000.0], "stiff"),
    ("van der pol", van_der_pol, [2.0, 0.0], [100.0, 500.0, 800.0, 1000.0, 1500.0], "stiff"),
    ("tmdd", tmdd, [100.0, 0.0, 0.0, 10.0, 0.0], [1.0, 24.0, 96.0, 240.0, 480.0, 672.0], "stiff"),
    ("michaelis-menten", michaelis_menten, [300.0, 0.0], [0.5, 2.0, 8.0, 16.0, 24.0, 48.0], "smooth"),
    ("friberg", friberg, [60.0] + [5.05] * 5, [24.0, 96.0, 168.0, 336.0, 504.0], "smooth"),
    ("indirect response", indirect_response, [100.0, 0.0, 20.0], [0.5, 2.0, 6.0, 12.0, 24.0, 48.0], "smooth"),
    ("forced", forced, [0.0], [0.01, 0.1, 1.0, 5.0, 10.0], "exact"),
]


def exact(name, times):
    if name == "decay":
        return [[100 * mp.exp(-mp.mpf(3) / 10 * mp.mpf(t))] for t in times]
    if name == "two-compartment":
        ka, k10, k12, k21 = (mp.mpf(v) / 10 for v in (11, 2, 3, 1))
        m = mp.matrix([[-ka, 0, 0, 0], [ka, -k10 - k12, k21, 0], [0, k12, -k21, 0], [0, mp.mpf(1) / 30, 0, 0]])
        return [list(mp.expm(m * mp.mpf(t)) * mp.matrix([100, 0, 0, 0])) for t in times]
    k = mp.mpf(200)  # x' = -k (x - cos t), x(0) = 0
    return [[(k * k * mp.cos(t) + k * mp.sin(t)) / (k * k + 1) - k * k / (k * k + 1) * mp.exp(-k * mp.mpf(t))]
            for t in map(mp.mpf, times)]


def solve(f, x0, times, method, rtol):
    floor = 1e-16 if method == "Radau" else 1e-15
    s = solve_ivp(f, (0.0, times[-1]), x0, method=method, rtol=rtol, atol=floor, t_eval=times)
    assert s.success, s.message
    return s.y.T


print("# solved with scipy by scripts/reference/ode_corpus.py")
print("problem,time,state,value")
for name, f, x0, times, kind in PROBLEMS:
    if kind == "exact":
        values = exact(name, times)
        check = solve(f, x0, times, "DOP853", 1e-12)
    elif kind == "stiff":
        # Ends at each asked time, so that no value comes from an interpolant.
        values = np.array([solve(f, x0, [t], "Radau", 1e-12)[0] for t in times])
        check = solve(f, x0, times, "Radau", 1e-11)
    else:
        values = np.array([solve(f, x0, [t], "DOP853", 1e-13)[0] for t in times])
        check = solve(f, x0, times, "Radau", 1e-11)
    numbers = np.array([[float(v) for v in row] for row in values])
    print(name, np.max(np.abs(numbers - check) / np.max(np.abs(numbers), axis=0)), file=sys.stderr)
    for t, row in zip(times, values):
        for state, v in enumerate(row):
            print(f"{name},{t!r},{state},{float(v)!r}")
