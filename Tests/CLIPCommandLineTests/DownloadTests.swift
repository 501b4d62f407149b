import Foundation
import TestSupport
import Testing

/// `clip download` and models by a hub's names, without a network: only the cache is looked at.
@Suite struct DownloadTests {
    @Test func aModelThatIsNotHereIsNamedWithTheWayToFetchIt() throws {
        try withTemporaryDirectory { folder in
            let launcher = ["/usr/bin/env", "HF_HUB_CACHE=\(folder)", "HF_HUB_OFFLINE=1", "HOME=\(folder)"]
            let name = "ViT-B-32/laion2b_s34b_b79k"
            for arguments in [
                ["download", "--cached", name], ["download", name],
                ["embed", "--text", "a", "--json", "--model", name],
            ] {
                try clip(arguments, launcher: launcher).failed(66, "B-32")
            }
            let message = try clip(["download", "--cached", name], launcher: launcher).errors.first
            #expect(message?.contains("clip download \(name)") == true)
            try clip(["download", "nonsense"], launcher: launcher).failed(64, "nonsense")
        }
    }

    /// Without a network: nothing was asked for.
    @Test func whatIsNotReadIsRefusedByName() throws {
        try withTemporaryDirectory { folder in
            let launcher = [
                "/usr/bin/env", "HF_HUB_CACHE=\(folder)", "HF_ENDPOINT=http://127.0.0.1:9", "HOME=\(folder)",
            ]
            for name in ["ViTamin-S/datacomp1b", "hf-hub:timm/PE-Core-B-16", "roberta-ViT-B-32/laion2b_s12b_b32k"] {
                try clip(["download", name], launcher: launcher).failed(65, name, "cannot be read")
                try clip(["embed", "--text", "a", "--json", "--model", name], launcher: launcher).failed(65, name)
            }
            try clip(["download", "ViT-B/33"], launcher: launcher).failed(64, "Did you mean ViT-B/32")
        }
    }

    /// A snapshot as Python's library leaves it: the model answers by its repository's name.
    @Test func aCachedRepositoryIsAModel() throws {
        try withTemporaryDirectory { folder in
            let repository = folder + "/models--someone--tiny"
            let snapshot = repository + "/snapshots/0123456789abcdef0123456789abcdef01234567"
            let manager = FileManager.default
            try manager.createDirectory(atPath: snapshot, withIntermediateDirectories: true)
            try manager.createDirectory(atPath: repository + "/refs", withIntermediateDirectories: true)
            try Data("0123456789abcdef0123456789abcdef01234567".utf8)
                .write(to: URL(fileURLWithPath: repository + "/refs/main"))
            let source = Fixture.family("hf-clip")
            for file in try manager.contentsOfDirectory(atPath: source) where !file.hasPrefix("expected") {
                try manager.copyItem(atPath: source + "/" + file, toPath: snapshot + "/" + file)
            }
            let launcher = ["/usr/bin/env", "HF_HUB_CACHE=\(folder)", "HF_HUB_OFFLINE=1"]
            let arguments = ["embed", "--text", "a cat", "--json", "--model"]
            let byName = try clip(arguments + ["hf-hub:someone/tiny"], launcher: launcher).succeeded()
            let byFolder = try clip(arguments + [repository]).succeeded()
            let plain = try clip(arguments + [source]).succeeded()
            #expect(try vector(byName.output) == vector(plain.output))
            #expect(try vector(byFolder.output) == vector(plain.output))
            let path = try clip(["download", "hf-hub:someone/tiny"], launcher: launcher).succeeded().text
            #expect(path == snapshot + "\n")
        }
    }

    private func vector(_ output: Data) throws -> [Double] {
        let object = try JSONSerialization.jsonObject(with: output) as? [String: Any]
        let texts = try #require(object?["texts"] as? [[String: Any]])
        return try #require(texts.first?["embedding"] as? [Double])
    }
}
