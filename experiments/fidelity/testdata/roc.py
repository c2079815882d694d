"""Area under the curve and members found at 1 % false alarms, by scikit-learn.

Reads {name: {"scores": x, "member": y}} on standard input and writes, under the same
names, roc_auc_score and the greatest true positive rate of roc_curve whose false
positive rate is up to 0.01. The stored answers are of scikit-learn 1.7.2:

    PYTHON=python3 go test ./experiments/fidelity -run TestAgainstScikitLearn -regen
"""
import json
import sys

from sklearn.metrics import roc_auc_score, roc_curve

found = {}
for name, q in json.load(sys.stdin).items():
    false, true, _ = roc_curve(q["member"], q["scores"], drop_intermediate=False)
    found[name] = {
        "auc": float(roc_auc_score(q["member"], q["scores"])),
        "tpr": float(true[false <= 0.01].max()),
    }
json.dump(found, sys.stdout, indent=1, sort_keys=True)
