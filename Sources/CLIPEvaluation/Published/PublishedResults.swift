/// A number that a paper or a project made known.
public struct PublishedResult: Sendable, Equatable, Codable {
    /// Who measured it, and in which table.
    public let source: String
    /// Where the source is found: "arXiv 2103.00020", or a repository and its commit.
    public let address: String
    /// As the source names it, but for arXiv 2103.00020's "CLIP", which is its ViT-L/14@336px (section 2.5).
    public let model: String
    /// In this package's spelling: "imagenet", "imagenet-v2", "cifar10".
    ///
    /// "imagenet-r-clean" and "imagenet-a-clean" are ImageNet's own pictures of those sets' 200 classes. "sun" is what
    /// arXiv 2103.00020's table 1 takes over from Visual N-Grams, and not its "sun397".
    public let dataset: String
    /// "zero-shot", "linear-probe", "image-to-text", "text-to-image", "supervised" (trained on ImageNet alone) or
    /// "supervised-more-data".
    public let task: String
    /// "top1", "mean_per_class_recall", "mAP11" (over 11 recalls), "mean_top1_top5", "roc_auc", "R@1", "R@5", "R@10", "pm0",
    /// "pm10" (right on all frames nearby) or "error".
    public let metric: String
    /// In [0, 1].
    public let value: Double
}

/// A model that was trained on ImageNet alone, measured by one source on two sets.
public struct PublishedBaseline: Sendable, Equatable, Codable {
    /// As the source names it.
    public let model: String
    /// The accuracy on the reference set, in [0, 1].
    public let reference: Double
    /// The accuracy on the shifted set, in [0, 1].
    public let shifted: Double
}

/// What papers and projects say of their models (Resources/published.json).
public enum PublishedResults {
    /// All, as the file has them.
    /// - Throws: ``EvaluationError/file(_:)`` where the package's resources do not lie beside the program.
    public static func all() throws -> [PublishedResult] { try PublishedTables.own().results }

    /// Those of a set.
    /// - Parameters:
    ///   - dataset: as anyone names it: "imagenet-1k", "wds_imagenet1k" and "ImageNet" are one. A name that nothing is
    ///     known of matches nothing.
    ///   - task: ``PublishedResult/task``.
    ///   - metric: ``PublishedResult/metric``.
    /// - Throws: ``EvaluationError/file(_:)`` where the package's resources do not lie beside the program.
    public static func matching(dataset: String, task: String, metric: String) throws -> [PublishedResult] {
        let tables = try PublishedTables.own()
        guard let name = tables.name(of: dataset) else { return [] }
        let (task, metric) = (PublishedTables.key(task), PublishedTables.key(metric))
        return tables.results.filter {
            $0.dataset == name && PublishedTables.key($0.task) == task && PublishedTables.key($0.metric) == metric
        }
    }

    /// Models to fit a ``BaselineFit`` to: trained on ImageNet alone, and measured by one source on both sets, since
    /// sources read pictures differently. Of several sources, that with most models.
    ///
    /// A model of which all or nothing is right is left out: ImageNet-A holds what ResNet-50 gets wrong (Hendrycks et al.,
    /// arXiv 1907.07174, section 3), so that its 0 says nothing.
    /// - Parameters:
    ///   - reference: of the shifted set's classes: "imagenet-r-clean" for "imagenet-r".
    ///   - shifted: "imagenet-v2", "imagenet-sketch", "imagenet-r" or "imagenet-a".
    /// - Throws: ``EvaluationError/file(_:)`` where the package's resources do not lie beside the program.
    public static func baselines(reference: String, shifted: String) throws -> [PublishedBaseline] {
        let references = try matching(dataset: reference, task: "supervised", metric: "top1")
        let others = try matching(dataset: shifted, task: "supervised", metric: "top1")
        var families: [String: [PublishedBaseline]] = [:]
        for result in references {
            guard let other = others.first(where: { $0.source == result.source && $0.model == result.model }),
                result.value > 0, result.value < 1, other.value > 0, other.value < 1
            else { continue }
            families[result.source, default: []].append(
                PublishedBaseline(model: result.model, reference: result.value, shifted: other.value))
        }
        return families.max { ($0.value.count, $1.key) < ($1.value.count, $0.key) }?.value ?? []
    }

    /// AlexNet's errors on ImageNet-C: of each kind of corruption, by the name of its folder there, the mean over
    /// severities. What ``CorruptionAccuracy/meanCorruptionError(errors:baseline:)`` divides by.
    /// - Throws: ``EvaluationError/file(_:)`` where the package's resources do not lie beside the program.
    public static func alexNetErrors() throws -> [String: [Double]] {
        let prefix = "imagenet-c/"
        var errors: [String: [Double]] = [:]
        for result in try all() where result.model == "AlexNet" && result.dataset.hasPrefix(prefix) {
            errors[String(result.dataset.dropFirst(prefix.count))] = [result.value]
        }
        return errors
    }
}
