import Foundation

/// The parts of a corpus. No caption, and no picture that looks like another, is both in ``train`` and in another part.
public enum CorpusPart: String, Sendable, CaseIterable, Codable {
    /// To train on.
    case train
    /// To choose recipes by.
    case val
    /// To report results of: every caption there has one picture.
    case test
    /// The pairs that were held out of the first such corpus, of three sources: for comparison with its model.
    case first
    /// To show what a model can do.
    case demo

    /// The places (``CorpusRecord/source``) of the pictures that always belong to ``first`` and ``demo``.
    static let reserved: [CorpusPart: Set<String>] = [.first: places("first"), .demo: places("demo")]

    private static func places(_ name: String) -> Set<String> {
        guard let url = Bundle.module.url(forResource: name, withExtension: "txt"),
            let text = try? String(contentsOf: url, encoding: .utf8)
        else { preconditionFailure("the package's resource \(name).txt is missing") }
        return Set(text.split(separator: "\n").map(String.init))
    }
}
