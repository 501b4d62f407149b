import Files

/// Why something cannot be written where it is to go.
struct OutputError: Failure {
    let kind = FailureKind.internalFault
    let path: String
    let reason: String

    var description: String { "\(path): cannot be written: \(reason)" }
}

/// Files to be written at a command's end.
enum OutputFile {
    /// Refuses, before any work is done, a path that cannot become a file. What a path may be is `OutputPlace`'s to say.
    /// - Throws: ``OutputError``.
    static func check(_ path: String) throws {
        if path.isEmpty { throw OutputError(path: "\"\"", reason: "a file name is needed.") }
        let place: OutputPlace
        do throws(FileFault) {
            place = try OutputPlace.file(path)
        } catch {
            throw OutputError(path: error.path, reason: error.reason + ".")
        }
        let folder = Folder.parent(of: place.path)
        guard place.isStream || Folder.exists(folder) else {
            throw OutputError(path: path, reason: "there is no folder \(folder). Make it, or choose another place.")
        }
    }
}
