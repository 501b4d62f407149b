import CLIPData
import Files

/// Steps through as many epochs as they take: one loop for everything that trains.
package struct EpochLoop {
    /// What comes next, the later ones before the earlier where processes want different things.
    package enum Turn: Int, Sendable {
        case step
        case epochEnds
        case stop
    }

    package typealias Batch = PairBatch<TrainingBatch>
    package typealias Batches = ReadAhead<Batch>

    let totalSteps: Int
    let batchSize: Int
    let stop: StopRequest
    package let pace: Pace

    /// - Parameters:
    ///   - batchSize: pairs of a step, for messages.
    ///   - stepsDone: steps that are behind already.
    ///   - stop: how an end is asked for.
    package init(totalSteps: Int, batchSize: Int, stepsDone: Int = 0, stop: StopRequest = StopRequest()) {
        self.totalSteps = totalSteps
        self.batchSize = batchSize
        self.stop = stop
        pace = Pace(stepsLeft: totalSteps - stepsDone)
    }

    /// Goes on until the last step is done and its epoch ended. A last batch that is not full is no step, so that every
    /// step contrasts equally many pairs.
    /// - Parameters:
    ///   - position: where the run stands; `take` and `endEpoch` move it.
    ///   - open: the epoch's batches, from the position on.
    ///   - agree: what all processes do, where this one wants that.
    ///   - take: takes a step.
    ///   - endEpoch: does what comes between epochs; false where an end was asked for meanwhile.
    /// - Returns: false where an end was asked for first.
    /// - Throws: ``TrainingError/invalidOption(name:problem:)`` for an epoch without a single batch.
    package func run(
        position: () -> TrainingPosition, open: () throws -> Batches,
        agree: (Turn) throws -> Turn = { $0 }, take: (Batch) throws -> Void,
        endEpoch: () throws -> Bool
    ) throws -> Bool {
        // A checkpoint of the last step may be older than what comes at its epoch's end, which is then made up for.
        while position().step < totalSteps || position().pair > 0 {
            let before = position()
            guard try steps(of: open(), position, agree, take) else { return false }
            if position().step == before.step, before.pair == 0 {
                throw TrainingError.invalidOption(
                    name: "batch size",
                    problem: "an epoch has fewer usable pairs than one batch of \(batchSize)")
            }
            guard try endEpoch() else { return false }
        }
        return true
    }

    /// The rest of one epoch, or of the run.
    private func steps(
        of batches: Batches, _ position: () -> TrainingPosition, _ agree: (Turn) throws -> Turn,
        _ take: (Batch) throws -> Void
    ) throws -> Bool {
        // A wait for data that does not come must not outlast the request to stop.
        stop.setInterruption { batches.cancel() }
        defer {
            stop.setInterruption(nil)
            if !stop.isRequested { batches.cancel() }
        }
        pace.begin()
        while position().step < totalSteps {
            var batch: Batch?
            var isStopped = stop.isRequested
            if !isStopped {
                do { batch = try pace.waiting { try batches.next() } } catch CLIPDataError.cancelled {
                    isStopped = true
                }
            }
            let turn = try agree(isStopped ? .stop : batch == nil ? .epochEnds : .step)
            guard turn == .step, let batch else { return turn != .stop }
            try take(batch)
        }
        return true
    }
}
