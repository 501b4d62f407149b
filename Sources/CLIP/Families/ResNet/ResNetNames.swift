extension ResNetConfiguration {
    package static var namings: [TowerNaming] { [.openCLIPResNet] }
    package var openCLIPNaming: TowerNaming { .openCLIPResNet }
}

extension TowerNaming {
    /// In OpenAI's archives, open_clip and Chinese-CLIP, which agree.
    static let openCLIPResNet = TowerNaming(
        project: openCLIP, signature: ["visual.attnpool.positional_embedding"], rules: resNetRules,
        ignored: openAIConstants)

    private static let resNetRules: [Rule] =
        numbered("visual.stem", "visual", count: 3)
        + (0..<4).flatMap { stage -> [Rule] in
            // The stage's number, counted from 1, is part of a word there.
            let (module, checkpoint) = ("visual.stages.\(stage).blocks.*", "visual.layer\(stage + 1).*")
            return numbered(module, checkpoint, count: 3) + [
                Rule("\(module).downsample.convolution.**", "\(checkpoint).downsample.0.**"),
                Rule("\(module).downsample.norm.**", "\(checkpoint).downsample.1.**"),
            ]
        } + [
            Rule("visual.attention_pool.positional_embedding", "visual.attnpool.positional_embedding"),
            Rule("visual.attention_pool.query.**", "visual.attnpool.q_proj.**"),
            Rule("visual.attention_pool.key.**", "visual.attnpool.k_proj.**"),
            Rule("visual.attention_pool.value.**", "visual.attnpool.v_proj.**"),
            Rule("visual.attention_pool.output.**", "visual.attnpool.c_proj.**"),
        ]

    /// Convolutions and their norms, numbered from 1.
    private static func numbered(_ module: String, _ checkpoint: String, count: Int) -> [Rule] {
        (1...count).flatMap { number in
            [
                Rule("\(module).convolution\(number).**", "\(checkpoint).conv\(number).**"),
                Rule("\(module).norm\(number).**", "\(checkpoint).bn\(number).**"),
            ]
        }
    }
}
