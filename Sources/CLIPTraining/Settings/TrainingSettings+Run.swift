import CLIPData

// From what was asked to what a run takes.
extension TrainingSettings {
    /// What the towers learn by. It is not checked here: ``TrainingRun`` does.
    /// - Parameters:
    ///   - batchesPerEpoch: what makes epochs steps; nil where the length is said in steps.
    ///   - hasLogitBias: whether the model has a bias, as the sigmoid loss needs.
    public func configuration(batchesPerEpoch: Int?, hasLogitBias: Bool) -> TrainingConfiguration {
        var configuration = TrainingConfiguration(
            batchSize: length.batchSize, microBatchSize: length.microBatchSize,
            totalSteps: length.steps ?? (batchesPerEpoch ?? 1) * length.epochs)
        configuration.precision = compute.precision
        configuration.learningRate = optimization.learningRate
        configuration.warmupSteps = optimization.warmupSteps
        configuration.weightDecay = optimization.weightDecay
        configuration.gradientNorm = optimization.gradientNorm > 0 ? optimization.gradientNorm : nil
        configuration.seed = optimization.seed
        data.apply(to: &configuration)
        configuration.techniques = techniques.configuration
        configuration.loss.kind = loss.kind ?? .suiting(hasLogitBias: hasLogitBias)
        configuration.loss.parameters = loss.parameters
        configuration.loss.duplicates = loss.duplicates
        configuration.loss.fixesTemperature = loss.fixesTemperature
        configuration.anchorWeight = loss.anchorWeight
        configuration.loss.distillationWeight = loss.teacher == nil ? nil : loss.distillationWeight ?? 1
        return configuration
    }

    /// How the run reads its pairs, is saved and measured.
    /// - Parameters:
    ///   - options: the run's, changed in place.
    ///   - batchesPerEpoch: what ends an epoch that does not end by itself.
    public func apply(to options: inout TrainingRun.Options, batchesPerEpoch: Int?) {
        options.loading.threads = data.workers
        options.loading.openShards = data.openShards
        options.loading.drawsShardsWithReplacement = data.drawsShardsWithReplacement
        options.loading.assignment = data.shardAssignment
        options.loading.batchesPerEpoch = data.hasEndlessEpochs ? batchesPerEpoch : nil
        options.checkpointInterval = run.checkpointInterval
        options.checkpointSeconds = run.checkpointSeconds
        options.keptCheckpoints = run.keptCheckpoints
        options.keepsBest = run.keepsBest
        options.evaluationInterval = run.evaluationInterval
        options.observationInterval = run.suiteInterval
        options.storedType = run.storage == .fp16 ? .float16 : nil
        options.sharesOptimizer = distribution.sharesOptimizer
    }
}

extension TrainingSettings.Sources {
    /// Opens a source with the table's columns of these settings.
    /// - Throws: ``TrainingError/invalidOption(name:problem:)`` for a separator of several characters, and
    ///   `CLIPDataError` where the source cannot be read.
    public func open(_ specification: String, weights: [Double]? = nil) throws -> PairSource {
        var table = TableOptions(imageColumn: imageColumn, captionColumn: captionColumn)
        if let separator {
            let plain = separator == "\\t" ? "\t" : separator
            guard plain.count == 1 else {
                throw TrainingError.invalidOption(name: "separator", problem: "one character is needed")
            }
            table.separator = plain.first
        }
        return try PairSource(specification, table: table, weights: weights)
    }

    /// ``factors`` as numbers.
    /// - Throws: ``TrainingError/invalidOption(name:problem:)``.
    public func weights() throws -> [Double]? {
        try factors?.components(separatedBy: "::").map { text in
            guard let factor = Double(text) else {
                throw TrainingError.invalidOption(
                    name: "factors", problem: "numbers between :: are needed, such as 1::3")
            }
            return factor
        }
    }
}

extension TrainingSettings.Data {
    /// Whether an epoch ends only after a number of batches.
    public var hasEndlessEpochs: Bool { drawsShardsWithReplacement || shardAssignment == .scale }

    /// How pairs are varied.
    public func apply(to configuration: inout TrainingConfiguration) {
        configuration.augmentation.areaRange = cropScale...1
        configuration.augmentation.mirrorProbability = mirror
        configuration.augmentation.variations = variations
        configuration.alternativeCaptionProbability = alternativeCaptions
        configuration.weighsCaptions = weighsCaptions
        configuration.languages = LanguageSampling(
            languages: captionLanguages?.split(separator: ",").map(String.init) ?? [],
            share: captionLanguages == nil ? 0 : languageShare)
    }
}

extension TrainingSettings.Techniques {
    /// What a run takes of them. A tower's own layer decay goes before the shared one.
    public var configuration: TechniqueConfiguration {
        var techniques = TechniqueConfiguration()
        techniques.patchDropout = patchDropout
        techniques.checkpointsGradients = checkpointsGradients
        techniques.averageDecay = averageDecay
        techniques.imageTower = imageTower.configuration(layerDecay: layerDecay)
        techniques.textTower = textTower.configuration(layerDecay: layerDecay)
        switch schedule {
        case .cosine: techniques.schedule = .cosine
        case .const: techniques.schedule = .constant
        case .constCooldown:
            techniques.schedule = .constantWithCooldown(
                steps: cooldownSteps ?? 0, endRate: cooldownEnd, power: cooldownPower)
        }
        return techniques
    }
}

extension TrainingSettings.Tower {
    fileprivate func configuration(layerDecay shared: Double?) -> TowerTechniques {
        var tower = TowerTechniques()
        tower.isLocked = isLocked
        tower.unlockedGroups = unlockedGroups
        tower.freezesStatistics = freezesStatistics
        tower.learningRate = learningRate
        tower.weightDecay = weightDecay
        tower.layerDecay = layerDecay ?? shared ?? tower.layerDecay
        return tower
    }
}
