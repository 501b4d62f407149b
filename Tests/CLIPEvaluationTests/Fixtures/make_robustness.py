"""What numpy.polyfit makes of the logits of made-up accuracies, and means over made-up corruptions.

    python make_robustness.py      (numpy 2.4.6)

robustness.json    "fits": reference and shifted accuracies of models, the margin, slope, intercept, the share of variance
                   explained, and [a reference accuracy, what the line says of it]
                   "corruptions": accuracies by kind and severity, another model's errors, mean over kinds, mCE
"""
import json
import pathlib

import numpy


def logit(accuracy, margin):
    kept = numpy.clip(accuracy, margin, 1 - margin)
    return numpy.log(kept / (1 - kept))


def fit(random, count, margin, extreme=False):
    reference = random.uniform(0.3, 0.9, count)
    shifted = 1 / (1 + numpy.exp(-(1.2 * logit(reference, margin) - 0.9 + 0.2 * random.normal(size=count))))
    if extreme:
        reference[0], shifted[0], shifted[1] = 1.0, 1.0, 0.0
    x, y = logit(reference, margin), logit(shifted, margin)
    slope, intercept = numpy.polyfit(x, y, 1)
    probes = numpy.array([0.0, 0.1, 0.5, 0.77, 1.0])
    return {
        "reference": reference.tolist(),
        "shifted": shifted.tolist(),
        "margin": margin,
        "slope": slope,
        "intercept": intercept,
        "rSquared": numpy.corrcoef(x, y)[0, 1] ** 2,
        "predictions": [[p, 1 / (1 + numpy.exp(-numpy.polyval([slope, intercept], logit(p, margin))))] for p in probes],
    }


def corruptions(random):
    kinds = ["fog", "gaussian_noise", "pixelate", "snow"]
    accuracies = {kind: sorted(random.uniform(0.1, 0.8, 5).tolist(), reverse=True) for kind in kinds}
    others = {kind: sorted(random.uniform(0.5, 0.95, 5).tolist()) for kind in kinds}
    ratios = [(1 - numpy.array(accuracies[kind])).sum() / numpy.sum(others[kind]) for kind in kinds]
    return {
        "accuracies": accuracies,
        "others": others,
        "mean": numpy.mean([numpy.mean(row) for row in accuracies.values()]),
        "mCE": numpy.mean(ratios),
    }


def main():
    random = numpy.random.default_rng(5)
    fits = [fit(random, 2, 1e-4), fit(random, 12, 1e-4), fit(random, 40, 1e-3), fit(random, 12, 1e-4, extreme=True)]
    result = {"fits": fits, "corruptions": corruptions(random)}
    (pathlib.Path(__file__).resolve().parent / "robustness.json").write_text(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
