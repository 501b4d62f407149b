import CLIP
import CLIPSearch
import CLIPText
import Foundation
import Imaging
import Torch

/// What all protocols answer from: one model, some indexes, and bounds on how much is done at a time.
final class ClipService: Sendable {
    let clip: CLIPModel
    let configuration: ServerConfiguration
    let indexes: ServedIndexes
    let worker: ModelWorker
    let metrics: ServerMetrics
    let budget: BodyBudget
    let thumbnails: Thumbnails
    let fetcher: PictureFetcher
    /// Decoding and resizing.
    let decoding: WorkPool
    /// Scanning and reading indexes.
    let searching: WorkPool
    /// Thumbnails, which must not keep questions waiting.
    let drawing: WorkPool
    private let prepare: @Sendable (Data, String) throws -> IndexUpdate.Input

    /// - Parameter prepare: makes of a picture file's bytes, called by a name, what the image tower takes; nil for the
    ///   model's own preprocessing.
    init(
        _ clip: CLIPModel, indexes: ServedIndexes, configuration: ServerConfiguration, decoding options: DecodeOptions,
        metrics: PrometheusMetrics, prepare: (@Sendable (Data, String) throws -> IndexUpdate.Input)?
    ) {
        self.clip = clip
        self.configuration = configuration
        self.indexes = indexes
        self.metrics = ServerMetrics(factory: metrics)
        let cores = ProcessInfo.processInfo.activeProcessorCount
        worker = ModelWorker(
            clip,
            .init(
                waitingPictures: configuration.waitingPictures, waitingTexts: configuration.waitingTexts,
                patience: configuration.batchSeconds), self.metrics)
        budget = BodyBudget(bytes: configuration.allBodyBytes)
        thumbnails = Thumbnails(decoding: options)
        decoding = WorkPool("decoding", width: cores, mostWaiting: configuration.waitingPictures)
        searching = WorkPool("searching", width: cores, mostWaiting: 1024)
        drawing = WorkPool("thumbnails", width: max(1, cores / 2), mostWaiting: 2048)
        fetcher = PictureFetcher(
            mostBytes: configuration.bodyBytes, resolving: WorkPool("resolving", width: 8, mostWaiting: 256))
        self.prepare =
            prepare
            ?? { bytes, name in
                try Engine.inference {
                    let picture = try Picture.decode(bytes, name: name, options: options)
                    return .init(
                        bytes: try clip.preprocessor.bytes(picture), width: picture.width, height: picture.height)
                }
            }
    }

    deinit { worker.stop() }

    // MARK: The model's name

    /// What clients call the model.
    var modelName: String { configuration.modelName ?? Self.name(of: clip) }

    /// A directory is called by its last part: a client need not know where it lies.
    private static func name(of clip: CLIPModel) -> String {
        clip.name.hasPrefix("/") || clip.name.hasPrefix(".")
            ? URL(fileURLWithPath: clip.name).lastPathComponent : clip.name
    }

    /// Refuses another model's name. `NAME__TAG`, as immich writes it, is `NAME/TAG`.
    /// - Throws: ``ServerError`` (404).
    func require(model name: String?) throws {
        guard let name, !name.isEmpty, name != "default/not-specified" else { return }
        let known = [modelName, clip.name]
        guard !known.contains(name), !known.contains(name.replacing("__", with: "/")),
            !known.contains(where: { $0.replacing("__", with: "/") == name.replacing("__", with: "/") })
        else { return }
        throw ServerError(
            404, "model_not_found", "There is no model called \(name.prefix(100)); there is \(modelName).",
            parameter: "model")
    }

    // MARK: Vectors

    /// Vectors of texts, and how many tokens were read.
    /// - Parameter name: what the request calls them.
    func vectors(texts: [String], called name: String = "text") async throws -> (vectors: [[Float]], tokens: Int) {
        try check(count: texts.count, "texts")
        for text in texts {
            guard text.utf8.count <= configuration.textLength else {
                throw ServerError.tooMuch("A text may have \(configuration.textLength) bytes.", name)
            }
            if text.allSatisfy(\.isWhitespace) { throw ServerError.bad("A text is empty.", name) }
        }
        let tokenizer = try clip.tokenizer
        let captions = try await worker.expecting {
            // A thousand short texts take milliseconds; only long ones are worth a thread.
            if texts.reduce(0, { $0 + $1.utf8.count }) < 4096 { return texts.map { tokenizer.tokenize($0).tokens } }
            return try await decoding.run { texts.map { tokenizer.tokenize($0).tokens } }
        }
        let vectors = try await worker.vectors(captions: captions)
        return (vectors, captions.reduce(0) { $0 + $1.count })
    }

    /// Vectors of pictures' bytes.
    func vectors(pictures: [Data]) async throws -> [[Float]] {
        try check(count: pictures.count, "pictures")
        return try await worker.vectors(pictures: prepared(pictures).map(\.bytes))
    }

    /// A picture's vector, and its size in pixels.
    func vector(picture: Data) async throws -> (vector: [Float], width: Int, height: Int) {
        let input = try await prepared([picture])[0]
        return (try await worker.vectors(pictures: [input.bytes])[0], input.width, input.height)
    }

    /// What the image tower takes, of pictures' bytes.
    private func prepared(_ pictures: [Data]) async throws -> [IndexUpdate.Input] {
        _ = try clip.preprocessor
        return try await worker.expecting {
            var inputs: [IndexUpdate.Input] = []
            for (place, bytes) in pictures.enumerated() {
                let name = pictures.count == 1 ? "the picture" : "picture \(place)"
                inputs.append(try await decoding.run { [prepare] in try prepare(bytes, name) })
            }
            return inputs
        }
    }

    /// Vectors of pictures, whatever they are named by.
    /// - Parameter index: whose numbers are meant.
    func vectors(of pictures: [PictureInput], in index: String? = nil) async throws -> [[Float]] {
        try check(count: pictures.count, "pictures")
        var answers = [[Float]?](repeating: nil, count: pictures.count)
        var bytes: [(place: Int, data: Data)] = []
        for (place, picture) in pictures.enumerated() {
            switch picture {
            case .bytes(let data): bytes.append((place, data))
            case .address(let address): bytes.append((place, try await fetch(address)))
            case .id(let id): answers[place] = try await vector(ofPicture: id, in: index)
            }
        }
        if !bytes.isEmpty {
            for (entry, vector) in zip(bytes, try await vectors(pictures: bytes.map(\.data))) {
                answers[entry.place] = vector
            }
        }
        return answers.compactMap { $0 }
    }

    func fetch(_ address: String) async throws -> Data {
        guard configuration.fetchesPictures else {
            throw ServerError.bad(
                "This server fetches no addresses; send the picture as a data: address.",
                "image")
        }
        return try await fetcher.fetch(address)
    }

    private func vector(ofPicture id: Int64, in index: String?) async throws -> [Float] {
        let entry = try indexes.find(index)
        guard let found = try await searching.run({ try entry.index.pictures([id])[id] }) else {
            throw ServerError(404, "picture_not_found", "Index \(entry.name) has no picture \(id).", parameter: "id")
        }
        return found.vector
    }

    /// A small copy of an index's picture, as JPEG.
    /// - Throws: ``ServerError`` (404) where its file is gone.
    func thumbnail(_ entry: ServedIndexes.Entry, _ picture: IndexedPicture, size: Int) async throws -> Data {
        if let data = thumbnails.kept(entry.name, picture.id, size: size) { return data }
        return try await drawing.run { [thumbnails] in try thumbnails.make(entry.name, picture, size: size) }
    }

    func check(count: Int, _ what: String) throws {
        guard count > 0 else { throw ServerError.bad("No \(what) are given.") }
        guard count <= configuration.itemCount else {
            throw ServerError.tooMuch("A request may have \(configuration.itemCount) \(what), not \(count).")
        }
    }
}
