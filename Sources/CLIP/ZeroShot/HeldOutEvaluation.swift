import CLIPText
import Foundation

/// How well a model does on pairs it has not seen.
public struct HeldOutEvaluation: Sendable, Equatable {
    /// How often the right partner of a picture, or a text, is among the first answers; nil where pictures have classes
    /// and no captions of their own.
    public let retrieval: RetrievalMetrics?
    /// Zero-shot accuracy over the pairs' categories; nil where none are named.
    public let categories: CategoryAccuracy?
    /// How much of captions and labels did not fit in the model's context; nil where nobody looked.
    public let truncation: TextTruncation?

    /// How often a picture's category is the first answer among all categories' names.
    public struct CategoryAccuracy: Sendable, Equatable {
        /// The share of judged pictures whose own category comes first.
        public let accuracy: Double
        /// The share whose own category is among the first five; nil with fewer than six.
        public let top5: Double?
        /// The mean of the categories' own accuracies: rare ones count as much as frequent ones.
        public let meanPerClassRecall: Double?
        /// Pictures that name a category.
        public let pictureCount: Int
        /// Different categories, all of which are choices for each picture.
        public let categoryCount: Int
        /// What guessing gives.
        public var chance: Double { 1 / Double(max(1, categoryCount)) }

        public init(
            accuracy: Double, top5: Double? = nil, meanPerClassRecall: Double? = nil, pictureCount: Int,
            categoryCount: Int
        ) {
            self.accuracy = accuracy
            self.top5 = top5
            self.meanPerClassRecall = meanPerClassRecall
            self.pictureCount = pictureCount
            self.categoryCount = categoryCount
        }
    }

    public init(retrieval: RetrievalMetrics?, categories: CategoryAccuracy?, truncation: TextTruncation? = nil) {
        self.retrieval = retrieval
        self.categories = categories
        self.truncation = truncation
    }
}

/// Whoever measures a model on held-out pairs: what training asks between epochs, without knowing how it is done.
public protocol HeldOutEvaluator: Sendable {
    /// - Parameters:
    ///   - clip: the model to measure.
    ///   - shouldStop: asked now and then whether the answer is still wanted.
    /// - Throws: `CancellationError` where it is not.
    func evaluate(_ clip: CLIPModel, shouldStop: () -> Bool) throws -> HeldOutEvaluation
}

/// Whoever looks at a model between epochs and keeps what it finds to itself: a suite of evaluations, for one.
public protocol ModelObserver: Sendable {
    /// - Parameters:
    ///   - clip: the model as it is now.
    ///   - epoch: epochs that are done.
    ///   - shouldStop: asked now and then whether the observation is still wanted.
    /// - Throws: `CancellationError` where it is not.
    func observe(_ clip: CLIPModel, epoch: Int, shouldStop: @escaping @Sendable () -> Bool) throws
}

/// An evaluation's figures as they are printed and logged: shares, rounded to six digits, each beside chance.
public struct HeldOutFigures: Sendable, Equatable {
    /// Zero-shot accuracy over the pairs' categories.
    public struct ZeroShot: Sendable, Equatable {
        /// The share of judged pictures whose own category comes first.
        public var accuracy: Double
        /// The share whose own category is among the first five; nil where that was not measured.
        public var top5: Double?
        /// The mean of the categories' own accuracies; nil where that was not measured.
        public var meanPerClassRecall: Double?
        /// What guessing among the categories gives.
        public var chance: Double
        /// How many categories there are to choose from.
        public var categories: Int
        /// How many pictures name one.
        public var pictures: Int
    }

    /// Pairs that were measured.
    public let pairs: Int
    /// The share of pictures whose text is among the first k, by k.
    public let imageToText: [Int: Double]
    /// The share of texts whose picture is among the first k, by k.
    public let textToImage: [Int: Double]
    /// What guessing gives, by k.
    public let chance: [Int: Double]
    /// Nil where the pairs name no categories.
    public let zeroShot: ZeroShot?

    public init(_ evaluation: HeldOutEvaluation) {
        let retrieval = evaluation.retrieval
        pairs = retrieval?.pairCount ?? evaluation.categories?.pictureCount ?? 0
        // As they are written, so that what is read back is equal.
        imageToText = retrieval?.imageToText.mapValues(Self.rounded) ?? [:]
        textToImage = retrieval?.textToImage.mapValues(Self.rounded) ?? [:]
        chance =
            retrieval.map { retrieval in
                Dictionary(
                    uniqueKeysWithValues: RetrievalMetrics.depths.map { ($0, Self.rounded(retrieval.chance($0))) })
            } ?? [:]
        zeroShot = evaluation.categories.map {
            ZeroShot(
                accuracy: Self.rounded($0.accuracy), top5: $0.top5.map(Self.rounded),
                meanPerClassRecall: $0.meanPerClassRecall.map(Self.rounded), chance: Self.rounded($0.chance),
                categories: $0.categoryCount, pictures: $0.pictureCount)
        }
    }

    /// Reads what ``jsonObject`` gives; nil where nothing was measured.
    public init?(_ object: [String: Any]) {
        func recalls(_ key: String) -> [Int: Double] {
            let named = object[key] as? [String: Any] ?? [:]
            return RetrievalMetrics.depths.reduce(into: [:]) { result, depth in
                if let share = named["R@\(depth)"] as? Double, share.isFinite { result[depth] = share }
            }
        }
        pairs = object["pairs"] as? Int ?? 0
        imageToText = recalls("image_to_text")
        textToImage = recalls("text_to_image")
        chance = recalls("chance")
        if let named = object["zero_shot"] as? [String: Any], let accuracy = named["accuracy"] as? Double,
            let chance = named["chance"] as? Double
        {
            zeroShot = ZeroShot(
                accuracy: accuracy, top5: named["top5"] as? Double,
                meanPerClassRecall: named["mean_per_class_recall"] as? Double, chance: chance,
                categories: named["categories"] as? Int ?? 0,
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

    /// A JSON document's members.
    public var jsonObject: [String: Any] {
        func recalls(_ values: [Int: Double]) -> [String: Any] {
            Dictionary(uniqueKeysWithValues: values.map { ("R@\($0.key)", $0.value) })
        }
        var object: [String: Any] = ["pairs": pairs]
        for (key, values) in [("image_to_text", imageToText), ("text_to_image", textToImage), ("chance", chance)]
        where !values.isEmpty {
            object[key] = recalls(values)
        }
        if let zeroShot {
            var named: [String: Any] = [
                "accuracy": zeroShot.accuracy, "chance": zeroShot.chance, "categories": zeroShot.categories,
                "pictures": zeroShot.pictures,
            ]
            named["top5"] = zeroShot.top5
            named["mean_per_class_recall"] = zeroShot.meanPerClassRecall
            object["zero_shot"] = named
        }
        return object
    }

    /// Six significant digits are plenty for a log.
    package static func rounded(_ value: Double) -> Double {
        guard value.isFinite, value != 0 else { return value.isFinite ? value : 0 }
        let magnitude = pow(10, 5 - floor(log10(abs(value))))
        let result = (value * magnitude).rounded() / magnitude
        return result.isFinite ? result : value
    }
}
