import Foundation

/// Pictures with several captions each, as COCO's and Flickr30k's files list them.
struct CaptionFile: EvaluationSource {
    let files: [String]
    let classNames: [String] = []
    private let pictures: [(path: String, captions: [String])]

    private typealias Listed = (name: String, captions: [String])
    private static let mostBytes = 1 << 31

    /// COCO's `captions_val2017.json`, Karpathy's `dataset_flickr30k.json`, or Flickr30k's `results_20130124.token`.
    /// - Parameters:
    ///   - images: the pictures' folder; nil to look for it beside the file.
    ///   - split: of Karpathy's files, which name one for each picture.
    /// - Returns: nil for another kind of file.
    /// - Throws: ``EvaluationError``.
    init?(path: String, images: String?, split: String) throws {
        let found: [Listed]
        if path.hasSuffix(".json") {
            found = try Self.json(path, split: split)
        } else if path.hasSuffix(".token") || path.hasSuffix(".token.txt") {
            found = try Self.tokens(path)
        } else {
            return nil
        }
        guard let first = found.first else { throw EvaluationError.emptySplit(path: path, split: split, others: []) }
        if let silent = found.first(where: { $0.captions.isEmpty }) {
            throw EvaluationError.damaged(path: path, reason: "its picture \(silent.name) has no caption")
        }
        let places = images.map { [$0] } ?? Self.places(beside: path)
        // Karpathy's names have COCO's folder before them, which may be the one that is given.
        let forms: [(String) -> String] = [{ $0 }, { URL(fileURLWithPath: $0).lastPathComponent }]
        for place in places {
            for form in forms where PackedFile.exists("\(place)/\(form(first.name))") {
                pictures = found.map { ("\(place)/\(form($0.name))", $0.captions) }
                files = [path] + pictures.map(\.path)
                return
            }
        }
        throw EvaluationError.damaged(
            path: path,
            reason: "its picture \(first.name) is in none of \(places.joined(separator: ", ")); name the folder")
    }

    func read(_ body: (EvaluationSample) throws -> Void) throws {
        for (path, captions) in pictures {
            try body(EvaluationSample(key: path, content: .file(path), captions: captions))
        }
    }

    /// Where people lay the pictures.
    private static func places(beside path: String) -> [String] {
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent()
        let names = [
            "", "images", "val2017", "val2014", "train2017", "train2014", "test2017", "flickr30k-images", "Images",
        ]
        return [folder.path, folder.deletingLastPathComponent().path].flatMap { parent in
            names.flatMap { $0.isEmpty ? [parent] : ["\(parent)/\($0)", "\(parent)/images/\($0)"] }
        }
    }

    private static func json(_ path: String, split: String) throws -> [Listed] {
        let data = Data(try PackedFile.bytes(path, limit: mostBytes))
        guard let object = try? JSONSerialization.jsonObject(with: data) else {
            throw EvaluationError.damaged(path: path, reason: "it is no valid JSON")
        }
        if let object = object as? [String: Any], let images = object["images"] as? [[String: Any]] {
            if let captions = object["annotations"] as? [[String: Any]] { return try coco(images, captions, path) }
            if images.first?["sentences"] != nil { return try karpathy(images, split: split, path) }
        }
        throw EvaluationError.damaged(
            path: path, reason: "it has neither COCO's images and annotations nor Karpathy's images with sentences")
    }

    private static func coco(
        _ images: [[String: Any]], _ annotations: [[String: Any]], _ path: String
    ) throws -> [Listed] {
        var captions: [Int: [String]] = [:]
        for (row, annotation) in annotations.enumerated() {
            guard let id = annotation["image_id"] as? Int, let caption = annotation["caption"] as? String else {
                throw EvaluationError.damaged(
                    path: path, reason: "annotation \(row) has no image_id or no caption; COCO's captions_….json has")
            }
            let text = caption.trimmingCharacters(in: .whitespacesAndNewlines)
            if !text.isEmpty { captions[id, default: []].append(text) }
        }
        return try images.enumerated().compactMap { row, image in
            guard let id = image["id"] as? Int, let name = image["file_name"] as? String else {
                throw EvaluationError.damaged(path: path, reason: "image \(row) has no id or no file_name")
            }
            return captions[id].map { (name, $0) }
        }
    }

    private static func karpathy(_ images: [[String: Any]], split: String, _ path: String) throws -> [Listed] {
        // COCO's pictures that are in none of the three parts: later papers train on them too (VSE++, section 4).
        let wanted: Set = split == "train" ? ["train", "restval"] : [split]
        var others: Set<String> = []
        var listed: [Listed] = []
        for (row, image) in images.enumerated() {
            guard let part = image["split"] as? String, let name = image["filename"] as? String,
                let sentences = image["sentences"] as? [[String: Any]]
            else {
                throw EvaluationError.damaged(path: path, reason: "image \(row) has no split, filename or sentences")
            }
            guard wanted.contains(part) else {
                others.insert(part)
                continue
            }
            let folder = (image["filepath"] as? String).map { "\($0)/" } ?? ""
            let captions = sentences.compactMap {
                ($0["raw"] as? String)?.trimmingCharacters(in: .whitespacesAndNewlines)
            }
            listed.append((folder + name, captions.filter { !$0.isEmpty }))
        }
        guard !listed.isEmpty else {
            throw EvaluationError.emptySplit(path: path, split: split, others: others.sorted())
        }
        return listed
    }

    /// `1000092795.jpg#0<tab>A caption .`
    private static func tokens(_ path: String) throws -> [Listed] {
        var order: [String] = []
        var captions: [String: [String]] = [:]
        for (row, line) in try PackedFile.lines(path).enumerated() where !line.isEmpty {
            let parts = line.split(separator: "\t", maxSplits: 1)
            guard parts.count == 2, let mark = parts[0].lastIndex(of: "#"), mark > parts[0].startIndex else {
                throw EvaluationError.damaged(
                    path: path, reason: "line \(row + 1) is not NAME#NUMBER, a tab and a caption")
            }
            let name = String(parts[0][..<mark])
            if captions[name] == nil { order.append(name) }
            captions[name, default: []].append(parts[1].trimmingCharacters(in: .whitespaces))
        }
        return order.map { ($0, captions[$0] ?? []) }
    }
}
