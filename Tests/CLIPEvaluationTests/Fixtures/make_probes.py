"""What scikit-learn's logistic regression makes of small made-up features.

    python make_probes.py      (scikit-learn 1.9.1, safetensors)

probes.safetensors   features-K [N, F], labels-K [N] for K classes; weights-K-i, bias-K-i, losses-K [strengths] for the
                     strengths of probes.json: minima to many digits, in double precision
"""
import json
import pathlib

import numpy
from safetensors.numpy import save_file
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

STRENGTHS = [1e-4, 0.05, 1.0, 300.0]


def main():
    random = numpy.random.default_rng(1)
    tensors = {}
    for classes, count, width in ((2, 120, 5), (4, 300, 6)):
        centers = random.normal(size=(classes, width))
        labels = random.integers(0, classes, count)
        labels[:classes] = range(classes)
        features = (centers[labels] + 1.3 * random.normal(size=(count, width))).astype(numpy.float32)
        tensors[f"features-{classes}"], tensors[f"labels-{classes}"] = features, labels.astype(numpy.int64)
        losses = []
        for place, strength in enumerate(STRENGTHS):
            model = LogisticRegression(C=strength, max_iter=100_000, tol=1e-12).fit(features.astype(numpy.float64), labels)
            tensors[f"weights-{classes}-{place}"] = numpy.ascontiguousarray(model.coef_, numpy.float32)
            tensors[f"bias-{classes}-{place}"] = model.intercept_.astype(numpy.float32)
            losses.append(log_loss(labels, model.predict_proba(features.astype(numpy.float64))))
        tensors[f"losses-{classes}"] = numpy.array(losses, numpy.float32)
    folder = pathlib.Path(__file__).resolve().parent
    save_file(tensors, folder / "probes.safetensors")
    (folder / "probes.json").write_text(json.dumps({"strengths": STRENGTHS}) + "\n")


if __name__ == "__main__":
    main()
