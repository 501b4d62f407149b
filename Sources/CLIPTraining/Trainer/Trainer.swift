import CLIP
import Torch
import TorchNN

/// Moves a model by contrastive steps (arXiv 2103.00020, section 2).
///
/// The loss's gradient is taken with respect to the embeddings of the whole batch, over all processes, and fed back to
/// the towers chunk by chunk; see `MicroBatches`. So a micro-batch costs the memory of its own activations, and the
/// temperature's gradient is counted once.
///
/// Batch normalization, in ResNet towers, sees one micro-batch at a time: its statistics are the micro-batch's, so that
/// there, and only there, a step depends on the micro-batch's size. The running statistics move once per micro-batch.
public final class Trainer {
    /// The model that steps move, in place.
    public let model: DualEncoder
    /// As it was given; checked when the trainer was made.
    public let configuration: TrainingConfiguration
    /// AdamW over all parameters; the processes share its moments out where that was asked for.
    public let optimizer: any ParameterOptimizer
    /// The weights' moving average, which is what is evaluated and written in the end; nil where none is asked for.
    public let movingAverage: MovingAverage?
    /// What processes do together. Each brings batches of the same size, and the loss is over all of them.
    public let communicator: any Communicator
    let loss: any EmbeddingLoss
    private let needs: LossNeeds
    private let teacher: Teacher?
    private let anchors: AnchorLoss?
    private let synchronization: (any GradientSynchronization)?
    private let norms: [any TrainingSensitive]
    /// How far the last batch's embeddings lay apart.
    private var spread = (pictures: 0.0, texts: 0.0)
    /// Steps done so far.
    public internal(set) var step = 0

    /// - Parameters:
    ///   - model: the model to train, in place.
    ///   - configuration: how it learns.
    ///   - communicator: the processes that train together.
    ///   - synchronization: sums gradients over the communicator's processes; nil for the communicator's own way.
    ///   - sharesOptimizer: whether each process keeps the moments of its part of the parameters only, where there are
    ///     several; see ``ShardedAdamW``.
    ///   - teacher: what is learned from besides the captions, where the loss has a weight for it.
    ///   - anchors: a classifier's classes that are learned besides; in one process only.
    /// - Throws: ``TrainingError/invalidOption(name:problem:)`` for settings that cannot be, a model with parts that the
    ///   loss does not reach, or an optimizer that the communicator cannot share out.
    public init(
        model: DualEncoder, configuration: TrainingConfiguration, communicator: any Communicator = SingleProcess(),
        synchronization: (any GradientSynchronization)? = nil, sharesOptimizer: Bool = false, teacher: Teacher? = nil,
        anchors: AnchorLoss? = nil
    ) throws {
        try configuration.validate()
        needs = try configuration.loss.needs()
        try Self.check(model, configuration.loss, needs, hasTeacher: teacher != nil)
        self.model = model
        self.configuration = configuration
        self.communicator = communicator
        self.teacher = teacher
        self.anchors = anchors
        guard anchors == nil || communicator.worldSize == 1 else {
            throw TrainingError.invalidOption(
                name: "anchors", problem: "several processes do not share their gradients")
        }
        loss = try configuration.loss.makeLoss()
        norms = model.modules()
        try configuration.techniques.apply(to: model)
        if configuration.loss.fixesTemperature { try model.logitScale.tensor.setRequiresGradient(false) }
        self.synchronization = synchronization ?? communicator.makeSynchronization(of: model.namedParameters)
        // Through recomputed blocks, gradients may come several times.
        if configuration.techniques.checkpointsGradients { self.synchronization?.waitsForAll() }
        let groups = try ParameterGroups.groups(of: model, configuration: configuration)
        let (beta1, beta2, epsilon) = (configuration.beta1, configuration.beta2, configuration.epsilon)
        optimizer =
            sharesOptimizer
            ? try communicator.makeSharedOptimizer(groups, beta1: beta1, beta2: beta2, epsilon: epsilon)
            : try AdamW(groups, beta1: beta1, beta2: beta2, epsilon: epsilon)
        movingAverage = try configuration.techniques.averageDecay.map { try MovingAverage(of: model, decay: $0) }
    }

    /// A part that no gradient reaches would stay as it is, without a word.
    private static func check(
        _ model: DualEncoder, _ loss: LossConfiguration, _ needs: LossNeeds, hasTeacher: Bool
    ) throws {
        func refuse(_ name: String, _ problem: String) throws -> Never {
            throw TrainingError.invalidOption(name: name, problem: problem)
        }
        let name = loss.kind.rawValue
        if (model.logitBias != nil) != needs.logitBias {
            let other = LossConfiguration.Kind.suiting(hasLogitBias: model.logitBias != nil).rawValue
            try refuse(
                "loss",
                needs.logitBias
                    ? "the \(name) loss needs a model with a bias to learn. Choose the \(other) loss, or a model with "
                        + "init_logit_bias."
                    : "the model scores pairs with a sigmoid (SigLIP), and under the \(name) loss its bias would not "
                        + "learn. Choose the \(other) loss, or a model without init_logit_bias.")
        }
        if (model.captionDecoder != nil) != needs.captionDecoder {
            try refuse(
                "model",
                needs.captionDecoder
                    ? "the \(name) loss needs a model that writes captions (CoCa, with multimodal_cfg)."
                    : "it writes captions (CoCa), and the \(name) loss does not reach that part. Choose a model without "
                        + "multimodal_cfg.")
        }
        if needs.teacher != hasTeacher {
            try refuse("distillation", "a teacher and a weight for what it says go together; only one is given")
        }
    }

    /// Takes one step on a batch: this process's part of the global one.
    /// - Throws: ``TrainingError/notFinite(step:what:samples:)`` before any parameter is changed by a bad gradient.
    public func train(on batch: TrainingBatch) throws -> StepReport {
        try optimizer.clearGradients()
        let value = try computeGradients(batch)
        let clipping = try GradientClipping(optimizer.gradients(), bound: configuration.gradientNorm)
        guard clipping.norm.isFinite else {
            throw TrainingError.notFinite(step: step, what: "gradient", samples: batch.locations)
        }
        let rate = configuration.schedule.rate(at: step)
        try optimizer.step(learningRate: rate, gradientFactor: clipping.factor)
        let scale = try model.logitScale.tensor.detached()
        if !configuration.loss.fixesTemperature { try scale.clampInPlace(to: DualEncoder.logitScaleRange) }
        try movingAverage?.update()
        defer { step += 1 }
        return StepReport(
            step: step, value: value, logitScale: try scale.item(),
            logitBias: try model.logitBias?.tensor.detached().item(), learningRate: rate, gradientNorm: clipping.norm,
            pictureCosine: spread.pictures, textCosine: spread.texts)
    }

    /// Leaves the gradient of every parameter in place, summed over processes.
    /// - Returns: the loss over the global batch.
    /// - Throws: ``TrainingError/notFinite(step:what:samples:)`` where the loss is no number.
    @discardableResult
    public func computeGradients(_ batch: TrainingBatch) throws -> LossValue {
        // Whoever uses the model between steps gets it as it will be used when it is trained.
        defer { norms.setTraining(false) }
        let taught = try teacher?.embed(batch, chunkSize: configuration.microBatchSize, on: model.device)
        let chunks = try MicroBatches(batch: batch, size: configuration.microBatchSize, model: model)
        norms.setTraining(true)
        let pictures = try chunks.embed(.pictures) { try self.encode($0, batch, $1) }
        let texts = try chunks.embed(.texts) { try self.encode($0, batch, $1) }
        spread = (try EmbeddingSpread.meanCosine(pictures), try EmbeddingSpread.meanCosine(texts))
        let result = try embeddingGradients(pictures: pictures, texts: texts, of: batch, teacher: taught)
        // The first pass over a micro-batch has moved the running statistics.
        norms.setTraining(true, updatesStatistics: false)
        try chunks.backward(
            pictures: result.pictures, texts: result.texts, encode: { try self.encode($0, batch, $1) },
            lastPass: { backward in
                try synchronization?.begin()
                try backward()
                try synchronization?.finish()
            })
        var total = result.value
        if let anchors {
            let weight = configuration.anchorWeight
            let value = try anchors.addGradients(
                to: model, step: step, seed: configuration.seed, weight: weight, precision: configuration.precision)
            total.total += weight * value
            total.terms[.anchors] = value
        }
        return total
    }

    /// Trained parameters that the last step's loss did not reach, by name: they stay as they are. None in any model that
    /// this trainer takes.
    public func untouchedParameters() throws -> [String] {
        try model.namedParameters.filter { try $0.parameter.isTrainable && $0.parameter.tensor.gradient() == nil }
            .map(\.name)
    }

    /// Part of a batch through one tower, in 32 bits again at the end.
    private func encode(_ tower: MicroBatches.Tower, _ batch: TrainingBatch, _ range: Range<Int>) throws -> Tensor {
        try Engine.autocast(configuration.precision.autocastType, on: model.device) {
            switch tower {
            case .pictures: try model.encode(pictures: batch.pictures(range))
            case .texts: try model.encode(captions: Array(batch.captions[range]))
            }
        }.converted(to: .float32)
    }

    /// The loss over the whole batch and its gradient with respect to the embeddings. The temperature's and the bias's
    /// are accumulated into their parameters.
    private func embeddingGradients(
        pictures: Tensor, texts: Tensor, of batch: TrainingBatch, teacher: EmbeddedBatch.Teacher?
    ) throws -> EmbeddingGradients {
        let scale = try model.logitScale.tensor.detached().item()
        let bias = try model.logitBias?.tensor.detached().item()
        let result = try loss.gradients(
            of: EmbeddedBatch(
                pictures: pictures, texts: texts, logitScale: scale, logitBias: bias,
                captionKeys: needs.captionKeys ? batch.captions.map(CaptionKey.key) : [],
                sampleNumbers: needs.sampleNumbers ? batch.sampleNumbers : [], teacher: teacher),
            over: communicator)
        guard result.value.total.isFinite else {
            throw TrainingError.notFinite(step: step, what: "loss", samples: batch.locations)
        }
        try accumulate(result.logitScale, into: model.logitScale)
        if let bias = model.logitBias, let gradient = result.logitBias { try accumulate(gradient, into: bias) }
        return result
    }

    /// Adds to the gradient of a parameter that is one number.
    private func accumulate(_ amount: Double, into parameter: Parameter) throws {
        guard parameter.tensor.requiresGradient else { return }
        let gradient = try Tensor.full(parameter.shape, amount, device: parameter.tensor.device)
        if let present = try parameter.tensor.gradient() { try gradient.addInPlace(present) }
        try parameter.tensor.setGradient(gradient)
    }
}
