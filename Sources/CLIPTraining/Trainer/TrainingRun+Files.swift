import CLIP
import CLIPData
import Files
import Foundation

// Where a run begins or goes on, and what it leaves on the disk.
extension TrainingRun {
    func openLog() throws -> RunLog {
        try writing(logPath) {
            let log = try RunLog(directory: options.output, keepingBefore: state.position)
            // Going on with a run that is done changes nothing.
            if state.position.step < trainer.configuration.totalSteps || state.position.pair > 0 {
                try log.write(
                    start: RunStart(
                        state.position, configuration: trainer.configuration, more: ["model": clip.name]))
            }
            return log
        }
    }

    /// Takes up the checkpoint, or makes the first.
    func begin(resuming: Bool, _ onEvent: (Event) -> Void) throws {
        let place = state.place
        if resuming {
            let earlier = options.record?.changes
            let allowed = options.allowedChanges.union(earlier?.settings ?? [])
            state = try store.restore(trainer, allowing: allowed) { onEvent(.notice($0)) }
            // A later checkpoint has them.
            let pending = earlier.flatMap { state.position.step <= $0.step ? $0 : nil }
            let isOtherData = options.allowsOtherData || pending?.isOtherData == true
            let changes = SettingChanges(
                step: state.position.step, settings: options.allowedChanges.union(pending?.settings ?? []),
                isOtherData: isOtherData)
            options.record?.changes = changes
            if state.place != place {
                onEvent(
                    .notice(
                        "the run was computed by libtorch \(state.place.libtorch) with \(state.place.threads) threads on "
                            + "\(state.place.device), now by \(place.libtorch) with \(place.threads) on \(place.device): "
                            + "numbers will differ in their last digits"))
            }
            state.place = place
            state.configuration = trainer.configuration
            if isOtherData {
                state.cursor = DataCursor(epoch: state.position.epoch)
                trainer.loss.state?.forget()
            } else if dealsShards {
                state.cursor = ownCursor(onEvent)
            }
            let cursor = state.cursor
            makeCursor = { cursor }
            savedStep = state.position.step
        }
        try group.communicator.onFirst("prepares the run's directory") { try prepare(resuming: resuming) }
        try group.communicator.align(clip.model, configuration: trainer.configuration, step: state.position.step)
        if let own = state.ownPlace(in: group.communicator) {
            try own.random(on: clip.model.device).restore()
        } else {
            try group.spreadGenerators(seed: trainer.configuration.seed, step: state.position.step)
        }
        // A run that is killed before its first interval is over can go on from here too.
        if !resuming { try checkpoint(onEvent) }
    }

    /// Whether each process reads shards of its own.
    private var dealsShards: Bool { options.loading.assignment == .scale }

    /// Where this process goes on in the shards that were dealt to it.
    private func ownCursor(_ onEvent: (Event) -> Void) -> DataCursor {
        let communicator = group.communicator
        if communicator.worldSize == 1, state.processes == nil { return state.cursor }
        if let cursor = state.ownPlace(in: communicator)?.cursor { return cursor }
        if state.position.pair > 0 {
            onEvent(
                .notice(
                    "shards were dealt out to \(state.processes?.count ?? 1) processes, and now are to "
                        + "\(communicator.worldSize): epoch \(state.position.epoch + 1) begins again"))
        }
        return DataCursor(epoch: state.position.epoch)
    }

    private func prepare(resuming: Bool) throws {
        if !resuming, !store.names.isEmpty || FileManager.default.fileExists(atPath: logPath) {
            throw TrainingError.runExists(path: options.output)
        }
        try writing(options.output) {
            try Folder.make(options.output)
            store.removeLeftovers()
            for path in [
                finalModelPath, options.output + "/best", options.output + "/run.json",
                logPath, RunLog.reportPath(in: options.output),
            ] {
                Leftovers.remove(of: path)
            }
            try options.record?.write(run: options.output)
        }
    }

    /// The model that is evaluated and given away: the weights' moving average where one is kept.
    func withAverage<R>(_ body: () throws -> R) throws -> R {
        guard let average = trainer.movingAverage else { return try body() }
        return try average.withAverage(body)
    }

    func writeModel(to path: String) throws {
        try withAverage {
            try ModelDirectory(path).write(
                clip.model, preprocess: clip.preprocessor.configuration, dtype: options.storedType,
                tokenizerFiles: tokenizerFiles)
        }
    }

    var isCheckpointDue: Bool {
        get throws {
            if state.position.step % options.checkpointInterval == 0 { return true }
            guard let seconds = options.checkpointSeconds else { return false }
            // Clocks differ.
            let isDue = ProcessInfo.processInfo.systemUptime - lastSave >= seconds
            return try group.agree(.step, isCheckpointDue: isDue).isCheckpointDue
        }
    }

    /// Where an interval ends with its epoch, the checkpoint before the epoch's evaluation serves: replacing a whole
    /// checkpoint would leave a moment without either.
    func checkpoint(_ onEvent: (Event) -> Void) throws {
        lastSave = ProcessInfo.processInfo.systemUptime
        guard savedStep != state.position.step else { return }
        savedStep = state.position.step
        state.cursor = makeCursor()
        // Every process gives its part of the moments.
        let parts = try trainer.stateTensors()
        state.processes = try places()
        try group.communicator.onFirst("writes a checkpoint") {
            if !store.holds(step: state.position.step) { try store.save(trainer, parts: parts, state) }
        }
        onEvent(.checkpoint(step: state.position.step))
    }

    private func places() throws -> [ProcessPlace]? {
        guard group.communicator.worldSize > 1 else { return nil }
        let device = clip.model.device
        let own = try ProcessPlace(cursor: dealsShards ? state.cursor : nil, random: RandomState(device))
        return try group.gather(own, on: device)
    }

    func stop(_ onEvent: (Event) -> Void) throws -> Outcome {
        try checkpoint(onEvent)
        return .stopped(step: state.position.step)
    }

    /// Says of a file that cannot be written what is left of the run.
    func writing<R>(_ path: String, _ body: () throws -> R) throws -> R {
        do { return try body() } catch let error as TrainingError { throw error } catch {
            throw store.failure(error, path: path)
        }
    }
}
