import TestSupport
import Testing
import Torch
import TorchNN

@testable import CLIP

/// The same numbers as the projects that publish such models, element by element, relative to the largest.
@Suite struct TowerParityTests {
    static let models: [FamilyModel] = [
        .sigLIP, .sigLIP2, .sigLIPHuggingFace, .clipHuggingFace, .clipHuggingFaceEnd, .chinese, .chineseHuggingFace,
        .clipA, .bert, .bertFirst,
    ]

    @Test(arguments: models) func towersGiveTheirProjectsEmbeddings(_ family: FamilyModel) throws {
        try expectReferenceEmbeddings(family.model(), family.expected(), family.name)
    }

    @Test(arguments: models) func shortcutsAreExact(_ family: FamilyModel) throws {
        let model = try family.model()
        let pixels = try #require(family.expected()["pixels"])
        let captions = try family.captions()
        try Engine.inference {
            let (pictures, texts) = (try model.visual(pixels), try model.text(captions))
            model.setShortcuts { $0.readsOnlyPooled = false }
            try expectClose(pictures, model.visual(pixels), tolerance: 1e-6, "pooled token alone")
            try expectClose(texts, model.text(captions), tolerance: 1e-6, "pooled token alone")
            model.setShortcuts { $0.trimsToLongest = false }
            try expectClose(texts, model.text(captions), tolerance: 1e-6, "trimmed")
        }
    }

    /// Each core's part of a batch, joined, is what the whole batch gives.
    @Test(arguments: models + [.coCa]) func batchesThatCoresShareAreWhole(_ family: FamilyModel) throws {
        let model = try family.model()
        try model.prepare(answering: Answering(.fp32), on: .cpu)
        let pixels = try #require(family.expected()["pixels"])
        let pictures = try Engine.inference {
            try Tensor.concatenated((0..<9).map { try pixels.slice($0 % 2..<$0 % 2 + 1) * (1 + Double($0) / 10) })
        }
        let captions = try (0..<40).flatMap { _ in try family.captions() }
        try Engine.inference {
            #expect(CoreSharing.parts(Array(repeating: 1, count: 9), least: 4, threads: 2).count == 2)
            let (states, embeddings) = try model.encodeWithStates(pictures: pictures)
            try expectClose(states, model.visual.states(pictures), tolerance: 1e-5, "states")
            try expectClose(embeddings, model.visual(pictures), tolerance: 1e-5, "image")
            try expectClose(model.encode(pictures: pictures), model.visual(pictures), tolerance: 1e-5, "image")
            try expectClose(model.encode(captions: captions), model.text(captions), tolerance: 1e-5, "text")
            #expect(throws: TorchError.self) { try model.encode(pictures: pictures.slice(0..<3, dimension: 2)) }
            #expect(throws: TorchError.self) { try model.encode(captions: captions + [[]]) }
        }
    }

    @Test func aModelThatAnsweredCanBePreparedForTraining() throws {
        let model = try FamilyModel.clipHuggingFace.model()
        try model.prepare(answering: Answering(.bf16), on: .cpu)
        try model.prepare(computingIn: .bfloat16, on: .cpu)
        for (name, parameter) in try model.visual.namedParameters + model.text.namedParameters {
            #expect(parameter.tensor.dtype == .bfloat16, "\(name)")
        }
        #expect(try model.visual.modules(of: (any PackableLayer).self).allSatisfy { $0.packing == nil })
    }

    @Test func partsAreOfAboutTheSameWork() {
        #expect(CoreSharing.parts([], least: 4, threads: 2).isEmpty)
        #expect(CoreSharing.parts([1, 1, 1], least: 4, threads: 2) == [0..<3])
        #expect(CoreSharing.parts(Array(repeating: 1, count: 9), least: 4, threads: 2) == [0..<5, 5..<9])
        #expect(CoreSharing.parts([50, 1, 1, 1, 47], least: 4, threads: 2) == [0..<1, 1..<5])
        #expect(CoreSharing.parts([1, 1, 1, 97], least: 4, threads: 3) == [0..<4])
        for threads in 1...9 {
            let work = (0..<30).map { $0 * 7 % 11 }
            let parts = CoreSharing.parts(work, least: 5, threads: threads)
            #expect(parts.count <= threads && parts.flatMap { Array($0) } == Array(0..<30))
        }
    }

    @Test(arguments: models) func everyParameterGoesBackToItsEntry(_ family: FamilyModel) throws {
        let model = try family.model()
        let entries = try family.checkpoint().tensors
        let written = try StateTranslation(layout: family.layout).checkpointState(model.state())
        for (name, tensor) in written {
            let original = try #require(entries[name], "\(name)")
            // An archive may hold halves, and scalars with one dimension.
            #expect(try tensor.bytes() == original.converted(to: .float32).bytes(), "\(name)")
        }
        let left = Set(entries.keys).subtracting(written.keys)
        #expect(left.allSatisfy(family.layout.isIgnored), "\(left.sorted())")
    }

    @Test(arguments: models + [.coCa]) func parametersAreCountedWithoutAModel(_ family: FamilyModel) throws {
        let model = try family.model()
        #expect(model.parameterCount == family.configuration.parameterCount)
        #expect(try model.visual.parameterCount == family.configuration.visionParameterCount)
        #expect(try model.text.parameterCount == family.configuration.textParameterCount)
    }

    @Test(arguments: models + [.coCa], [false, true])
    func bfloat16StaysClose(_ family: FamilyModel, answers: Bool) throws {
        let model = try family.model()
        let expected = try family.expected()
        try answers
            ? model.prepare(answering: Answering(.bf16), on: .cpu) : model.prepare(computingIn: .bfloat16, on: .cpu)
        try Engine.inference {
            let pictures = try model.encode(pictures: #require(expected["pixels"]))
            #expect(pictures.dtype == .bfloat16)
            try expectClose(pictures, #require(expected["image"]), tolerance: 5e-2, "image")
            try expectClose(
                model.encode(captions: family.captions()), #require(expected["text"]), tolerance: 5e-2, "text")
        }
    }

    @Test(arguments: models + [.coCa]) func bytesPointTheSameWay(_ family: FamilyModel) throws {
        let model = try family.model()
        let expected = try family.expected()
        guard MatrixPacking.int8.isAvailable else {
            #expect(throws: CLIPError.self) { try model.prepare(answering: Answering(.int8), on: .cpu) }
            return
        }
        try model.prepare(answering: Answering(.int8), on: .cpu)
        try Engine.inference {
            let pictures = try model.encode(pictures: #require(expected["pixels"])).converted(to: .float32).normalized()
            let texts = try model.encode(captions: family.captions()).converted(to: .float32).normalized()
            for (found, name) in [(pictures, "image"), (texts, "text")] {
                let cosines = try (found * #require(expected[name]).normalized()).sum(along: 1).elements(Float.self)
                #expect(cosines.allSatisfy { $0 > 0.995 }, "\(name): \(cosines.min() ?? 0)")
            }
        }
    }

    /// The same bits whatever else is in the batch, in whatever order, on however many threads.
    @Test(arguments: models + [.coCa], [InferencePrecision.fp32, .bf16])
    func deterministicAnswersDependOnTheirQuestionAlone(_ family: FamilyModel, _ precision: InferencePrecision) throws {
        let model = try family.model()
        try model.prepare(answering: Answering(precision, isDeterministic: true), on: .cpu)
        let pixels = try #require(family.expected()["pixels"])
        let captions = try family.captions()
        try Engine.inference {
            let pictures = try Tensor.concatenated(
                (0..<5).map { try pixels.slice($0 % 2..<$0 % 2 + 1) * (1 + Double($0)) })
            let whole = try model.encode(pictures: pictures)
            let (states, again) = try model.encodeWithStates(pictures: pictures)
            #expect(try again.bytes() == whole.bytes())
            let texts = try model.encode(captions: captions)
            for threads in [1, 2, 3] {
                try Engine.onThisThread(with: threads) {
                    let reversed = try model.encode(
                        pictures: Tensor.concatenated((0..<5).reversed().map { try pictures.slice($0..<$0 + 1) }))
                    for place in 0..<5 {
                        let own = try pictures.slice(place..<place + 1)
                        let row = try whole.slice(place..<place + 1).bytes()
                        #expect(try model.encode(pictures: own).bytes() == row)
                        #expect(try reversed.slice(4 - place..<5 - place).bytes() == row)
                        #expect(
                            try model.encodeWithStates(pictures: own).states.bytes()
                                == states.slice(place..<place + 1).bytes())
                    }
                    for place in captions.indices {
                        #expect(
                            try model.encode(captions: [captions[place]]).bytes()
                                == texts.slice(place..<place + 1).bytes())
                    }
                }
            }
        }
    }

    @Test(arguments: models + [.coCa]) func everyParameterIsLearned(_ family: FamilyModel) throws {
        let model = try family.model()
        let pixels = try #require(family.expected()["pixels"])
        let captions = try Array(family.captions().prefix(pixels.shape[0]))
        var loss = try model.encode(pictures: pixels).sum() + model.encode(captions: captions).sum()
        if model.captionDecoder != nil {
            let scores = try model.captionScores(for: pixels, captions: captions)
            loss = try loss + scores.logSoftmax(along: -1).select(5, dimension: 2).sum()
        }
        try loss.backward()
        for (name, parameter) in model.namedParameters where !name.hasPrefix("logit_") {
            let gradient = try #require(try parameter.tensor.gradient(), "\(name)")
            #expect(try gradient.isFinite().allTrue(), "\(name)")
        }
    }

    @Test func paddingTheTextTowerOfSigLIPReadsIsNotInvented() throws {
        let model = try FamilyModel.sigLIP.model()
        let error = #expect(throws: TorchError.self) { try model.encode(captions: [[7, 20, 1]]) }
        #expect(
            error?.description
                == "TextTransformer: caption 0 has 3 tokens where exactly 16 are needed: this model reads its padding. "
                + "Pad it as its tokenizer does")
    }

    @Test func aCaptionWithoutItsEndIsRefused() throws {
        let model = try FamilyModel.clipHuggingFaceEnd.model()
        let error = #expect(throws: TorchError.self) { try model.encode(captions: [[562, 4, 563], [562, 4, 5]]) }
        #expect(error?.message == "caption 1 has no token 563, which ends a text for this model")
    }

    @Test(arguments: [FamilyModel.chinese, .chineseHuggingFace]) func chineseTextsNeedNoPadding(
        _ family: FamilyModel
    ) throws {
        let model = try family.model()
        let captions = try family.captions()
        let bare = captions.map { row in Array(row.prefix(1 + (row.lastIndex { $0 != 0 } ?? 0))) }
        #expect(Set(bare.map(\.count)).count > 2)
        try Engine.inference {
            let together = try model.text(bare)
            try expectClose(together, #require(family.expected()["text"]), tolerance: 1e-5)
            for (row, caption) in bare.enumerated() {
                try expectClose(together.select(row), model.text([caption]).select(0), tolerance: 1e-6, "\(row)")
            }
        }
        for bad: [Int32] in [[], [0, 5], [5, 999], [5] + Array(repeating: 6, count: 12), [5, -1]] {
            #expect(throws: TorchError.self, "\(bad)") { try model.text([bad]) }
        }
    }

    @Test func mixedLengthsOfChineseAreSplitAndPutBackInOrder() throws {
        let model = try FamilyModel.chinese.model()
        let captions = (0..<300).map { row -> [Int32] in
            let words = (0..<row * 7 % 10).map { Int32(3 + (row + $0 * 11) % 90) }
            return [101] + words + [102]
        }
        #expect(CaptionBatches(ends: captions.map { $0.count - 1 }).rows.count > 1)
        try Engine.inference {
            let fast = try model.text(captions)
            try model.text.shortcuts.trimsToLongest = false
            try expectClose(fast, model.text(captions), tolerance: 1e-5)
        }
    }

    @Test func pixelsThatFillNoPatchAreNotRead() throws {
        guard var tower = FamilyModel.sigLIP.configuration.vision as? VisionTransformerConfiguration else {
            Issue.record("a transformer is expected")
            return
        }
        tower.imageSize = 38
        #expect(tower.gridSize == 4)
        try withSeed(1) {
            let wide = try VisionTransformer(tower, embeddingSize: 16)
            tower.imageSize = 32
            let exact = try VisionTransformer(tower, embeddingSize: 16)
            try exact.load(wide.state())
            let pixels = try Tensor.normal([2, 3, 38, 38])
            let cut = try pixels.slice(0..<32, dimension: 2).slice(0..<32, dimension: 3)
            try Engine.inference { try expectClose(wide(pixels), exact(cut), tolerance: 1e-6) }
        }
    }
}
