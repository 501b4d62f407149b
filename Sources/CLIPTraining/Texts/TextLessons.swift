import Files
import Foundation

/// Texts that a teacher reads, and what else is to be read the same way, such as their translations: a table with one on a
/// line, the text first, then as many others as there are, with tabs between.
public struct TextLessons: Sendable {
    /// One text, and who is to say the same of it.
    struct Lesson: Sendable {
        let text: String
        let others: [String]
    }

    let lessons: [Lesson]

    /// More than ten million texts take.
    private static let mostBytes = 2 << 30

    /// - Throws: ``TrainingError/texts(path:line:problem:)``, or `FileFault` of a file that cannot be read.
    public init(path: String) throws {
        let data = try WholeFile.data(path, limit: Self.mostBytes, allowingPipes: true)
        let text: String
        do throws(PlainText.Fault) { text = try PlainText.string(data) } catch {
            throw TrainingError.texts(path: path, line: nil, problem: "\(error)")
        }
        var lessons: [Lesson] = []
        for (number, line) in PlainText.lines(text).enumerated() {
            let parts = line.split(separator: "\t", omittingEmptySubsequences: false)
                .map { $0.trimmingCharacters(in: .whitespaces) }
            guard let first = parts.first, parts.contains(where: { !$0.isEmpty }) else { continue }
            guard !first.isEmpty else {
                throw TrainingError.texts(path: path, line: number + 1, problem: "nothing stands before the tab")
            }
            lessons.append(Lesson(text: first, others: parts.dropFirst().filter { !$0.isEmpty }))
        }
        guard lessons.count > 1 else {
            throw TrainingError.texts(path: path, line: nil, problem: "at least two texts are needed")
        }
        self.lessons = lessons
    }

    /// Texts that the teacher reads.
    public var count: Int { lessons.count }
}
