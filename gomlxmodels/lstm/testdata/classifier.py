"""The AUC of Keras on the sequences of TestClassifierKeras, for as many seeds.

    pip install keras==3.15.1 jax==0.10.2 scikit-learn==1.9.1
    KERAS_BACKEND=jax python classifier.py
"""

import keras
import numpy as np
from sklearn.metrics import roc_auc_score

SEQUENCES, FOLDS, SEEDS = 400, 5, 5


class Uniform:
    """Numbers in [0, 1) of Knuth's linear congruential generator."""

    def __init__(self):
        self.state = 1

    def __call__(self):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (self.state >> 11) / 2**53

    def normal(self):
        return sum(self() for _ in range(12)) - 6


def sequences():
    """Autoregressive numbers of variance 1, in one class closer tied than in the other."""
    uniform = Uniform()
    for i in range(SEQUENCES):
        tie = (0.1, 0.6)[i % 2]
        steps, before = [], uniform.normal()
        for _ in range(5 + int(20 * uniform())):
            before = tie * before + (1 - tie * tie) ** 0.5 * uniform.normal()
            steps.append((before, uniform.normal()))
        yield np.array(steps)


x = list(sequences())
y = np.arange(SEQUENCES) % 2
fold = np.arange(SEQUENCES) // 2 % FOLDS
every = np.concatenate(x)
longest = max(map(len, x))
padded, weight = np.zeros((SEQUENCES, longest, 2), "float32"), np.zeros((SEQUENCES, longest), "float32")
for i, s in enumerate(x):
    padded[i, : len(s)] = np.clip((s - every.mean(0)) / every.std(0), -5, 5)
    weight[i, : len(s)] = 1 / len(s)
target = np.repeat(y[:, None, None], longest, 1).astype("float32")

aucs = []
for seed in range(SEEDS):
    auc = []
    for k in range(FOLDS):
        keras.utils.set_random_seed(FOLDS * seed + k)
        model = keras.Sequential([keras.layers.LSTM(16, return_sequences=True, recurrent_initializer="glorot_uniform"), keras.layers.Dense(1)])
        model.compile(keras.optimizers.Adam(2e-2), keras.losses.BinaryCrossentropy(from_logits=True))
        learn, test = fold != k, fold == k
        model.fit(padded[learn], target[learn], sample_weight=weight[learn] * longest, batch_size=24, epochs=8, verbose=0)
        said = (model.predict(padded[test], verbose=0)[:, :, 0] * weight[test]).sum(1)
        auc.append(roc_auc_score(y[test], said))
    aucs.append(np.mean(auc))
print("first numbers", x[0][0], "numbers", len(every))
print("AUC", np.round(aucs, 4), "mean", np.mean(aucs).round(4))
