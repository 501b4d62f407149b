import Foundation
import TestSupport
import Testing
import Torch
import TorchNN

@testable import CLIP

/// BERT towers as open_clip takes them from Hugging Face's library; `Fixtures/families/bert_towers.py` computed the answers.
/// What they share with every family is in ``TowerParityTests``.
@Suite struct BERTTowerTests {
    static let models: [FamilyModel] = [.bert, .bertFirst]

    @Test(arguments: models, [false, true]) func towersGiveOpenCLIPsGradients(
        _ family: FamilyModel, recomputing: Bool
    ) throws {
        let model = try family.model()
        let expected = try family.expected()
        try model.text.recomputesBlocks = recomputing
        let text = try model.text(family.captions())
        let weights = (0..<text.count).map { Float(cos(Double($0))) }
        try (text * Tensor(weights, shape: text.shape)).sum().backward()
        // Under the checkpoint's names and in its layout.
        var gradients: [String: Tensor] = [:]
        for (name, parameter) in model.namedParameters where name.hasPrefix("text.") {
            gradients[name] = try parameter.tensor.gradient()
        }
        let entries = try StateTranslation(layout: family.layout).checkpointState(gradients)
        let wanted = expected.filter { $0.key.hasPrefix("gradient.") }
        #expect(wanted.count == 4)
        for (key, gradient) in wanted {
            let own = try #require(entries[String(key.dropFirst("gradient.".count))], "\(key)")
            try expectClose(own, gradient, tolerance: 2e-5, key)
        }
    }

    @Test(arguments: models) func paddingChangesNothing(_ family: FamilyModel) throws {
        let model = try family.model()
        let captions = try family.captions()
        let bare = captions.map { row in Array(row.prefix(1 + (row.lastIndex { $0 != 0 } ?? 0))) }
        #expect(Set(bare.map(\.count)).count > 2)
        try Engine.inference {
            let together = try model.text(bare)
            try expectClose(together, #require(family.expected()["text"]), tolerance: 1e-5)
            for (row, caption) in bare.enumerated() {
                try expectClose(together.select(row), model.text([caption]).select(0), tolerance: 1e-5, "\(row)")
            }
        }
    }

    @Test(arguments: models) func theConfigurationIsReadAndWrittenBack(_ family: FamilyModel) throws {
        let (read, preprocess) = try ModelDirectory(family.path()).configuration()
        #expect(read == family.configuration)
        try withTemporaryDirectory { folder in
            let clip = try ModelCatalog.description(of: family.path()).loaded()
            let target = ModelDirectory(folder + "/saved")
            let files = try clip.tokenizerFiles()
            #expect(Set(files.keys) == ["vocab.txt", "tokenizer_config.json"])
            try target.write(clip.model, preprocess: #require(preprocess), tokenizerFiles: files)
            let again = try ModelCatalog.description(of: target.path).loaded()
            #expect(again.model.configuration == read)
            let texts = ["a dog", "Café 一只狗"]
            #expect(try again.vectors(texts: texts).bytes() == clip.vectors(texts: texts).bytes())
            // Converted, it is still whole.
            try ModelConversion.convert(
                ModelCatalog.description(of: target.path), to: .openCLIP, storage: .fp16, at: folder + "/half")
            let half = try ModelCatalog.description(of: folder + "/half").loaded()
            try expectClose(half.vectors(texts: texts), clip.vectors(texts: texts), tolerance: 1e-2)
        }
    }

    @Test func knownModelsNeedNoSizes() throws {
        func text(_ settings: String) throws -> BERTConfiguration? {
            let json = #"{"embed_dim": 256, "vision_cfg": {}, "text_cfg": {\#(settings)}}"#
            return try ModelConfiguration(openCLIP: Data(json.utf8)).text as? BERTConfiguration
        }
        let mini = try #require(try text(#""hf_model_name": "sentence-transformers/all-MiniLM-L6-v2""#))
        #expect(mini.width == 384 && mini.layers == 6 && mini.pooling == .mean && mini.projection == .mlp)
        #expect(mini.contextLength == 77)
        #expect(try mini.openCLIPObject()["hf_model_name"] as? String == "sentence-transformers/all-MiniLM-L6-v2")
        for (bad, key) in [
            (#""hf_model_name": "x""#, "hf_model_name"),
            (#""hf_model_name": "x", "hf_model_config": {"model_type": "t5"}"#, "hf_model_config.model_type"),
            (#""hf_model_name": "bert-base-uncased", "hf_pooler_type": "cls_pooler""#, "hf_pooler_type"),
            (#""hf_model_name": "bert-base-uncased", "hf_proj_type": "none""#, "hf_proj_type"),
            (#""hf_model_name": "bert-base-uncased", "width": 5"#, "width"),
        ] {
            let error = #expect(throws: CLIPError.self) { try text(bad) }
            #expect(error?.description.contains(key) == true, "\(bad): \(error?.description ?? "")")
        }
    }

    @Test func aLockLeavesTheProjection() throws {
        let tower = try FamilyModel.bert.model().text
        func trained() -> [String] { tower.namedParameters.filter(\.parameter.isTrainable).map(\.name) }
        try tower.lock()
        #expect(trained() == ["hidden_projection.expand.weight", "hidden_projection.contract.weight"])
        try tower.lock(unlockedGroups: 1)
        #expect(trained().allSatisfy { $0.hasPrefix("blocks.1.") || $0.hasPrefix("hidden_projection.") })
        // Chinese-CLIP's projection is a group like any other.
        let chinese = try FamilyModel.chinese.model().text
        try chinese.lock()
        #expect(!chinese.isTrainable)
    }

    @Test func aVocabularyIsAskedFor() throws {
        try withTemporaryDirectory { folder in
            let copy = folder + "/model"
            try FileManager.default.copyItem(atPath: FamilyModel.bert.path(), toPath: copy)
            try FileManager.default.removeItem(atPath: copy + "/vocab.txt")
            #expect(throws: (any Error).self) { try ModelCatalog.description(of: copy).tokenizer() }
        }
    }
}
