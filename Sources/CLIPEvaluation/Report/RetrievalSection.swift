import Foundation
import Pages

/// A page's part on pictures and captions that are looked for by one another.
struct RetrievalSection {
    private let result: RetrievalResult
    private let name: String

    init(_ result: RetrievalResult, name: String) { (self.result, self.name) = (result, name) }

    func html() -> String {
        let convention =
            switch result.convention {
            case .anyPositive: "Any of a picture's captions counts, and all captions are asked for."
            case .paired: "Each picture has its first caption alone."
            }
        let rows = [("text of a picture", result.imageToText), ("picture of a text", result.textToImage)]
        return ReportPage.paragraph(
            "R@k is the share of queries whose right answer is among the first k. Intervals are "
                + "\(ReportText.method(result.imageToText.recallAt1)). Convention: \(result.convention.rawValue). "
                + "\(convention)"
        )
            + ReportPage.charts([ReportPage.card(EvaluationCharts.retrieval(result, name: name))])
            + ReportPage.table(
                head: ["looked for", "queries", "answers", "R@1", "R@5", "R@10", "median rank"],
                body: rows.map { name, direction in
                    [name, Decimals.grouped(direction.queries), Decimals.grouped(direction.answers)]
                        + RetrievalFigures.recalls(direction).map { ReportText.measured($0.recall) }
                        + [Decimals.significant(direction.medianRank, 6)]
                }
                    + rows.map { name, direction in
                        ["chance, \(name)", "", ""]
                            + [1, 5, 10].map { Markup.percent(result.chance(direction, $0)) } + [""]
                    })
    }
}
