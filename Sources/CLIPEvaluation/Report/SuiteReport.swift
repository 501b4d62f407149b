import Foundation
import Pages

/// What a suite gave, for people: a page that holds all it shows, and tables in Markdown.
package struct SuiteReport {
    let results: SuiteResults
    /// Where the examples' pictures lie.
    let folder: String

    /// - Parameter folder: where the results lie, with `examples/`. A picture that is missing there is left out.
    package init(_ results: SuiteResults, folder: String) {
        var results = results
        results.entries = Self.corrected(results.entries)
        (self.results, self.folder) = (results, folder)
    }

    /// The p-values of all sets that were searched for overlap are corrected together, by
    /// ``OverlapReport/corrected(_:)``.
    private static func corrected(_ entries: [SuiteResults.Entry]) -> [SuiteResults.Entry] {
        let places = entries.indices.filter { place in
            if case .overlap = entries[place].figures { true } else { false }
        }
        let found = places.compactMap { place -> OverlapResult? in
            if case .overlap(let result) = entries[place].figures { result } else { nil }
        }
        var entries = entries
        for (place, (result, report)) in zip(places, zip(found, OverlapReport.corrected(found.map(\.report)))) {
            entries[place] = entries[place].with(
                .overlap(
                    OverlapResult(
                        report: report, threshold: result.threshold, measure: result.measure,
                        trainingCount: result.trainingCount, pairs: result.pairs)))
        }
        return entries
    }

    /// A page of one file: pictures and drawings are inside, nothing in it runs, and nothing is fetched.
    /// - Throws: ``EvaluationError/file(_:)`` where the package's resources do not lie beside the program.
    package func html() throws -> String {
        let body = """
            <p class="lead">\(lead)</p>
            \(summary)\(try SuiteOverview(results).html())\(try results.entries.map { try section($0) }.joined())
            """
        return HTMLDocument(
            title: results.title, style: [ChartStyle.all, ReportPage.style], body: body,
            footer: "Written by swift-clip \(Markup.escaped(results.version)). The figures are in "
                + "<code>\(SuiteResults.fileName)</code>, which “clip evaluate compare” puts beside another model's."
        ).rendered()
    }

    private var lead: String {
        let model = results.model
        return "Model <code>\(Markup.escaped(model.name))</code> "
            + "(<code>\(Markup.escaped(ReportText.shortened(model.fingerprint)))</code>), "
            + "\(ReportText.count(results.entries.count, "evaluation")), begun \(ReportText.date(results.date)), "
            + "swift-clip \(Markup.escaped(results.version)): <code>\(Markup.escaped(results.command))</code>"
    }

    static let summaryHead = ["evaluation", "task", "data", "figure", "samples", "value", "interval", "chance", "time"]

    /// A row for each evaluation.
    var summaryRows: [[String]] {
        results.entries.map { entry in
            let figure = entry.mainFigures.first
            return [
                entry.name, entry.task.rawValue, entry.data?.name ?? "drawn",
                figure?.name ?? "-", entry.data.map { Decimals.grouped($0.count) } ?? "-", figure?.text ?? "-",
                figure.map { ReportText.method($0.interval) } ?? "-", figure?.chance.map(Markup.percent) ?? "-",
                ReportText.duration(entry.seconds),
            ]
        }
    }

    private var summary: String {
        guard !results.entries.isEmpty else { return ReportPage.paragraph("Nothing was measured.") }
        var skipped: [SuiteResults.DataSet] = []
        for set in results.entries.compactMap(\.data) where set.skipped > 0 && !skipped.contains(set) {
            skipped.append(set)
        }
        let missing = skipped.map { "\(Decimals.grouped($0.skipped)) of \($0.name)" }.joined(separator: ", ")
        return "<h2>Summary</h2>\n"
            + ReportPage.paragraph(
                "One figure of each evaluation. The interval behind it says how far it may lie from what endless "
                    + "samples would give: 95 % of such intervals hold that. Chance is what guessing gives.")
            + ReportPage.table(words: 4, head: Self.summaryHead, body: summaryRows)
            + (skipped.isEmpty ? "" : ReportPage.paragraph("Samples that could not be read: \(missing)."))
    }

    private func section(_ entry: SuiteResults.Entry) throws -> String {
        let data = entry.data.map { "\($0.name), \(ReportText.count($0.count, "sample")). " } ?? ""
        let content =
            switch entry.figures {
            case .zeroShot(let result): ZeroShotSection(result, name: entry.name).html() + pictures(entry.examples)
            case .retrieval(let result): RetrievalSection(result, name: entry.name).html()
            case .probe(let probe, let zeroShot, let pixels):
                ProbeSection(probe, zeroShot, pixels: pixels, name: entry.name).html()
            case .fewShot(let result): FewShotSection(result, name: entry.name).html()
            case .robustness(let result):
                try RobustnessSection(result, name: entry.name, data: entry.data?.name, model: results.model.name)
                    .html()
            case .overlap(let result):
                OverlapSection(result, name: entry.name).html() + pictures(entry.examples, of: result)
            case .weakness(let result): WeaknessSection(result, name: entry.name).html()
            case .calibrate(let result): CalibrationSection(result, name: entry.name).html()
            }
        return "<section>\n<h2 dir=\"auto\">\(Markup.escaped(entry.name))</h2>\n"
            + ReportPage.paragraph("\(data)\(entry.task.explanation)", style: "lead") + content + "</section>\n"
    }

    /// What is named rightly, what wrongly, and what is confused most often.
    private func pictures(_ examples: [SuiteResults.Example]) -> String {
        let kinds: [(SuiteResults.Example.Kind, String)] = [
            (.right, "Named rightly"), (.wrong, "Named wrongly"), (.confused, "Of the pairs that are confused most"),
        ]
        return kinds.map { kind, title in
            let figures = examples.filter { $0.kind == kind }.compactMap(figure)
            guard !figures.isEmpty else { return "" }
            return ReportPage.heading(title) + "<div class=\"pictures\">\n\(figures.joined())</div>\n"
        }.joined()
    }

    /// Pictures beside those that were learned from, most alike first.
    private func pictures(_ examples: [SuiteResults.Example], of result: OverlapResult) -> String {
        let pairs = Dictionary(result.pairs.map { ($0.key, $0) }) { first, _ in first }
        let figures = examples.compactMap { example in
            figure(example, pairs[example.key].map { "cosine \(Decimals.fixed($0.similarity, 3))" } ?? "")
        }
        guard !figures.isEmpty else { return "" }
        return ReportPage.heading("Pictures, and beside each what was learned from")
            + "<div class=\"pictures\">\n\(figures.joined())</div>\n"
    }

    private func figure(_ example: SuiteResults.Example) -> String? {
        figure(example, example.kind == .right ? example.actual : "\(example.actual) → \(example.predicted)")
    }

    private func figure(_ example: SuiteResults.Example, _ caption: String) -> String? {
        guard let bytes = FileManager.default.contents(atPath: "\(folder)/\(example.file)") else { return nil }
        return """
            <figure><img alt="\(Markup.escaped(caption))" src="\(Markup.dataAddress(bytes, type: "image/jpeg"))"/>
            <figcaption dir="auto">\(Markup.escaped(caption))</figcaption></figure>

            """
    }

    // MARK: Markdown

    /// The same figures as tables: the summary first, with a row for each evaluation.
    package func markdown() -> String {
        let model = results.model
        let head = """
            # \(ReportMarkdown.text(results.title))

            Model \(ReportMarkdown.text(model.name)) (\(ReportText.shortened(model.fingerprint))), \
            \(ReportText.date(results.date)), swift-clip \(results.version).


            """
        let sections = results.entries.map { entry in
            "\n## \(ReportMarkdown.text(entry.name))\n\n\(entry.task.explanation)\n\n"
                + ReportMarkdown.table(
                    head: ["figure", "value", "interval", "chance"],
                    body: entry.mainFigures.map { figure in
                        [
                            figure.name, figure.text, ReportText.method(figure.interval),
                            figure.chance.map(Markup.percent) ?? "-",
                        ]
                    })
        }
        return head + ReportMarkdown.table(head: Self.summaryHead, body: summaryRows) + sections.joined()
    }
}

extension SuiteResults.Entry {
    fileprivate func with(_ figures: SuiteResults.Figures) -> SuiteResults.Entry {
        SuiteResults.Entry(
            id: id, name: name, task: task, data: data, seconds: seconds, figures: figures, examples: examples)
    }
}

extension SuiteEntry.Task {
    /// What is measured, for somebody who does not know.
    var explanation: String {
        switch self {
        case .zeroShot:
            "Classes are told by their names alone: a picture is given the class whose text is most like it."
        case .retrieval: "Pictures are looked for by their captions, and captions by their pictures."
        case .probe: "A linear classifier learns the classes from the numbers that the model makes of pictures."
        case .fewShot: "Linear classifiers learn the classes from a few pictures of each."
        case .robustness: "The same classes are told by their names in other pictures than usual."
        case .overlap: "Pictures that the model may have learned from are told from those that it never saw."
        case .weakness: "What models of pictures and words are known to be weak at, each beside chance."
        case .calibrate: "Whether a share of p of the answers that are given with a confidence of p is right."
        }
    }
}
