"""The statistics of package fidelity by SciPy, NumPy, PyWavelets and scikit-learn.

Reads {"pairs": {name: [a, b]}, "tables": {name: [p, q]}, "series": {name: x},
"rows": {name: [real, synthetic]}, "queues": {name: {"at", "bytes", "rate"}}} on standard
input and writes the same names with what the libraries compute. A queue is simulated
event by event.

    pip install scipy==1.17.1 numpy==2.4.6 PyWavelets==1.8.0 scikit-learn==1.7.2
"""
import heapq
import json
import sys

import numpy
import pywt
import scipy
import sklearn
from scipy.spatial.distance import jensenshannon
from scipy.stats import ks_2samp, wasserstein_distance
from sklearn.metrics import pairwise_distances
from sklearn.neighbors import NearestNeighbors

given = json.load(sys.stdin)
found = {"versions": f"scipy {scipy.__version__}, numpy {numpy.__version__}, pywt {pywt.__version__}, sklearn {sklearn.__version__}"}
found["pairs"] = {
    name: {"w1": float(wasserstein_distance(a, b)), "ks": float(ks_2samp(a, b).statistic)}
    for name, (a, b) in given["pairs"].items()
}
found["tables"] = {
    name: {
        "jsd": float(jensenshannon(p, q, base=2)) ** 2,
        "tv": float(numpy.abs(numpy.array(p) / sum(p) - numpy.array(q) / sum(q)).sum() / 2),
    }
    for name, (p, q) in given["tables"].items()
}


def haar(x):
    """Mean squares of the detail coefficients that do not reach past the end."""
    energies, counts, smooth = [], [], numpy.array(x)
    while len(smooth) // 2 >= 8:
        smooth, detail = pywt.dwt(smooth[: len(smooth) // 2 * 2], "haar", mode="periodization")
        energies.append(float(numpy.mean(detail**2)))
        counts.append(len(detail))
    return energies, counts


def hurst(energies, counts):
    levels = numpy.arange(1, len(energies) + 1)
    slope = numpy.polyfit(levels, numpy.log2(energies), 1, w=numpy.sqrt(counts))[0]
    return float((slope + 1) / 2)


found["series"] = {}
for name, x in given["series"].items():
    energies, counts = haar(x)
    found["series"][name] = {"energies": energies, "hurst": hurst(energies, counts)}


def surroundings(real, synthetic, k=5):
    """Coverage of Naeem et al., precision of Kynkaanniemi et al., mean squared radius."""
    real, synthetic = numpy.array(real), numpy.array(synthetic)
    radius = NearestNeighbors(n_neighbors=k).fit(real).kneighbors()[0][:, -1]
    inside = pairwise_distances(real, synthetic, metric="sqeuclidean") <= radius[:, None] ** 2 * (1 + 1e-12)
    return {"recall": float(inside.any(axis=1).mean()), "precision": float(inside.any(axis=0).mean()), "radius": float((radius**2).mean())}


found["rows"] = {name: surroundings(*sides) for name, sides in given["rows"].items()}


def queue(at, bytes, rate, limit=1000):
    """Share of lost packets and the 99th percentile of the delay, one event after the other."""
    events = [(t, 1, i) for i, t in enumerate(at)]  # at one time a packet leaves before one comes
    heapq.heapify(events)
    waiting, delays, lost = [], [], 0
    while events:
        now, kind, i = heapq.heappop(events)
        if kind == 0:
            delays.append(now - at[i])
            waiting.pop(0)
        elif len(waiting) == limit:
            lost += 1
            continue
        else:
            waiting.append(i)
            if len(waiting) > 1:
                continue
        if waiting:
            heapq.heappush(events, (now + bytes[waiting[0]] / rate, 0, waiting[0]))
    return {"loss": lost / len(at), "delay": float(numpy.quantile(delays, 0.99))}


found["queues"] = {name: queue(**q) for name, q in given["queues"].items()}
json.dump(found, sys.stdout, indent=1)
