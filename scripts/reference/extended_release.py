#!/usr/bin/env python3
"""A year of an extended-release model in 1,000 random subjects with 40 digits, to scripts/reference/extended_release.csv.

Two compartments; a part of the dose flows into the central one at a constant rate after a lag, the rest is absorbed from
a depot after the same lag. Amounts in the central compartment after the first day, after 84 doses of 45 mg and 280 of
30 mg (daily), and 5 h and 12 h after the next dose of 30 mg. By partial fractions, which cancel, in 40 digits
(mpmath): each exponential contributes a geometric series over the doses. The subjects come from a congruential
generator that the test repeats in the same doubles.
"""
from mpmath import exp, mp, mpf, nstr, sqrt

mp.dps = 60
state = 20260101


def uniform():
    global state
    state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
    return ((state >> 12) + 0.5) / 2.0**52


RANGES = [(5.0, 95.0), (30.0, 500.0), (0.01, 0.2), (0.0, 1.0), (1.0, 5.0), (0.1, 0.8)]
with open(__file__.replace(".py", ".csv"), "w", newline="\n") as file:
    file.write("first day,last day,5 h,12 h\n")
    for _ in range(1000):
        cl, vc, ka, lag, duration, fraction = (low + width * uniform() for low, width in RANGES)
        # The engine gets these doubles.
        k10, k12, k21 = mpf(cl / vc), mpf(3.22 / vc), mpf(3.22 / 68.0)
        first_order = mpf(1.0 - fraction)
        ka, lag, duration, fraction = mpf(ka), mpf(lag), mpf(duration), mpf(fraction)
        s = k10 + k12 + k21
        root = sqrt(s * s - 4 * k10 * k21)
        alpha, beta = (s + root) / 2, (s - root) / 2
        # Central amount after a unit bolus into it: sum of weights times exponentials.
        weights = [(alpha, (alpha - k21) / (alpha - beta)), (beta, (k21 - beta) / (alpha - beta))]

        def unit(t, decays=lambda rate, t: exp(-rate * t)):
            """Central amount at t >= lag + duration after a unit dose."""
            total = mpf(0)
            for rate, weight in weights:
                flow = (exp(rate * duration) - 1) / (rate * duration)
                total += fraction * weight * flow * decays(rate, t - lag)
                total += first_order * ka * weight / (ka - rate) * (decays(rate, t - lag) - decays(ka, t - lag))
            return total

        def during(t):
            """The same while the flow goes on."""
            total = mpf(0)
            for rate, weight in weights:
                total += fraction * weight * (1 - exp(-rate * (t - lag))) / (rate * duration)
                total += first_order * ka * weight / (ka - rate) * (exp(-rate * (t - lag)) - exp(-ka * (t - lag)))
            return total

        def course(t):
            """Central amount t hours after the last of 84 doses of 45 and 280 of 30, 24 h apart."""

            def series(rate, since):
                q = exp(-24 * rate)
                return exp(-rate * since) * (
                    30 * (1 - q**280) / (1 - q) + 45 * q**280 * (1 - q**84) / (1 - q)
                )

            return unit(t, series)

        values = [45 * unit(mpf(24)), course(mpf(24))]
        for hours in (5, 12):
            last = during(mpf(hours)) if hours < lag + duration else unit(mpf(hours))
            values.append(course(mpf(24 + hours)) + 30 * last)
        file.write(",".join(nstr(v, 18) for v in values) + "\n")
