"""Independent non-compartmental analyses of two made-up profiles, by SciPy.

    python3 scripts/reference/nca.py > tests/reference/nca.csv

Areas are integrated numerically (scipy.integrate.quad) over the interpolated curve; regressions are scipy.stats.linregress
over every candidate window. Linear pieces of the first moment are trapezoids of t c, as is the custom in this field.
"""
import math
from scipy.integrate import quad
from scipy.stats import linregress

# Absorption with a second phase and a zero at the end; an injection; both of nobody.
ORAL = ([0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0, 24.0, 36.0],
        [0.0, 1.31, 6.02, 9.87, 11.2, 10.9, 8.83, 6.04, 4.41, 2.02, 1.19, 0.337, 0.0])
INJECTED = ([0.1, 0.3, 0.75, 1.5, 3.0, 5.0, 8.0, 12.0, 18.0, 24.0],
            [18.7, 14.9, 9.41, 5.02, 2.83, 2.11, 1.43, 0.902, 0.451, 0.219])


def curve(p, q, log):
    (a, ca), (b, cb) = p, q
    if log:
        return lambda t: ca * (cb / ca) ** ((t - a) / (b - a))
    return lambda t: ca + (cb - ca) * (t - a) / (b - a)


def analyse(times, conc, route, dose, duration, rule):
    points = list(zip(times, conc))
    if route == "bolus":
        (t1, c1), (t2, c2) = points[:2]
        line = linregress([t1, t2], [math.log(c1), math.log(c2)])
        points = [(0.0, math.exp(line.intercept))] + points
    else:
        points = [(0.0, 0.0)] + points
    peak = max(range(len(conc)), key=lambda i: conc[i])
    positive = [i for i, c in enumerate(conc) if c > 0]
    first = peak if route == "bolus" else peak + 1
    fits = []
    for start in range(first, positive[-1] - 1):
        keep = [i for i in range(start, positive[-1] + 1) if conc[i] > 0]
        if len(keep) < 3 or conc[start] == 0:
            continue
        fit = linregress([times[i] for i in keep], [math.log(conc[i]) for i in keep])
        n = len(keep)
        if fit.slope < 0:
            fits.append((1 - (1 - fit.rvalue ** 2) * (n - 1) / (n - 2), n, fit))
    best = max(f[0] for f in fits)
    adjusted, n, fit = max((f for f in fits if f[0] > best - 1e-4), key=lambda f: f[1])
    lz = -fit.slope
    tlast, clast = times[positive[-1]], conc[positive[-1]]
    auc = aumc = everything = 0.0
    for p, q in zip(points, points[1:]):
        falls = q[1] < p[1] and q[1] > 0
        after = q[0] > times[peak] and p[1] > 0 and q[1] > 0 and p[1] != q[1] or route == "bolus" and falls
        log = {"linear": False, "linear-up/log-down": falls, "linear-then-log": after}[rule]
        f = curve(p, q, log)
        area = quad(f, p[0], q[0], epsabs=1e-14, epsrel=1e-13)[0]
        everything += area
        if q[0] > tlast:
            continue
        auc += area
        if log:
            aumc += quad(lambda t: t * f(t), p[0], q[0], epsabs=1e-14, epsrel=1e-13)[0]
        else:
            aumc += (q[0] - p[0]) * (p[0] * p[1] + q[0] * q[1]) / 2
    out = {"cmax": max(conc), "tmax": times[peak], "tlast": tlast, "clast": clast, "auc_last": auc, "auc_all": everything,
           "aumc_last": aumc, "lambda_z": lz, "adjusted_r_squared": adjusted, "points": n}
    wait = duration / 2
    for name, c in (("observed", clast), ("predicted", math.exp(fit.intercept - lz * tlast))):
        inf = auc + quad(lambda t: c * math.exp(-lz * t), 0, math.inf)[0]
        minf = aumc + c * (tlast / lz + 1 / lz ** 2)
        out |= {f"{name}.auc_inf": inf, f"{name}.auc_extrapolated": 100 * (inf - auc) / inf, f"{name}.aumc_inf": minf,
                f"{name}.mrt": minf / inf - wait, f"{name}.clearance": dose / inf, f"{name}.volume_z": dose / inf / lz}
        if route != "extravascular":
            out[f"{name}.volume_ss"] = dose / inf * (minf / inf - wait)
    return out


print("# by scripts/reference/nca.py")
print("profile,route,rule,metric,value")
for rule in ("linear", "linear-up/log-down", "linear-then-log"):
    for name, (t, c), route, dose, duration in (("oral", ORAL, "extravascular", 150.0, 0.0), ("injected", INJECTED, "bolus", 40.0, 0.0),
                                                ("injected", INJECTED, "infusion", 40.0, 0.1)):
        for metric, value in analyse(t, c, route, dose, duration, rule).items():
            print(f"{name},{route},{rule},{metric},{value!r}".replace("np.float64(", "").replace(")", ""))
