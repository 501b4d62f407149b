import CLIPData
import Torch

/// What the processes of a run decide together between steps, so that none waits for another that does something else.
struct RunGroup {
    let communicator: any Communicator

    /// Rank 0 writes files, evaluates and talks.
    var isFirst: Bool { communicator.isFirst }

    /// What all processes do next, and whether a checkpoint comes before it, where one of them wants it.
    func agree(
        _ own: EpochLoop.Turn, isCheckpointDue: Bool = false
    ) throws -> (turn: EpochLoop.Turn, isCheckpointDue: Bool) {
        let values = try communicator.maximum([own.rawValue, isCheckpointDue ? 1 : 0])
        return (EpochLoop.Turn(rawValue: values[0]) ?? .stop, values[1] != 0)
    }

    /// Dropout is to be another on every process; a seed, and a checkpoint of other processes, bring one generator to all.
    func spreadGenerators(seed: UInt64, step: Int) throws {
        guard !isFirst else { return }
        try Engine.seed(SplitMix64.seed(seed, UInt64(communicator.rank), UInt64(max(0, step))))
    }
}
