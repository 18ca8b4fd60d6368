"""Cox's partial likelihood with Efron's treatment of ties (Efron 1977, J Am Stat Assoc 72:557), written out from its
definition and maximised by Newton's method: no code in common with the
library. Data: Freireich et al. 1963, remission in acute leukaemia (weeks), as tabulated by Gehan 1965; placebo is 1."""

from math import exp, fsum, log, sqrt

TREATED = [6, 6, 6, -6, 7, -9, 10, -10, -11, 13, 16, -17, -19, -20, 22, 23, -25, -32, -32, -34, -35]  # negative: censored
PLACEBO = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]
PATIENTS = [(abs(t), t > 0, 0.0) for t in TREATED] + [(t, True, 1.0) for t in PLACEBO]


def log_likelihood(beta):
    terms = []
    for time in sorted({t for t, event, _ in PATIENTS if event}):
        risk = fsum(exp(beta * x) for t, _, x in PATIENTS if t >= time)
        tied = [x for t, event, x in PATIENTS if event and t == time]
        sum_tied = fsum(exp(beta * x) for x in tied)
        terms += [beta * x for x in tied]
        terms += [-log(risk - j / len(tied) * sum_tied) for j in range(len(tied))]
    return fsum(terms)


def derivatives(beta):
    """First and second derivative, from the mean and the variance of x among those at risk."""
    first, second = [], []
    for time in sorted({t for t, event, _ in PATIENTS if event}):
        at_risk = [(exp(beta * x), x) for t, _, x in PATIENTS if t >= time]
        tied = [(exp(beta * x), x) for t, event, x in PATIENTS if event and t == time]
        for j, (_, x) in enumerate(tied):
            share = j / len(tied)
            moments = [fsum(w * v**k for w, v in at_risk) - share * fsum(w * v**k for w, v in tied) for k in range(3)]
            mean = moments[1] / moments[0]
            first.append(x - mean)
            second.append(mean * mean - moments[2] / moments[0])
    return fsum(first), fsum(second)


beta = 0.0
for _ in range(50):
    score, curvature = derivatives(beta)
    beta -= score / curvature
step = 1e-4
by_differences = (log_likelihood(beta + step) - 2 * log_likelihood(beta) + log_likelihood(beta - step)) / step**2
print(f"coefficient {beta:.10f}, standard error {1 / sqrt(-derivatives(beta)[1]):.10f}")
print(f"by differences: {1 / sqrt(-by_differences):.6f}")
print(f"log partial likelihood {log_likelihood(beta):.10f}, at zero {log_likelihood(0.0):.10f}")
print(f"likelihood ratio {2 * (log_likelihood(beta) - log_likelihood(0.0)):.10f}")
