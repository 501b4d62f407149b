import CLIP
import Foundation
import TestSupport
import Testing
import Torch

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Several processes that train together, started as launchers start them.
@Suite(.serialized) struct DistributedTrainingTests {
    /// Starts one process per rank with torchrun's variables; rank 0 serves the store.
    /// - Parameter more: further arguments of a rank.
    private func start(
        _ arguments: [String], worldSize: Int = 2, more: (Int) -> [String] = { _ in [] }
    ) throws -> [ClipProcess] {
        let port = try freePort()
        return try (0..<worldSize).map { rank in
            try ClipProcess(
                arguments + more(rank),
                environment: [
                    "RANK": "\(rank)", "WORLD_SIZE": "\(worldSize)", "LOCAL_RANK": "\(rank)",
                    "LOCAL_WORLD_SIZE": "\(worldSize)", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "\(port)",
                ])
        }
    }

    private func weights(_ run: String) throws -> [String: Tensor] {
        try TensorFile.read(run + "/final/open_clip_model.safetensors")
    }

    private func expectSameRun(_ found: String, _ expected: String) throws {
        let (left, right) = (try Metrics(found), try Metrics(expected))
        #expect(left.numbers == right.numbers)
        expectNear(left.losses, right.losses, 1e-4)
        let (ours, theirs) = (try weights(found), try weights(expected))
        #expect(ours.keys.sorted() == theirs.keys.sorted())
        for (name, tensor) in theirs {
            // AdamW turns the rounding noise of gradients that are exactly zero into steps of full size.
            let tolerance = name.contains("in_proj_bias") ? 2e-2 : 1e-3
            try expectClose(#require(ours[name]), tensor, tolerance: tolerance, name)
        }
    }

    @Test(arguments: [[], ["--zero"], ["--loss", "sogclr", "--sogclr-gamma", "0.4"]])
    func severalProcessesTakeOnesSteps(_ more: [String]) throws {
        try withTemporaryDirectory { folder in
            try ShapePairs.prepare(in: folder)
            func arguments(_ name: String, _ place: String = "--output") -> [String] {
                let options = ["--steps", "6", "--checkpoint-interval", "3", "--val-data", folder + "/val.tar"]
                return ShapePairs.train(folder) + options + more + [place, folder + "/" + name]
            }
            try clip(arguments("one")).succeeded()
            let outcomes = try start(arguments("two")).map { try $0.finish() }
            for (rank, outcome) in outcomes.enumerated() {
                outcome.succeeded()
                #expect(rank == 0 ? outcome.text.hasSuffix("model: \(folder)/two/final\n") : outcome.text.isEmpty)
                if rank > 0 { #expect(outcome.complaints.isEmpty, "\(outcome.complaints)") }
            }
            try expectSameRun(folder + "/two", folder + "/one")
            let (two, one) = (try Metrics(folder + "/two"), try Metrics(folder + "/one"))
            #expect(two.evaluations.count == one.evaluations.count)

            // The checkpoint in the middle serves another number of processes.
            let newest = folder + "/two/checkpoints/step-000000006"
            try FileManager.default.removeItem(atPath: newest)
            try FileManager.default.removeItem(atPath: folder + "/two/final")
            try clip(arguments("two", "--resume")).succeeded()
            try expectSameRun(folder + "/two", folder + "/one")
        }
    }

    /// Every process goes on with its own shards and its own generator: steps after a checkpoint in mid-epoch are those
    /// of the run that was not stopped, bit for bit, though each drops patches of its own.
    @Test(arguments: ["exact", "scale"]) func severalProcessesGoOnWhereEachStood(_ assignment: String) throws {
        try withTemporaryDirectory { folder in
            try ShapePairs.prepare(in: folder)
            let run = folder + "/run"
            let options = [
                "--steps", "10", "--checkpoint-interval", "3", "--keep-checkpoints", "9", "--patch-dropout", "0.5",
                "--shard-assignment", assignment, "--train-num-samples", "64",
            ]
            let base = ShapePairs.train(folder) + options
            for process in try start(base + ["--output", run]) { try process.finish().succeeded() }
            let (expected, losses) = (try Data(contentsOf: weightsFile(run)), try Metrics(run).losses)
            try goBackToStepSix(run)
            let outcomes = try start(base + ["--resume", run]).map { try $0.finish() }
            for outcome in outcomes { outcome.succeeded() }
            #expect(!outcomes[0].complaints.contains("begins again"), "\(outcomes[0].complaints)")
            #expect(try Metrics(run).losses == losses)
            #expect(try Data(contentsOf: weightsFile(run)) == expected)

            // One process cannot take up what was dealt out to two, and says so.
            try goBackToStepSix(run)
            let alone = try clip(base + ["--resume", run])
            alone.succeeded()
            #expect(alone.complaints.contains("begins again") == (assignment == "scale"), "\(alone.complaints)")
        }
    }

    /// To the middle of the second epoch's four steps.
    private func goBackToStepSix(_ run: String) throws {
        for name in ["checkpoints/step-000000008", "checkpoints/step-000000009", "checkpoints/step-000000010", "final"]
        {
            try FileManager.default.removeItem(atPath: run + "/" + name)
        }
    }

    private func weightsFile(_ run: String) -> URL {
        URL(fileURLWithPath: run + "/final/open_clip_model.safetensors")
    }

    /// Waits until a run has written that many lines.
    private func wait(for lines: Int, in run: String, of process: ClipProcess) {
        func count() -> Int {
            FileManager.default.contents(atPath: run + "/metrics.jsonl")?.count { $0 == UInt8(ascii: "\n") } ?? 0
        }
        while process.process.isRunning, count() < lines { usleep(2000) }
    }

    @Test(arguments: [0, 1]) func aKilledRankEndsTheOthersWithItsName(_ killed: Int) throws {
        try withTemporaryDirectory { folder in
            try ShapePairs.prepare(in: folder)
            let run = folder + "/run"
            let training = ShapePairs.train(
                folder, "--steps", "100000", "--output", run, "--distributed-timeout", "30")
            let processes = try start(training)
            wait(for: 3, in: run, of: processes[0])
            let start = Date()
            processes[killed].kill()
            let survivor = try processes[1 - killed].finish()
            #expect(-start.timeIntervalSinceNow < 30)
            survivor.failed(
                70, "rank \(1 - killed), ", killed == 0 ? "rank 0, or the launcher, is gone" : "rank 1 died")
            #expect(try processes[killed].finish().wasKilled)
        }
    }

    @Test func aRankThatStandsStillEndsTheRunWithinTheTimeOut() throws {
        try withTemporaryDirectory { folder in
            try ShapePairs.prepare(in: folder)
            let run = folder + "/run"
            let training = ShapePairs.train(
                folder, "--steps", "100000", "--output", run, "--distributed-timeout", "4")
            let processes = try start(training)
            wait(for: 3, in: run, of: processes[0])
            kill(processes[1].process.processIdentifier, SIGSTOP)
            try processes[0].finish().failed(70, "rank 0, ", "rank 1 died or lost the network")
            processes[1].kill()
            _ = try processes[1].finish()
        }
    }

    @Test func anErrorOfOneRankIsToldByAll() throws {
        try withTemporaryDirectory { folder in
            try ShapePairs.prepare(in: folder)
            let base = ShapePairs.train(folder, "--steps", "4", "--distributed-timeout", "30")
            let different = try start(base + ["--output", folder + "/a"]) { $0 == 0 ? [] : ["--weight-decay", "0.5"] }
            for process in different { try process.finish().failed(70, "weightDecay", "0.5", "0.2") }
            // The directory holds a run: rank 0 finds out.
            try clip(base + ["--output", folder + "/b"]).succeeded()
            let outcomes = try start(base + ["--output", folder + "/b"]).map { try $0.finish() }
            outcomes[0].failed(64, "holds a run already")
            outcomes[1].failed(70, "rank 0 ended with an error", "holds a run already")
        }
    }

    @Test func whatCannotBeDividedIsRefused() throws {
        try withTemporaryDirectory { folder in
            try ShapePairs.prepare(in: folder)
            let outcomes = try start(
                ShapePairs.train(folder, "--steps", "1", "--output", folder + "/run"), worldSize: 3
            ).map { try $0.finish() }
            for outcome in outcomes { outcome.failed(64, "--batch-size", "16", "3 processes") }
            let alone = try clip(
                ShapePairs.train(folder, "--steps", "1", "--output", folder + "/run"),
                environment: ["RANK": "0", "WORLD_SIZE": "two"])
            alone.failed(64, "WORLD_SIZE", "'two'")
        }
    }
}
