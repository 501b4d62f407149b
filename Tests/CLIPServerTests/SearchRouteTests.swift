import CLIP
import CLIPSearch
import Foundation
import Imaging
import Testing
import Torch

@testable import CLIPServer

/// Searches, clip-retrieval's and immich's protocols, thumbnails and labels.
@Suite struct SearchRouteTests {
    /// A server over an index of 20 drawings.
    private func serving<R>(
        _ configuration: ServerConfiguration = ServerConfiguration(), ownKey: String? = nil,
        _ body: (RunningFixture, SearchIndex, String) async throws -> R
    ) async throws -> R {
        try await withFolder { folder in
            let index = try Drawings.index(20, in: folder, try await RunningFixture.clip)
            let indexes = ServedIndexes([.init(name: "drawings", index: index), .init(name: "b c", index: index)])
            return try await withServer(configuration, indexes: indexes, ownKey: ownKey) {
                try await body($0, index, folder)
            }
        }
    }

    private func results(_ answer: RunningFixture.Answer) throws -> [[String: Any]] {
        try #require(try answer.json()["results"] as? [[String: Any]], "\(answer.text)")
    }

    private func ids(_ answer: RunningFixture.Answer) throws -> [Int64] {
        try results(answer).map { try #require($0["id"] as? Int64) }
    }

    @Test func wordsFindWhatTheIndexFinds() async throws {
        try await serving { server, index, _ in
            let vector = try server.clip.vectors(texts: ["a red thing"]).elements(Float.self)
            let expected = try index.search(vector, count: 5)
            let answer = try await server.post("/v1/search", ["text": "a red thing", "top": 5])
            let document = try answer.json()
            #expect(document["model"] as? String == "pictures" && document["index"] as? String == "drawings")
            #expect(try ids(answer) == expected.map(\.picture.id))
            for (result, hit) in zip(try results(answer), expected) {
                #expect(Set(result.keys) == ["image", "id", "similarity"])
                #expect(result["image"] as? String == hit.picture.path)
                #expect(abs((result["similarity"] as? Double ?? 9) - Double(hit.similarity)) < 1e-4)
            }
            let brief = try await server.post("/v1/search", ["text": "a red thing", "top": 20, "brief": true])
            #expect(try results(brief).allSatisfy { Set($0.keys) == ["id", "similarity"] })
            let detailed = try await server.post("/v1/search", ["text": "a red thing", "top": 1, "details": true])
            #expect(try results(detailed)[0]["width"] as? Int == 48 && results(detailed)[0]["modified"] is String)
            let limit = Double(expected[2].similarity) - 1e-4
            let cut = try await server.post("/v1/search", ["text": "a red thing", "min_score": limit])
            #expect(try ids(cut) == expected.prefix(3).map(\.picture.id))
            let asked1 = try await server.post("/v1/search", ["text": "a", "index": "b c"]).json()
            #expect(asked1["index"] as? String == "b c")
        }
    }

    @Test func termsAreAddedAndSubtracted() async throws {
        try await serving { server, index, _ in
            let vectors = try index.pictures([4, 9])
            let texts = try server.clip.vectors(texts: ["blue", "green"]).elements(Float.self)
            let sum = QueryVector.sum([
                (Array(texts[0..<server.clip.embeddingSize]), 1), (try #require(vectors[4]?.vector), 2),
                (Array(texts[server.clip.embeddingSize...]), -0.5),
                (try #require(vectors[9]?.vector), -1),
            ])
            let expected = try index.search(sum, count: 8, filter: .init(), leaving: [4, 9]).map(\.picture.id)
            let answer = try await server.post(
                "/v1/search",
                [
                    "text": "blue", "add": [["id": 4, "weight": 2]],
                    "subtract": [["text": "green", "weight": 0.5], ["id": 9]], "top": 8,
                ])
            #expect(try ids(answer) == expected)
            // A picture of the index as bytes is known by its contents and left out.
            let like = try await server.post("/v1/search", ["image": Drawings.dataAddress(6), "top": 20])
            #expect(try !ids(like).contains(7) && ids(like).count == 19)
            let again = try await server.post("/v1/search", ["id": 7, "top": 20])
            #expect(try ids(again) == ids(like))
            let nothing = try await server.post("/v1/search", ["text": "blue", "subtract": ["blue"]])
            #expect(nothing.status == 400)
        }
    }

    @Test func nearDuplicatesAreToldTogether() async throws {
        try await serving { server, index, _ in
            let vector = try server.clip.vectors(texts: ["a red thing"]).elements(Float.self)
            let expected = try index.search(vector, groups: 4, threshold: 0.9)
            let answer = try await server.post("/v1/search", ["text": "a red thing", "top": 4, "group": 0.9])
            let found = try results(answer)
            #expect(try ids(answer) == expected.map(\.best.picture.id))
            for (result, group) in zip(found, expected) {
                let similar = try #require(result["similar"] as? [[String: Any]])
                #expect(similar.map { $0["id"] as? Int64 } == group.similar.map(\.picture.id))
            }
            #expect(found.contains { ($0["similar"] as? [Any])?.isEmpty == false }, "no two drawings are alike")
            #expect(try await server.post("/v1/search", ["text": "a", "group": 0.2]).status == 400)
        }
    }

    @Test func filtersAreHeeded() async throws {
        try await serving { server, _, folder in
            func found(_ filter: [String: Any]) async throws -> Int {
                try ids(try await server.post("/v1/search", ["text": "a", "top": 100, "filter": filter])).count
            }
            let cases: [([String: Any], Int)] = [
                ([:], 20), (["folder": folder], 20), (["folder": "/x"], 0), (["types": ["PNG"]], 20),
                (["types": ["jpg"]], 0),
                // Drawing N was changed on the Nth day of 1970.
                (["after": "1970-01-03"], 18), (["before": "1970-01-03"], 3), (["after": "1970-01-03T00:00:01Z"], 17),
                (["ids": [3, 5, 99]], 2), (["min_bytes": 1_000_000], 0),
            ]
            for (filter, count) in cases {
                let answered = try await found(filter)
                #expect(answered == count, "\(filter)")
            }
            for bad: [String: Any] in [
                ["after": "tomorrow"], ["after": "2024-01-31xyz"], ["before": "2024-02-30"],
                ["min_bytes": 5, "max_bytes": 4],
                ["after": "1970-02-01", "before": "1970-01-01"],
            ] {
                let answer = try await server.post("/v1/search", ["text": "a", "filter": bad])
                #expect(answer.status == 400, "\(bad)")
            }
        }
    }

    @Test func whatIsNotThereIsSaidToBeMissing() async throws {
        try await serving { server, _, _ in
            let cases: [([String: Any], Int)] = [
                (["text": "a", "index": "other"], 404), (["id": 99], 404), ([:], 400), (["text": " "], 400),
                (["text": "a", "top": 0], 400), (["text": "a", "top": 10_001], 400),
                (["text": "a", "min_score": 3], 400), (["text": "a", "add": [["weight": 1]]], 400),
                (["text": "a", "add": [["text": "b", "weight": -1]]], 400), (["text": "a", "model": "x"], 404),
                (["text": "a", "add": Array(repeating: "b", count: 40)], 413),
            ]
            for (body, status) in cases {
                let answer = try await server.post("/v1/search", body)
                #expect(answer.status == status, "\(body): \(answer.text)")
            }
        }
        try await withServer { server in
            #expect(try await server.post("/v1/search", ["text": "a"]).code == "no_index")
            let asked2 = try await server.get("/v1/indexes").json()
            #expect(asked2["indexes"] as? [String] == [])
        }
    }

    @Test func indexesAreDescribedAndTheirPicturesShown() async throws {
        try await serving { server, _, folder in
            let list = try await server.get("/v1/indexes").json()
            #expect(list["default"] as? String == "drawings")
            #expect((list["indexes"] as? [[String: Any]])?.map { $0["pictures"] as? Int } == [20, 20])
            let pictures = try await server.get("/v1/indexes/b%20c/pictures?ids=5,2,77").json()
            #expect((pictures["pictures"] as? [[String: Any]])?.map { $0["id"] as? Int } == [5, 2])
            #expect(try await server.get("/v1/indexes/drawings/pictures?ids=5,x").status == 400)
            let folders = try await server.get("/v1/indexes/drawings/folders").json()
            #expect((folders["folders"] as? [[String: Any]])?.first?["folder"] as? String == folder)
            let small = try await server.get("/v1/indexes/drawings/thumbnails/3?size=160")
            let picture = try Picture.decode(small.body, name: "thumbnail")
            #expect(picture.width == 48 && picture.height == 36)
            let tag = try #require(small.headers.first(name: "ETag"))
            let same = try await server.get(
                "/v1/indexes/drawings/thumbnails/3?size=160", headers: [("If-None-Match", tag)])
            #expect(same.status == 304 && same.body.isEmpty)
            for path in ["99", "0", "-1", "..%2F..%2Fetc%2Fpasswd", "3?size=77", "3?size=x"] {
                let answer = try await server.get("/v1/indexes/drawings/thumbnails/\(path)")
                #expect([400, 404].contains(answer.status), "\(path): \(answer.status)")
            }
            try FileManager.default.removeItem(atPath: folder + "/8.png")
            #expect(try await server.get("/v1/indexes/drawings/thumbnails/9?size=320").code == "picture_gone")
        }
    }

    @Test func labelsAndCaptionsAreThoseOfTheModel() async throws {
        try await serving { server, _, _ in
            let picture = try Picture.decode(Drawings.png(2), name: "drawing")
            let labels = ["red", "a blue drawing", "cat"]
            let expected = try await server.clip.classify(
                picture, labels: labels, templates: [PromptTemplate("a {}"), PromptTemplate("the {}")])
            let answer = try await server.post(
                "/v1/classify",
                ["image": Drawings.dataAddress(2), "labels": labels, "templates": ["a {}", "the {}"]])
            let choices = try #require(try results(answer)[0]["labels"] as? [[String: Any]])
            #expect(choices.map { $0["label"] as? String } == expected.map(\.label))
            for (choice, other) in zip(choices, expected) {
                #expect(abs((choice["score"] as? Double ?? 9) - other.score) < 1e-4)
            }
            let ranked = try await server.post(
                "/v1/rank", ["images": [["id": 3], ["id": 4]], "captions": ["a cat", "a dog"]])
            #expect(try results(ranked).count == 2)
            let both = try await server.clip.rank(picture, captions: ["a cat", "a dog"])
            let first = try #require(try results(ranked)[0]["captions"] as? [[String: Any]])
            #expect(first.map { $0["caption"] as? String } == both.map(\.label))
            for body: [String: Any] in [
                ["image": ["id": 1], "labels": []], ["labels": ["a"]], ["image": ["id": 1], "labels": [""]],
                ["image": ["id": 1], "labels": ["a"], "templates": ["no place"]],
            ] { #expect(try await server.post("/v1/classify", body).status == 400, "\(body)") }
        }
    }

    @Test func manyLabelsAreKeptForTheNextRequest() async throws {
        let folder = NSTemporaryDirectory() + "swift-clip-tests-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let cache = try EmbeddingCache(folder: folder, limit: 1 << 30)
        var configuration = ServerConfiguration()
        configuration.cache = cache
        try await withServer(configuration) { server in
            func answer(_ labels: [String]) async throws -> Data {
                let found = try await server.post(
                    "/v1/classify", ["image": Drawings.dataAddress(2), "labels": labels, "templates": ["a {}", "{}"]])
                #expect(found.status == 200, "\(found.text)")
                return found.body
            }
            _ = try await answer(["red", "blue"])
            #expect(cache.entries().isEmpty, "a few are encoded sooner than kept")
            let labels = (0..<40).map { "color \($0)" }
            let (first, second) = (try await answer(labels), try await answer(labels))
            let entries = cache.entries()
            #expect(entries.count == 1 && entries[0].description.hasPrefix("40 class names × 2 prompts by"))
            #expect(first == second)
        }
    }

    @Test func clipRetrievalsClientsAreAnswered() async throws {
        try await serving { server, index, _ in
            #expect(try await server.get("/indices-list").text == "[\"drawings\",\"b c\"]")
            let query: [String: Any] = [
                "text": "a red thing", "modality": "image", "num_images": 3, "num_result_ids": 7,
                "indice_name": "drawings", "use_mclip": false, "deduplicate": false, "use_safety_model": true,
                "aesthetic_score": "", "aesthetic_weight": 0.5,
            ]
            let vector = try server.clip.vectors(texts: ["a red thing"]).elements(Float.self)
            let expected = try index.search(vector, count: 7).map(\.picture.id)
            let found = try await server.post("/knn-service", query).list()
            #expect(found.map { $0["id"] as? Int64 } == expected)
            #expect(found.prefix(3).allSatisfy { $0["image_path"] is String && $0["image"] is String })
            #expect(found.dropFirst(3).allSatisfy { Set($0.keys) == ["id", "similarity"] })
            let shown = try #require(found[0]["image"] as? String)
            let image = try #require(Data(base64Encoded: shown))
            #expect(try Picture.decode(image, name: "thumbnail").width == 48)
            // Text before image before embedding; an empty text is none.
            var other = query
            (other["text"], other["image"]) = ("", try Drawings.png(6).base64EncodedString())
            other["embedding_input"] = [Float](repeating: 0.1, count: server.clip.embeddingSize)
            let asked3 = try await server.post("/knn-service", other).list()
            #expect(asked3[0]["id"] as? Int == 7)
            other["image"] = nil
            let asked4 = try await server.post("/knn-service", other).list()
            #expect(asked4.count == 7)
            other["embedding_input"] = [1.0, 2.0]
            #expect(try await server.post("/knn-service", other).status == 400)
            other["embedding_input"] = nil
            #expect(try await server.post("/knn-service", other).status == 400)
            (other["text"], other["indice_name"]) = ("a", "none")
            #expect(try await server.post("/knn-service", other).code == "index_not_found")
            other["indice_name"] = nil
            #expect(try await server.post("/knn-service", other).status == 400)
            var unique = query
            (unique["deduplicate"], unique["num_images"], unique["num_result_ids"]) = (true, 20, 20)
            let kept = try await server.post("/knn-service", unique).list()
            #expect(kept.count < 20 && !kept.isEmpty)
            let rows = try await server.post("/metadata", ["indice_name": "drawings", "ids": [4, 99, 2]]).list()
            #expect(rows.map { $0["id"] as? Int } == [4, 2] && rows.allSatisfy { $0["metadata"] is [String: Any] })
            #expect(try await server.post("/metadata", ["indice_name": "drawings", "ids": []]).text == "[]")
        }
    }

    @Test func immichIsAnswered() async throws {
        try await withServer { server in
            #expect(try await server.get("/ping").text == "pong")
            func predict(_ entries: String, _ field: String?, _ data: Data) async throws -> RunningFixture.Answer {
                var body = Data("--b\r\nContent-Disposition: form-data; name=\"entries\"\r\n\r\n\(entries)\r\n".utf8)
                if let field {
                    let file = field == "image" ? "; filename=\"blob\"\r\nContent-Type: application/octet-stream" : ""
                    body += Data("--b\r\nContent-Disposition: form-data; name=\"\(field)\"\(file)\r\n\r\n".utf8)
                    body += data + Data("\r\n".utf8)
                }
                return try await server.send(
                    .POST, "/predict", body + Data("--b--\r\n".utf8),
                    headers: [("Content-Type", "multipart/form-data; boundary=b")])
            }
            let seen = try await predict(
                "{\"clip\":{\"visual\":{\"modelName\":\"pictures\"}}}", "image", Drawings.png(5))
            let document = try seen.json()
            #expect(document["imageWidth"] as? Int == 48 && document["imageHeight"] as? Int == 36, "\(seen.text)")
            let text = try #require(document["clip"] as? String)
            let vector = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [Double])
            let picture = try Picture.decode(Drawings.png(5), name: "drawing")
            let expected = try server.clip.vectors(pictures: [picture]).elements(Float.self)
            #expect(zip(vector, expected).allSatisfy { abs($0 - Double($1)) < 2e-5 } && vector.count == expected.count)
            let read = try await predict(
                "{\"clip\":{\"textual\":{\"modelName\":\"pictures\",\"options\":{\"language\":\"de\"}}}}", "text",
                Data("a cat".utf8))
            #expect(try Set(read.json().keys) == ["clip"])
            let bad: [(String, String?, Int)] = [
                ("nonsense", "text", 422), ("{}", "text", 422), ("{\"ocr\":{}}", "text", 422),
                ("{\"clip\":{\"other\":{\"modelName\":\"pictures\"}}}", "text", 422),
                ("{\"clip\":{\"visual\":{\"modelName\":\"pictures\"}}}", nil, 400),
                ("{\"clip\":{\"textual\":{\"modelName\":\"pictures\"}}}", nil, 400),
                ("{\"clip\":{\"textual\":{\"modelName\":\"other\"}}}", "text", 404),
            ]
            for (entries, field, status) in bad {
                let answer = try await predict(entries, field, Data("a".utf8))
                #expect(answer.status == status, "\(entries): \(answer.status)")
            }
        }
    }
}
