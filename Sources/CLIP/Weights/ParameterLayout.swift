/// How a family of checkpoints names the parameters this package's modules have: a table of name patterns, read both ways.
public struct ParameterLayout: Sendable {
    /// Two spellings of one name; `*` stands for a number, and a trailing `**` for the rest.
    struct Rule: Sendable {
        let module: String
        let checkpoint: String

        init(_ module: String, _ checkpoint: String) {
            self.module = module
            self.checkpoint = checkpoint
        }
    }

    let rules: [Rule]

    /// The checkpoint's name for a module's parameter; nil where no rule applies.
    public func checkpointName(of name: String) -> String? {
        for rule in rules {
            if let translated = Self.translate(name, from: rule.module, to: rule.checkpoint) { return translated }
        }
        return nil
    }

    /// The module's name for a checkpoint's entry; nil where no rule applies.
    public func moduleName(of name: String) -> String? {
        for rule in rules {
            if let translated = Self.translate(name, from: rule.checkpoint, to: rule.module) { return translated }
        }
        return nil
    }

    private static func translate(_ name: String, from source: String, to target: String) -> String? {
        let parts = name.split(separator: ".")
        let pattern = source.split(separator: ".")
        var captured: [Substring] = []
        var rest: [Substring] = []
        for (index, piece) in pattern.enumerated() {
            if piece == "**" {
                rest = Array(parts.dropFirst(index))
                if rest.isEmpty { return nil }
                break
            }
            guard index < parts.count else { return nil }
            if piece == "*" {
                guard parts[index].allSatisfy(\.isNumber) else { return nil }
                captured.append(parts[index])
            } else if piece != parts[index] {
                return nil
            }
        }
        guard pattern.last == "**" || parts.count == pattern.count else { return nil }
        var numbers = captured[...]
        let result = target.split(separator: ".").flatMap { piece -> [Substring] in
            switch piece {
            case "*": [numbers.popFirst() ?? "*"]
            case "**": rest
            default: [piece]
            }
        }
        return result.joined(separator: ".")
    }
}

extension ParameterLayout {
    /// open_clip's names for a model with its own transformers (also OpenAI's).
    public static let openCLIP = ParameterLayout(
        rules: [
            Rule("logit_scale", "logit_scale"),
            Rule("visual.class_embedding", "visual.class_embedding"),
            Rule("visual.positional_embedding", "visual.positional_embedding"),
            Rule("visual.patches.weight", "visual.conv1.weight"),
            Rule("visual.pre_norm.**", "visual.ln_pre.**"),
            Rule("visual.post_norm.**", "visual.ln_post.**"),
            Rule("visual.projection", "visual.proj"),
            Rule("text.token_embedding.weight", "token_embedding.weight"),
            Rule("text.positional_embedding", "positional_embedding"),
            Rule("text.final_norm.**", "ln_final.**"),
            Rule("text.projection", "text_projection"),
        ] + blocks("visual.blocks", "visual.transformer.resblocks") + blocks("text.blocks", "transformer.resblocks"))

    private static func blocks(_ module: String, _ checkpoint: String) -> [Rule] {
        [
            Rule("\(module).*.norm1.**", "\(checkpoint).*.ln_1.**"),
            Rule("\(module).*.norm2.**", "\(checkpoint).*.ln_2.**"),
            Rule("\(module).*.attention.in_weight", "\(checkpoint).*.attn.in_proj_weight"),
            Rule("\(module).*.attention.in_bias", "\(checkpoint).*.attn.in_proj_bias"),
            Rule("\(module).*.attention.out_projection.**", "\(checkpoint).*.attn.out_proj.**"),
            Rule("\(module).*.feed_forward.expand.**", "\(checkpoint).*.mlp.c_fc.**"),
            Rule("\(module).*.feed_forward.contract.**", "\(checkpoint).*.mlp.c_proj.**"),
        ]
    }
}
