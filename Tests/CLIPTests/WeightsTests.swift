import Foundation
import Safetensors
import TestSupport
import Testing
import Torch
import TorchNN

@testable import CLIP

@Suite struct WeightsTests {
    private let fixture = FixtureModel(name: "quick")

    @Test func aSavedModelComesBackTheSame() throws {
        let model = try fixture.model()
        try withTemporaryDirectory { directory in
            let target = ModelDirectory(directory + "/saved")
            var preprocess = PreprocessConfiguration(size: 40)
            preprocess.resizeMode = .squash
            preprocess.mean = [0.1, 0.2, 0.3]
            try target.write(model, preprocess: preprocess)
            let description = try ModelCatalog.description(of: target.path)
            #expect(description.configuration == model.configuration)
            #expect(try description.preprocess == preprocess)
            let again = try Initializer.skipping { try DualEncoder(description.configuration) }
            try Weights.load(target.weightsPath, into: again, called: "again")
            for (left, right) in zip(model.namedParameters, again.namedParameters) {
                #expect(left.name == right.name)
                #expect(try left.parameter.tensor.bytes() == right.parameter.tensor.bytes(), "\(left.name)")
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: directory) == ["saved"])
        }
    }

    @Test func savingOverAModelReplacesIt() throws {
        let model = try fixture.model()
        try withTemporaryDirectory { directory in
            let target = ModelDirectory(directory + "/saved")
            try target.write(model, preprocess: PreprocessConfiguration(size: 40))
            try target.write(model, preprocess: PreprocessConfiguration(size: 40), dtype: .float16)
            #expect(try TensorFile.read(target.weightsPath)["visual.proj"]?.dtype == .float16)
            #expect(try FileManager.default.contentsOfDirectory(atPath: directory) == ["saved"])
        }
    }

    @Test func everythingAboutForeignWeightsIsReportedAtOnce() throws {
        let model = try fixture.model()
        let other = try FixtureModel(name: "ratio").directory() + "/open_clip_model.safetensors"
        let before = try model.transformers().visual.matrix.tensor.bytes()
        let error = #expect(throws: CLIPError.self) { try Weights.load(other, into: model, called: "quick") }
        guard case .weightsMismatch(let path, _, let mismatch) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(path == other)
        #expect(mismatch.missing.contains("visual.transformer.resblocks.2.ln_1.weight"))
        #expect(mismatch.unexpected.contains("transformer.resblocks.2.ln_1.weight"))
        #expect(
            mismatch.misshaped.contains {
                $0.name == "visual.proj" && $0.expected == [48, 20] && $0.found == [64, 24]
            })
        #expect(try model.transformers().visual.matrix.tensor.bytes() == before)
    }

    @Test func valuesThatAreNotNumbersAreRefused() throws {
        let model = try fixture.model()
        try withTemporaryDirectory { directory in
            var tensors = try TensorFile.read(ModelDirectory(fixture.directory()).weightsPath)
            tensors["ln_final.bias"] = try Tensor.full([24], .nan)
            let path = directory + "/nan.safetensors"
            try TensorFile.write(tensors, to: path)
            #expect(throws: CLIPError.nonFiniteWeights(path: path, key: "ln_final.bias")) {
                try Weights.load(path, into: model, called: "quick")
            }
        }
    }

    /// Archives list buffers that are no weights: causal masks, which are not finite and need not be.
    @Test func masksInAnArchiveAreNoWeights() throws {
        let model = try fixture.model()
        try withTemporaryDirectory { directory in
            var tensors = try TensorFile.read(ModelDirectory(fixture.directory()).weightsPath)
            let mask = try Tensor.full([12, 12], -.infinity)
            tensors["attn_mask"] = mask
            tensors["transformer.resblocks.0.attn_mask"] = mask
            let path = directory + "/masks.pt"
            try TorchStateFile.write(tensors, to: path)
            try Weights.load(path, into: model, called: "quick")
            let report = try CheckpointReport(weights: path, as: ModelCatalog.description(of: fixture.directory()))
            #expect(report.problem == nil && report.nonFinite == nil)
        }
    }

    @Test func theLayoutIsReadBothWays() throws {
        let layout = ParameterLayout.openCLIP
        for (name, _) in try fixture.model().namedParameters {
            let place = try #require(layout.place(of: name), "\(name)")
            #expect(place.form == .same && place.names.count == 1)
            #expect(layout.parameter(of: place.names[0])?.name == name)
        }
        #expect(layout.parameter(of: "visual.transformer.resblocks.x.ln_1.weight") == nil)
        #expect(layout.parameter(of: "visual.proj.weight") == nil)
        #expect(layout.parameter(of: "ln_final") == nil)
    }

    @Test func numbersAreReadByNumPysRules() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/a.npy"
            try NumPyFile.write(Tensor([1, 2, 3, 4, 5, 6] as [Float], shape: [2, 3]), to: path)
            let data = try Data(contentsOf: URL(fileURLWithPath: path))
            #expect(data.count == 128 + 24 || data.count == 64 + 24)
            let length = Int(data[8]) | Int(data[9]) << 8
            #expect((10 + length) % 64 == 0)
            let header = String(decoding: data[10..<10 + length], as: UTF8.self)
            #expect(header.hasPrefix("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }"))
            #expect(header.hasSuffix("\n"))
            #expect(data.suffix(4) == Data([0, 0, 0xC0, 0x40]))
        }
    }
}
