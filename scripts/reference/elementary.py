#!/usr/bin/env python3
"""Reference values of the elementary functions, written to scripts/reference/elementary.csv.

mpmath with 400 bits. Each row: function, argument bits, second argument bits (0 where there is none), and the value as
the nearest double and the nearest double to what is left, all as hexadecimal bits.
Arguments: random over the range, near the ends of the range, near reduction boundaries, and where results are
subnormal; for pow also bases near 1 with huge exponents and the covariate ratios of population models.
"""
import random
import struct

from mpmath import exp, expm1, log, log1p, mp, mpf, power

mp.prec = 400
random.seed(20260101)


def bits(x):
    return f"{struct.unpack('<Q', struct.pack('<d', x))[0]:016x}"


def double(bits_):
    return struct.unpack("<d", struct.pack("<Q", bits_))[0]


rows = []


def add(name, function, x, y=0.0):
    value = function(mpf(x), mpf(y)) if name == "pow" else function(mpf(x))
    high = float(value)
    if high in (float("inf"), float("-inf")):
        return
    rows.append((name, bits(x), bits(y), bits(high), bits(float(value - mpf(high)))))


LN2 = float(log(2))
exp_args = [random.uniform(-745, 709.78) for _ in range(60)] + [random.uniform(-1, 1) for _ in range(40)]
exp_args += [(k + 0.5) * LN2 * (1 + d) for k in (-1070, -500, -3, -2, -1, 0, 1, 2, 40, 700) for d in (-1e-15, 0.0, 1e-15)]
exp_args += [709.782712893384, -745.1332191019411, -708.3964185322641, -740.0, 1e-17, -1e-17, 5e-324, 1e-9]
for x in exp_args:
    add("exp", exp, x)
    add("expm1", expm1, x)
for e in range(-300, 0, 10):
    add("expm1", expm1, -random.uniform(1, 10) * 10.0**e)
ln_args = [double(random.randrange(1, 0x7FF0000000000000)) for _ in range(60)]
ln_args += [1 + random.uniform(-1, 1) * 2.0 ** -random.randrange(1, 53) for _ in range(60)]
ln_args += [random.uniform(0.5, 2) for _ in range(40)] + [5e-324, 2.2250738585072014e-308, 1.7976931348623157e308]
ln_args += [0.7071067811865475, 0.7071067811865476, 1.4142135623730950, 1.4142135623730951, 1 - 2.0**-53, 1 + 2.0**-52]
for x in ln_args:
    add("ln", log, x)
for x in [random.uniform(-1, 1) for _ in range(40)] + [random.uniform(-1, 9) * 10.0**e for e in range(-30, 15) for _ in (1, 2)]:
    if x > -1:
        add("log1p", log1p, x)
for _ in range(120):
    x = double(random.randrange(0x0010000000000000, 0x7FE0000000000000))
    add("pow", power, x, random.uniform(-740, 709) / float(log(mpf(x))))
for _ in range(60):
    add("pow", power, random.uniform(0.2, 5), random.uniform(-3, 3))
for _ in range(40):
    x = 1 + random.uniform(-1, 1) * 2.0 ** -random.randrange(2, 52)
    if x != 1:
        add("pow", power, x, random.uniform(-740, 709) / float(log(mpf(x))))
for x, y in ((5e-324, 0.5), (5e-324, -0.99), (2.0, -1074.0), (10.0, -320.5), (1.7976931348623157e308, 0.9999), (10.0, 22.0)):
    add("pow", power, x, y)
with open(__file__.replace(".py", ".csv"), "w", newline="\n") as file:
    file.write("function,x,y,value,rest\n")
    for row in rows:
        file.write(",".join(row) + "\n")
print(len(rows), "rows")
