import Foundation

/// A sentence with a place, `{}`, for a label.
public struct PromptTemplate: Sendable, Equatable {
    /// With `{}` where the label goes.
    public let text: String

    /// - Throws: ``CLIPError/template(_:)`` where there is no `{}`.
    public init(_ text: String) throws {
        guard text.contains("{}") else { throw CLIPError.template(text) }
        self.text = text
    }

    private init(unchecked text: String) { self.text = text }

    /// The label itself, as free-choice labels are usually given.
    public static let plain = PromptTemplate(unchecked: "{}")

    /// What stands before the label's first place.
    var beginning: String { String(text[..<(text.range(of: "{}")?.lowerBound ?? text.endIndex)]) }

    /// The sentence about a label.
    public func filled(with label: String) -> String {
        text.split(separator: "{}", omittingEmptySubsequences: false).joined(separator: label)
    }
}
