import Foundation
import Pages
import TestSupport
import Testing

@testable import CLIP
@testable import CLIPTraining

/// A run's log: what is written, what is kept, and what is read back.
@Suite struct RunLogTests {
    private func record(_ step: Int, epoch: Int = 0, loss: Double = 1) -> StepRecord {
        StepRecord(step: step, epoch: epoch, values: [.loss: loss, .learningRate: 0.1, .samplesSeen: Double(step * 8)])
    }

    private func evaluation(_ step: Int, epoch: Int, recall: Double = 0.5) throws -> EvaluationRecord {
        let shares = ["R@1": recall, "R@5": 0.6, "R@10": 0.7]
        let chance = ["R@1": 0.01, "R@5": 0.05, "R@10": 0.1]
        let figures = HeldOutFigures([
            "pairs": 100, "image_to_text": shares, "text_to_image": shares, "chance": chance,
        ])
        return EvaluationRecord(try #require(figures), step: step, epoch: epoch)
    }

    private func lines(_ folder: String) throws -> [String] {
        try String(contentsOfFile: RunLog.metricsPath(in: folder), encoding: .utf8)
            .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }

    @Test func stepsAreLinesWithStableNames() throws {
        try withTemporaryDirectory { folder in
            let log = try RunLog(directory: folder + "/run", keepingBefore: TrainingPosition())
            try log.write(
                step: StepRecord(
                    step: 3, epoch: 1,
                    values: [
                        .loss: 5.123456789, .term("image_to_text"): 5, .term("text_to_image"): 5.25, .logitScale: 2.5,
                        .inverseTemperature: 12.1824939607, .logitBias: -10, .learningRate: 1.0 / 3,
                        .gradientNorm: .infinity, .pairsPerSecond: 123456.789, .dataWait: 0.125,
                        .samplesSeen: 4_294_967_297,
                    ]))
            try log.write(warning: RunWarning(step: 3, epoch: 1, kind: "collapse", message: "look \"here\"\n"))
            try log.close()
            #expect(
                try lines(folder + "/run") == [
                    "{\"data_wait\":0.125,\"epoch\":1,\"inverse_temperature\":12.1825,\"logit_bias\":-10,"
                        + "\"logit_scale\":2.5,\"loss\":5.12346,\"loss_image_to_text\":5,\"loss_text_to_image\":5.25,"
                        + "\"lr\":0.3333333333333333,\"pairs_per_second\":123457,\"samples_seen\":4294967297,\"step\":3}",
                    "{\"epoch\":1,\"step\":3,\"warning\":{\"kind\":\"collapse\",\"message\":\"look \\\"here\\\"\\n\"}}",
                    "",
                ])
        }
    }

    @Test func whatIsWrittenIsReadBack() throws {
        try withTemporaryDirectory { folder in
            let log = try RunLog(directory: folder, keepingBefore: TrainingPosition())
            var configuration = TrainingConfiguration(batchSize: 8, totalSteps: 20)
            configuration.loss.fixesTemperature = true
            let start = RunStart(TrainingPosition(), configuration: configuration, more: ["model": "<b>"])
            #expect(start.settings["batchSize"] == "8" && start.settings["loss.fixesTemperature"] == "yes")
            #expect(start.settings["augmentation.areaRange"] == "0.9 to 1" && start.pairsPerStep == 8)
            try log.write(start: start)
            for step in 0..<20 { try log.write(step: record(step, epoch: step / 10, loss: Double(step))) }
            try log.write(evaluation: evaluation(10, epoch: 1, recall: 0.5))
            try log.write(evaluation: evaluation(20, epoch: 2, recall: 0.4))
            try log.write(warning: RunWarning(step: 19, epoch: 1, kind: "k", message: "m"))
            let read = try RunHistory(path: RunLog.metricsPath(in: folder))
            for history in [log.history, read] {
                #expect(history.stepCount == 20 && history.lastStep == record(19, epoch: 1, loss: 19))
                #expect(try history.evaluations == [evaluation(10, epoch: 1), evaluation(20, epoch: 2, recall: 0.4)])
                #expect(history.best?.step == 10 && history.evaluationCount == 2)
                #expect(history.warnings == [RunWarning(step: 19, epoch: 1, kind: "k", message: "m")])
                #expect(history.starts.map(\.settings) == [start.settings] && history.starts[0].totalSteps == 20)
                #expect(history.curves[.loss]?.means.map(\.y) == (0..<20).map(Double.init))
                #expect(history.unreadableLines == 0)
            }
        }
    }

    @Test func goingOnCutsTheLogBack() throws {
        try withTemporaryDirectory { folder in
            do {
                let log = try RunLog(directory: folder, keepingBefore: TrainingPosition())
                try log.write(
                    start: RunStart(step: 0, epoch: 0, totalSteps: 20, pairsPerStep: 4, settings: [:]))
                for step in 0..<9 {
                    try log.write(step: record(step, epoch: step / 4))
                    try log.write(warning: RunWarning(step: step, epoch: step / 4, kind: "k", message: "m"))
                    if step % 4 == 3 { try log.write(evaluation: evaluation(step + 1, epoch: (step + 1) / 4)) }
                }
                try log.close()
            }
            let path = RunLog.metricsPath(in: folder)
            // Another version's line, noise, and a line that the run's death cut off.
            var data = Data("{\"epoch\":0,\"future\":[1],\"step\":1}\n\u{0}noise\n[1,2]\n".utf8)
            data += try Data(contentsOf: URL(fileURLWithPath: path)) + Data("{\"epoch\":2,\"step\":".utf8)
            try data.write(to: URL(fileURLWithPath: path))

            let log = try RunLog(directory: folder, keepingBefore: TrainingPosition(step: 6, epoch: 1, pair: 8))
            #expect(log.history.stepCount == 6 && log.history.evaluations.map(\.step) == [4])
            #expect(log.history.warnings.map(\.step) == Array(0..<6))
            try log.write(start: RunStart(step: 6, epoch: 1, totalSteps: 20, pairsPerStep: 4, settings: [:]))
            for step in 6..<8 { try log.write(step: record(step, epoch: 1)) }
            try log.write(evaluation: evaluation(8, epoch: 2))
            try log.close()
            let kept = try lines(folder)
            #expect(kept.first == "{\"epoch\":0,\"future\":[1],\"step\":1}" && kept.last == "")
            let read = try RunHistory(path: path)
            #expect(read.stepCount == 8 && read.unreadableLines == 0 && read.starts.map(\.step) == [0, 6])
            #expect(read.evaluations.map(\.step) == [4, 8] && read.warnings.count == 6)
            #expect(try Self.eventSteps(folder) == [[0, 1, 2, 3, 4, 4, 5, 6, 7, 8, 8], [6, 6, 7, 8]])
        }
    }

    /// An evaluation at the place itself is kept, and written again for TensorBoard, which drops it.
    @Test func anEvaluationAtTheCheckpointIsKept() throws {
        try withTemporaryDirectory { folder in
            do {
                let log = try RunLog(directory: folder, keepingBefore: TrainingPosition())
                for step in 0..<4 { try log.write(step: record(step)) }
                try log.write(evaluation: evaluation(4, epoch: 1))
            }
            let position = TrainingPosition(step: 4, epoch: 1, pair: 0)
            let log = try RunLog(directory: folder, keepingBefore: position)
            try log.write(step: record(4, epoch: 1))
            try log.close()
            #expect(log.history.evaluations.map(\.step) == [4])
            #expect(try Self.eventSteps(folder) == [[0, 1, 2, 3, 4], [4, 4, 4]])
            // The checkpoint before the epoch's end was counted knows nothing of its evaluation.
            let earlier = try RunLog(directory: folder, keepingBefore: TrainingPosition(step: 4, epoch: 0, pair: 16))
            #expect(earlier.history.evaluations.isEmpty && earlier.history.stepCount == 4)
        }
    }

    @Test func aNewRunStartsWithAnEmptyLog() throws {
        try withTemporaryDirectory { folder in
            try Data("old\n".utf8).write(to: URL(fileURLWithPath: RunLog.metricsPath(in: folder)))
            let log = try RunLog(directory: folder, keepingBefore: TrainingPosition())
            #expect(try lines(folder) == [""] && log.history.stepCount == 0)
            #expect(!FileManager.default.fileExists(atPath: RunLog.eventsPath(in: folder)))
            #expect(throws: CLIPError.self) {
                try RunLog(directory: RunLog.metricsPath(in: folder), keepingBefore: TrainingPosition())
            }
        }
    }

    @Test func hostileLinesAreCountedAndLeftOut() throws {
        let good = "{\"epoch\":0,\"loss\":1,\"step\":"
        let bad: [String] = [
            "null", "[]", "{}", "{\"step\":1}", "{\"step\":-1,\"epoch\":0,\"loss\":1}",
            "{\"step\":1e300,\"epoch\":0,\"loss\":1}", "{\"step\":\"1\",\"epoch\":0}",
            "{\"step\":9223372036854775807,\"epoch\":0,\"loss\":1}", "{\"step\":1.5,\"epoch\":0,\"loss\":1}",
            "{\"evaluation\":{},\"step\":2,\"epoch\":1}", "{\"evaluation\":7,\"step\":2,\"epoch\":1}",
            "{\"evaluation\":{\"image_to_text\":[1],\"zero_shot\":{\"accuracy\":\"x\"}},\"step\":2,\"epoch\":1}",
            String(repeating: "[", count: 100_000), "{\"loss\":" + String(repeating: "{\"a\":", count: 10_000),
            String(repeating: "x", count: 3 << 20), good + "0}", "\u{FEFF}",
        ]
        var data = Data((good + "5}\n").utf8)
        for line in bad { data += Data((line + "\n").utf8) }
        data += Data([0xFF, 0xFE, 0x00, 0x0A, 0x80, 0x0A])
        data += Data("{\"epoch\":0,\"loss\":\"high\",\"lr\":1e999,\"step\":6,\"logit_scale\":1e5}\n".utf8)
        data += Data((good + "7}").utf8)
        try withTemporaryDirectory { folder in
            let path = RunLog.metricsPath(in: folder)
            try data.write(to: URL(fileURLWithPath: path))
            let history = try RunHistory(path: path)
            #expect(history.curves[.loss]?.means.map(\.x) == [5, 7])
            #expect(history.lastStep?.step == 7 && history.evaluations.isEmpty)
            #expect(history.unreadableLines >= bad.count + 2, "\(history.unreadableLines)")
            #expect(RunReport([.init(name: "x", history: history)]).rendered().contains("lines of the log could not"))
            // A run goes on from such a log all the same.
            let log = try RunLog(directory: folder, keepingBefore: TrainingPosition(step: 7, epoch: 0, pair: 1))
            #expect(log.history.curves[.loss]?.means.map(\.x) == [5])
        }
    }

    @Test func aFileWithoutMeasurementsIsRefused() throws {
        try withTemporaryDirectory { folder in
            let path = RunLog.metricsPath(in: folder)
            #expect(throws: CLIPError.self) { try RunHistory(path: path) }
            for text in ["", "\n\n", "hello\n", "{\"epoch\":0,\"future\":1,\"step\":1}\n"] {
                try Data(text.utf8).write(to: URL(fileURLWithPath: path))
                #expect(throws: TrainingError.noMetrics(path: path)) { try RunHistory(path: path) }
            }
        }
    }

    @Test func curvesKeepMeansAndPeaksInBoundedMemory() {
        var curve = Curve()
        let count = 40_000
        for step in 0..<count { curve.append(step: step, step == 23_456 ? 1e6 : Double(step % 2)) }
        curve.append(step: count, .nan)
        #expect(curve.means.count <= Curve.capacity && curve.means.count > Curve.capacity / 2)
        #expect(curve.stepsPerMean == 16 && curve.extremes.contains(LineChart.Point(x: 23_456, y: 1e6)))
        #expect(curve.extremes.count <= 2 * Curve.capacity)
        #expect(curve.means.first?.y == 0.5 && curve.means.last?.y == 0.5 && curve.last == 1)
        #expect(zip(curve.extremes, curve.extremes.dropFirst()).allSatisfy { $0.x < $1.x })
        var few = Curve()
        for step in [3, 5, 9] { few.append(step: step, Double(step)) }
        #expect(few.means == few.extremes && few.means.map(\.x) == [3, 5, 9])
    }

    /// The steps of the records in each event file, oldest file first; checksums and lengths are checked.
    private static func eventSteps(_ folder: String) throws -> [[Int]] {
        let directory = RunLog.eventsPath(in: folder)
        // Files of one process within one second differ in their last number; tests may cross a second.
        return try FileManager.default.contentsOfDirectory(atPath: directory).sorted().map { name in
            let data = [UInt8](try Data(contentsOf: URL(fileURLWithPath: directory + "/" + name)))
            var (place, steps) = (0, [Int]())
            func number(_ start: Int, _ count: Int) -> Int {
                (0..<count).reduce(0) { $0 | Int(data[start + $1]) << (8 * $1) }
            }
            while place + 12 <= data.count {
                let length = number(place, 8)
                try #require(CRC32C.masked(data[place..<place + 8]) == UInt32(number(place + 8, 4)))
                let event = Array(data[(place + 12)..<(place + 12 + length)])
                try #require(CRC32C.masked(event) == UInt32(number(place + 12 + length, 4)))
                place += length + 16
                // Wall time in nine bytes, then the step where it is not zero; the first event has a version instead.
                if event[9] == 0x10 { steps.append(Int(event[10])) } else if event[9] == 0x2A { steps.append(0) }
            }
            #expect(place == data.count)
            return steps
        }
    }
}
