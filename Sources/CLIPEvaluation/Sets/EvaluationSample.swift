import CLIPData
import Files
import Foundation
import Imaging

/// One picture to measure a model on, as its set has it.
package struct EvaluationSample: Sendable {
    /// Where the picture is.
    package enum Content: Sendable {
        /// A file that is read when it is needed.
        case file(String)
        /// An encoded picture.
        case bytes(Data)
        /// Pixels.
        case picture(Picture)
        /// Pictures of one thing, a clip's frames: its vector is the mean of theirs.
        case frames([Content])
    }

    /// Tells it from all others of its set: a path, a shard's entry, a row's number.
    package let key: String
    package let content: Content
    /// Places among the set's classes; several where it has several.
    package var classes: [Int] = []
    /// Places of classes that count neither for it nor against it, as VOC marks what is hard to recognize.
    package var undecided: [Int] = []
    /// What is said of it.
    package var captions: [String] = []
    /// Whom or what it belongs to, where figures are told apart by that.
    package var group: String?

    /// The picture, or a clip's frames.
    /// - Throws: ``EvaluationError/file(_:)``, `ImagingError`.
    package func pictures() throws -> [Picture] { try Self.pictures(content, name: key) }

    private static func pictures(_ content: Content, name: String) throws -> [Picture] {
        switch content {
        case .file(let path):
            let data = try EvaluationError.wrapping { () throws(FileFault) in
                try WholeFile.data(path, limit: PairSample.defaultMaximumImageBytes)
            }
            return [try Picture.decode(data, name: path)]
        case .bytes(let data): return [try Picture.decode(data, name: name)]
        case .picture(let picture): return [picture]
        case .frames(let frames): return try frames.flatMap { try pictures($0, name: name) }
        }
    }
}

/// What ends a reading early.
private struct Enough: Error {}

extension EvaluationSource {
    /// Hands the samples over, in order, for as long as `wantsMore` says so.
    func read(while wantsMore: (EvaluationSample) throws -> Bool) throws {
        do { try read { sample in if try !wantsMore(sample) { throw Enough() } } } catch is Enough {}
    }
}

/// Pictures with classes or captions, in one of the layouts that people have them in.
package protocol EvaluationSource: Sendable {
    /// What the set's classes are called; none where it has captions alone.
    var classNames: [String] { get }
    /// Sentences that its pictures are asked about with; none where the set has none of its own.
    var templates: [String] { get }
    /// The files that it is made of: where they are the same, in size and age, the set is.
    var files: [String] { get }
    /// Tells what those files do not: of pictures with captions beside them, the captions.
    var digest: String { get }

    /// Hands the samples over, in order.
    /// - Throws: ``EvaluationError``, `CLIPDataError`.
    func read(_ body: (EvaluationSample) throws -> Void) throws
}

extension EvaluationSource {
    package var templates: [String] { [] }
    package var digest: String { "" }
}
