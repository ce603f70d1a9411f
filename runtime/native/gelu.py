#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
#
# Prints runtime/native/gelu_table.h: for both forms of GELU, polynomials of
# degree 3 that meet Q(a) = 1 - Phi(a) as closely as any (Remez' exchange) on
# segments of 1/6, from below 1/12 to 61/12; the last segment is 0.
import math

DEGREE, SEGMENTS, PER_UNIT, GRID = 3, 32, 6, 2000


def erf_form(a):
    return 0.5 * math.erfc(a / math.sqrt(2))


def tanh_form(a):
    return 1 / (1 + math.exp(math.sqrt(8 / math.pi) * (a + 0.044715 * a**3)))


def solve(rows):
    """The x of rows of coefficients, the last of which is the right side."""
    n = len(rows)
    for i in range(n):
        k = max(range(i, n), key=lambda r: abs(rows[r][i]))
        rows[i], rows[k] = rows[k], rows[i]
        for r in range(n):
            m = rows[r][i] / rows[i][i] if r != i else 0
            rows[r] = [x - m * y for x, y in zip(rows[r], rows[i])]
    return [rows[i][n] / rows[i][i] for i in range(n)]


def extremes(errors):
    """Where the largest error between two changes of sign is."""
    out = []
    for i, e in enumerate(errors):
        if not out or (e > 0) != (errors[out[-1]] > 0):
            out.append(i)
        elif abs(e) > abs(errors[out[-1]]):
            out[-1] = i
    return out


def minimax(f, lo, hi):
    """Coefficients of the powers of a, not of a minus the middle."""
    mid, half, n = (lo + hi) / 2, (hi - lo) / 2, DEGREE + 1
    at = [-half * math.cos(math.pi * i / n) for i in range(n + 1)]
    grid = [half * (2 * i / GRID - 1) for i in range(GRID + 1)]
    for _ in range(8):
        c = solve([[t**k for k in range(n)] + [(-1)**i, f(mid + t)]
                   for i, t in enumerate(at)])[:n]
        worst = extremes([sum(c[k] * t**k for k in range(n)) - f(mid + t)
                          for t in grid])
        if len(worst) != n + 1:
            break
        at = [grid[i] for i in worst]
    return [sum(c[k] * math.comb(k, j) * (-mid)**(k - j)
                for k in range(j, n)) for j in range(n)]


HEAD = """\
/* SPDX-License-Identifier: Apache-2.0
 *
 * Printed by runtime/native/gelu.py: coefficients of 1, a, a^2 and a^3 of
 * 1 - Phi(a), each for a within 1/12 of 0, 1/6, 2/6, and so on.
 */
#ifndef BRN_GELU_TABLE_H
#define BRN_GELU_TABLE_H
"""


def table(name, f):
    ends = [((i - 0.5) / PER_UNIT, (i + 0.5) / PER_UNIT)
            for i in range(SEGMENTS - 1)]
    rows = [minimax(f, max(0, lo), hi) for lo, hi in ends]
    rows.append([0] * (DEGREE + 1))
    print("\nstatic const float %s[%d][%d] = {" % (name, DEGREE + 1, SEGMENTS))
    for column in zip(*rows):
        text = ["%.8ef," % c for c in column]
        print("{")
        for i in range(0, SEGMENTS, 4):
            print("\t" + " ".join(text[i:i + 4]))
        print("},")
    print("};")


print(HEAD, end="")
table("brn_gelu_erf_table", erf_form)
table("brn_gelu_tanh_table", tanh_form)
print("\n#endif")
