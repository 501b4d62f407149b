"""What SciPy and scikit-learn say of scales, sigmoids and thresholds.

    python make_calibration.py      (numpy 2.4.6, scipy 1.17.1, scikit-learn 1.9.1)

calibration.json   "parts": a validation and a test part, {"cosines": rows, "labels"}
                   "temperature": {name: {"cosines", "labels", "scale": the best, "loss": its mean -ln p}}
                   "platt": {name: {"scores", "isRight", "sklearn": [a, b], "exact": [a, b]}}
                   "thresholds": [{"inside", "outside", "falseAcceptance", "threshold", "insiders": accepted ones,
                                   "outsiders", "equalErrorThreshold", "equalErrorRate", "area"}]
                   "report": of the parts at scale 100, and of a sigmoid at scale 100 and bias -25:
                             expected calibration errors before and after
"""
import json
import math
import pathlib

import numpy
from scipy.optimize import brentq, minimize, minimize_scalar
from scipy.special import expit, log_softmax, softmax
from sklearn.calibration import _sigmoid_calibration
from sklearn.metrics import roc_auc_score, roc_curve


def part(random, count, classes, strength):
    """Cosines about 0.2, those of the right labels higher, as CLIP's are; of float32, to four places."""
    labels = random.integers(classes, size=count)
    cosines = random.normal(0.2, 0.03, (count, classes))
    cosines[numpy.arange(count), labels] += strength * 0.03
    return numpy.round(cosines, 4).astype(numpy.float32), labels


def loss(scale, cosines, labels):
    return -log_softmax(scale * cosines, axis=1)[numpy.arange(len(labels)), labels].mean()


def slope(scale, cosines, labels):
    return ((softmax(scale * cosines, axis=1) * cosines).sum(1) - cosines[numpy.arange(len(labels)), labels]).mean()


def temperature(cosines, labels):
    wide = cosines.astype(float)
    found = minimize_scalar(loss, bounds=(1e-3, 1e4), args=(wide, labels), method="bounded", options={"xatol": 1e-9})
    # A minimum is found no nearer than to the root of the precision; where the slope is nothing, to all of it.
    scale = brentq(slope, 1e-3, 1e4, args=(wide, labels), xtol=1e-13, rtol=1e-14)
    numpy.testing.assert_allclose(found.x, scale, rtol=1e-6)
    return {"cosines": places(cosines), "labels": labels.tolist(), "scale": scale, "loss": loss(scale, wide, labels)}


def exact_sigmoid(scores, right):
    """The same minimum as scikit-learn's, by Newton's method to the last places."""
    scores = numpy.asarray(scores, float)
    count = right.sum()
    targets = numpy.where(right, (count + 1) / (count + 2), 1 / (len(right) - count + 2))
    middle, spread = scores.mean(), scores.std() or 1
    design = numpy.stack([(scores - middle) / spread, numpy.ones(len(scores))], 1)

    def value(x):
        f = design @ x
        return (targets * f + numpy.logaddexp(0, -f)).sum()

    def gradient(x):
        return design.T @ (targets - expit(-design @ x))

    def hessian(x):
        p = expit(-design @ x)
        return design.T @ (design * (p * (1 - p))[:, None]) + 1e-12 * numpy.eye(2)

    x = minimize(value, numpy.zeros(2), method="trust-exact", jac=gradient, hess=hessian, options={"gtol": 1e-8}).x
    for _ in range(5):
        x = x - numpy.linalg.solve(hessian(x), gradient(x))
    return [x[0] / spread, x[1] - x[0] * middle / spread]


def platt(scores, right):
    sklearn = [float(value) for value in _sigmoid_calibration(numpy.asarray(scores, float), right.astype(float))]
    exact = [float(value) for value in exact_sigmoid(scores, right)]
    numpy.testing.assert_allclose(sklearn, exact, rtol=1e-4, atol=1e-6)
    return {"scores": places(scores), "isRight": right.tolist(), "sklearn": sklearn, "exact": exact}


def threshold(inside, outside, allowed):
    """By trying every score: above it is accepted."""
    inside, outside = numpy.asarray(inside), numpy.asarray(outside)
    candidates = numpy.unique(numpy.concatenate([inside, outside]))
    chosen = min(t for t in candidates if (outside > t).sum() / len(outside) <= allowed)
    errors = {t: (int((inside <= t).sum()) * len(outside), int((outside > t).sum()) * len(inside)) for t in candidates}
    equal = min(candidates, key=lambda t: (abs(errors[t][0] - errors[t][1]), sum(errors[t]), t))
    rate = sum(errors[equal]) / 2 / len(inside) / len(outside)
    marks = numpy.concatenate([numpy.ones(len(inside)), numpy.zeros(len(outside))])
    scores = numpy.concatenate([inside, outside])
    false, true, _ = roc_curve(marks, scores, drop_intermediate=False)
    gaps = abs(false - (1 - true))
    assert min(abs((false + 1 - true)[gaps < gaps.min() + 1e-12] / 2 - rate)) < 1e-12
    return {
        "inside": places(inside), "outside": places(outside), "falseAcceptance": allowed, "threshold": float(chosen),
        "insiders": int((inside > chosen).sum()), "outsiders": int((outside > chosen).sum()),
        "equalErrorThreshold": float(equal), "equalErrorRate": rate, "area": float(roc_auc_score(marks, scores)),
    }


def expected_error(confidences, right, bins=15):
    place = numpy.clip(numpy.ceil(confidences * bins).astype(int) - 1, 0, bins - 1)
    return sum(
        abs(right[place == bin].mean() - confidences[place == bin].mean()) * (place == bin).mean()
        for bin in numpy.unique(place))


def report(validation, test):
    (known, known_labels), (asked, asked_labels) = validation, test
    wide = asked.astype(float)
    right = asked.argmax(1) == asked_labels
    scale = temperature(known, known_labels)["scale"]
    a, b = exact_sigmoid(known.max(1), known.argmax(1) == known_labels)
    best = wide.max(1)
    return {
        "softmax": [expected_error(softmax(factor * wide, axis=1).max(1), right) for factor in (100, scale)],
        "sigmoid": [expected_error(expit(100 * best - 25), right), expected_error(expit(-a * best - b), right)],
    }


def places(values):
    values = numpy.asarray(values)
    return numpy.round(values.astype(float), 4).tolist()


def main():
    random = numpy.random.default_rng(0)
    parts = {"validation": part(random, 120, 5, 1.2), "test": part(random, 90, 5, 1.2)}
    hard = part(random, 40, 3, 0.5)
    cosines, labels = parts["validation"]
    scores, right = places(cosines.max(1)), cosines.argmax(1) == labels
    wide_scores = numpy.round(random.normal(0, 40, 80), 2)
    figures = {
        "parts": {name: {"cosines": places(c), "labels": l.tolist()} for name, (c, l) in parts.items()},
        "temperature": {"easy": temperature(*part(random, 50, 4, 3)), "hard": temperature(*hard)},
        "platt": {
            "cosines": platt(scores, right),
            "wide": platt(wide_scores, random.random(80) < expit(0.05 * wide_scores - 1)),
            "backwards": platt(wide_scores[:30], random.random(30) < expit(-0.1 * wide_scores[:30])),
            "apart": platt([-2, -1.5, -1, 1, 1.25, 2], numpy.arange(6) > 2),
            "all right": platt([0.1, 0.3, 0.2, 0.25], numpy.full(4, True)),
        },
        "thresholds": [
            threshold(numpy.round(random.normal(0.3, 0.04, count), digits),
                      numpy.round(random.normal(0.25, 0.04, others), digits), allowed)
            for count, others, digits, allowed in (
                (60, 40, 4, 0.05), (60, 40, 2, 0.1), (50, 100, 2, 0.29), (20, 100, 4, 0.29), (7, 5, 2, 0),
                (1, 1, 1, 0.5))
        ] + [threshold([0.3, 0.5], [0.1, 0.3], 0.5)],
        "report": report(parts["validation"], parts["test"]),
    }
    path = pathlib.Path(__file__).resolve().parent / "calibration.json"
    text = json.dumps(figures, separators=(",", ":"), allow_nan=False)
    path.write_text(text.replace("],", "],\n").replace("},", "},\n") + "\n")


if __name__ == "__main__":
    main()
