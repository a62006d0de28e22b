"""Works out the schedules of this folder a second time, in decimals of 60 digits, straight from finance.md.

    python3 schedule.py            compares every *.json with its *.golden and prints the differences
    python3 schedule.py --write    writes the *.golden files

The Go tests of internal/loan read the same files. Nothing here is taken from the Go code.

Arithmetic: i = R/4; interest = i·(opening + w·draw), half-up to the fen; it is paid, or added to the balance during the
grace; an annuity with an interval f > 1 pays the interest of the whole interval with the instalment, rounded once.
A = B·j/(1 − (1+j)^−n), anew where the interval's rate changes. Sculpted: service_k = CFADS_k × B / Σ CFADS_m/Π(1+j).
All-in cost: the y with Σ flow/(1+y)^time = 0, time in quarters (a draw at t + 1 − w), found by halving; (1+y)^4 − 1.
"""
import json, pathlib, sys
from decimal import Decimal as D, ROUND_HALF_UP, getcontext

getcontext().prec = 60
FEN, SIX = D("0.01"), D("0.000001")


def fen(x): return x.quantize(FEN, ROUND_HALF_UP)
def quarter(text): return int(text[:4]) * 4 + int(text[5]) - 1
def name(q): return f"{q // 4}Q{q % 4 + 1}"


def schedule(terms):
    draws = [(quarter(d["quarter"]), D(d["amount"])) for d in terms["draws"]]
    t0 = quarter(terms["start"]) if "start" in terms else min(q for q, _ in draws)
    T, G, f = terms["tenor"], terms.get("grace", 0), terms.get("interval", 1)
    A, n = terms.get("availability", max(G, 1)), (T - G) // f
    w = {"start": D(1), "mid": D("0.5"), "end": D(0)}[terms.get("timing", "mid")]
    fees = {k: D(v) for k, v in terms.get("fees", {}).items()}
    fee = lambda key: fees.get(key, D(0))
    commitment = D(terms["commitment"]) if "commitment" in terms else sum(a for _, a in draws)
    profile, changes = terms["profile"], [(quarter(c["from"]), D(c["rate"])) for c in terms.get("rates", [])]

    def i(t):
        rate = D(terms["rate"])
        for start, changed in changes:
            if start <= t0 + t: rate = changed
        return rate / 4

    rows, flows, balance, drawn = [], [], D(0), D(0)
    accrued = full = paid = base = payment = D(0)
    payment_rate, services, first_draw = None, [], True
    for t in range(T):
        draw = sum((a for q, a in draws if q == t0 + t), D(0))
        exact = i(t) * (balance + w * draw)
        due, k = t >= G and (t - G + 1) % f == 0, (t - G + 1) // f
        interest = fen(exact)
        if t >= G:
            accrued, full = accrued + exact, full + i(t)
            if profile == "annuity" and f > 1: interest = fen(accrued) if due else D(0)
            paid += interest
        upfront = D(0)
        if draw > 0 and first_draw: upfront, first_draw = fen(commitment * fee("upfront")), False
        other = fen(balance * fee("guarantee") / 4) + (fee("agency") if t % 4 == 0 else 0)
        if t < A: other += fen((commitment - drawn - w * draw) * fee("commitment") / 4)
        opening, drawn, balance = balance, drawn + draw, balance + draw
        capitalized = interest if terms.get("capitalize_during_grace") and t < G else D(0)
        balance += capitalized
        principal = D(0)
        if due:
            if k == 1:
                base = balance
                if profile == "sculpted":
                    cfads, growth, worth, sums = [D(c) for c in terms["cfads"]], D(1), D(0), []
                    for m in range(n):
                        span = range(G + m * f, G + (m + 1) * f)
                        growth *= 1 + sum(i(q) * (w if G == 0 and q == 0 else 1) for q in span)
                        sums.append(sum(cfads[q] for q in span))
                        worth += sums[-1] / growth
                    services = [s * base / worth for s in sums]
            if profile == "equal_principal": principal = fen(base / n)
            if profile == "custom": principal = fen(base * D(terms["custom"][k - 1]))
            if profile == "sculpted": principal = fen(services[k - 1]) - paid
            if profile == "annuity":
                if full != payment_rate:
                    left, payment_rate = n - k + 1, full
                    payment = fen(balance * full / (1 - (1 + full) ** -left)) if full else fen(balance / left)
                principal = payment - interest
            if t == T - 1: principal = balance
            accrued = full = paid = D(0)
        balance -= principal
        rows.append([name(t0 + t), opening, draw, interest, capitalized, principal, upfront + other, balance])
        if draw: flows.append((t + 1 - w, upfront - draw))
        flows.append((D(t + 1), interest - capitalized + principal + other))
    principal = sum(r[5] for r in rows)
    life = sum(r[5] * (t + 1) for t, r in enumerate(rows)) / 4 / principal
    return rows, effective(flows), life.quantize(SIX, ROUND_HALF_UP), sum(r[3] for r in rows), sum(r[6] for r in rows)


def effective(flows):
    worth = lambda y: sum(c / (1 + y) ** t for t, c in flows)
    low, high = D(0), D(1)
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if worth(middle) > 0 else (low, middle)
    return ((1 + low) ** 4 - 1).quantize(SIX, ROUND_HALF_UP)


def text(terms):
    rows, cost, life, interest, fees = schedule(terms)
    lines = [["quarter", "opening", "draw", "interest", "capitalized", "principal", "fees", "closing"]]
    lines += [[row[0]] + [f"{fen(D(x))}" for x in row[1:]] for row in rows]
    widths = [max(len(line[c]) for line in lines) for c in range(8)]
    table = "".join("  ".join(cell.rjust(width) for cell, width in zip(line, widths)) + "\n" for line in lines)
    return table + f"all-in cost {cost}  average life {life}  interest {fen(interest)}  fees {fen(D(fees))}\n"


for path in sorted(pathlib.Path(__file__).parent.glob("*.json")):
    got, golden = text(json.loads(path.read_text(), parse_float=str)), path.with_suffix(".golden")
    if "--write" in sys.argv:
        golden.write_text(got)
    elif got != golden.read_text():
        print(path.name, "differs")
