import CLIP
import CLIPTraining
import Files
import Foundation

/// An experiment's files: `NAME.json`, `NAME.svg` and `NAME.html`.
package struct ExperimentReport: Sendable {
    package let name: String
    package let curves: [LearningCurve]
    package let comparison: LearningComparison

    /// - Parameters:
    ///   - name: `efficiency` or `ablation`.
    ///   - curves: every arm's, arm by arm.
    package init(name: String, curves: [LearningCurve]) {
        self.name = name
        self.curves = curves
        comparison = LearningComparison(curves)
    }

    private struct Document: Encodable {
        var experiment: String
        var comparison: LearningComparison
        var curves: [LearningCurve]
    }

    private func json() throws -> Data {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(Document(experiment: name, comparison: comparison, curves: curves))
    }

    /// What `NAME.json` holds.
    package func jsonObject() throws -> [String: Any] {
        try JSONSerialization.jsonObject(with: json()) as? [String: Any] ?? [:]
    }

    /// Each file appears whole.
    /// - Throws: `CLIPError/file(_:hint:)`.
    package func write(to directory: String) throws {
        let page = ExperimentPage(self)
        let chart = page.chart(curves)
        try write(json(), to: "\(directory)/\(name).json")
        try write(Data(chart.file().utf8), to: "\(directory)/\(name).svg")
        try write(Data(page.rendered(chart: chart).utf8), to: "\(directory)/\(name).html")
    }

    private func write(_ data: Data, to path: String) throws {
        Leftovers.remove(of: path)
        try CLIPError.wrapping { try WholeFile.write(data, to: path) }
    }
}
