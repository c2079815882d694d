"""The statistics of package fidelity by SciPy, NumPy and PyWavelets.

Reads {"pairs": {name: [a, b]}, "tables": {name: [p, q]}, "series": {name: x}} on
standard input and writes the same names with what the libraries compute.
"""
import json
import sys

import numpy
import pywt
import scipy
from scipy.spatial.distance import jensenshannon
from scipy.stats import ks_2samp, wasserstein_distance

given = json.load(sys.stdin)
found = {"versions": f"scipy {scipy.__version__}, numpy {numpy.__version__}, pywt {pywt.__version__}"}
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
json.dump(found, sys.stdout, indent=1)
