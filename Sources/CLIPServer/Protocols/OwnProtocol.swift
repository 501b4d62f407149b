import CLIP
import CLIPSearch
import CLIPText
import Foundation
import Hummingbird
import Torch

/// `POST /v1/search`, `/v1/classify` and `/v1/rank`: what the commands of these names answer.
struct OwnProtocol: Sendable {
    let service: ClipService

    func add(to router: Router<ServerContext>) {
        router.post("v1/search") { request, _ in
            try await service.answer(SearchRequest.self, request) { try await search($0) }
        }
        router.post("v1/classify") { request, _ in
            try await service.answer(ClassifyRequest.self, request) { try await classify($0) }
        }
        router.post("v1/rank") { request, _ in
            try await service.answer(RankRequest.self, request) { try await rank($0) }
        }
    }

    // MARK: Search

    private func search(_ request: SearchRequest) async throws -> Response {
        try request.check()
        try service.require(model: request.model)
        let entry = try service.indexes.find(request.index)
        let terms = try request.terms()
        let filter = try request.filter?.filter() ?? SearchFilter()
        let (vector, asked) = try await sum(terms, entry)
        let count = request.top ?? 10
        let least = request.minScore ?? -2
        let brief = request.brief == true
        let details = request.details == true && !brief
        let document = try await service.searching.run { [name = service.modelName] in
            let groups = try entry.index.answers(
                to: vector, count: count, group: request.group, least: least, filter: filter, leaving: asked)
            return SearchDocument(
                model: name, index: entry.name,
                results: groups.map {
                    .init($0, isGrouped: request.group != nil, isBrief: brief, isDetailed: details)
                })
        }
        return try .json(document)
    }

    /// The query's vector, and the numbers of pictures that were asked with.
    private func sum(
        _ terms: [(content: SearchRequest.Term.Content, weight: Float)], _ entry: ServedIndexes.Entry
    ) async throws -> ([Float], Set<Int64>) {
        var parts: [(vector: [Float], weight: Float)] = []
        var asked: Set<Int64> = []
        for term in terms {
            switch term.content {
            case .text(let text): parts.append((try await service.vectors(texts: [text]).vectors[0], term.weight))
            case .picture(let picture):
                parts.append((try await service.vectors(of: [picture], in: entry.name)[0], term.weight))
                if case .id(let id) = picture { asked.insert(id) }
                if case .bytes(let data) = picture {
                    asked.formUnion(try await service.searching.run { try entry.index.ids(ofContents: data) })
                }
            }
        }
        let vector = QueryVector.sum(parts)
        guard vector.contains(where: { $0 != 0 }) else {
            throw ServerError.bad("What is added and what is subtracted cancel each other out.", "subtract")
        }
        return (vector, asked)
    }

    // MARK: Labels and captions

    private struct ClassifyRequest: Decodable, Sendable {
        var model: String?
        var image: PictureInput?
        var images: [PictureInput]?
        var labels: [String]
        var templates: [String]?
        var index: String?
    }

    private struct RankRequest: Decodable, Sendable {
        var model: String?
        var image: PictureInput?
        var images: [PictureInput]?
        var captions: [String]
        var index: String?
    }

    private struct Document<Result: Encodable>: Encodable {
        var model: String
        var results: [Result]
    }

    private struct Classified: Encodable {
        struct Choice: Encodable {
            var label: String
            var score: Double
            var similarity: Double
        }
        var labels: [Choice]
    }

    private struct Ranked: Encodable {
        struct Choice: Encodable {
            var caption: String
            var score: Double
            var similarity: Double
        }
        var captions: [Choice]
    }

    private func classify(_ request: ClassifyRequest) async throws -> Response {
        try service.require(model: request.model)
        let templates = try (request.templates ?? ["{}"]).map { try PromptTemplate($0) }
        guard !templates.isEmpty else { throw ServerError.bad("templates is empty.", "templates") }
        let answers = try await choices(
            request.labels, templates, "labels", try pictures(request.image, request.images), request.index)
        return try .json(
            Document(
                model: service.modelName,
                results: answers.map { choices in
                    Classified(
                        labels: choices.map { .init(label: $0.label, score: $0.score, similarity: $0.similarity) })
                }))
    }

    private func rank(_ request: RankRequest) async throws -> Response {
        try service.require(model: request.model)
        let answers = try await choices(
            request.captions, [.plain], "captions", try pictures(request.image, request.images), request.index)
        return try .json(
            Document(
                model: service.modelName,
                results: answers.map { choices in
                    Ranked(
                        captions: choices.map { .init(caption: $0.label, score: $0.score, similarity: $0.similarity) })
                }))
    }

    private func pictures(_ one: PictureInput?, _ several: [PictureInput]?) throws -> [PictureInput] {
        let all = [one].compactMap { $0 } + (several ?? [])
        guard !all.isEmpty else { throw ServerError.bad("image or images is missing.", "image") }
        return all
    }

    private func choices(
        _ labels: [String], _ templates: [PromptTemplate], _ what: String, _ pictures: [PictureInput], _ index: String?
    ) async throws -> [[ScoredChoice]] {
        let (sentences, overflow) = labels.count.multipliedReportingOverflow(by: templates.count)
        guard !overflow, sentences <= service.configuration.waitingTexts else {
            throw ServerError.tooMuch("\(what) times templates may be \(service.configuration.waitingTexts).", what)
        }
        guard labels.allSatisfy({ $0.utf8.count <= service.configuration.textLength }) else {
            throw ServerError.tooMuch("A text may have \(service.configuration.textLength) bytes.", what)
        }
        let (prompts, kept) = try await service.decoding.run { [service] in
            let prompts = try ZeroShotPrompts(labels, templates, for: service.clip.tokenizer, called: what)
            // A few are encoded beside the picture; a file for each request's would crowd others out.
            let isMany = prompts.captions.count >= Self.leastKept
            return (prompts, KeptClassVectors(isMany ? service.configuration.cache : nil, service.clip, prompts))
        }
        let classifier = try await classifier(prompts, kept)
        let images = try await service.vectors(of: pictures, in: index)
        let size = service.clip.model.configuration.embeddingSize
        return try await service.decoding.run {
            try Engine.inference {
                try classifier.rank(Tensor(images.flatMap { $0 }, shape: [images.count, size]))
            }
        }
    }

    /// Labels' sentences, from which on their vectors are kept.
    private static let leastKept = 64

    private func classifier(_ prompts: ZeroShotPrompts, _ kept: KeptClassVectors?) async throws -> ZeroShotClassifier {
        let clip = service.clip
        if let kept, let found = try await service.decoding.run({ kept.vectors() }) {
            return try ZeroShotClassifier(clip, prompts, weights: found)
        }
        let texts = try await service.worker.vectors(captions: prompts.captions)
        let size = clip.model.configuration.embeddingSize
        return try await service.decoding.run {
            let made = try Engine.inference {
                try prompts.classVectors(Tensor(texts.flatMap { $0 }, shape: [texts.count, size]))
            }
            kept?.keep(made)
            return try ZeroShotClassifier(clip, prompts, weights: made)
        }
    }
}
