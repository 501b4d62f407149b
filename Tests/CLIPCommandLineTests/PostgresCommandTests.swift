import Foundation
import TestSupport
import Testing

/// `clip index` and `clip search` with an index in PostgreSQL.
@Suite struct PostgresCommandTests {
    private static let options = ["--threads", "1"]

    private func makePictures(in folder: String) throws -> [String] {
        try FileManager.default.createDirectory(atPath: folder + "/pictures/deep", withIntermediateDirectories: true)
        return try ShapePairs.make(variants: 0..<1).enumerated().map { number, pair in
            let path = folder + "/pictures" + (number % 2 == 0 ? "/" : "/deep/") + pair.name + ".png"
            return try Fixture.write(pair.picture, to: path)
        }
    }

    private func address() throws -> String {
        try PostgresServer.running().address(schema: "command_\(UUID().uuidString.prefix(8))")
    }

    private func add(_ folder: String, to index: String, _ more: String...) throws -> [String: Any] {
        try clip(
            ["index", "add", folder + "/pictures", "--index", index, "--json"] + more + Self.options + Fixture.named
        ).succeeded().json()
    }

    private func search(_ index: String, _ more: [String]) throws -> [(image: String, id: Int, similarity: Double)] {
        let document = try clip(["search", "--index", index, "--json"] + more + Self.options).succeeded().json()
        #expect(document["index"] as? String == index)
        return try #require(document["results"] as? [[String: Any]]).map {
            (
                try #require($0["image"] as? String), try #require($0["id"] as? Int),
                try #require($0["similarity"] as? Double)
            )
        }
    }

    @Test func everyCommandAnswersAsWithAFolder() throws {
        try withTemporaryDirectory { folder in
            let paths = try makePictures(in: folder)
            let places = [try address(), folder + "/index"]
            func both(_ keys: [String], _ command: (String) throws -> [String: Any]) throws {
                let (one, other) = (try command(places[0]), try command(places[1]))
                for key in keys { #expect(one[key] as? Int == other[key] as? Int && one[key] is Int, "\(key)") }
                #expect(one["index"] as? String == places[0] && other["index"] as? String == places[1])
                #expect(one["model"] as? String == other["model"] as? String)
            }
            func compare(_ arguments: String...) throws {
                let (found, wanted) = (try search(places[0], arguments), try search(places[1], arguments))
                #expect(found.count == wanted.count && found.map(\.similarity) == found.map(\.similarity).sorted(by: >))
                let known = Dictionary(uniqueKeysWithValues: wanted.map { ($0.image, $0) })
                for one in found {
                    // Two roundings of a vector: three digits, and a little more.
                    let other = try #require(known[one.image])
                    #expect(one.id == other.id && abs(one.similarity - other.similarity) < 0.004)
                }
            }
            let counts = ["pictures", "added", "unchanged", "renamed", "reused", "removed"]
            for _ in 0..<2 {
                try both(counts) { try add(folder, to: $0) }
            }
            try compare("a dog", "--top", "100")
            try compare("a dog", "--subtract", "2:snow", "--add", paths[3], "--top", "100")
            try compare("--image", paths[7], "--top", "100")
            try compare("a dog", "--folder", folder + "/pictures/deep", "--top", "100")
            try compare("a dog", "--type", "jpg")
            try compare("a dog", "--type", ".PNG", "--top", "100", "--min-score", "-1")
            // Renamed, changed, copied, and gone.
            let manager = FileManager.default
            try manager.moveItem(atPath: paths[0], toPath: folder + "/pictures/renamed.png")
            _ = try Fixture.write(ShapePairs.make(variants: 3..<4)[5].picture, to: paths[1])
            try manager.copyItem(atPath: paths[2], toPath: folder + "/pictures/copy.png")
            try manager.removeItem(atPath: paths[3])
            try both(counts) { try add(folder, to: $0, "--prune") }
            try compare("a red square", "--top", "100")
            try both(["pictures", "dimension"]) { place in try command("status", place) }
            try both(["removed"]) { try command("remove", $0, folder + "/pictures/deep", "/elsewhere") }
            try both([]) { place in try command("compact", place) }
            try compare("a red square", "--top", "100")
            try both(["pictures"]) { try command("export", $0, "--output", folder + "/x.npy") }
            try clip(
                ["embed", "--text", "a", "--output", folder + "/q.npy"] + Self.options + Fixture.named
            ).succeeded()
            try clip("compare", folder + "/q.npy", folder + "/x.npy", "--threads", "1").succeeded()
        }
    }

    private func command(_ name: String, _ index: String, _ more: String...) throws -> [String: Any] {
        try clip(["index", name] + more + ["--index", index, "--json"]).succeeded().json()
    }

    @Test func whatIsWrongWithAServerIsSaidWithoutItsPassword() throws {
        let server = try PostgresServer.running()
        let none = try address()
        try clip(["search", "a", "--index", none] + Self.options).failed(66, "no index", "clip index add")
        func fails(_ code: Int32, _ index: String, _ words: String) throws {
            let outcome = try clip(["index", "status", "--index", index])
            outcome.failed(code, words)
            #expect(!outcome.complaints.contains("secret"))
        }
        try fails(66, "postgresql://a:secret@127.0.0.1:1/db", "08001")
        try fails(66, server.address(user: PostgresServer.lockedUser, "password=secret"), "28P01")
        try fails(64, "postgresql://a:sec/secret@host/db", "%2F")
        try fails(64, "postgresql://a:secret@host/db?nothing=secret", "postgresql://user@host:port/database")
        let other = try address()
        try withTemporaryDirectory { folder in
            _ = try makePictures(in: folder)
            _ = try add(folder, to: other)
            try clip(
                ["index", "add", folder + "/pictures", "--index", other, "--model", Fixture.family("hf-clip")]
                    + Self.options
            ).failed(65, "another model's vectors")
        }
    }
}
