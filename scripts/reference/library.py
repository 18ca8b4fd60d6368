#!/usr/bin/env python3
"""The figures that the model files call computed, from the published equations written anew and solved by scipy
(DOP853, relative tolerance 1e-12), none of it by exposim. Needs scipy.

    scripts/reference/library.py          prints model, what, figure
    scripts/reference/library.py --files  compares them with what models/*.toml state; status 1 where one is off
    scripts/reference/library.py --fill   writes them where a file has expected = "@"
"""
import re
import sys
import tomllib
from math import exp, log
from pathlib import Path

from scipy.integrate import quad, solve_ivp
from scipy.optimize import brentq, minimize_scalar

MODELS = Path(__file__).resolve().parents[2] / "models"


class Course:
    """States over time under boluses (time, compartment, amount) and infusions (start, end, compartment, rate)."""

    def __init__(self, rhs, start, boluses=(), infusions=(), end=0.0):
        self.rhs, self.pieces = rhs, []
        stops = {0.0, end} | {b[0] for b in boluses} | {t for i in infusions for t in i[:2]}
        stops = sorted(t for t in stops if t <= end)
        state = list(start)
        for time, compartment, amount in boluses:
            if time == 0.0:
                state[compartment] += amount
        for left, right in zip(stops, stops[1:]):
            feed = [0.0] * len(state)
            for begin, stop, compartment, rate in infusions:
                if begin <= left and right <= stop:
                    feed[compartment] += rate

            def slope(t, y, feed=feed):
                return [a + b for a, b in zip(rhs(t, y), feed)]

            piece = solve_ivp(slope, (left, right), state, method="DOP853", rtol=1e-12, atol=1e-14, dense_output=True)
            assert piece.success, piece.message
            self.pieces.append((left, right, piece.sol))
            state = list(piece.y[:, -1])
            for time, compartment, amount in boluses:
                if time == right:
                    state[compartment] += amount
        self.last = state

    def at(self, time):
        """The states just before what happens at `time`."""
        for left, right, sol in self.pieces:
            if left <= time <= right:
                return sol(time)
        raise ValueError(time)

    def area(self, output, low, high):
        total = 0.0
        for left, right, sol in self.pieces:
            a, b = max(left, low), min(right, high)
            steps = 8
            for i in range(steps if b > a else 0):
                c, d = a + (b - a) * i / steps, a + (b - a) * (i + 1) / steps
                total += quad(lambda t: output(sol(t)), c, d, epsabs=0, epsrel=1e-8, limit=200)[0]
        return total

    def extreme(self, output, low, high, sign):
        """(time, value) of the largest `sign * output`."""
        best = None
        for left, right, sol in self.pieces:
            a, b = max(left, low), min(right, high)
            if b <= a:
                continue
            grid = [a + (b - a) * i / 400 for i in range(401)]
            values = [sign * output(sol(t)) for t in grid]
            k = values.index(max(values))
            candidates = [(grid[k], values[k])]
            if 0 < k < 400:
                found = minimize_scalar(lambda t: -sign * output(sol(t)), bounds=(grid[k - 1], grid[k + 1]),
                                        method="bounded", options={"xatol": 1e-9})
                candidates.append((found.x, -found.fun))
            for candidate in candidates:
                if best is None or candidate[1] > best[1]:
                    best = candidate
        return best[0], sign * best[1]


def repeated(amount, every, count, compartment, lag=0.0):
    return [(lag + i * every, compartment, amount) for i in range(count)]


def upadacitinib(dose, every, count, end, wt=74.0, crcl=108.7, patient=True, form="ER", v=156.0, f=1.0, fcl=1.0):
    cl = 40.9 * (0.754 if patient else 1.0) * (crcl / 108.7) ** 0.256 * (wt / 74) ** 0.132 * fcl
    v2, q, v3 = v * (wt / 74) ** 0.804, 3.22, 68.0

    def rhs(_, y):
        a, b, c, p = y
        return [-0.0523 * a, -2.77 * b,
                0.0523 * a + 2.77 * b - (cl + q) / v2 * c + q / v3 * p, q / v2 * c - q / v3 * p]

    if form == "IR":
        boluses, infusions = repeated(f * dose, every, count, 1, 0.2), []
    else:
        boluses = repeated(f * 0.762 * 0.255 * dose, every, count, 0, 0.154)
        rate = f * 0.762 * 0.745 * dose / 3.29
        infusions = [(0.154 + i * every, 0.154 + 3.29 + i * every, 2, rate) for i in range(count)]
    return Course(rhs, [0.0] * 4, boluses, infusions, end), (lambda y: 1e3 * y[2] / v2)


def upadacitinib_2018(end, healthy):
    cl = 39.7 * (1.0 if healthy else 0.76)
    v2, q, v3 = 146.0, 3.23, 64.3

    def rhs(_, y):
        a, c, p = y
        return [-12.3 * a, 12.3 * a - (cl + q) / v2 * c + q / v3 * p, q / v2 * c - q / v3 * p]

    return Course(rhs, [0.0] * 3, repeated(12.0, 12.0, 20, 0, 0.48), [], end), (lambda y: 1e3 * y[1] / v2)


def oral(dose, ka, cl, v, lag, end, scale=1e3):
    course = Course(lambda _, y: [-ka * y[0], ka * y[0] - cl / v * y[1]], [0.0, 0.0], [(lag, 0, dose)], [], end)
    return course, (lambda y: scale * y[1] / v)


def klunder_2019(out):
    def put(what, value):
        out["upadacitinib-klunder-2019", what] = value

    course, cp = upadacitinib(15, 24, 20, 480)
    peak = course.extreme(cp, 456, 480, 1)[1]
    put("Cmax on 15 mg", peak)
    put("AUC on 15 mg", course.area(cp, 456, 480))
    put("trough on 15 mg", cp(course.at(480)))
    other, c = upadacitinib(45, 24, 20, 480, wt=57, crcl=120)
    put("trough on 45 mg, woman or man of 57 kg with 120 mL/min", c(other.at(480)))
    other, c = upadacitinib(12, 12, 1, 2, form="IR")
    put("concentration 1 h after 12 mg IR", c(other.at(1)))
    for name, f, fcl in (("inhibitor", 1.70, 0.97), ("inducer", 0.49, 1.26)):
        other, c = upadacitinib(15, 24, 20, 480, f=f, fcl=fcl)
        put(f"Cmax, strong CYP3A4 {name} to none", other.extreme(c, 456, 480, 1)[1] / peak)


def bhatnagar(out):
    def put(what, value):
        out["upadacitinib-bhatnagar-2024", what] = value

    course, cp = upadacitinib(15, 24, 20, 480, v=171.0)
    peak = course.extreme(cp, 456, 480, 1)[1]
    put("Cmax on 15 mg", peak)
    put("trough on 15 mg", cp(course.at(480)))
    for name, f, fcl in (("inhibitor", 1.70, 0.97), ("inducer", 0.49, 1.26)):
        other, c = upadacitinib(15, 24, 20, 480, v=171.0, f=f, fcl=fcl)
        put(f"Cmax, strong CYP3A4 {name} to none", other.extreme(c, 456, 480, 1)[1] / peak)


def small_molecules(out):
    course, cp = upadacitinib_2018(240, healthy=True)
    model = "upadacitinib-klunder-2018"
    what = "AUC over a dosing interval, healthy, steady state on 12 mg twice daily"
    out[model, what] = course.area(cp, 228, 240)
    course, cp = upadacitinib_2018(240, healthy=False)
    out[model, "trough, patient, steady state on 12 mg twice daily"] = cp(course.at(240))

    model = "tofacitinib-vong-2021"
    course, cp = oral(10, 9.85, 26.3, 115.8, 0.236, 96)
    man = course.area(cp, 0, 96)
    out[model, "AUC after a single dose of 10 mg"] = man
    course, cp = oral(10, 9.85, 26.3 * 0.868, 115.8 * 0.845, 0.236, 96)
    out[model, "AUC, women to men"] = course.area(cp, 0, 96) / man
    cl = 26.3 * (80 / 108.7) ** 0.354 * 0.868 * 0.932
    v = 115.8 * (60 / 72) ** 0.585 * (50 / 40) ** -0.116 * 0.845
    course, cp = oral(10, 9.85, cl, v, 0.236, 4)
    what = "concentration 2 h after 10 mg, woman of 60 kg and 50 years, Asian, 80 mL/min"
    out[model, what] = cp(course.at(2))

    model = "tofacitinib-xie-2019"
    course, cp = oral(5, 13.8, 20.4, 110, 0.3, 120)
    out[model, "AUC after a single dose of 5 mg"] = course.area(cp, 0, 120)
    cl = 20.4 * (60 / 50) ** -0.20 * (90 / 120) ** 0.32 * (2 / 0.49) ** -0.02 * 0.91 * 1.12 * 1.05
    v = 110 * (60 / 50) ** -0.22 * (70 / 83.3) ** 0.68
    course, cp = oral(5, 13.8, cl, v, 0.3, 5)
    what = "concentration 4 h after 5 mg, black woman, not Hispanic, 60 years, 70 kg, 90 mL/min, CRP 2 mg/dL"
    out[model, what] = cp(course.at(4))

    ka, k = 1.58, 2.74 / 31.6
    course, cp = oral(320, ka, 2.74, 31.6, 0.0, 24, scale=1.0)
    out["theophylline", "concentration 9 h after 320 mg"] = cp(course.at(9))
    out["theophylline", "time of the largest concentration"] = log(ka / k) / (ka - k)

    k, v = 0.0047 / 0.96, 0.96 * 1.5
    out["phenobarbital", "concentration 12 h after the sixth dose of 3.75 mg, newborn of 1.5 kg"] = (
        3.75 / v * sum(exp(-k * 12 * i) for i in range(1, 7)))
    out["phenobarbital", "volume, Apgar score below 5 to others"] = 1 / 1.13


def warfarin(out):
    ktr, ka, cl, v = exp(0.106), exp(-0.087), exp(-2.03), exp(2.07)
    ec50, kout, e0, emax = exp(0.00724), exp(-2.9), exp(4.57), 1 / (1 + exp(-3.4))

    def rhs(_, y):
        a, g, c, e = y
        cp = c / v
        return [-ktr * a, ktr * a - ka * g, ka * g - cl / v * c,
                e0 * kout * (1 - emax * cp / (ec50 + cp)) - kout * e]

    course = Course(rhs, [0, 0, 0, e0], [(0.0, 0, 100.0)], [], 240)
    low = course.extreme(lambda y: y[3], 0, 240, -1)
    out["warfarin", "activity without warfarin"] = e0
    out["warfarin", "concentration 24 h after 100 mg"] = course.at(24)[2] / v
    out["warfarin", "lowest activity after 100 mg"] = low[1]
    out["warfarin", "time of the lowest activity"] = low[0]


def marrow(cl, v1, q, v2, base, mtt, slope, power):
    ktr = 4 / mtt

    def rhs(_, y):
        c, p, m, a, b, d, w = y
        return [-(cl + q) / v1 * c + q / v2 * p, q / v1 * c - q / v2 * p,
                ktr * m * ((1 - slope * c / v1) * (base / w) ** power - 1),
                ktr * (m - a), ktr * (a - b), ktr * (b - d), ktr * (d - w)]

    return rhs, [0.0, 0.0] + [base] * 5


def myelosuppression(out):
    rhs, start = marrow(285, 200, 204, 1500, 7.21, 124, 28.9, 0.239)
    course = Course(rhs, start, [], [(0.0, 3.0, 0, 350 / 3)], 504)
    low = course.extreme(lambda y: y[6], 0, 504, -1)
    out["paclitaxel-friberg-2002", "lowest count after 350 umol over 3 h"] = low[1]
    out["paclitaxel-friberg-2002", "time of the lowest count"] = low[0]
    model = "docetaxel-neutrophils"
    rhs, start = marrow(32.6, 5.77, 5.34, 11.0, 5.21965, 84.1791, 15.5711 / 0.808, 0.144543)
    course = Course(rhs, start, [], [(0.0, 1.0, 0, 170.0)], 504)
    out[model, "lowest count after 170 mg over 1 h"] = course.extreme(lambda y: y[6], 0, 504, -1)[1]
    out[model, "concentration at the end of 170 mg over 1 h"] = course.at(1)[0] / 5.77
    base = 5.21965 * (1 - 0.121451) * (1 - 0.146837) * (1 + 0.174677 * (1.0 - 1.34))
    slope = 15.5711 / 0.808 * (1 - 0.350693 * (1.0 - 1.34))
    rhs, start = marrow(32.6, 5.77, 5.34, 11.0, base, 84.1791, slope, 0.144543)
    course = Course(rhs, start, [], [(0.0, 1.0, 0, 170.0)], 504)
    out[model, "count at day 21, woman with a glycoprotein of 1.0 g/L and earlier therapy"] = course.at(504)[6]


def compartments(out):
    for model, others in (("one-compartment", []), ("two-compartments", [(8, 100)]),
                          ("three-compartments", [(8, 100), (1, 200)])):
        def rhs(_, y, others=others):
            d, c, *rest = y
            slope = [-d, d - 5 / 50 * c] + [0.0] * len(rest)
            for i, ((q, v), p) in enumerate(zip(others, rest)):
                flow = q / 50 * c - q / v * p
                slope[1] -= flow
                slope[2 + i] = flow
            return slope

        start = [0.0] * (2 + len(others))
        by_mouth = Course(rhs, start, [(0.0, 0, 80.0)], [], 100)
        out[model, "concentration 8 h after 100 mg by mouth"] = by_mouth.at(8)[1] / 50
        out[model, "area, 100 mg by mouth"] = by_mouth.area(lambda y: y[1] / 50, 0, 100)
        infused = Course(rhs, start, [], [(12.0 * i, 12.0 * i + 2, 1, 50.0) for i in range(3)], 40)
        what = "concentration 12 h after the start of the third infusion of 100 mg over 2 h every 12 h"
        out[model, what] = infused.at(36)[1] / 50


def structures(out):
    def chain(_, y):
        a, b, c, d, g, x = y
        return [-2 * a, 2 * (a - b), 2 * (b - c), 2 * (c - d), 2 * d - g, g - 0.1 * x]

    course = Course(chain, [0.0] * 6, [(0.0, 0, 100.0)], [], 24)
    out["transit-absorption", "concentration 4 h after 100 mg"] = course.at(4)[5] / 50
    out["transit-absorption", "time of the largest concentration"] = course.extreme(lambda y: y[5], 0, 24, 1)[0]

    # KM ln(C0/C) + C0 - C = VMAX/V t
    out["michaelis-menten", "concentration 20 h after 300 mg into the vein (implicit solution)"] = brentq(
        lambda c: 2 * log(10 / c) + 10 - c - 20 / 30 * 20, 1e-12, 10, xtol=1e-15, rtol=1e-14)
    out["michaelis-menten", "area after 300 mg into the vein, dose/V*(KM + C0/2)*V/VMAX"] = 300 / 20 * (2 + 10 / 2)

    def target(_, y):
        a, r, p = y
        return [-0.01 / 3 * a - 0.1 * a * r + 0.1 * p * 3, 1.0 - 0.1 * r - 0.1 * a / 3 * r + 0.1 * p,
                0.1 * a / 3 * r - 0.15 * p]

    course = Course(target, [0, 10, 0], [(0.0, 0, 300.0)], [], 168)
    out["tmdd", "free drug one week after 300 nmol"] = course.at(168)[0] / 3
    out["tmdd", "free target one week after 300 nmol"] = course.at(168)[1]
    out["tmdd", "largest complex"] = course.extreme(lambda y: y[2], 0, 168, 1)[1]

    def metabolite(_, y):
        d, p, m = y
        return [-d, 0.7 * d - 0.2 * p, 0.3 * d + 0.6 * 0.2 * p - 0.2 * m]

    course = Course(metabolite, [0.0] * 3, [(0.0, 0, 100.0)], [], 400)
    out["parent-metabolite", "metabolite 6 h after 100 umol"] = course.at(6)[2] / 20
    out["parent-metabolite", "area of the metabolite"] = 100 * (0.3 + 0.7 * 0.6) / 4

    for number in (1, 2, 3, 4):
        def rhs(_, y, number=number):
            c, r = y
            cp = c / 50
            effect = 1 - 0.9 * cp / (0.5 + cp) if number <= 2 else 1 + 3 * cp / (0.5 + cp)
            made, lost = (effect, 1) if number in (1, 3) else (1, effect)
            return [-0.1 * c, 10 * made - 0.1 * lost * r]

        course = Course(rhs, [0, 100], [(0.0, 0, 100.0)], [], 96)
        low = number in (1, 4)
        word = "lowest" if low else "largest"
        model = f"indirect-response-{number}"
        out[model, f"{word} response after 100 mg"] = course.extreme(lambda y: y[1], 0, 96, -1 if low else 1)[1]
        out[model, "response two days after 100 mg"] = course.at(48)[1]

    course = Course(lambda _, y: [-y[0], y[0] - 0.1 * y[1], 0.2 * (y[1] / 50 - y[2])], [0.0] * 3,
                    [(0.0, 0, 100.0)], [], 24)
    out["effect-compartment", "concentration at the site 6 h after 100 mg"] = course.at(6)[2]
    most = course.extreme(lambda y: y[2], 0, 24, 1)[1]
    out["effect-compartment", "largest effect"] = 10 + 50 * (most / 0.7) ** 2 / (1 + (most / 0.7) ** 2)
    out["tumour-growth-claret", "size at week 8"] = 80 * exp(0.02 * 8 - 0.06 / 0.05 * (1 - exp(-0.05 * 8)))
    out["tumour-growth-claret", "time to growth, ln(KD/KL)/LAMBDA"] = log(0.06 / 0.02) / 0.05


def main():
    out = {}
    for part in (klunder_2019, bhatnagar, small_molecules, warfarin, myelosuppression, compartments, structures):
        part(out)
    if "--fill" in sys.argv:
        for path in sorted(MODELS.glob("*.toml")):
            fill(path, out)
        return 0
    if "--files" not in sys.argv:
        for (model, what), value in out.items():
            print(f"{model}\t{what}\t{value:.10g}")
        return 0
    off, seen = 0, set()
    for path in sorted(MODELS.glob("*.toml")):
        for check in tomllib.loads(path.read_text()).get("checks", []):
            key = path.stem, check["what"]
            if check["basis"] != "computed" or key not in out:
                continue
            seen.add(key)
            stated = float(check["expected"].split()[0])
            if abs(stated / out[key] - 1) > 1e-6:
                off += 1
                print(f"{path.stem}: {check['what']}: the file states {stated}, computed is {out[key]:.10g}")
    for model, what in out.keys() - seen:
        off += 1
        print(f"{model}: no check `{what}`")
    print(f"{len(seen)} figures compared, {off} off")
    return 1 if off else 0


def fill(path, out):
    """Puts the figures where a file has "@" for them, with the unit of the figure."""
    parts = re.split(r"(?=^\[\[checks\]\]$)", path.read_text(), flags=re.M)
    for i, part in enumerate(parts):
        if 'expected  = "@"' not in part:
            continue
        what = re.search(r'^what +?= "(.*)"$', part, flags=re.M).group(1)
        figure = re.search(r'^figure +?= "(.*)"$', part, flags=re.M).group(1)
        unit = unit_of(path, figure, "against " in part)
        shown = f"{out[path.stem, what]:.8g} {unit}".strip()
        parts[i] = part.replace('expected  = "@"', f'expected  = "{shown}"')
    path.write_text("".join(parts))


def unit_of(path, figure, ratio):
    if ratio:
        return ""
    if figure.startswith("time of "):
        return "week" if "week" in figure else "h"
    name = re.match(r"(?:area of |maximum of |minimum of |mean of )?(\S+)", figure).group(1)
    unit = tomllib.loads(path.read_text())["outputs"][name]["unit"]
    unit = "" if unit == "1" else unit
    return unit.replace("/", "*h/", 1) if figure.startswith("area of ") else unit


if __name__ == "__main__":
    sys.exit(main())
