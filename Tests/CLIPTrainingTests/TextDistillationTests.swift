import CLIP
import CLIPText
import Files
import Foundation
import TestSupport
import Testing
import Torch
import TorchNN

@testable import CLIPTraining

/// A text tower that learns another's embeddings.
@Suite struct TextDistillationTests {
    private static let vision = VisionTransformerConfiguration(
        imageSize: 16, patchSize: 8, width: 16, layers: 1, headWidth: 8)

    private func model(seed: UInt64, width: Int) throws -> CLIPModel {
        var text = TextTransformerConfiguration(width: width, headCount: 2, layers: 1)
        text.contextLength = 8
        text.vocabularySize = 40
        let shape = ModelConfiguration(embeddingSize: 8, vision: Self.vision, text: text)
        return CLIPModel(
            name: "model \(seed)", model: try withSeed(seed) { try DualEncoder(shape) },
            tokenizer: Letters(), preprocessor: PicturePreprocessor(PreprocessConfiguration(size: 16)))
    }

    private func lessons(_ count: Int = 60, in folder: String) throws -> TextLessons {
        let path = folder + "/texts.tsv"
        let lines = (0..<count).map { $0 % 3 == 0 ? "word\($0)" : "word\($0)\tmot\($0)" }
        try Data(lines.joined(separator: "\n").utf8).write(to: URL(fileURLWithPath: path))
        return try TextLessons(path: path)
    }

    private var options: TextDistillation.Options {
        var options = TextDistillation.Options()
        (options.batchSize, options.epochs, options.learningRate) = (10, 20, 0.01)
        (options.warmupSteps, options.tokenFactor, options.checkpointInterval) = (5, 2, 1000)
        return options
    }

    private func bytes(_ clip: CLIPModel) throws -> [String: [UInt8]] {
        try clip.model.state().mapValues { Array(try $0.bytes()) }
    }

    @Test func theStudentComesToSayWhatTheTeacherSays() throws {
        try withTemporaryDirectory { folder in
            let (student, teacher) = (try model(seed: 61, width: 16), try model(seed: 62, width: 8))
            let (before, teaching) = (try bytes(student), try bytes(teacher))
            let texts = ["word5", "mot5", "word6"]
            let wanted = try teacher.vectors(texts: ["word5", "word5", "word6"])
            func cosine() throws -> Double { try (student.vectors(texts: texts) * wanted).sum(along: 1).mean().item() }
            let start = try cosine()
            let run = try TextDistillation(
                student, teacher: teacher, lessons: lessons(in: folder), options: options, output: folder + "/run")
            var (losses, shares) = ([Double](), [Double]())
            let outcome = try run.run {
                shares.append($0)
            } onProgress: {
                losses.append($0.loss)
            }
            #expect(outcome != nil && losses.count == run.totalSteps && shares.last == 1)
            #expect(try #require(losses.last) < 0.5 * losses[0])
            #expect(try cosine() > max(start, 0.8))
            #expect(try bytes(teacher) == teaching)
            for (name, old) in before where !name.hasPrefix("text.") {
                #expect(try bytes(student)[name] == old, "\(name) is not of the text tower")
            }
            #expect(FileManager.default.fileExists(atPath: run.finalModelPath + "/open_clip_model.safetensors"))
            #expect(!FileManager.default.fileExists(atPath: folder + "/run/checkpoint"))
        }
    }

    @Test func aRunThatWasStoppedEndsAsOneThatWasNot() throws {
        try withTemporaryDirectory { folder in
            let lessons = try lessons(in: folder)
            func run(_ output: String, stoppingAt last: Int?) throws -> (CLIPModel, TextDistillation.Outcome?) {
                let student = try model(seed: 61, width: 16)
                let stop = StopRequest()
                let run = try TextDistillation(
                    student, teacher: model(seed: 62, width: 8), lessons: lessons, options: options,
                    output: folder + "/" + output, stop: stop)
                let outcome = try run.run(onProgress: { if $0.step == last { stop.request() } })
                return (student, outcome)
            }
            let (whole, _) = try run("whole", stoppingAt: nil)
            #expect(try run("parts", stoppingAt: 37).1 == nil)
            #expect(!FileManager.default.fileExists(atPath: folder + "/parts/final"))
            let (parts, outcome) = try run("parts", stoppingAt: nil)
            #expect(outcome != nil)
            #expect(try bytes(parts) == bytes(whole))
        }
    }

    @Test func anotherRunsCheckpointIsNotGoneOnWith() throws {
        try withTemporaryDirectory { folder in
            let (lessons, stop) = (try lessons(in: folder), StopRequest())
            func make(_ options: TextDistillation.Options, _ stop: StopRequest) throws -> TextDistillation {
                try TextDistillation(
                    model(seed: 61, width: 16), teacher: model(seed: 62, width: 8), lessons: lessons, options: options,
                    output: folder + "/run", stop: stop)
            }
            #expect(try make(options, stop).run(onProgress: { _ in stop.request() }) == nil)
            var others = options
            others.learningRate = 0.02
            let error = #expect(throws: TrainingError.self) { try make(others, StopRequest()).run() }
            #expect(error?.description.contains("other options") == true)
            try Data("{".utf8).write(to: URL(fileURLWithPath: folder + "/run/checkpoint/state.json"))
            #expect(throws: TrainingError.self) { try make(options, StopRequest()).run() }
        }
    }

    @Test func textsThatCannotBeUsedAreNamed() throws {
        try withTemporaryDirectory { folder in
            func read(_ text: String) throws -> TextLessons {
                let path = folder + "/texts.tsv"
                try Data(text.utf8).write(to: URL(fileURLWithPath: path))
                return try TextLessons(path: path)
            }
            let lessons = try read("cat\t猫\t\t貓\n\n dog \nfish\t鱼\r\n").lessons
            #expect(lessons.map(\.text) == ["cat", "dog", "fish"])
            #expect(lessons.map(\.others) == [["猫", "貓"], [], ["鱼"]])
            let error = #expect(throws: TrainingError.self) { try read("cat\n\t猫\n") }
            #expect(error?.description.contains("line 2") == true)
            #expect(throws: TrainingError.self) { try read("cat\n") }
            #expect(throws: (any Error).self) { try TextLessons(path: folder + "/none.tsv") }
            let (student, few) = (try model(seed: 61, width: 16), try read("cat\t猫\ndog\n"))
            let large = #expect(throws: TrainingError.self) {
                try TextDistillation(
                    student, teacher: student, lessons: few, options: options, output: folder + "/run")
            }
            #expect(large?.description.contains("batch size") == true)
        }
    }
}
