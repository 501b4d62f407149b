import CLIP
import Foundation
import Imaging
import TestSupport
import Testing

@testable import CLIPEvaluation

@Suite struct SuiteTests {
    private func parse(_ yaml: String) throws -> SuiteFile {
        try SuiteFile(yaml: yaml, path: "suite.yaml", folder: "/here")
    }

    @Test func evaluationsAreReadWithTheirOptions() throws {
        let suite = try parse(
            """
            title: All of it
            evaluations:
              - task: zero-shot
                data: fashion-mnist
                templates: ["a photo of a {}", "a {}"]
              - {task: probe, data: photos, baseline: true, train_data: /abs/train}
              - {task: zero-shot, data: "a-*.tar::b-*.tar"}
              - {task: zero-shot, data: "a-*.tar::b-*.tar", split: val}
              - {task: robustness, data: photos, shifts: [sketches], corruptions: all, severities: [1, 5]}
            """)
        #expect(suite.title == "All of it" && suite.entries.count == 5)
        #expect(suite.entries[0].name == "zero-shot: fashion-mnist" && suite.entries[0].texts("templates")?.count == 2)
        #expect(try suite.entries[0].text("data") == "fashion-mnist")
        #expect(try suite.entries[1].text("data") == "/here/photos" && suite.entries[1].flag("baseline"))
        #expect(try suite.entries[1].text("train_data") == "/abs/train")
        #expect(try suite.entries[2].text("data") == "/here/a-*.tar::/here/b-*.tar")
        #expect(suite.entries[3].name == "\(suite.entries[2].name) (2)")
        #expect(suite.entries[4].texts("shifts") == ["/here/sketches"])
        #expect(try suite.entries[4].numbers("severities") == [1, 5])
    }

    @Test(arguments: [
        ("evaluations: [", "it is no YAML"), ("[]", "it holds no keys"), ("title: x", "evaluations is to be a list"),
        ("evaluations: [{task: zero-shots, data: x}]", "line 1: task is to be one of zero-shot, retrieval"),
        ("evaluations: [{task: zero-shot}]", "line 1: data is needed"),
        (
            "evaluations:\n  - task: retrieval\n    data: x\n    templates: [a]",
            "line 4: retrieval takes no \"templates\""
        ),
        ("evaluation: []", "\"evaluation\" is no key of a suite"),
        ("evaluations: [{task: overlap, data: x}]", "train_data is needed"),
        (
            "evaluations: [{task: zero-shot, data: x, name: a}, {task: zero-shot, data: y, name: a}]",
            "another evaluation"
        ),
    ])
    func whatCannotBeHeededIsNamedWithItsLine(_ yaml: String, _ reason: String) {
        let told = damage(of: "suite.yaml") { try parse(yaml) }
        #expect(told.contains(reason), "\(told)")
    }

    /// Two figures, then stopped; the rest when it goes on, and what is there is not computed again.
    @Test func aSuiteGoesOnWhereItStopped() throws {
        try withTemporaryDirectory { folder in
            for (name, value) in [("black", 0 as UInt8), ("white", 255)] {
                for place in 0..<4 {
                    let picture = try Picture(
                        width: 8, height: 8, pixels: Array(repeating: value ^ UInt8(place), count: 192))
                    try SetFixtures.write(
                        picture.encoded(as: .png(compression: 6)), to: "\(folder)/set/\(name)/\(place).png")
                }
            }
            try SetFixtures.write(
                """
                evaluations:
                  - {task: zero-shot, data: set}
                  - {task: zero-shot, data: set, templates: ["a {} picture"], name: asked}
                  - {task: calibrate, data: set, false_acceptance: 0.5}
                """, to: folder + "/suite.yaml")
            let suite = try SuiteFile(path: folder + "/suite.yaml")
            let clip = try ModelCatalog.description(of: ModelCatalog.bundledName).loaded()
            let evaluator = try Evaluator(clip, cache: nil)
            let (out, turns) = (folder + "/results", Turns())
            func run(stopping: Bool) throws -> [String] {
                turns.reset()
                var kept: [String] = []
                try SuiteRun(
                    suite, evaluator, folder: out, command: "test", version: "1",
                    shouldStop: { stopping && turns.next() > 2 }
                ).run { if case .kept(let name) = $0 { kept.append(name) } }
                return kept
            }
            #expect(throws: CancellationError.self) { try run(stopping: true) }
            #expect(try SuiteResults(path: out).entries.map(\.name) == ["zero-shot: set", "asked"])
            #expect(!FileManager.default.fileExists(atPath: out + "/report.html"))
            #expect(try run(stopping: false) == ["zero-shot: set", "asked"])
            let results = try SuiteResults(path: out)
            #expect(
                results.entries.count == 3
                    && results.entries[1].examples.allSatisfy { example in
                        FileManager.default.fileExists(atPath: "\(out)/\(example.file)")
                    })
            #expect(results.entries[0].data?.count == 8)
            for file in ["report.html", "results.md"] {
                #expect(FileManager.default.fileExists(atPath: "\(out)/\(file)"))
            }
            // Another model's results are not gone on with.
            let other = try Evaluator(clip, cache: nil, fingerprint: "other")
            #expect(throws: EvaluationError.self) {
                try SuiteRun(suite, other, folder: out, command: "", version: "").run()
            }
        }
    }

    private final class Turns: @unchecked Sendable {
        private let lock = NSLock()
        private var count = 0
        func next() -> Int {
            lock.withLock {
                count += 1
                return count
            }
        }
        func reset() { lock.withLock { count = 0 } }
    }
}
