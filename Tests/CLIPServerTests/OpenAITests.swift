import Foundation
import Imaging
import Testing
import Torch

@testable import CLIPServer

/// OpenAI's protocol, with infinity's and Jina's inputs.
@Suite struct OpenAITests {
    private func vectors(_ answer: RunningFixture.Answer) throws -> [[Float]] {
        let data = try #require(try answer.json()["data"] as? [[String: Any]], "\(answer.text)")
        #expect(data.enumerated().allSatisfy { $1["index"] as? Int == $0 && $1["object"] as? String == "embedding" })
        return try data.map { entry in
            if let text = entry["embedding"] as? String {
                let bytes = try #require(Data(base64Encoded: text))
                return bytes.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
            }
            return try #require(entry["embedding"] as? [Double]).map(Float.init)
        }
    }

    private func expectClose(_ left: [Float], _ right: [Float], _ what: String) {
        let worst = zip(left, right).map { abs($0 - $1) }.max() ?? 1
        #expect(left.count == right.count && worst < 2e-5, "\(what): \(worst)")
    }

    @Test func textsAreEmbeddedAsByTheModel() async throws {
        try await withServer { server in
            let texts = ["a cat", "a much longer caption about a dog on a sofa", "海边的日落"]
            let expected = try server.clip.vectors(texts: texts).elements(Float.self)
            for format in ["float", "base64", nil] {
                var body: [String: Any] = ["input": texts, "model": "pictures"]
                body["encoding_format"] = format
                let answer = try await server.post("/v1/embeddings", body)
                #expect(answer.status == 200)
                for (place, vector) in try vectors(answer).enumerated() {
                    expectClose(
                        vector,
                        Array(expected[place * server.clip.embeddingSize..<(place + 1) * server.clip.embeddingSize]),
                        "\(format ?? "") \(place)")
                }
                let document = try answer.json()
                #expect(document["object"] as? String == "list" && document["model"] as? String == "pictures")
                let tokens = try texts.reduce(0) { try $0 + server.clip.tokenizer.tokenize($1).tokens.count }
                #expect((document["usage"] as? [String: Int])?["prompt_tokens"] == tokens)
            }
            let one = try await server.post("/embeddings", ["input": texts[0]])
            expectClose(try vectors(one)[0], Array(expected[0..<server.clip.embeddingSize]), "one text")
        }
    }

    @Test func picturesAreEmbeddedInEveryForm() async throws {
        try await withServer { server in
            let picture = try Picture.decode(Drawings.png(3), name: "drawing")
            let expected = try server.clip.vectors(pictures: [picture]).elements(Float.self)
            let address = try Drawings.dataAddress(3)
            let bare = try Drawings.png(3).base64EncodedString()
            let forms: [[String: Any]] = [
                ["input": address], ["input": [address]], ["input": bare, "modality": "image"],
                ["input": [["image": bare]]], ["input": ["image": address]],
                ["input": address.replacing("png;", with: "png;name=a.png;charset=x;")],
            ]
            for form in forms {
                let answer = try await server.post("/v1/embeddings", form)
                #expect(answer.status == 200, "\(answer.text)")
                expectClose(try vectors(answer)[0], expected, "\(form.keys)")
            }
            // Texts and pictures of one request, in their order.
            let mixed = try await server.post(
                "/v1/embeddings", ["input": [["text": "a cat"], ["image": bare], ["text": "a dog"]]])
            let texts = try server.clip.vectors(texts: ["a cat", "a dog"]).elements(Float.self)
            let found = try vectors(mixed)
            expectClose(found[0], Array(texts[0..<server.clip.embeddingSize]), "first")
            expectClose(found[1], expected, "second")
            expectClose(found[2], Array(texts.suffix(server.clip.embeddingSize)), "third")
        }
    }

    @Test func whatCannotBeAnsweredIsRefusedInItsForm() async throws {
        var configuration = ServerConfiguration()
        configuration.itemCount = 4
        configuration.bodyBytes = 20_000
        configuration.textLength = 100
        try await withServer(configuration) { server in
            let cases: [([String: Any], Int, String)] = [
                (["input": "a", "model": "other"], 404, "model_not_found"),
                (["model": "pictures"], 400, "invalid_request"), (["input": []], 400, "invalid_request"),
                (["input": ""], 400, "invalid_request"), (["input": [1, 2, 3]], 400, "invalid_request"),
                (["input": "a", "encoding_format": "int8"], 400, "invalid_request"),
                (["input": "a", "dimensions": 12], 400, "invalid_request"),
                (["input": "a", "modality": "audio"], 400, "invalid_request"),
                (["input": ["a", "b", "c", "d", "e"]], 413, "too_large"),
                (["input": String(repeating: "a", count: 101)], 413, "too_large"),
                (["input": String(repeating: "a", count: 20_001)], 413, "too_large"),
                (["input": "data:image/png;base64,AAAA"], 400, "invalid_picture"),
                (["input": "data:text/html,x", "modality": "image"], 400, "invalid_request"),
                (["input": "http://example.com/a.png", "modality": "image"], 400, "invalid_request"),
                (["input": "not base64 !", "modality": "image"], 400, "invalid_request"),
            ]
            for (body, status, code) in cases {
                let answer = try await server.post("/v1/embeddings", body)
                #expect(answer.status == status && answer.code == code, "\(body.keys): \(answer.status) \(answer.text)")
                let error = try #require(try answer.json()["error"] as? [String: Any])
                #expect((error["message"] as? String)?.isEmpty == false && error["type"] is String)
            }
            for text in [
                "", "{", "[]", "null", "{\"input\": NaN}", "{\"input\": \"a\", \"dimensions\": 1.5}",
                String(repeating: "[", count: 5000),
            ] {
                let answer = try await server.send(.POST, "/v1/embeddings", Data(text.utf8))
                #expect(answer.status == 400, "\(text.prefix(10)): \(answer.text)")
            }
            #expect(try await server.get("/nowhere").code == "not_found")
            #expect(try await server.post("/v1/embeddings", ["input": "still here"]).status == 200)
        }
    }

    @Test func theModelIsNamedAsPeopleNameIt() async throws {
        var configuration = ServerConfiguration()
        configuration.modelName = "ViT-B-32__openai"
        try await withServer(configuration) { server in
            let models = try await server.get("/v1/models").json()
            let data = try #require(models["data"] as? [[String: Any]])
            #expect(data.map { $0["id"] as? String } == ["ViT-B-32__openai"])
            #expect(
                data[0]["embedding_size"] as? Int == server.clip.embeddingSize
                    && data[0]["context_length"] as? Int == 48)
            for name in ["ViT-B-32__openai", "ViT-B-32/openai", "pictures", "default/not-specified", ""] {
                #expect(
                    try await server.post("/v1/embeddings", ["input": "a", "model": name]).status == 200, "\(name)")
            }
            #expect(try await server.get("/v1/models/ViT-B-32__openai").status == 200)
            #expect(try await server.get("/v1/models/ViT-B-32/openai").status == 200)
            #expect(try await server.get("/v1/models/else").code == "model_not_found")
        }
    }
}
