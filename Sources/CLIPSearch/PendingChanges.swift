import Files

/// Changes of files that are not taken yet: what is being written is left alone until it is whole, and what goes away and
/// comes back under another name is to be seen as renamed.
struct PendingChanges {
    /// Seconds from the last event of a file to its turn.
    private enum Patience {
        /// Whole; a program may write it twice.
        static let written = 0.3
        /// A new name for a file that is there, as a hard link: nothing follows. Of one that is to be written, the next
        /// event comes sooner.
        static let named = 2.0
        /// Closing it is told; only where that is missed, this ends the wait.
        static let growing = 60.0
        /// After the file's other name had its turn.
        static let gone = 1.0
    }

    /// What has its turn.
    struct Due: Equatable {
        var files: [String] = []
        var goneFiles: [String] = []
        var goneFolders: [String] = []
        /// Whether all is to be looked through, whatever else is named.
        var needsLook = false

        var isEmpty: Bool { self == Due() }
    }

    private var files: [String: (time: Double, isGrowing: Bool)] = [:]
    private var gone: [String: (time: Double, isFolder: Bool)] = [:]
    private var needsLook = false

    /// - Parameter now: seconds on any clock.
    mutating func take(_ change: FolderChange, at now: Double) {
        switch change {
        case .written(let path): add(path, now + Patience.written, isGrowing: false)
        case .growing(let path): add(path, now + Patience.growing, isGrowing: true)
        case .named(let path):
            // What was found growing is so still.
            if files[path] == nil { add(path, now + Patience.named, isGrowing: false) }
        case .folder: break  // its files are named by whoever lists it
        case .gone(let path, let isFolder):
            files[path] = nil
            if isFolder { files = files.filter { !$0.key.hasPrefix(path + "/") } }
            gone[path] = (now + Patience.gone, isFolder)
        case .unknown: needsLook = true
        }
    }

    private mutating func add(_ path: String, _ time: Double, isGrowing: Bool) {
        files[path] = (time, isGrowing)
        // A folder that came back has its own files; a file that came back is not gone.
        if gone[path]?.isFolder == false { gone[path] = nil }
    }

    /// Takes out what has its turn.
    mutating func due(at now: Double) -> Due {
        var due = Due(needsLook: needsLook)
        needsLook = false
        due.files = files.filter { $0.value.time <= now }.keys.sorted()
        for path in due.files { files[path] = nil }
        for (path, state) in gone.sorted(by: { $0.key < $1.key }) where state.time <= now {
            if state.isFolder { due.goneFolders.append(path) } else { due.goneFiles.append(path) }
            gone[path] = nil
        }
        return due
    }
}
