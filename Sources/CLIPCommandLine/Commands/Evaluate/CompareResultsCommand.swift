import ArgumentParser
import CLIP
import CLIPEvaluation
import Files
import Foundation

struct CompareResultsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare",
        abstract: "Put two models side by side, with paired tests.",
        discussion: """
            Example: clip evaluate compare old-results new-results --output comparison.html
                     clip evaluate compare pictures ViT-B-32/laion2b_s34b_b79k --suite suite.yaml

            What a suite wrote for each, or two models and --suite, which is run for both. Where the same samples were \
            judged: McNemar's exact test and a bootstrap interval of the difference.
            """)

    @Argument(help: ArgumentHelp("A suite's results, or with --suite a model.", valueName: "first"))
    var first: String

    @Argument(help: ArgumentHelp("Likewise.", valueName: "second"))
    var second: String

    @Option(help: ArgumentHelp("Evaluations to run for two models.", valueName: "file.yaml"))
    var suite: String?

    @Option(help: ArgumentHelp("Write a page.", valueName: "file.html"))
    var output: String?

    @OptionGroup var cache: CacheOptions
    @OptionGroup var compute: AnsweringOptions
    @OptionGroup var answer: OutputOptions

    func validate() throws {
        if suite == nil, cache.noCache || !compute.isPlain {
            throw ValidationError("Results are compared as they are; --suite has models measured.")
        }
    }

    func run() throws {
        if let output { try OutputFile.check(output) }
        let comparison = SuiteComparison(try results(first), try results(second))
        if let output { try CLIPError.wrapping { try WholeFile.write(comparison.html(), to: output) } }
        if answer.json {
            try Console.printJSON(encoded: ResultCoding.encoder().encode(comparison))
        } else {
            for line in comparison.markdown().split(separator: "\n") where line.hasPrefix("|") {
                try Console.answer(String(line))
            }
        }
    }

    private func results(_ name: String) throws -> SuiteResults {
        guard let suite else { return try SuiteResults(path: name) }
        let folder = URL(fileURLWithPath: suite).deletingPathExtension().lastPathComponent
        let model = name.map { $0.isLetter || $0.isNumber || "-._".contains($0) ? $0 : "-" }
        try compute.prepare()
        let clip = try ModelCatalog.description(of: name)
            .loaded(device: compute.device.value.device, answering: compute.answering)
        return try SuiteRunner.run(
            SuiteFile(path: suite), to: "\(folder)-results/\(String(model))", clip, cache.cache(compute))
    }
}
