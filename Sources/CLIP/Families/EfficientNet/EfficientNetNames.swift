extension EfficientNetConfiguration {
    package static var namings: [TowerNaming] { [.efficientNetTimm] }
    package var openCLIPNaming: TowerNaming { .efficientNetTimm }

    /// The resolution does not show in the weights, so a bare file has to be named.
    package static func inferred(from shapes: CheckpointShapes) -> Self? { nil }

    package var bodyNamings: [TowerNaming] {
        [.efficientNetTimmTrunk, .efficientNetPyTorch(blocks: stages.map(\.blocks))]
    }
}

extension TowerNaming {
    /// open_clip's, which are timm's.
    static let efficientNetTimm = TowerNaming(
        project: openCLIP, variant: "EfficientNet-Lite",
        signature: ["visual.trunk.conv_stem.weight", "visual.trunk.blocks.1.0.conv_pwl.weight"],
        rules: prefixed("visual.trunk.", timmRules) + timmHead)

    /// timm's of the network alone, with a classifier.
    static let efficientNetTimmTrunk = TowerNaming(
        project: "timm", signature: ["conv_stem.weight", "blocks.1.0.conv_pwl.weight"], rules: timmRules,
        ignored: ["classifier.**"])

    private static let timmRules: [Rule] =
        normed("visual.stem", "conv_stem", "bn1")
        + (0..<7).flatMap { stage -> [Rule] in
            let (module, checkpoint) = ("visual.stages.\(stage).blocks.*", "blocks.\(stage).*")
            // A block that does not widen has its layers' names to itself.
            if stage == 0 {
                return normed("\(module).depthwise", "\(checkpoint).conv_dw", "\(checkpoint).bn1")
                    + normed("\(module).contract", "\(checkpoint).conv_pw", "\(checkpoint).bn2")
            }
            return normed("\(module).expand", "\(checkpoint).conv_pw", "\(checkpoint).bn1")
                + normed("\(module).depthwise", "\(checkpoint).conv_dw", "\(checkpoint).bn2")
                + normed("\(module).contract", "\(checkpoint).conv_pwl", "\(checkpoint).bn3")
        } + normed("visual.last", "conv_head", "bn2")

    /// The names of efficientnet_lite_pytorch and of EfficientNet-PyTorch, from which it comes: blocks are numbered through
    /// all stages, and a classifier follows.
    /// - Parameter counts: the blocks of each stage.
    static func efficientNetPyTorch(blocks counts: [Int]) -> TowerNaming {
        let places = counts.enumerated().flatMap { stage, count in (0..<count).map { (stage, $0) } }
        let blocks = places.enumerated().flatMap { number, place -> [Rule] in
            let (module, checkpoint) = ("visual.stages.\(place.0).blocks.\(place.1)", "_blocks.\(number)")
            let expanding = normed("\(module).expand", "\(checkpoint)._expand_conv", "\(checkpoint)._bn0")
            return (place.0 == 0 ? [] : expanding)
                + normed("\(module).depthwise", "\(checkpoint)._depthwise_conv", "\(checkpoint)._bn1")
                + normed("\(module).contract", "\(checkpoint)._project_conv", "\(checkpoint)._bn2")
        }
        return TowerNaming(
            project: "EfficientNet-PyTorch", signature: ["_conv_stem.weight", "_blocks.0._depthwise_conv.weight"],
            rules: normed("visual.stem", "_conv_stem", "_bn0") + blocks + normed("visual.last", "_conv_head", "_bn1"),
            ignored: ["_fc.**"])
    }

    private static func normed(_ module: String, _ convolution: String, _ norm: String) -> [Rule] {
        [Rule("\(module).convolution.**", "\(convolution).**"), Rule("\(module).norm.**", "\(norm).**")]
    }
}
