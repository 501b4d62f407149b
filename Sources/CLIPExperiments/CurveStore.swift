import CLIP
import CLIPTraining
import Files
import Foundation

/// Finished curves in an experiment's directory, a file each: `curves/ARM-seed-N.json`.
struct CurveStore {
    let directory: String

    private var folder: String { directory + "/curves" }

    var exists: Bool { FileManager.default.fileExists(atPath: directory) }

    var holdsCurves: Bool {
        let found = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return found.contains { $0.hasSuffix(".json") }
    }

    func prepare() throws {
        try CLIPError.wrapping { try Folder.make(folder) }
    }

    private func path(_ settings: LearningCurve.Settings) -> String {
        "\(folder)/\(settings.arm.name)-seed-\(settings.configuration.seed).json"
    }

    /// The finished curve of these settings; nil where there is none.
    /// - Throws: ``TrainingError/checkpointMismatch(path:problem:)`` where the file holds another's, or cannot be read.
    func curve(_ settings: LearningCurve.Settings) throws -> LearningCurve? {
        let path = path(settings)
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        let curve: LearningCurve
        do {
            curve = try JSONDecoder().decode(LearningCurve.self, from: WholeFile.data(path, limit: 1 << 28))
        } catch {
            throw TrainingError.checkpointMismatch(
                path: path, problem: "no finished curve can be read from it; remove it to train this one again")
        }
        guard curve.settings == settings, curve.points.map(\.pictures) == settings.evaluations else {
            throw TrainingError.checkpointMismatch(
                path: path,
                problem: "it was trained with other settings; give the same options as the experiment began with")
        }
        return curve
    }

    func save(_ curve: LearningCurve) throws {
        let path = path(curve.settings)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        Leftovers.remove(of: path)
        try CLIPError.wrapping { try WholeFile.write(encoder.encode(curve), to: path) }
    }
}
