import CLIP
import Foundation

/// A run's measurements as JSON lines: one object a line, appended and flushed as they come.
public final class MetricsLog {
    private let handle: FileHandle

    /// Opens the log of a run, keeping only what was written before `position`: lines after the checkpoint that a run
    /// goes on from would otherwise stand there twice. A line cut off by the run's death goes too.
    public init(path: String, keepingBefore position: TrainingPosition) throws {
        let url = URL(fileURLWithPath: path)
        var kept = Data()
        if position.step > 0, let old = try? Data(contentsOf: url) {
            for line in old.split(separator: UInt8(ascii: "\n")) {
                let object = (try? JSONSerialization.jsonObject(with: Data(line))) as? [String: Any]
                guard let object, let step = object["step"] as? Int, let epoch = object["epoch"] as? Int else {
                    continue
                }
                // An evaluation's epoch is the number of epochs done.
                let isBefore = object["evaluation"] == nil ? step < position.step : epoch <= position.epoch
                if isBefore { kept += line + [UInt8(ascii: "\n")] }
            }
        }
        do {
            try kept.write(to: url, options: .atomic)
            handle = try FileHandle(forWritingTo: url)
            try handle.seekToEnd()
        } catch {
            throw WriteFault(error, path: path)
        }
    }

    deinit { try? handle.close() }

    public func write(_ report: StepReport, epoch: Int, pairsPerSecond: Double) throws {
        try write([
            "step": report.step, "epoch": epoch, "loss": rounded(report.loss),
            "logit_scale": rounded(report.logitScale), "lr": report.learningRate,
            "gradient_norm": rounded(report.gradientNorm), "pairs_per_second": rounded(pairsPerSecond),
        ])
    }

    public func write(_ evaluation: HeldOutEvaluation, step: Int, epoch: Int) throws {
        try write(["step": step, "epoch": epoch, "evaluation": evaluation.jsonObject])
    }

    public func write(_ warning: TrainingWarning, epoch: Int) throws {
        try write([
            "step": warning.step, "epoch": epoch, "warning": warning.kind.rawValue, "message": warning.message,
        ])
    }

    private func write(_ object: [String: Any]) throws {
        let data = try JSONSerialization.data(withJSONObject: object, options: [.sortedKeys, .withoutEscapingSlashes])
        try handle.write(contentsOf: data + [UInt8(ascii: "\n")])
    }
}

extension HeldOutEvaluation {
    /// Recalls and accuracy as shares, each beside chance.
    public var jsonObject: [String: Any] {
        func recalls(_ values: [Int: Double]) -> [String: Any] {
            Dictionary(uniqueKeysWithValues: values.map { ("R@\($0.key)", rounded($0.value)) })
        }
        let chance = RetrievalMetrics.depths.map { ("R@\($0)", rounded(retrieval.chance($0))) }
        var object: [String: Any] = [
            "pairs": retrieval.pairCount,
            "image_to_text": recalls(retrieval.imageToText),
            "text_to_image": recalls(retrieval.textToImage),
            "chance": Dictionary(uniqueKeysWithValues: chance),
        ]
        if let categories {
            object["zero_shot"] = [
                "accuracy": rounded(categories.accuracy), "chance": rounded(categories.chance),
                "categories": categories.categoryCount, "pictures": categories.pictureCount,
            ]
        }
        return object
    }
}

/// Six significant digits are plenty for a log.
private func rounded(_ value: Double) -> Double {
    guard value.isFinite, value != 0 else { return value.isFinite ? value : 0 }
    let magnitude = pow(10, 5 - floor(log10(abs(value))))
    return (value * magnitude).rounded() / magnitude
}
