"""The analyses by NumPy, SciPy and PyWavelets, from the published files alone.

    python3 testdata/analyses.py ../../../shared/necstgen/data >testdata/analyses.json

writes {comparison: {analysis: {"quantity|statistic": [value of each side]}}}; null is
no value. Nothing here is shared with the program: rows are read by the csv module,
times are whole nanoseconds.
"""
import base64
import collections
import csv
import decimal
import json
import math
import os
import sys

import numpy
import pywt
import scipy
from scipy.spatial.distance import jensenshannon
from scipy.stats import gaussian_kde, ks_2samp, wasserstein_distance

data = sys.argv[1]


def rows(name):
    with open(os.path.join(data, name), newline="") as f:
        return list(csv.DictReader(f))


def nanoseconds(text):
    return int((decimal.Decimal(text) * 10**9).to_integral_value(decimal.ROUND_HALF_UP))


def half_up(x):
    return math.floor(x + 0.5)


Packet = collections.namedtuple("Packet", "time length header direction flags row")


def real(name, direction):
    """Flows of a raw file by its labels, each in time order, by start."""
    flows, first = {}, {}
    for r in rows(name):
        key = r["filename"], r["flow_id"]
        tuple_ = r["ip_src"], r["sport"]
        back = direction(r) if direction else int(first.setdefault(key, tuple_) != tuple_)
        p = Packet(nanoseconds(r["timestamps"]), int(r["length_total"]), int(float(r["header_length"])), back, int(float(r["flags"] or 0)), r)
        flows.setdefault(key, []).append(p)
    return sorted((sorted(f, key=lambda p: p.time) for f in flows.values()), key=lambda f: f[0].time)


def generated(name):
    """Flows of an output file by its labels; times begin at 0 in each."""
    flows = {}
    for r in rows(name):
        length = half_up(min(float(r["length_total_lstm"]), 65535))
        header = half_up(min(float(r["header_length_lstm"]), length))
        f = flows.setdefault(r.get("flow_id", "0"), [])
        gap = half_up(float(r["time_diff_lstm"]) * 1e9)
        time = f[-1].time + gap if f else 0
        f.append(Packet(time, length, header, int(float(r["direction"]) >= 0.5), int(float(r.get("flags", 0))), r))
    return list(flows.values())


def distances(a, b):
    a, b = numpy.asarray(a, float), numpy.asarray(b, float)
    low, high = min(a.min(), b.min()), max(a.max(), b.max())
    p, q = (numpy.histogram(x, bins=50, range=(low, high))[0] for x in (a, b))
    return {"KS": ks_2samp(a, b).statistic, "W1": wasserstein_distance(a, b), "JSD": jensenshannon(p, q, base=2) ** 2}


def describe(into, quantity, *sides):
    for name, of in (
        ("n", len), ("mean", numpy.mean), ("5 %", lambda x: numpy.quantile(x, 0.05)), ("median", numpy.median),
        ("95 %", lambda x: numpy.quantile(x, 0.95)), ("greatest", numpy.max),
    ):
        into[f"{quantity}|{name}"] = [float(of(s)) for s in sides]
    for name in ("KS", "W1"):
        if len(sides) > 1:
            into[f"{quantity}|{name} to real"] = [None] + [float(distances(sides[0], s)[name]) for s in sides[1:]]


def far(into, quantity, *sides):
    for name in ("KS", "W1", "JSD"):
        into[f"{quantity}|{name}"] = [None] + [float(distances(sides[0], s)[name]) for s in sides[1:]]


def tables(into, quantity, p, q):
    keys = sorted(set(p) | set(q))
    a, b = (numpy.array([t[k] for k in keys], float) for t in (p, q))
    a, b = a / a.sum(), b / b.sum()
    into[f"{quantity}|total variation to real"] = [None, float(abs(a - b).sum() / 2)]
    into[f"{quantity}|JSD to real"] = [None, float(jensenshannon(a, b, base=2)) ** 2]


def packets(flows):
    return [p for f in flows for p in f]


def gaps(flows):
    return [(b.time - a.time) / 1e9 for f in flows for a, b in zip(f, f[1:])]


def turns(flows, whole):
    found = []
    for f in flows:
        since = f[0].time
        for a, b in zip(f, f[1:]):
            if a.direction != b.direction:
                found.append((b.time - (since if whole else a.time)) / 1e9)
                since = b.time
    return found


def per_second(times, weights):
    """Sums in whole seconds of UTC from the first packet's to the last's."""
    seconds = numpy.array([t // 10**9 for t in times])
    return numpy.bincount(seconds - seconds.min(), weights=weights)


NAMES = ["FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR"]


def flag_name(flags):
    return "/".join(n for i, n in enumerate(NAMES) if flags >> i & 1) or "OTHERS"


def grams(flows, n, tcp):
    count = collections.Counter()
    for f in flows:
        for i in range(len(f) - n + 1):
            count[", ".join(">" * (p.direction == 0) + "<" * (p.direction == 1) +
                            (("".join(x[0] for x in flag_name(p.flags).split("/")) if p.flags else "none") if tcp else "") for p in f[i:i + n])] += 1
    return count


def handshake(f):
    """A SYN, a SYN/ACK and an ACK in that order; the first two may be repeated."""
    wanted, step = [(0, 2), (1, 18), (0, 16)], 0
    for p in f:
        seen = p.direction, p.flags & (1 | 2 | 4 | 16)
        if seen == wanted[step]:
            step += 1
            if step == 3:
                return True
        elif step == 0 or seen != wanted[step - 1]:
            return False
    return False


def closed(f):
    fins, last = set(), 0
    for p in f:
        if len(fins) == 2 and p.direction != last and p.flags & 16:
            return True
        if p.flags & 4:
            return False
        if p.flags & 1 and p.direction not in fins:
            fins.add(p.direction)
            last = p.direction
    return False


def windows(flows, run):
    n = len(run)
    all_ = [tuple(p.flags for p in f[i:i + n]) for f in flows for i in range(len(f) - n + 1)]
    return all_.count(tuple(run)) / len(all_)


def labelled(a, b, tcp):
    """What flows that are known by labels alone allow."""
    out = collections.defaultdict(dict)
    describe(out["gaps"], "gap inside flows", gaps(a), gaps(b))
    describe(out["lengths"], "packet length", *([p.length for p in packets(x)] for x in (a, b)))
    describe(out["rtt"], "turn time", turns(a, True), turns(b, True))
    describe(out["turn-gaps"], "turn gap", turns(a, False), turns(b, False))
    describe(out["sizes"], "packets per flow", [len(f) for f in a], [len(f) for f in b])
    describe(out["sizes"], "bytes per flow", *([sum(p.length for p in f) for f in x] for x in (a, b)))
    far(out["distances"], "packet length", *([p.length for p in packets(x)] for x in (a, b)))
    far(out["distances"], "gap", gaps(a), gaps(b))
    far(out["distances"], "packets per flow", [len(f) for f in a], [len(f) for f in b])
    out["counts"]["direction backward|share"] = [float(numpy.mean([p.direction for p in packets(x)])) for x in (a, b)]
    for n, word in ((3, "three"), (4, "four")):
        p, q = grams(a, n, tcp), grams(b, n, tcp)
        tables(out["runs"], f"runs of {word} packets", p, q)
        out["runs"][f"runs of {word} packets|n"] = [p.total(), q.total()]
        for name, c in p.most_common(5):
            out["runs"][f"{name}|share"] = [c / p.total(), q[name] / q.total()]
    return out


def interval(units, totals):
    """The central 95 % of a ratio of sums over units drawn with replacement."""
    rng = numpy.random.default_rng(1)
    units, totals = numpy.asarray(units, float), numpy.asarray(totals, float)
    draws = rng.integers(0, len(units), (4000, len(units)))
    return [float(v) for v in numpy.quantile(units[draws].sum(axis=1) / totals[draws].sum(axis=1), [0.025, 0.975])]


def http():
    a = real("raw/df_raw_HTTP.csv", lambda r: int(float(r["sport"]) == 80))
    b = generated("output/DF_GEN_PACKET_HTTP_FLOW_CONNECT_FINAL.csv")
    out = labelled(a, b, True)
    p, q = (collections.Counter(x.flags for x in packets(side)) for side in (a, b))
    for flags, _ in p.most_common(4):
        name = flag_name(flags)
        out["flags"][f"flags {name}|share"] = [p[flags] / p.total(), q[flags] / q.total()]
        describe(out["lengths"], f"packet length, {name}", *([x.length for x in packets(side) if x.flags == flags] for side in (a, b)))
    tables(out["flags"], "flags", p, q)
    for flags in (16, 24, 2):
        counts = [sum(x.flags == flags for x in f) for f in a]
        out["intervals"][f"flags {flag_name(flags)}"] = interval(counts, [len(f) for f in a])
    last = [17, 16, 17, 16]
    for name, has in (
        ("handshake first", handshake), ("SYN first", lambda f: f[0].flags == 2), ("SYN again later", lambda f: any(x.flags == 2 for x in f[1:])),
        ("closed by both ends", closed), ("FIN in the last four", lambda f: any(x.flags & 1 for x in f[-4:])),
        ("FINs in order last", lambda f: [x.flags for x in f[-4:]] == last),
    ):
        if name == "FINs in order last":
            out["intervals"][f"flow {name}"] = interval([has(f) for f in a], [1] * len(a))
        out["sequences"][f"flow {name}|share"] = [float(numpy.mean([has(f) for f in side])) for side in (a, b)]
    out["sequences"]["run SYN, SYN/ACK, ACK|share"] = [windows(side, [2, 18, 16]) for side in (a, b)]
    out["sequences"]["run FIN/ACK, ACK, FIN/ACK, ACK|share"] = [windows(side, last) for side in (a, b)]
    return out


def udp():
    a = real("raw/df_raw_UDP_GOOGLE_HOME.csv", None)
    return labelled(a, generated("output/DF_GEN_PACKET_UDP_GOOGLE_HOME_FLOW_NO_CONNECT_FINAL.csv"), False)


def haar(x):
    """Mean squares of the details of each level; what reaches past the end is left out."""
    energies, smooth = [], numpy.array(x, float)
    while len(smooth) // 2 >= 8 and len(energies) < 24:
        smooth, detail = pywt.dwt(smooth[: len(smooth) // 2 * 2], "haar", mode="periodization")
        energies.append(float(numpy.log2(numpy.mean(detail**2))))
    return energies


def series(times, weights, bin_, origin, n):
    at = numpy.array([(t - origin) // bin_ for t in times])
    keep = (at >= 0) & (at < n)
    return numpy.bincount(at[keep], weights=numpy.array(weights, float)[keep], minlength=n)


def lag_one(x):
    x = numpy.asarray(x, float)
    x = x - x.mean()
    return float((x[1:] * x[:-1]).sum() / (x * x).sum())


def in_time(*sides):
    """What packets on one clock allow; each side is a list of packets by their times."""
    out = collections.defaultdict(dict)
    times = [[p.time for p in s] for s in sides]
    lengths = [[p.length for p in s] for s in sides]
    describe(out["byte-rate"], "bytes/s", *(per_second(t, w) for t, w in zip(times, lengths)))
    describe(out["packet-rate"], "packets/s", *(per_second(t, None) for t in times))
    logs = [numpy.log10(numpy.maximum(1e-6, numpy.diff(t[:10000]) / 1e9)) for t in times]
    out["fields"]["length|autocorrelation at lag 1"] = [lag_one(w[:10000]) for w in lengths]
    out["fields"]["log gap|autocorrelation at lag 1"] = [lag_one(x) for x in logs]
    fifth = 2 * 10**8
    n = max(1, min(t[-1] - t[0] for t in times) // fifth)
    energies = [haar(series(t, w, fifth, t[0] // fifth * fifth, n)) for t, w in zip(times, lengths)]
    for k in range(len(energies[0])):
        out["wavelet"][f"log2 energy at {0.2 * 2 ** (k + 1):g} s|value"] = [e[k] for e in energies]
    fine = 10**9 // 2048
    n = min(t[-1] - t[0] for t in times) // fine
    for k in range(0, 24, 3):
        if n >> k < 8:
            break
        values = []
        for t, w in zip(times, lengths):
            x = numpy.zeros(n >> k)
            at = numpy.array([(v - t[0]) // fine >> k for v in t])
            numpy.add.at(x, at[at < n >> k], numpy.array(w, float)[at < n >> k])
            values.append(float(numpy.log2(numpy.std(x / 2 ** (k / 2)))))
        out["scaling"][f"log2 deviation at {fine * 2**k / 1e9:.4g} s|value"] = values
    return out


def snmp():
    def direction(r):
        return int(float(r["sport"]) == 161)
    a = sorted(packets(real("raw/df_raw_SNMP.csv", direction)), key=lambda p: p.time)
    return in_time(a, packets(generated("output/DF_GEN_PACKET_SNMP_NO_FLOW_FINAL.csv")))


def alone(name, direction):
    """The real packets of a file on their own, and what their flows' starts allow."""
    flows = real(name, direction)
    out = in_time(sorted(packets(flows), key=lambda p: p.time))
    starts = [f[0].time for f in flows]
    merged = sorted(p.time for p in packets(flows))
    describe(out["gaps"], "gap to any packet", numpy.diff(merged) / 1e9)
    describe(out["gaps"], "time between flows", numpy.diff(starts) / 1e9)
    describe(out["flow-rate"], "flows/s", per_second(starts + merged[-1:], [1] * len(starts) + [0]))
    describe(out["flow-packets"], "packets of starting flows", per_second(starts + merged[-1:], [len(f) for f in flows] + [0]))
    files = collections.defaultdict(list)
    for p in packets(flows):
        files[p.row["filename"]].append(p.time)
    if len(files) > 1:  # seconds begin with each file's first fifth of a second
        rates, inside = [], []
        for times in files.values():
            times.sort()
            fifths = numpy.array([t // (2 * 10**8) for t in times])
            rates.append(numpy.bincount((fifths - fifths[0]) // 5))
            inside.append(numpy.diff(times) / 1e9)
        describe(out["recordings"], "packets/s in recordings", numpy.concatenate(rates))
        describe(out["recordings"], "gap in recordings", numpy.concatenate(inside))
        out["recordings"]["recordings|n"] = [len(files)]
    name = "layers_3"
    for layer, _ in collections.Counter(p.row[name] for p in packets(flows)).most_common(3):
        describe(out["layers"], f"packet length, {name} {layer}", [p.length for p in packets(flows) if p.row[name] == layer])
    return out


def tables_of_flows():
    a, b = rows("raw/df_raw_flows_HTTP.csv"), rows("output/DF_GEN_FLOW_HTTP_FINAL.csv")
    times = [[round(float(r["timestamps_min"]) * 1e9) for r in a], [0]]  # floats have 120 ns here
    for r in b[1:]:
        times[1].append(times[1][-1] + half_up(float(r["time_diff"]) * 1e9))
    sizes = [[int(float(r["flow_id_count"])) for r in a], [max(1, half_up(float(r["count_total"]))) for r in b]]
    out = collections.defaultdict(dict)
    describe(out["flow-rate"], "flows/s", *(per_second(t, None) for t in times))
    describe(out["flow-packets"], "packets of starting flows", *(per_second(t, w) for t, w in zip(times, sizes)))
    describe(out["gaps"], "time between flows", *(numpy.diff(t) / 1e9 for t in times))
    describe(out["sizes"], "packets per flow", *sizes)
    far(out["distances"], "time between flows", *(numpy.diff(t) / 1e9 for t in times))
    return out


def lora():
    out = collections.defaultdict(dict)
    a = [r for r in rows("raw/df_raw_LORA_1.csv") if base64.b64decode(r["physical_payload"])[0] >> 5 not in (1, 3, 5)]  # no downlinks
    snr, rssi = ([float(r[k]) for r in a] for k in ("snr", "rssi"))
    out["levels"]["SNR and RSSI|correlation"] = [float(numpy.corrcoef(rssi, snr)[0, 1])]
    describe(out["levels"], "SNR", snr)
    describe(out["levels"], "RSSI", rssi)
    factors = [int(float(r["spreading_factor"])) for r in a]
    describe(out["radio"], "spreading factor", factors)
    describe(out["radio"], "frequency", [int(r["frequency"]) / 1e6 for r in a])
    for f in sorted(set(factors)):
        out["factors"][f"spreading factor SF{f}|share"] = [factors.count(f) / len(factors)]
        describe(out["factors"], f"SNR at SF{f}", [s for s, g in zip(snr, factors) if f == g])
    return out


def latent():
    """Two columns of a processed file stand for the latent dimensions."""
    out = collections.defaultdict(dict)
    a = rows("process/df_process_HTTP.csv")
    columns = {k: numpy.array([float(r[k]) for r in a]) for k in ("time_diff", "rate", "length_total", "flags")}
    points = numpy.array([columns["time_diff"], columns["rate"]])
    low, high = points.min(axis=1), points.max(axis=1)
    middles = [l + (h - l) * (numpy.arange(20) + 0.5) / 20 for l, h in zip(low, high)]
    grid = numpy.array([m.ravel() for m in numpy.meshgrid(*middles)])
    out["latent"]["density|greatest on the grid"] = [float(gaussian_kde(points)(grid).max())]
    describe(out["latent"], "first latent dimension", points[0])
    for name in ("length_total", "flags"):
        for d in range(2):
            out["correlation"][f"{name} and latent {d + 1}|correlation"] = [float(numpy.corrcoef(columns[name], points[d])[0, 1])]
    return out


found = {
    "versions": f"numpy {numpy.__version__}, scipy {scipy.__version__}, pywt {pywt.__version__}",
    "http": http(), "udp": udp(), "snmp": snmp(), "flows": tables_of_flows(), "lora": lora(), "latent": latent(),
    "http alone": alone("raw/df_raw_HTTP.csv", lambda r: int(float(r["sport"]) == 80)), "udp alone": alone("raw/df_raw_UDP_GOOGLE_HOME.csv", None),
}
json.dump(found, sys.stdout, indent=1)
print()
