extension ConvNeXtConfiguration {
    package static var namings: [TowerNaming] { [.convNeXtTimm] }
    package var openCLIPNaming: TowerNaming { .convNeXtTimm }

    /// The number added to variances and the resolution do not show in the weights, so a bare file has to be named.
    package static func inferred(from shapes: CheckpointShapes) -> Self? { nil }
}

extension TowerNaming {
    /// open_clip's, which are timm's.
    static let convNeXtTimm = TowerNaming(
        project: openCLIP, variant: "ConvNeXt",
        signature: ["visual.trunk.stem.0.weight", "visual.trunk.stages.0.blocks.0.conv_dw.weight"],
        rules: [
            Rule("visual.stem.convolution.**", "visual.trunk.stem.0.**"),
            Rule("visual.stem.norm.**", "visual.trunk.stem.1.**"),
            Rule("visual.stages.*.reduction.norm.**", "visual.trunk.stages.*.downsample.0.**"),
            Rule("visual.stages.*.reduction.convolution.**", "visual.trunk.stages.*.downsample.1.**"),
            Rule("visual.stages.*.blocks.*.depthwise.**", "visual.trunk.stages.*.blocks.*.conv_dw.**"),
            Rule("visual.stages.*.blocks.*.norm.**", "visual.trunk.stages.*.blocks.*.norm.**"),
            Rule("visual.stages.*.blocks.*.feed_forward.expand.**", "visual.trunk.stages.*.blocks.*.mlp.fc1.**"),
            Rule("visual.stages.*.blocks.*.feed_forward.contract.**", "visual.trunk.stages.*.blocks.*.mlp.fc2.**"),
            Rule("visual.stages.*.blocks.*.scale", "visual.trunk.stages.*.blocks.*.gamma"),
            Rule("visual.post_norm.**", "visual.trunk.head.norm.**"),
        ] + timmHead)
}
