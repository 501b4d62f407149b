import ArgumentParser
import Foundation
import Testing

@testable import CLIPCommandLine

@Suite struct HelpTests {
    /// What is typed for a command, and the command.
    private struct Walked {
        let words: [String]
        let type: ParsableCommand.Type
        var isGroup: Bool { !type.configuration.subcommands.isEmpty }
    }

    /// Every command there is, and theirs.
    private static func commands(
        below type: ParsableCommand.Type = ClipCommand.self, _ words: [String] = []
    ) -> [Walked] {
        let configuration = type.configuration
        return configuration.subcommands.flatMap { command in
            let own = words + [command.configuration.commandName ?? "\(command)"]
            return [Walked(words: own, type: command)] + commands(below: command, own)
        }
    }

    /// Those of one name: arguments of a test are printed.
    static let names = commands().map { $0.words.joined(separator: " ") }

    @Test func everyCommandIsWalked() {
        #expect(Self.names.count >= 24 && Set(Self.names).count == Self.names.count)
        #expect(Self.names.contains("corpus pictures") && Self.names.contains("experiment efficiency"))
    }

    @Test(arguments: names) func everyCommandHelpsWithAnExample(_ name: String) throws {
        let words = name.split(separator: " ").map(String.init)
        let help = try clip(words + ["--help"]).succeeded().text
        // As it is typed: lines of the help are broken where they are full.
        let flat = help.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        let example = flat.components(separatedBy: "Example: clip ").dropFirst().first ?? ""
        #expect(("clip " + example).components(separatedBy: " USAGE:")[0].contains("clip \(name) "), "\(help)")
        #expect(help.contains("USAGE: clip \(name)"))
        let command = try #require(Self.commands().first { $0.words == words })
        #expect(!command.type.configuration.abstract.isEmpty)
        // Only what is typed goes on after a backslash; in prose one is a slip of the source's.
        for paragraph in command.type.configuration.discussion.components(separatedBy: "\n\n")
        where paragraph.contains("\\") { #expect(paragraph.hasPrefix("Example: "), "\(paragraph)") }
        if !command.isGroup { #expect(help.contains("  --json  "), "\(help)") }
    }

    @Test func theListOfCommandsIsTheHelp() throws {
        let help = try clip("--help").succeeded().text
        #expect(help.contains("Example: clip"))
        for name in Self.names where !name.contains(" ") { #expect(help.contains("\n  \(name) "), "\(name)") }
        for group in ["USE A MODEL", "MAKE A MODEL", "MEASURE"] { #expect(help.contains("\n\(group) "), "\(help)") }
        #expect(try clip().succeeded().text == help)
    }

    @Test func versionsAreTold() throws {
        let version = try clip("--version").succeeded().text
        #expect(version.hasPrefix("swift-clip ") && version.contains("libtorch 2."))
    }

    @Test(arguments: [
        ["sing"], ["classify", "--loud", "a.jpg"], ["classify"], ["embed", "--text", "a"], ["rank", "a.jpg", "b.jpg"],
        ["classify", "a.jpg", "--labels", "a", "--threads", "0"],
        ["caption"], ["caption", "a.jpg", "--beams", "0"], ["caption", "a.jpg", "--beams", "2", "--sample", "3"],
        ["caption", "a.jpg", "--min-length", "30"], ["caption", "a.jpg", "--sample", "3", "--temperature", "0"],
        ["embed", "--text", "a", "--precision", "fp8", "--json"], ["preprocess", "a.jpg"],
        ["report"], ["report", "a", "b"],
        ["train", "--train-data", "x.tar"], ["train", "--train-data", "x.tar", "--output", "a", "--resume", "b"],
        ["train", "--train-data", "x.tar", "--output", "a", "--steps", "1", "--epochs", "1"],
        ["train", "--train-data", "x.tar", "--output", "a", "--batch-size", "0"],
        ["train", "--train-data", "x.tar", "--output", "a", "--crop-scale", "2"],
        ["train", "--train-data", "x.tar", "--output", "a", "--loss", "hinge"],
        ["train", "--train-data", "x.tar", "--output", "a", "--distill-weight", "2"],
    ])
    func wrongUsageIsRefused(_ arguments: [String]) throws {
        try clip(arguments).failed(64)
    }

    /// An option that a command would ignore is not one of its options.
    @Test(arguments: [
        ["models", "--device", "cuda"], ["models", "--weights", "x.safetensors"], ["models", "--model", "ViT-B-32"],
        ["compare", "a.npy", "b.npy", "--model", "ViT-B-32"], ["compare", "a.npy", "b.npy", "--precision", "bf16"],
        ["tokenize", "a", "--resolution", "96"], ["tokenize", "a", "--device", "cpu"],
        ["preprocess", "a.jpg", "--output", "a.npy", "--context-length", "16"],
        ["inspect", "a.pt", "--precision", "bf16"], ["inspect", "a.pt", "--resolution", "96"],
        ["convert", "--to", "openai", "--output", "a", "--device", "cpu"],
        ["average", "--with", "a", "--output", "b", "--precision", "bf16"],
        ["corpus", "pictures", "--output", "a", "--model", "ViT-B-32"],
        ["corpus", "texts", "--output", "a", "--dictionary", "b", "--base-vocabulary", "c", "--model", "ViT-B-32"],
        ["corpus", "compositions", "--output", "a", "--dictionary", "b", "--pairs", "c", "--model", "ViT-B-32"],
        ["benchmark", "training", "--weights", "x.safetensors"],
        ["benchmark", "loading", "--data", "a.tar", "--device", "cpu"],
        [
            "experiment", "efficiency", "--train-data", "a.tar", "--val-data", "b.tar", "--output", "c", "--weights",
            "d",
        ],
    ])
    func whatACommandWouldIgnoreItRefuses(_ arguments: [String]) throws {
        try clip(arguments).failed(64, "Unknown option")
    }
}
