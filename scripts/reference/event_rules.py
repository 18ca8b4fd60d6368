#!/usr/bin/env python3
"""Reference values for tests/event_rules.rs.

One compartment with a depot, solved with scipy's matrix exponential. Nothing here knows a record, an additional dose
or a steady state: every scenario is written out by hand as the boluses and infusion windows that the rule stands for.
A steady state is several thousand doses given one after another.

    pip install scipy && python3 scripts/reference/event_rules.py
"""

import numpy as np
from scipy.linalg import expm

KA = 0.6
K = 0.15


def transition(k, dt):
    """Exponential of the augmented system: depot, central, rate into depot, rate into central."""
    a = np.array([[-KA, 0, 1, 0], [KA, -k, 0, 1], [0, 0, 0, 0], [0, 0, 0, 0]], dtype=float)
    return expm(a * dt)


def run(looks, boluses=(), infusions=(), k=lambda t: K, cuts=(), start=None):
    """Amount in the central compartment at the times `looks`. `boluses`: (time, compartment, amount).
    `infusions`: (start, end, compartment, rate). `k(t)` is the elimination rate just before t; it is constant between
    the times of `cuts`. A bolus at the time of a look is seen by it."""
    events = sorted({t for t, *_ in boluses} | {t for s, e, *_ in infusions for t in (s, e)} | set(looks) | set(cuts))
    clock = start if start is not None else events[0]
    state = np.zeros(2)
    seen = {}
    cache = {}
    for t in events:
        if t < clock:
            continue
        if t > clock:
            middle = 0.5 * (clock + t)
            rates = np.zeros(2)
            for s, e, c, r in infusions:
                if s < middle < e:
                    rates[c - 1] += r
            key = (k(t), t - clock)
            if key not in cache:
                cache[key] = transition(*key)
            state = (cache[key] @ np.concatenate([state, rates]))[:2]
        clock = t
        for at, c, amount in boluses:
            if at == t:
                state[c - 1] += amount
        if t in looks:
            seen[t] = state[1]
    return [seen[t] for t in looks]


def show(name, values):
    print(f"{name}: [{', '.join(f'{v:.15g}' for v in values)}]")


def history(interval, n=3000):
    return [-interval * i for i in range(n, 0, -1)]


# 1. Records at 0 (k 0.10), 5 (k 0.20), 10 (k 0.05); the additional dose at 8 lies in the interval that ends at 10.
k1 = lambda t: 0.10 if t <= 0 else 0.20 if t <= 5 else 0.05
show("rule 1", run([5, 10], [(0, 1, 100), (8, 1, 100)], k=k1, cuts=[0, 5, 10]))
# 1, carried forward: k 0.10 until 5, 0.20 until 10.
k1f = lambda t: 0.10 if t <= 5 else 0.20
show("rule 1 forward", run([5, 10], [(0, 1, 100), (8, 1, 100)], k=k1f, cuts=[0, 5, 10]))
# 2. The dose at 0 has lag 1 and F 0.5, three doses 6 h apart; later records say lag 3 and F 1.
show("rule 2", run([6, 7, 14, 20], [(1, 1, 50), (7, 1, 50), (13, 1, 50)], start=0))
# 3. Additional doses 0.1 h apart: that at 0.3 is in at 0.3. A lagged dose (lag 2) is in at 2.
show("rule 3 additional", run([0.3], [(0, 2, 100), (0.1, 2, 100), (0.2, 2, 100), (0.3, 2, 100)]))
show("rule 3 lagged", run([2], [(2, 2, 100)], start=0))
# 4. AMT 100, F 0.6: RATE 20 lasts 3 h; D 5 gives rate 12; R 30 lasts 2 h.
show("rule 4 given", run([2, 4, 8], infusions=[(0, 3, 2, 20)]))
show("rule 4 duration", run([2, 4, 8], infusions=[(0, 5, 2, 12)]))
show("rule 4 rate", run([2, 4, 8], infusions=[(0, 2, 2, 30)]))
# 5. Steady state of 100 into the depot every 8 h; the record's own dose at 0.
doses = [(t, 1, 100) for t in history(8)]
show("rule 5 bolus", run([0, 3, 20], doses + [(0, 1, 100)]))
show("rule 5 lag", run([0, 2, 3, 20], [(t + 2.5, 1, 100) for t in history(8)] + [(2.5, 1, 100)]))
# 20 h infusions (rate 5) every 8 h; none is given after the record.
inf = [(t, t + 20, 2, 5) for t in history(8)] + [(0, 20, 2, 5)]
show("rule 5 long infusion", run([0, 3, 10, 15, 25], infusions=inf))
inf = [(t + 3, t + 23, 2, 5) for t in history(8)] + [(3, 23, 2, 5)]
show("rule 5 long infusion with lag", run([0, 2, 5, 12, 30], infusions=inf))
# SS 2 at 6: 40 into central every 24 h, added to the depot's schedule, which ended with its dose at 0. Before 6 only the
# first schedule is there; from 6 on both, for the system is linear.
first = run([5, 6, 12], doses + [(0, 1, 100)])
second = run([6, 12], [(6 - 24 * i, 2, 40) for i in range(1000, -1, -1)])
show("rule 5 added", [first[0], first[1] + second[0], first[2] + second[1]])
# SS 1 at 10 clears what an earlier dose left, an infusion that is running and a lagged dose on its way.
show("rule 5 clears", run([10, 12, 16], [(10 + t, 1, 100) for t in history(8)] + [(10, 1, 100)]))
# 6. Constant infusion of 7 per h until 0.
show("rule 6", run([0, 4], infusions=[(-2000, 0, 2, 7)]))
# 7. EVID 3 at 4 stops the infusion (rate 10 from 0, 8 h) and the lagged dose; EVID 4 at 6 gives 50.
show("rule 7", run([3, 5, 7], [(6, 2, 50)], infusions=[(0, 3, 2, 10)])[:1] + [0.0] + run([7], [(6, 2, 50)]))
# 8. Lag 11 with an interval of 8: doses arrive at 3 (given at -8) and 11 (given at 0).
show("rule 8", run([0, 2, 4, 10, 12, 20], [(11 + t, 2, 100) for t in history(8)] + [(11, 2, 100)]))
