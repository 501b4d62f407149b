import Foundation
import Imaging

/// Class folders of video clips: each clip is some frames, evenly over its length, which ffmpeg decodes.
struct VideoClips: EvaluationSource {
    let classNames: [String]
    let files: [String]
    private let clips: [(path: String, label: Int)]
    private let frames: Int
    private let program: String

    private static let extensions: Set = ["mp4", "avi", "mkv", "webm", "mov", "m4v", "mpg", "mpeg", "wmv", "flv"]

    /// - Parameters:
    ///   - classNames: the classes of all splits; nil for the folder's own subfolders.
    ///   - searchPath: folders in which ffmpeg is looked for, with colons between them.
    /// - Returns: nil for a folder without clips.
    /// - Throws: ``EvaluationError/missingProgram(_:)`` where there are clips and no ffmpeg.
    init?(
        folder: String, classNames: [String]? = nil, frames: Int,
        searchPath: String? = ProcessInfo.processInfo.environment["PATH"]
    ) throws {
        let classes = classNames ?? SplitFolders.subfolders(folder)
        var clips: [(String, Int)] = []
        for (label, name) in classes.enumerated() {
            let inner = (try? FileManager.default.contentsOfDirectory(atPath: "\(folder)/\(name)")) ?? []
            for file in inner.sorted()
            where !file.hasPrefix(".") && Self.extensions.contains(file.split(separator: ".").last?.lowercased() ?? "")
            {
                clips.append(("\(folder)/\(name)/\(file)", label))
            }
        }
        guard !clips.isEmpty else { return nil }
        let paths = searchPath?.split(separator: ":") ?? []
        guard let program = paths.map({ "\($0)/ffmpeg" }).first(where: FileManager.default.isExecutableFile) else {
            throw EvaluationError.missingProgram("ffmpeg")
        }
        (self.classNames, self.clips, self.frames, self.program) = (classes, clips, frames, program)
        files = clips.map(\.0)
    }

    func read(_ body: (EvaluationSample) throws -> Void) throws {
        for clip in clips {
            let pictures = try FrameReader(program: program).frames(of: clip.path, count: frames)
            let content = EvaluationSample.Content.frames(pictures.map { .picture($0) })
            try body(EvaluationSample(key: clip.path, content: content, classes: [clip.label]))
        }
    }
}
