"""A made data set of 240 patients whose odds follow logit P = -2 + 4 C/(20 + C), and the profile of its likelihood over
the EC50: reference values for tests/individual_data.rs. Plain Python; the outcomes are decided by a fixed sequence."""
from math import exp, log

rows = []
for i in range(240):
    c = 0.5 * 1.024 ** i  # 0.5 to 145
    u = (i * 0.618033988749895 + 0.37) % 1.0
    rows.append((c, 1 if u < 1 / (1 + exp(-(-2 + 4 * c / (20 + c)))) else 0))


def fit(ec50):
    a, b = 0.0, 0.0
    for _ in range(60):
        ga = gb = haa = hab = hbb = 0.0
        for c, y in rows:
            x = c / (ec50 + c)
            p = 1 / (1 + exp(-(a + b * x)))
            w = p * (1 - p)
            ga, gb = ga + y - p, gb + (y - p) * x
            haa, hab, hbb = haa + w, hab + w * x, hbb + w * x * x
        d = haa * hbb - hab * hab
        a, b = a + (hbb * ga - hab * gb) / d, b + (haa * gb - hab * ga) / d
    value = 0.0
    for c, y in rows:
        eta = a + b * c / (ec50 + c)
        value += y * eta - log(1 + exp(eta))
    return value, a, b


low, high = log(0.5), log(500)
for _ in range(200):
    m1, m2 = low + (high - low) * 0.382, low + (high - low) * 0.618
    if fit(exp(m1))[0] > fit(exp(m2))[0]:
        high = m2
    else:
        low = m1
best = (low + high) / 2
print("events", sum(y for _, y in rows), "ln EC50", round(best, 5), [round(v, 5) for v in fit(exp(best))])
top = fit(exp(best))[0]


def end(inside, outside):
    for _ in range(100):
        middle = (inside + outside) / 2
        if top - fit(exp(middle))[0] < 3.841458820694124 / 2:
            inside = middle
        else:
            outside = middle
    return inside


for outside in (log(0.01), log(1e5)):
    drop = top - fit(exp(outside))[0]
    print("profile of ln EC50", round(end(best, outside), 4) if drop > 1.9207 else f"open (drop {drop:.3f})")
