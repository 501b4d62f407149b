"""What SciPy, statsmodels and scikit-learn say of intervals, tests and scores.

    python make_statistics.py      (scipy 1.17.1, statsmodels 0.15.0, scikit-learn 1.9.1)

statistics.json    "intervals": [k, n, confidence, Wilson low and high, Clopper-Pearson low and high]
                   "binomial": [k, n, p, P(at least k), P(at most k)]
                   "mcnemar": [only the first right, only the second right, p]
                   "precision": [scores, whether each is right, average precision]
                   "calibration": [confidences, whether each is right, bins, expected calibration error]
"""
import json
import pathlib

import numpy
from scipy import stats
from sklearn.calibration import calibration_curve
from sklearn.metrics import average_precision_score
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.proportion import proportion_confint


def counts(n):
    return sorted({k for k in (0, 1, n // 3, n // 2, n - 1, n) if 0 <= k <= n})


def intervals():
    for n in (1, 2, 7, 50, 1000, 60000):
        for k in counts(n):
            for confidence in (0.9, 0.95, 0.995):
                exact = stats.binomtest(k, n).proportion_ci(confidence, "exact")
                wilson = stats.binomtest(k, n).proportion_ci(confidence, "wilson")
                other = proportion_confint(k, n, 1 - confidence, "wilson")
                numpy.testing.assert_allclose(other, wilson, atol=1e-12)
                yield [k, n, confidence, wilson.low, wilson.high, exact.low, exact.high]


def binomial():
    for n in (1, 7, 50, 1000, 60000):
        for k in counts(n):
            for p in (0.001, 0.1, 0.5, 0.93):
                yield [k, n, p, stats.binomtest(k, n, p, "greater").pvalue, stats.binomtest(k, n, p, "less").pvalue]


def paired():
    for first, second in ((0, 0), (0, 1), (5, 5), (3, 11), (40, 12), (700, 655)):
        yield [first, second, mcnemar([[0, first], [second, 0]], exact=True).pvalue]


def precision(random):
    for count, places in ((1, 2), (10, 1), (40, 1), (200, 3)):
        scores = numpy.round(random.random(count), places)
        right = random.random(count) < 0.3
        right[0] = True
        yield [scores.tolist(), right.tolist(), average_precision_score(right, scores)]


def calibration(random):
    for count, bins in ((5, 3), (100, 10), (1000, 15)):
        # Some on the bins' edges.
        confidences = numpy.concatenate([random.random(count), numpy.arange(bins + 1) / bins])
        right = random.random(len(confidences)) < confidences ** 2
        accuracy, confidence = calibration_curve(right, confidences, n_bins=bins)
        edges = numpy.linspace(0, 1, bins + 1)
        sizes = numpy.bincount(numpy.searchsorted(edges[1:-1], confidences), minlength=bins)
        error = (abs(accuracy - confidence) * sizes[sizes > 0]).sum() / sizes.sum()
        yield [confidences.tolist(), right.tolist(), bins, error]


def main():
    random = numpy.random.default_rng(0)
    figures = {
        "intervals": list(intervals()), "binomial": list(binomial()), "mcnemar": list(paired()),
        "precision": list(precision(random)), "calibration": list(calibration(random)),
    }
    path = pathlib.Path(__file__).resolve().parent / "statistics.json"
    path.write_text(json.dumps(figures, separators=(",", ":")).replace("],[", "],\n["))


if __name__ == "__main__":
    main()
