import ArgumentParser
import CLIPTraining
import Foundation

struct TrainCommand: ParsableCommand, SettingOptions {
    static let configuration = CommandConfiguration(
        commandName: "train",
        abstract: "Learn from pictures with captions (contrastive pre-training, arXiv 2103.00020).",
        discussion: """
            Example: clip train --model small.json --train-data 'corpus/train-{0000..0007}.tar' \\
                --val-data corpus/val-0000.tar --batch-size 256 --epochs 24 --output runs/first

            RUN/metrics.jsonl has a line for each step and evaluation, RUN/report.html their curves, RUN/tensorboard the same
            for TensorBoard; RUN/final is a model directory for --model.

            A run that was killed, or stopped by SIGTERM or Ctrl-C, goes on where it stood, to the same weights as if it
            had not been: clip train --resume RUN
            """)

    @Option(
        help: ArgumentHelp(
            "Tar shards ({0000..0007}, globs, ::), a CSV or TSV table, or a folder.", valueName: "source"))
    var trainData: String?

    @Option(help: ArgumentHelp("Pairs to evaluate on, likewise.", valueName: "source"))
    var valData: String?

    @Option(
        help: ArgumentHelp(
            "Evaluations to run between epochs, as for \"clip evaluate suite\"; results go to RUN/suite.",
            valueName: "file.yaml"))
    var suite: String?

    @Option(help: ArgumentHelp("The run directory to write.", valueName: "run"))
    var output: String?

    @Option(
        help: ArgumentHelp(
            "A run directory to go on with. Its options need not be said again; they must not contradict.",
            valueName: "run"))
    var resume: String?

    @OptionGroup(title: "Length and batches") var length: LengthOptions
    @OptionGroup(title: "Optimization") var optimization: OptimizationOptions
    @OptionGroup(title: "Loss") var loss: LossOptions
    @OptionGroup(title: "Data") var data: DataOptions
    @OptionGroup(title: "Techniques") var techniques: TechniqueOptions
    @OptionGroup(title: "The run") var running: RunOptions
    @OptionGroup(title: "Several processes") var distribution: DistributionOptions
    @OptionGroup(title: "Cost") var dry: DryRunOptions
    @OptionGroup var shared: LearningOptions

    /// Every option there is.
    static var keys: [SettingKey<Self>] {
        let own: [SettingKey<Self>] = [
            SettingKey("train-data", optional: \.sources.training) { $0.trainData }.path,
            SettingKey("val-data", optional: \.sources.heldOut) { $0.valData }.path,
            SettingKey("suite", optional: \.sources.suite) { $0.suite }.path.free,
            .momentary("output"), .momentary("resume"),
        ]
        return own + LengthOptions.keys.map { $0.of(\.length) } + OptimizationOptions.keys.map { $0.of(\.optimization) }
            + LossOptions.keys.map { $0.of(\.loss) } + DataOptions.keys.map { $0.of(\.data) }
            + TechniqueOptions.keys.map { $0.of(\.techniques) } + RunOptions.keys.map { $0.of(\.running) }
            + DistributionOptions.keys.map { $0.of(\.distribution) } + DryRunOptions.keys.map { $0.of(\.dry) }
            + LearningOptions.keys.map { $0.of(\.shared) }
    }

    func validate() throws {
        guard running.overfitOneBatch || dry.dryRun || (output == nil) != (resume == nil) else {
            throw ValidationError("Give either --output RUN for a new run or --resume RUN to go on with one.")
        }
        if running.overfitOneBatch, output != nil || resume != nil {
            throw ValidationError("--overfit-one-batch writes nothing: leave out --output and --resume.")
        }
        if trainData == nil, resume == nil, !(dry.dryRun && length.steps != nil) {
            throw ValidationError("Say what to train on: --train-data SOURCE.")
        }
        // A run that goes on has settings that are not said here.
        if resume == nil { try Self.check(applied()) }
        let names = Set(Self.keys.map(\.name))
        for name in running.allowedNames.sorted() where !names.contains(name) {
            throw ValidationError("--allow-change \(name): clip train has no option of this name.")
        }
    }

    /// What goes together, in the whole of a run's settings.
    private static func check(_ settings: TrainingSettings) throws {
        try LossOptions.check(settings.loss)
        try DataOptions.check(settings)
        try TechniqueOptions.check(settings.techniques)
    }

    func run() throws {
        var session = TrainingSession(settings: applied(), run: resume ?? output ?? "", json: shared.json)
        if let resume { try goOn(with: resume, &session) }
        try Self.check(session.settings)
        if dry.dryRun { return try session.printCost(dry) }
        if running.overfitOneBatch { return try session.overfitOneBatch() }
        try session.train()
    }

    /// The settings a run began with, with those given now on top.
    private func goOn(with run: String, _ session: inout TrainingSession) throws {
        session.isResumed = true
        let allowed = running.allowedNames
        session.allowedChanges = Set(Self.keys.filter { allowed.contains($0.name) }.flatMap(\.decides))
        session.allowsOtherData = allowed.contains("train-data")
        guard let record = try RunRecord.read(run: run, interpret: Self.settings(ofArguments:)) else { return }
        session.earlier = record
        session.settings = try continuing(record.settings, run: run)
        let namesPaths = Self.keys.contains { $0.isPath && $0.isGiven(in: self) }
        if !namesPaths { try session.enter(record.workingDirectory) }
    }

    /// - Throws: `TrainingError.checkpointMismatch(path:problem:)` naming every option that contradicts,
    ///   unless it is among those that `--allow-change` names.
    func continuing(_ began: TrainingSettings, run: String) throws -> TrainingSettings {
        let now = applied(to: began)
        let allowed = running.allowedNames
        let differences = Self.keys.compactMap { key -> String? in
            guard !key.isFree, key.isGiven(in: self), allowed.isDisjoint(with: key.rivals + [key.name]) else {
                return nil
            }
            return key.contradiction(began, now)
        }
        guard differences.isEmpty else {
            throw TrainingError.checkpointMismatch(
                path: run,
                problem:
                    "it began with other settings (\(differences.joined(separator: "; "))). Leave these options out; "
                    + "to change one on purpose, add --allow-change with its name")
        }
        return now
    }

    /// What the options mean that a run was begun with before `run.json` held settings.
    private static func settings(ofArguments arguments: [String]) throws -> TrainingSettings {
        // Neither the old run's place nor this one's is among them, and one of the two is asked for.
        try parse(arguments + ["--output", "."]).applied()
    }
}
