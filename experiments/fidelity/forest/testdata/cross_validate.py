"""Cross-validated AUC of scikit-learn's random forest on the folds it is given.

Reads {"name": {"x": [[...]], "y": [...], "fold": [...]}} on standard input and
writes {"version": ..., "auc": {"name": mean over 3 seeds}}.
"""
import json
import sys

import numpy
import sklearn
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import roc_auc_score

means = {}
for name, data in json.load(sys.stdin).items():
    x, y, fold = (numpy.array(data[key]) for key in ("x", "y", "fold"))
    aucs = []
    for seed in range(3):
        for k in range(fold.max() + 1):
            test = fold == k
            forest = RandomForestClassifier(200, min_samples_leaf=5, random_state=seed)
            forest.fit(x[~test], y[~test])
            aucs.append(roc_auc_score(y[test], forest.predict_proba(x[test])[:, 1]))
    means[name] = round(float(numpy.mean(aucs)), 4)
json.dump({"version": sklearn.__version__, "auc": means}, sys.stdout, indent=1)
