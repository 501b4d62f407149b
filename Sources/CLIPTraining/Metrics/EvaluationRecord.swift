import CLIP

/// What one held-out evaluation measured.
public struct EvaluationRecord: Sendable, Equatable {
    /// Zero-shot accuracy over the pairs' categories.
    public struct ZeroShot: Sendable, Equatable {
        public var accuracy: Double
        public var chance: Double
        public var categories: Int
        public var pictures: Int
    }

    /// Steps done.
    public let step: Int
    /// Epochs done.
    public let epoch: Int
    public let pairs: Int
    /// The share of pictures whose text is among the first k, by k.
    public let imageToText: [Int: Double]
    /// The share of texts whose picture is among the first k, by k.
    public let textToImage: [Int: Double]
    /// What guessing gives, by k.
    public let chance: [Int: Double]
    public let zeroShot: ZeroShot?

    public init(_ evaluation: HeldOutEvaluation, step: Int, epoch: Int) {
        let retrieval = evaluation.retrieval
        self.step = step
        self.epoch = epoch
        pairs = retrieval.pairCount
        // As they are written, so that what is read back is equal.
        imageToText = retrieval.imageToText.mapValues(MetricsLine.rounded)
        textToImage = retrieval.textToImage.mapValues(MetricsLine.rounded)
        chance = Dictionary(
            uniqueKeysWithValues: RetrievalMetrics.depths.map { ($0, MetricsLine.rounded(retrieval.chance($0))) })
        zeroShot = evaluation.categories.map {
            ZeroShot(
                accuracy: MetricsLine.rounded($0.accuracy), chance: MetricsLine.rounded($0.chance),
                categories: $0.categoryCount, pictures: $0.pictureCount)
        }
    }

    init?(_ object: [String: Any], step: Int, epoch: Int) {
        func recalls(_ key: String) -> [Int: Double] {
            let named = object[key] as? [String: Any] ?? [:]
            return RetrievalMetrics.depths.reduce(into: [:]) { result, depth in
                if let share = named["R@\(depth)"] as? Double, share.isFinite { result[depth] = share }
            }
        }
        self.step = step
        self.epoch = epoch
        pairs = object["pairs"] as? Int ?? 0
        imageToText = recalls("image_to_text")
        textToImage = recalls("text_to_image")
        chance = recalls("chance")
        if let named = object["zero_shot"] as? [String: Any], let accuracy = named["accuracy"] as? Double,
            let chance = named["chance"] as? Double
        {
            zeroShot = ZeroShot(
                accuracy: accuracy, chance: chance, categories: named["categories"] as? Int ?? 0,
                pictures: named["pictures"] as? Int ?? 0)
        } else {
            zeroShot = nil
        }
        if imageToText.isEmpty && textToImage.isEmpty && zeroShot == nil { return nil }
    }

    /// Mean of all recalls: one number to compare evaluations by.
    public var meanRecall: Double? {
        let all = Array(imageToText.values) + Array(textToImage.values)
        return all.isEmpty ? nil : all.reduce(0, +) / Double(all.count)
    }

    /// What TensorBoard shows, by name.
    var scalars: [(tag: String, value: Double)] {
        var result: [(tag: String, value: Double)] = []
        for depth in RetrievalMetrics.depths {
            if let share = imageToText[depth] { result.append(("evaluation/image_to_text_R@\(depth)", share)) }
            if let share = textToImage[depth] { result.append(("evaluation/text_to_image_R@\(depth)", share)) }
        }
        if let zeroShot { result.append(("evaluation/zero_shot_accuracy", zeroShot.accuracy)) }
        return result
    }

    /// Recalls and accuracy as shares, each beside chance.
    var jsonObject: [String: Any] {
        func recalls(_ values: [Int: Double]) -> [String: Any] {
            Dictionary(uniqueKeysWithValues: values.map { ("R@\($0.key)", MetricsLine.rounded($0.value)) })
        }
        var object: [String: Any] = [
            "pairs": pairs, "image_to_text": recalls(imageToText), "text_to_image": recalls(textToImage),
            "chance": recalls(chance),
        ]
        if let zeroShot {
            object["zero_shot"] = [
                "accuracy": MetricsLine.rounded(zeroShot.accuracy), "chance": MetricsLine.rounded(zeroShot.chance),
                "categories": zeroShot.categories, "pictures": zeroShot.pictures,
            ]
        }
        return object
    }
}

extension HeldOutEvaluation {
    /// Recalls and accuracy as shares, each beside chance.
    public var jsonObject: [String: Any] { EvaluationRecord(self, step: 0, epoch: 0).jsonObject }
}
