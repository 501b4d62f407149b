import CLIP
import CLIPData
import Foundation
import TestSupport
import Testing
import Torch

@testable import CLIPEvaluation

/// Figures of given vectors and scores, against what is counted by hand or in a whole matrix.
@Suite struct MeasureTests {
    private static func units(_ count: Int, _ width: Int, seed: UInt64) throws -> Tensor {
        var generator = SplitMix64(seed: seed)
        let values = (0..<count * width).map { _ in Float.random(in: -1...1, using: &generator) }
        return try Tensor(values, shape: [count, width]).normalized()
    }

    /// Ranks by the whole matrix: of the best right answer how many wrong ones are above it.
    private static func naiveRanks(_ queries: Tensor, _ answers: Tensor, _ right: [[Int]]) throws -> [Float] {
        let (count, width) = (queries.shape[0], answers.shape[0])
        let scores = try queries.matmul(answers.transposed()).elements(Float.self)
        return (0..<count).map { row in
            let own = Array(scores[row * width..<(row + 1) * width])
            let best = right[row].map { own[$0] }.max() ?? 0
            return Float(own.indices.count { own[$0] > best + 1e-6 })
        }
    }

    @Test(arguments: [RetrievalResult.Convention.anyPositive, .paired])
    func chunkedRecallsAreThoseOfTheWholeMatrix(_ convention: RetrievalResult.Convention) throws {
        let (pictures, texts) = (try Self.units(37, 8, seed: 1), try Self.units(90, 8, seed: 2))
        let owners = (0..<90).map { $0 < 37 ? $0 : ($0 * 7) % 37 }
        let found = try RetrievalResult(
            pictures: pictures, texts: texts, owners: owners, convention: convention, holding: 200)
        let whole = try RetrievalResult(pictures: pictures, texts: texts, owners: owners, convention: convention)
        #expect(found == whole)
        var right = Array(repeating: [Int](), count: 37)
        for (text, owner) in owners.enumerated() { right[owner].append(text) }
        let isPaired = convention == .paired
        let answers = isPaired ? try texts.slice(0..<37) : texts
        let ranks = try Self.naiveRanks(pictures, answers, isPaired ? (0..<37).map { [$0] } : right)
        for (recall, depth) in [(found.imageToText.recallAt1, 1), (found.imageToText.recallAt5, 5)] {
            #expect(recall.value == Double(ranks.count { $0 < Float(depth) }) / 37, "R@\(depth)")
        }
        #expect(found.imageToText.medianRank == Double(ranks.sorted()[18]) + 1)
        #expect(found.textToImage.queries == (isPaired ? 37 : 90) && found.textToImage.answers == 37)
        #expect(found.imageToText.answers == (isPaired ? 37 : 90))
    }

    /// A caption that two pictures share is not found for free: half of the equals come before.
    @Test func equalCaptionsAreNotToldApart() throws {
        let pictures = try Tensor([1, 0, 0, 1] as [Float], shape: [2, 2])
        let texts = try Tensor([1, 0, 1, 0] as [Float], shape: [2, 2])
        let ranks = try RetrievalRanks.best(queries: pictures, answers: texts, right: [[0], [1]])
        #expect(ranks == [0.5, 0.5])
        // Both are right: no other equals them.
        #expect(try RetrievalRanks.best(queries: pictures, answers: texts, right: [[0, 1], [0, 1]]) == [0, 0])
    }

    @Test func whatCannotBeRetrievedIsNamed() throws {
        let vectors = try Self.units(3, 4, seed: 3)
        #expect(throws: EvaluationError.samples(name: "picture 2", problem: "it has no caption to be found by")) {
            try RetrievalResult(pictures: vectors, texts: vectors, owners: [0, 1, 1], convention: .anyPositive)
        }
        #expect(throws: EvaluationError.self) {
            try RetrievalResult(pictures: vectors, texts: vectors, owners: [0, 1, 3], convention: .anyPositive)
        }
    }

    @Test func classesAreCounted() throws {
        let names = ["cat", "dog", "hen"]
        let result = try ClassificationResult(
            answers: [[0], [1], [1], [2], [0], [1]], labels: [0, 0, 1, 2, 2, 2], classNames: names)
        #expect(result.confusion == [[1, 1, 0], [0, 1, 0], [1, 1, 1]])
        #expect(result.top1.value == 0.5 && result.top5 == nil && result.chance == 1.0 / 3)
        #expect(abs(result.meanPerClassRecall.value - (0.5 + 1 + 1.0 / 3) / 3) < 1e-12)
        #expect(result.classes[1].precision.value == 1.0 / 3 && result.classes[2].recall.value == 1.0 / 3)
        #expect(result.mostConfused.count == 3 && result.mostConfused.allSatisfy { $0.count == 1 })
        #expect(result.mostConfused[0].actual == "cat" && result.mostConfused[0].predicted == "dog")
        #expect(throws: EvaluationError.labelOutOfRange(name: "samples", row: 1, label: 3, classCount: 3)) {
            try ClassificationResult(answers: [[0], [0]], labels: [0, 3], classNames: names)
        }
    }

    @Test func severalClassesAreRankedAndHardOnesLeftOut() throws {
        let scores = try Tensor([0.9, 0.1, 0.8, 0.7, 0.2, 0.6] as [Float], shape: [3, 2])
        let result = try MultiLabelResult(scores: scores, classes: [[0], [0, 1], []], classNames: ["a", "b"])
        // a: 0.9 and 0.8 are right and come first. b: 0.7 first, right.
        #expect(result.meanAveragePrecision.value == 1)
        let hard = try MultiLabelResult(
            scores: scores, classes: [[0], [1], []], undecided: [[], [0], []], classNames: ["a", "b"])
        #expect(hard.averagePrecision["a"] == 1)
        let wrong = try MultiLabelResult(scores: scores, classes: [[1], [], [0]], classNames: ["a", "b"])
        #expect(wrong.averagePrecision["a"] == 1.0 / 3 && wrong.averagePrecision["b"] == 1.0 / 3)
        let bad = try Tensor([Float.nan, 0], shape: [1, 2])
        #expect(throws: EvaluationError.notFinite(name: "samples")) {
            try MultiLabelResult(scores: bad, classes: [[0]], classNames: ["a", "b"])
        }
    }

    @Test func wordsThatNamesShareAreTold() {
        let shared = SharedWord.all(
            ["crane (bird)", "crane (machine)", "the hen"], confusion: [[5, 2, 1], [3, 4, 0], [0, 0, 9]])
        #expect(
            shared == [SharedWord(word: "crane", classes: ["crane (bird)", "crane (machine)"], count: 15, confused: 5)])
    }

    @Test func promptsAreReadAsTheyArePublished() throws {
        try withTemporaryDirectory { folder in
            func file(_ name: String, _ text: String) throws -> String {
                try SetFixtures.write(text, to: folder + "/" + name)
            }
            let names = try file("names.json", #"{"cifar10": ["plane", "car"], "FashionMNIST": ["shirt", "bag"]}"#)
            #expect(try PromptFile.names(names, dataSet: "fashion-mnist") == ["shirt", "bag"])
            let plain = try file("names.txt", "a cat\na dog\n")
            #expect(try PromptFile.names(plain, dataSet: "x") == ["a cat", "a dog"])
            let templates = try file("templates.json", #"{"cifar10": ["a photo of a {c}."], "b": ["{c}"]}"#)
            let read = try ClassPrompts(
                setName: "cifar10", classNames: ["x", "y"], own: ["a {}"], labels: nil, labelsFile: nil, templates: [],
                templatesFile: templates)
            #expect(read.texts == [["a photo of a x."], ["a photo of a y."]])
            let cupl = try file("cupl.json", #"{"x": ["an x of wood", "an old x"], "y": ["a y"]}"#)
            let own = try ClassPrompts(
                setName: "cifar10", classNames: ["x", "y"], own: [], labels: nil, labelsFile: nil, templates: [],
                templatesFile: cupl)
            #expect(own.texts == [["an x of wood", "an old x"], ["a y"]])
            #expect(throws: EvaluationError.self) { try PromptFile.names(names, dataSet: "imagenet") }
            #expect(throws: CLIPError.template("a photo")) {
                try PromptFile.templates(file("bad.txt", "a photo\n"), dataSet: "", classNames: [])
            }
            #expect(
                damage(of: folder + "/no.json") { try PromptFile.names(file("no.json", "{"), dataSet: "") }
                    == "it is no JSON")
        }
    }

    @Test func fewShotsCatchUpBetweenTwoNumbers() {
        func step(_ shots: Int, _ value: Double) -> FewShotResult.Step {
            FewShotResult.Step(
                shots: shots, accuracies: [value],
                accuracy: Interval(value: value, low: value, high: value, confidence: 0.95, method: .standardError))
        }
        let steps = [step(1, 0.2), step(2, 0.4), step(8, 0.6)]
        #expect(FewShot.crossing(steps, 0.4) == 2)
        #expect(abs((FewShot.crossing(steps, 0.5) ?? 0) - 4) < 1e-12)
        #expect(FewShot.crossing(steps, 0.1) == nil && FewShot.crossing(steps, 0.7) == nil)
    }

    @Test func probesOfFeaturesThatTellClassesApart() throws {
        var generator = SplitMix64(seed: 7)
        let labels = (0..<120).map { $0 % 3 }
        let values = labels.flatMap { label in
            (0..<4).map { Float($0 == label ? 2 : 0) + Float.random(in: -1...1, using: &generator) }
        }
        let all = LabelledFeatures(
            name: "drawn", features: try Tensor(values, shape: [120, 4]), labels: labels, classNames: ["a", "b", "c"])
        let (train, test) = try all.split(share: 0.25, seed: 1)
        #expect(test.labels.count == 30 && Set(test.labels).count == 3)
        let (result, classifier) = try Probe().run(train: train, test: test)
        #expect(result.accuracy.value > 0.85 && result.trainCount == 90 && result.validationCount == 18)
        #expect(try classifier.accuracy(on: test.features, labels: test.labels) == result.accuracy.value)
        let data = try ResultCoding.encoder().encode(result)
        #expect(try ResultCoding.decoder().decode(ProbeResult.self, from: data) == result)
        var shots = FewShot()
        (shots.shots, shots.draws) = ([1, 16], 3)
        let few = try shots.run(train: train, test: test, zeroShot: nil)
        #expect(few.steps[1].accuracy.value > few.steps[0].accuracy.value && few.steps[0].accuracies.count == 3)
        shots.shots = [64]
        #expect(
            throws: EvaluationError.samples(
                name: "drawn", problem: "class \"a\" has 30 samples, and 64 are to be drawn")
        ) {
            try shots.run(train: train, test: test, zeroShot: nil)
        }
        let one = LabelledFeatures(
            name: "one", features: train.features, labels: Array(repeating: 0, count: 90), classNames: all.classNames)
        #expect(throws: EvaluationError.oneClass(name: "one")) { try Probe().run(train: one, test: test) }
        let other = LabelledFeatures(
            name: "o", features: test.features, labels: test.labels, classNames: ["a", "b", "d"])
        #expect(throws: EvaluationError.self) { try Probe().run(train: train, test: other) }
    }

    @Test func keysAreInSnakeCaseButThoseOfRecalls() throws {
        #expect(
            ResultCoding.snake("meanPerClassRecall") == "mean_per_class_recall" && ResultCoding.snake("R@1") == "R@1")
        #expect(
            ResultCoding.camel("mean_per_class_recall") == "meanPerClassRecall" && ResultCoding.camel("top1") == "top1")
    }
}
