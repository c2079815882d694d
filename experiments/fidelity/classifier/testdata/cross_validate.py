"""Cross-validated AUC of scikit-learn's classifiers on the folds that it is given.

Reads {"name": {"x": [[...]], "y": [...], "fold": [...]}} on standard input and
writes {"version": ..., "auc": {learner: {"name": mean over 3 seeds}}}.
"""
import json
import sys

import numpy
import sklearn
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.metrics import roc_auc_score

learners = {
    "forest": lambda seed: RandomForestClassifier(200, min_samples_leaf=5, random_state=seed),
    "boosting": lambda seed: HistGradientBoostingClassifier(random_state=seed),
}
means = {learner: {} for learner in learners}
for name, data in json.load(sys.stdin).items():
    x, y, fold = (numpy.array(data[key]) for key in ("x", "y", "fold"))
    for learner, make in learners.items():
        aucs = []
        for seed in range(3):
            for k in range(fold.max() + 1):
                test = fold == k
                model = make(seed).fit(x[~test], y[~test])
                aucs.append(roc_auc_score(y[test], model.predict_proba(x[test])[:, 1]))
        means[learner][name] = round(float(numpy.mean(aucs)), 4)
json.dump({"version": sklearn.__version__, "auc": means}, sys.stdout, indent=1)
