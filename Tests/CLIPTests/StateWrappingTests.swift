import TestSupport
import Testing
import Torch

@testable import CLIP

/// What training puts around a state dictionary and its names.
@Suite struct StateWrappingTests {
    private static let names = ["visual.proj", "transformer.resblocks.0.ln_1.weight", "logit_scale"]
    private static let layers = ["state_dict", "model_state_dict", "model", "module", "_orig_mod"]

    /// All sequences of up to three layers, and two long ones.
    private static let sequences: [[String]] = {
        var all: [[String]] = [[]]
        var longest: [[String]] = [[]]
        for _ in 0..<3 {
            longest = longest.flatMap { sequence in layers.map { sequence + [$0] } }
            all += longest
        }
        return all + [layers + layers, Array(repeating: "module", count: 6)]
    }()

    @Test func anyOrderOfLayersIsTakenAway() {
        for sequence in Self.sequences {
            let prefix = sequence.map { $0 + "." }.joined()
            let raw = Dictionary(uniqueKeysWithValues: Self.names.map { (prefix + $0, $0) })
            let (state, found) = StateWrapping.unwrapped(raw)
            #expect(found == prefix)
            #expect(state == Dictionary(uniqueKeysWithValues: Self.names.map { ($0, $0) }), "\(prefix)")
        }
    }

    /// Beside each dictionary lies what training keeps.
    @Test(arguments: [
        "optimizer.state.0.exp_avg", "optimizer_states.0.state.0", "optim.x", "scaler.scale", "lr_schedulers.0",
        "ema.visual.proj", "state_dict_ema.visual.proj", "rng_state", "epoch", "loops.fit_loop.state", "args.lr",
    ]) func whatTrainingKeepsIsLeftOut(_ other: String) {
        for wrapper in ["state_dict", "model_state_dict", "model", "module", "model.module", "state_dict._orig_mod"] {
            let raw = [wrapper + ".visual.proj": 1, wrapper + ".logit_scale": 2, other: 3]
            let (state, prefix) = StateWrapping.unwrapped(raw)
            #expect(state == ["visual.proj": 1, "logit_scale": 2] && prefix == wrapper + ".", "\(wrapper) \(other)")
        }
    }

    /// A model that is a part of a training's own module.
    @Test(arguments: ["clip", "clip_model", "net", "network", "student", "state_dict.clip", "state_dict.net.module"])
    func modulesAroundTheModelAreTakenAway(_ around: String) {
        let raw = [around + ".visual.proj": 1, around + ".logit_scale": 2]
        #expect(StateWrapping.unwrapped(raw).tensors == ["visual.proj": 1, "logit_scale": 2])
    }

    @Test func whatStandsInTheMidstOfNamesIsTakenOut() {
        let raw = [
            "module._orig_mod.visual._orig_mod.transformer.resblocks.0._checkpoint_wrapped_module.ln_1.weight": 1,
            "module._orig_mod._fsdp_wrapped_module.logit_scale": 2,
        ]
        #expect(
            StateWrapping.unwrapped(raw).tensors == ["visual.transformer.resblocks.0.ln_1.weight": 1, "logit_scale": 2])
    }

    @Test func namesThatOnlyLookWrappedStay() {
        // One of two towers under "model.": nobody knows what the other is.
        let halves = ["model.visual.proj": 1, "projector.weight": 2]
        #expect(StateWrapping.unwrapped(halves).tensors == halves)
        // Two would become one.
        let twins = ["visual.proj": 1, "_orig_mod.visual.proj": 2]
        #expect(StateWrapping.unwrapped(twins).tensors == twins)
    }

    /// From a file, with a real layout under it.
    @Test(arguments: [["module"], ["state_dict", "_orig_mod", "module"], ["_orig_mod", "model", "state_dict"]])
    func aWrappedFileLoads(_ sequence: [String]) throws {
        let prefix = sequence.map { $0 + "." }.joined()
        let source = try FixtureModel.root() + "/models/words/" + ModelDirectory.weightsName
        try withTemporaryDirectory { folder in
            let path = folder + "/wrapped.safetensors"
            let tensors = try TensorFile.read(source)
            try TensorFile.write(Dictionary(uniqueKeysWithValues: tensors.map { (prefix + $0, $1) }), to: path)
            let checkpoint = try Checkpoint(path: path)
            #expect(checkpoint.prefix == prefix && Set(checkpoint.tensors.keys) == Set(tensors.keys))
            _ = try ModelCatalog.description(of: FixtureModel.root() + "/models/words").loaded(weights: path)
        }
    }
}
