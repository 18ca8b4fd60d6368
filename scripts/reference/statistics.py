"""Reference values of trial statistics by SciPy, statsmodels and lifelines.

    pip install scipy statsmodels lifelines
    python3 scripts/reference/statistics.py > tests/reference/statistics.csv

A line is: method, numbers that go in (blank between them), estimate, lower, upper, p; what a method does not give is empty.
Stratified Newcombe and the Sato variance are in none of the three; they are written out here from the papers.
"""
import math
import numpy as np
import statsmodels.api as sm
from lifelines import KaplanMeierFitter
from lifelines.statistics import logrank_test
from scipy import stats
from scipy.optimize import brentq, minimize_scalar
from statsmodels.stats import contingency_tables, proportion
from statsmodels.stats.multitest import multipletests

Z = stats.norm.ppf(0.975)


def line(method, numbers, estimate="", lower="", upper="", p=""):
    def text(v):
        return v if v == "" else repr(float(v))
    print(",".join([method, " ".join(repr(float(n)) for n in numbers), *map(text, (estimate, lower, upper, p))]))


def score(x1, n1, x0, n0, null):
    """Farrington-Manning by maximising the likelihood. statsmodels 0.14 gives other figures away from a difference of 0;
    for 56/70 and 48/80, Newcombe 1998, Table II, method 5 prints 0.0533 and 0.3377, as this does."""
    d = x1 / n1 - x0 / n0

    def statistic(v):
        def log(x, p):
            return x * math.log(p) if x else 0.0
        low, high = max(0.0, -v), min(1.0, 1.0 - v)
        p = minimize_scalar(lambda p: -log(x1, p + v) - log(n1 - x1, 1 - p - v) - log(x0, p) - log(n0 - x0, 1 - p),
                            bounds=(low, high), method="bounded", options={"xatol": 1e-13}).x
        return (d - v) / math.sqrt((p + v) * (1 - p - v) / n1 + p * (1 - p) / n0)
    low = brentq(lambda v: statistic(v) - Z, -1 + 1e-6, d - 1e-9) if d > -0.99 else ""
    high = brentq(lambda v: statistic(v) + Z, d + 1e-9, 1 - 1e-6) if d < 0.99 else ""
    return d, low, high, 2 * stats.norm.sf(abs(statistic(null)))


print("method,input,estimate,lower,upper,p")
PAIRS = [(56, 70, 48, 80), (9, 10, 3, 10), (10, 10, 0, 20), (5, 56, 0, 29), (159, 350, 23, 176), (0, 40, 0, 37)]
for x1, n1, x0, n0 in PAIRS:
    low, high = proportion.proportion_confint(x1, n1, method="wilson")
    line("wilson", [x1, n1], x1 / n1, low, high)
    low, high = proportion.proportion_confint(x1, n1, method="beta")
    line("clopper-pearson", [x1, n1], x1 / n1, low, high)
    low, high = proportion.confint_proportions_2indep(x1, n1, x0, n0, method="newcomb", compare="diff")
    line("newcombe", [x1, n1, x0, n0], x1 / n1 - x0 / n0, low, high)
    if 0 < x1 + x0 < n1 + n0:
        for null in (0.0, -0.1):
            line("score", [x1, n1, x0, n0, null], *score(x1, n1, x0, n0, null))
    line("fisher", [x1, n1, x0, n0], p=stats.fisher_exact([[x1, n1 - x1], [x0, n0 - x0]]).pvalue)

STRATA = [[(12, 40, 8, 38), (30, 55, 21, 57), (5, 20, 6, 19)],
          [(1, 3, 0, 2), (2, 4, 1, 5), (3, 3, 1, 2), (0, 2, 0, 3)],
          [(80, 170, 60, 168)]]


def wilson(x, n, z):
    p = x / n
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return [(p + z * z / (2 * n) + s * half) / (1 + z * z / n) for s in (-1, 1)]


for strata in STRATA:
    tables = [np.array([[x1, n1 - x1], [x0, n0 - x0]], dtype=float) for x1, n1, x0, n0 in strata]
    flat = [v for s in strata for v in s]
    test = contingency_tables.StratifiedTable(tables).test_null_odds(correction=False)
    line("cmh", flat, test.statistic, p=test.pvalue)
    w = np.array([n1 * n0 / (n1 + n0) for x1, n1, x0, n0 in strata])
    d = np.array([x1 / n1 - x0 / n0 for x1, n1, x0, n0 in strata])
    rd = (w * d).sum() / w.sum()
    # Sato 1989, equations for P and Q.
    P = sum((n1**2 * x0 - n0**2 * x1 + n1 * n0 * (n0 - n1) / 2) / (n1 + n0) ** 2 for x1, n1, x0, n0 in strata)
    Q = sum((x1 * (n0 - x0) + x0 * (n1 - x1)) / (2 * (n1 + n0)) for x1, n1, x0, n0 in strata)
    se = math.sqrt(rd * P + Q) / w.sum()
    line("risk-difference", flat, rd, rd - Z * se, rd + Z * se, test.pvalue)
    v = w / w.sum()
    ends = []
    for g in (0, 2):
        x, n = [np.array([s[g + k] for s in strata], dtype=float) for k in (0, 1)]
        var = x / n * (1 - x / n) / n
        z = math.sqrt((v**2 * var).sum()) / (v * np.sqrt(var)).sum() * Z
        ends.append([sum(vi * wilson(xi, ni, z)[k] for vi, xi, ni in zip(v, x, n)) for k in (0, 1)])
    (l1, u1), (l0, u0) = ends
    s1, s0 = [(v**2 / np.array([s[g] for s in strata])).sum() for g in (1, 3)]
    line("stratified-newcombe", flat, (v * d).sum(),
         (v * d).sum() - Z * math.sqrt(s1 * l1 * (1 - l1) + s0 * u0 * (1 - u0)),
         (v * d).sum() + Z * math.sqrt(s1 * u1 * (1 - u1) + s0 * l0 * (1 - l0)))

# Acute myelogenous leukaemia (Miller 1997, table of page 49; `aml` of R's survival): times, events, groups.
TIMES = [9, 13, 13, 18, 23, 28, 31, 34, 45, 48, 161, 5, 5, 8, 8, 12, 16, 23, 27, 30, 33, 43, 45]
EVENTS = [1, 1, 0, 1, 1, 0, 1, 1, 0, 1, 0, 1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1]
GROUPS = [1] * 11 + [0] * 12
HALVES = [i % 2 for i in range(23)]
km = KaplanMeierFitter().fit(TIMES[:11], EVENTS[:11])
for t in (9, 20, 40, 48):
    band = km.confidence_interval_survival_function_
    row = band[band.index <= t].iloc[-1]
    line("kaplan-meier", [t], km.predict(t), row.iloc[0], row.iloc[1])
test = logrank_test(TIMES[:11], TIMES[11:], EVENTS[:11], EVENTS[11:])
line("log-rank", [], test.test_statistic, p=test.p_value)
chi2, p = sm.duration.survdiff(TIMES, EVENTS, GROUPS, strata=np.array(HALVES))
line("stratified-log-rank", [], chi2, p=p)

A = [5.1, 6.3, 4.8, 7.7, 6.0, 5.5, 8.1]
B = [4.2, 5.9, 3.9, 5.0, 4.4, 6.1]
A0 = [4.9, 6.0, 5.2, 7.0, 5.1, 5.3, 7.2]
B0 = [4.6, 6.2, 4.1, 5.3, 5.0, 6.4]
for method, equal in (("t-test", True), ("welch", False)):
    test = stats.ttest_ind(A, B, equal_var=equal)
    low, high = test.confidence_interval(0.95)
    line(method, [], np.mean(A) - np.mean(B), low, high, test.pvalue)
x = np.column_stack([np.ones(13), [1] * 7 + [0] * 6, A0 + B0])
fit = sm.OLS(np.array(A + B), x).fit()
line("ancova", [], fit.params[1], *fit.conf_int()[1], fit.pvalues[1])
for p in ([0.01, 0.04, 0.03, 0.005], [0.5, 0.02, 0.9], [0.04]):
    for method in ("holm", "bonferroni"):
        for adjusted in [multipletests(p, method=method)[1]]:
            line(method, p + list(adjusted))
# Exact power of the pooled z test at 5 %, by the sum over all pairs of counts.
for n1, n0, p1, p0 in [(50, 50, 0.5, 0.3), (169, 165, 0.28, 0.17), (30, 60, 0.2, 0.2)]:
    power = 0.0
    for x1 in range(n1 + 1):
        for x0 in range(n0 + 1):
            m = (x1 + x0) / (n1 + n0)
            v = m * (1 - m) * (1 / n1 + 1 / n0)
            if v > 0 and abs(x1 / n1 - x0 / n0) / math.sqrt(v) > Z:
                power += stats.binom.pmf(x1, n1, p1) * stats.binom.pmf(x0, n0, p0)
    line("power", [n1, n0, p1, p0], power)
