import Files
import Foundation

/// Accuracies of other models on a reference and under a shift, from a table `name,reference,shifted`.
package struct BaselineModels: Sendable {
    /// In the table's order.
    package let models: [PublishedBaseline]

    package init(models: [PublishedBaseline]) { self.models = models }

    /// - Throws: ``EvaluationError`` with the line that is no name and two shares.
    package init(path: String) throws {
        var models: [PublishedBaseline] = []
        for (row, line) in try PackedFile.lines(path).enumerated() where !line.isEmpty {
            let fields = line.split(separator: ",", omittingEmptySubsequences: false)
                .map { $0.trimmingCharacters(in: .whitespaces) }
            guard fields.count == 3 else {
                throw EvaluationError.damaged(path: path, reason: "line \(row + 1) is not a name and two accuracies")
            }
            guard let reference = Double(fields[1]), let shifted = Double(fields[2]) else {
                if row == 0 { continue }
                throw EvaluationError.damaged(path: path, reason: "line \(row + 1) has no two numbers after its name")
            }
            guard (0...1).contains(reference), (0...1).contains(shifted) else {
                throw EvaluationError.damaged(
                    path: path, reason: "line \(row + 1): accuracies are from 0 to 1, not \(reference) and \(shifted)")
            }
            models.append(PublishedBaseline(model: fields[0], reference: reference, shifted: shifted))
        }
        self.models = models
    }

    /// The line through their log odds.
    package func fit() throws -> BaselineFit {
        try BaselineFit(reference: models.map(\.reference), shifted: models.map(\.shifted))
    }
}
