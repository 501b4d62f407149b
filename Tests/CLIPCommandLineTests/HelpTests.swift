import Testing

@Suite struct HelpTests {
    static let commands = [
        "classify", "rank", "embed", "caption", "tokenize", "preprocess", "models", "train", "evaluate", "corpus",
        "report",
    ]

    @Test(arguments: commands) func everyCommandHelpsWithAnExample(_ command: String) throws {
        let help = try clip(command, "--help").succeeded().text
        #expect(help.contains("Example: clip \(command)"))
        #expect(help.contains("USAGE: clip \(command)"))
    }

    @Test func theListOfCommandsIsTheHelp() throws {
        let help = try clip("--help").succeeded().text
        #expect(help.contains("Example: clip"))
        for command in Self.commands { #expect(help.contains("\n  \(command) "), "\(command)") }
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
}
