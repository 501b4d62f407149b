import Foundation

/// Winoground's `examples.jsonl`, and files that people make like it: a line for each item, an object with `image_0`,
/// `image_1`, `caption_0`, `caption_1`, and perhaps `id` and `collapsed_tag` or `tag`.
package enum WinogroundFile {
    private static let wanted = "a line needs image_0, image_1, caption_0 and caption_1"

    /// The items, in order. The pictures are looked for, and read when they are needed.
    ///
    /// A picture's path is taken from the file's folder, or from `images` in it; Winoground's leave out their `.png`.
    /// - Throws: ``EvaluationError/file(_:)``, and ``EvaluationError/damaged(path:reason:)`` with the line's number for
    ///   what is no such object or names a picture that is not there.
    package static func items(path: String) throws -> [WinogroundItem] {
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
        let items = try PackedFile.lines(path).enumerated().compactMap { place, line in
            line.isEmpty ? nil : try item(line, number: place + 1, path: path, folder: folder)
        }
        guard !items.isEmpty else {
            throw EvaluationError.samples(name: path, problem: "there are no items; \(wanted)")
        }
        return items
    }

    private static func item(_ line: String, number: Int, path: String, folder: String) throws -> WinogroundItem {
        func damaged(_ reason: String) -> EvaluationError { .damaged(path: path, reason: "line \(number) \(reason)") }
        guard let object = (try? JSONSerialization.jsonObject(with: Data(line.utf8))) as? [String: Any] else {
            throw damaged("is not a JSON object; \(wanted)")
        }
        func value(_ key: String) throws -> String {
            guard let value = object[key] as? String, !value.isEmpty else {
                throw damaged("has no text \"\(key)\"; \(wanted)")
            }
            return value
        }
        let captions = [try value("caption_0"), try value("caption_1")]
        guard captions[0] != captions[1] else { throw damaged("has the same caption twice") }
        let contents = try ["image_0", "image_1"].map { key in
            let name = try value(key)
            guard let found = candidates(name, folder).first(where: isFile) else {
                throw damaged("names the picture \(name), which is neither in \(folder) nor in images there")
            }
            return EvaluationSample.Content.file(found)
        }
        let id = (object["id"] as? Int).map(String.init) ?? object["id"] as? String
        return WinogroundItem(
            key: id ?? "line \(number)", contents: contents, captions: captions,
            tag: (object["collapsed_tag"] ?? object["tag"]) as? String)
    }

    private static func candidates(_ name: String, _ folder: String) -> [String] {
        let places = name.hasPrefix("/") ? [name] : ["\(folder)/\(name)", "\(folder)/images/\(name)"]
        return places.flatMap { [$0, "\($0).png", "\($0).jpg"] }
    }

    private static func isFile(_ path: String) -> Bool {
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && !isFolder.boolValue
    }
}
