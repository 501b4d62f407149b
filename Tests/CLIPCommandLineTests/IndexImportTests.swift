import Foundation
import TestSupport
import Testing

/// `clip index import`.
@Suite struct IndexImportTests {
    private static let options = ["--threads", "1"]

    private func search(_ index: String) throws -> [String: Double] {
        let document = try clip(["search", "a cat", "--top", "100", "--json", "--index", index] + Self.options)
            .succeeded().json()
        let results = try #require(document["results"] as? [[String: Any]])
        return try results.reduce(into: [:]) {
            $0[try #require($1["image"] as? String)] = try #require($1["similarity"] as? Double)
        }
    }

    private func makePictures(in folder: String) throws -> [String] {
        try ShapePairs.make(variants: 0..<1).map { pair in
            try Fixture.write(pair.picture, to: "\(folder)/\(pair.name).png")
        }
    }

    /// The same numbers as NumPy writes them in half precision.
    private func halves(of path: String, to target: String, rows: Range<Int>) throws {
        let array = try NumPyArray(path)
        let size = array.shape[1]
        var header = "{'descr': '<f2', 'fortran_order': False, 'shape': (\(rows.count), \(size)), }"
        header += String(repeating: " ", count: 63 - (10 + header.utf8.count) % 64) + "\n"
        var data = Data([0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(header.utf8.count), 0]) + Data(header.utf8)
        for value in array.values[rows.lowerBound * size..<rows.upperBound * size] {
            let bits = value.bitPattern
            let exponent = Int(bits >> 23 & 255) - 112
            // Numbers too small for a half's exponent are as good as none.
            let half = exponent <= 0 ? 0 : UInt32(exponent) << 10 | bits >> 13 & 0x3FF
            let whole = UInt16(bits >> 16 & 0x8000) | UInt16(half)
            data.append(contentsOf: [UInt8(whole & 255), UInt8(whole >> 8)])
        }
        try data.write(to: URL(fileURLWithPath: target))
    }

    @Test func whatEmbedWroteIsTheSameAsWhatIsAdded() throws {
        try withTemporaryDirectory { folder in
            let paths = try makePictures(in: folder)
            try clip(["index", "add"] + paths + ["--index", folder + "/added"] + Self.options + Fixture.named)
                .succeeded()
            // Texts among them are left out; vectors that were not divided by their length are.
            try clip(
                ["embed", "--text", "a dog", "--no-normalize", "--output", folder + "/x.npy"] + paths + Self.options
                    + Fixture.named
            ).succeeded()
            let given = ["index", "import", folder + "/x.npy", "--index", folder + "/imported", "--json"]
            let document = try clip(given).succeeded().json()
            #expect(document["imported"] as? Int == 16 && document["left_out"] as? Int == 1)
            #expect(document["pictures"] as? Int == 16 && document["model"] as? String == Fixture.model)
            let (added, imported) = (try search(folder + "/added"), try search(folder + "/imported"))
            #expect(Set(added.keys) == Set(imported.keys) && added.count == 16)
            for (path, similarity) in added { #expect(abs(similarity - (imported[path] ?? 9)) < 1e-4, "\(path)") }
            // What is imported has its files' sizes and times: they are not read again.
            let again = try clip(
                ["index", "add"] + paths + ["--index", folder + "/imported", "--json"] + Self.options + Fixture.named
            ).succeeded().json()
            #expect(again["unchanged"] as? Int == 16)
            #expect(try clip(given).succeeded().json()["pictures"] as? Int == 16)
            // What an index exports goes into another.
            let array = folder + "/y.npy"
            try clip("index", "export", "--output", array, "--index", folder + "/added").succeeded()
            try clip("index", "import", array, "--index", folder + "/copy").succeeded()
            let copy = try search(folder + "/copy")
            #expect(copy.allSatisfy { abs($0.value - (added[$0.key] ?? 9)) < 1e-4 } && copy.count == 16)
        }
    }

    @Test func filesOfHalvesAreToldAboutByLines() throws {
        try withTemporaryDirectory { folder in
            let paths = try makePictures(in: folder)
            try clip(["embed", "--output", folder + "/x.npy"] + paths + Self.options + Fixture.named).succeeded()
            let parts = [folder + "/img_emb_0.npy", folder + "/img_emb_1.npy"]
            try halves(of: folder + "/x.npy", to: parts[0], rows: 0..<10)
            try halves(of: folder + "/x.npy", to: parts[1], rows: 10..<16)
            let lines = (0..<16).map { number in
                number % 2 == 0
                    ? #"{"image": "/elsewhere/\#(number).jpg", "width": 640, "height": 480, "size": 7, "taken": 5}"#
                    : #"{"image_path": "\#(paths[number])", "caption": "not asked for"}"#
            }
            func write(_ lines: [String]) throws -> String {
                try Fixture.write((lines.joined(separator: "\n") + "\n\n").utf8, to: folder + "/rows.jsonl")
            }
            let rows = ["--rows", try write(lines)]
            let index = folder + "/index"
            let given = ["index", "import"] + parts + ["--index", index] + Self.options
            let document = try clip(given + rows + ["--json"] + Fixture.named).succeeded().json()
            #expect(document["imported"] as? Int == 16 && document["left_out"] as? Int == 0)
            try clip(["index", "add"] + paths + ["--index", folder + "/added"] + Self.options + Fixture.named)
                .succeeded()
            let (added, imported) = (try search(folder + "/added"), try search(index))
            #expect(imported.count == 16)
            for (number, path) in paths.enumerated() {
                let found = imported[number % 2 == 0 ? "/elsewhere/\(number).jpg" : path]
                #expect(abs((found ?? 9) - (added[path] ?? 0)) < 2e-3, "\(path)")
            }
            try clip("index", "export", "--output", folder + "/out.jsonl", "--index", index).succeeded()
            let first = try String(contentsOfFile: folder + "/out.jsonl", encoding: .utf8).split(separator: "\n")[0]
            #expect(first.contains(#""width":640"#) && first.contains(#""taken":5"#) && first.contains(#""size":7"#))

            _ = try write(Array(lines.dropLast()))
            try clip(given + rows + Fixture.named).failed(65, "rows.jsonl", "15 lines")
            _ = try write(lines + lines.prefix(1))
            try clip(given + rows + Fixture.named).failed(65, "rows.jsonl", "more lines")
            _ = try write(lines.prefix(3) + ["{}"] + lines.dropFirst(4))
            try clip(given + rows + Fixture.named).failed(65, "line 4")
            try clip(given + ["--rows", folder + "/none"] + Fixture.named).failed(66, "none")
        }
    }

    @Test func othersVectorsAreRefused() throws {
        try withTemporaryDirectory { folder in
            let paths = try makePictures(in: folder)
            func embed(_ model: String, _ name: String) throws -> String {
                let path = "\(folder)/\(name).npy"
                try clip(["embed", "--output", path, "--model", model, paths[0]] + Self.options).succeeded()
                return path
            }
            let (own, other) = (try embed(Fixture.model, "own"), try embed(Fixture.family("hf-clip"), "other"))
            let index = ["--index", folder + "/index"]
            try clip(["index", "import", own] + index).succeeded()
            try clip(["index", "import", other] + index).failed(65, "another model's vectors")
            try clip(["index", "import", own, other] + index).failed(65, "other.npy")
            let bare = folder + "/bare.npy"
            try FileManager.default.copyItem(atPath: own, toPath: bare)
            try clip(["index", "import", bare] + index).failed(65, "bare.npy", "--rows", "--model")
            try clip(["index", "import", bare, "--rows", "x"] + index).failed(64, "--model")
            try clip(["index", "import", bare] + Fixture.named + index).failed(64, "--rows")
            // The description of other vectors.
            var data = try Data(contentsOf: URL(fileURLWithPath: own))
            data[data.count - 1] ^= 1
            try data.write(to: URL(fileURLWithPath: own))
            try clip(["index", "import", own] + index).failed(65, "own.npy", "not the vectors")
            try clip(["index", "import", folder + "/none.npy"] + index).failed(66, "none.npy")
            try clip("index", "status", "--index", folder + "/index").succeeded()
        }
    }
}
