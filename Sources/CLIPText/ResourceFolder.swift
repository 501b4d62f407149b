import Files
import Foundation

/// Finds and reads the data files that ship beside the executable.
///
/// The accessor that the package manager generates (`Bundle.module`) stops the process when its folder is missing, so
/// it is not used: the folders it would try, but for the absolute build path, are searched here.
public struct ResourceFolder: Sendable {
    /// The target whose resources are looked for.
    let target: String

    /// This library's own.
    static let own = ResourceFolder(target: "CLIPText")

    /// - Parameter target: the target of this package that ships the files.
    public init(target: String) { self.target = target }

    /// Far larger than any of them.
    private static let mostBytes = 1 << 30

    var bundleName: String { "swift-clip_\(target).resources" }

    /// The contents of the data file `name`.
    ///
    /// - Throws: ``CLIPTextError/resourceMissing(name:searched:)``, ``CLIPTextError/resource(_:)``.
    func read(_ name: String, folders: [URL]? = nil) throws(CLIPTextError) -> [UInt8] {
        let folders = folders ?? candidates()
        for folder in folders {
            let file = folder.appendingPathComponent(name)
            do throws(FileFault) {
                return try WholeFile.bytes(file.path, limit: Self.mostBytes)
            } catch {
                if error.isMissing { continue }
                throw .resource(error)
            }
        }
        throw .resourceMissing(name: name, searched: folders.map(\.path))
    }

    /// Folders that may hold the data files, most likely first.
    public func candidates() -> [URL] {
        var roots: [URL] = []
        if let executable = Bundle.main.executableURL {
            roots.append(executable.deletingLastPathComponent())
            roots.append(executable.resolvingSymlinksInPath().deletingLastPathComponent())
        }
        roots.append(Bundle.main.bundleURL)
        if let resources = Bundle.main.resourceURL { roots.append(resources) }
        // Under a test runner the main bundle is the runner; the code's own bundle is where the build put it.
        roots.append(Bundle(for: BundleMarker.self).bundleURL)
        roots.append(Bundle(for: BundleMarker.self).bundleURL.deletingLastPathComponent())
        #if canImport(Darwin)
        let names = ["swift-clip_\(target).bundle", "swift-clip_\(target).bundle/Contents/Resources", bundleName]
        #else
        let names = [bundleName]
        #endif
        var folders: [URL] = []
        for root in roots {
            for name in names {
                let folder = root.appendingPathComponent(name)
                if !folders.contains(where: { $0.path == folder.path }) { folders.append(folder) }
            }
        }
        return folders
    }

    private final class BundleMarker {}
}
