import CLIP
import Foundation
import Pages
import Testing

@testable import CLIPTraining

#if canImport(FoundationXML)
import FoundationXML
#endif

/// The page of a run.
@Suite struct RunReportTests {
    private static let hostile = "<script>alert(\"1\" & '2')</script>\u{0}\u{1B}]0;\u{FFFE}]]>"

    private func history(
        steps: Int, resumed: Int? = nil, text: String = "plain", metrics: [StepMetric] = StepMetric.allCases
    ) throws -> RunHistory {
        var history = RunHistory()
        for step in [0, resumed].compactMap({ $0 }) {
            history.append(
                .start(
                    RunStart(step: step, epoch: 0, totalSteps: steps, pairsPerStep: 256, settings: ["model": text])))
        }
        for step in 0..<steps {
            let value = 0.3 + abs(sin(Double(step) * 0.7)) + 5 / Double(step + 1)
            let values = Dictionary(uniqueKeysWithValues: metrics.map { ($0, $0 == .dataWait ? 0.25 : value) })
            history.append(.step(StepRecord(step: step, epoch: 0, values: values)))
            guard step % max(1, steps / 12) == 0 else { continue }
            let shares = ["R@1": 0.1, "R@5": 0.2, "R@10": 0.3]
            let zeroShot: [String: Any] = ["accuracy": 0.5, "chance": 0.1, "categories": 10, "pictures": 40]
            let figures = HeldOutFigures([
                "pairs": 50, "image_to_text": shares, "text_to_image": shares, "chance": shares,
                "zero_shot": zeroShot,
            ])
            history.append(.evaluation(EvaluationRecord(try #require(figures), step: step + 1, epoch: 1)))
        }
        history.append(.warning(RunWarning(step: steps / 2, epoch: 0, kind: text, message: text)))
        return history
    }

    /// All elements' names and all texts of a page, which must be well formed.
    private func elements(_ page: String) throws -> (names: [String: Int], text: String, attributes: [String: String]) {
        final class Reader: NSObject, XMLParserDelegate {
            var names: [String: Int] = [:]
            var text = ""
            var attributes: [String: String] = [:]
            func parser(
                _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
                attributes found: [String: String]
            ) {
                names[name, default: 0] += 1
                attributes.merge(found) { $1 }
            }
            func parser(_ parser: XMLParser, foundCharacters string: String) { text += string }
        }
        let reader = Reader()
        let parser = XMLParser(data: Data(page.utf8))
        parser.delegate = reader
        #expect(parser.parse(), "line \(parser.lineNumber): \(String(describing: parser.parserError))")
        return (reader.names, reader.text, reader.attributes)
    }

    @Test func aPageShowsEveryCurve() throws {
        let page = RunReport([.init(name: "first", history: try history(steps: 120, resumed: 40))]).rendered()
        let (names, text, _) = try elements(page)
        #expect(names["article"] == 12)
        for title in [
            "Training run first", "Loss", "Distillation loss", "Inverse temperature 1/τ", "Bias of the similarities",
            "Learning rate",
            "Gradient norm before clipping", "Pairs per second", "Share of time spent waiting for data",
            "Held-out retrieval: picture to text", "Held-out retrieval: text to picture",
            "Held-out zero-shot accuracy among 10 categories", "guessing among 256: ln 256", "both directions",
            "picture to text", "chance: 10, 20, 30 %", "resumed: step 40", "warning: step 60", "Warnings", "Settings",
            "Evaluations on 50 held-out pairs", "120 of 120", "resumed 1 time",
        ] { #expect(text.contains(title), "\(title)") }
    }

    @Test func whatWasNotMeasuredIsLeftOut() throws {
        var history = RunHistory()
        for step in 0..<3 { history.append(.step(StepRecord(step: step, epoch: 0, values: [.loss: 1]))) }
        let (names, text, _) = try elements(RunReport([.init(name: "x", history: history)]).rendered())
        #expect(names["article"] == 1 && names["table"] == nil && !text.contains("Settings"))
        _ = try elements(RunReport([.init(name: "empty", history: RunHistory())]).rendered())
    }

    /// A run of a loss that this version does not know is drawn all the same, and of guessing nothing is said.
    @Test func termsOfUnknownLossesAreReadAndDrawn() throws {
        var history = RunHistory()
        let start = RunStart(
            step: 0, epoch: 0, totalSteps: 3, pairsPerStep: 256, settings: ["loss.kind": "hinge"])
        history.append(.start(start))
        for step in 0..<3 {
            let line = "{\"step\":\(step),\"epoch\":0,\"loss\":1,\"loss_margin\":0.5,\"lost\":2}"
            history.append(try #require(MetricsLine(Data(line.utf8))))
        }
        #expect(history.lastStep?[.term("margin")] == 0.5)
        let (names, text, _) = try elements(RunReport([.init(name: "x", history: history)]).rendered())
        #expect(names["article"] == 2 && text.contains("Loss: margin") && !text.contains("guessing"))
    }

    @Test func namesWithoutEndAreNotAllFollowed() throws {
        var history = RunHistory()
        let terms = (0..<500).map { "\"loss_\($0)\":1" }.joined(separator: ",")
        history.append(try #require(MetricsLine(Data("{\"step\":0,\"epoch\":0,\"loss\":1,\(terms)}".utf8))))
        #expect(history.curves.count <= RunHistory.curveLimit + 1 && history.curves[.loss] != nil)
    }

    @Test func severalRunsLieOverOneAnother() throws {
        let runs = try ["first", "second", Self.hostile].map {
            RunReport.Run(name: $0, history: try history(steps: 60))
        }
        let (names, text, _) = try elements(RunReport(runs).rendered())
        #expect(names["article"] == 12 && text.contains("3 training runs") && names["script"] == nil)
        #expect(text.contains("Held-out retrieval: picture to text, R@1"))
    }

    @Test func nothingIsFetchedOrRunAndTextStaysText() throws {
        let run = RunReport.Run(name: Self.hostile, history: try history(steps: 30, text: Self.hostile))
        let page = RunReport([run], title: Self.hostile).rendered()
        let (names, text, attributes) = try elements(page)
        #expect(Set(names.keys).isDisjoint(with: ["script", "link", "iframe", "img", "image", "object"]))
        #expect(attributes.keys.allSatisfy { !$0.hasPrefix("on") && $0 != "href" && $0 != "src" })
        #expect(text.contains("<script>alert(\"1\" & '2')</script>"))
        #expect(!page.contains("url(") && !page.contains("@import"))
        #expect(!RunReportStyle.text.contains { "<&".contains($0) } && !LineChart.style.contains { "<&".contains($0) })
    }

    /// Curves are thinned: ten times the steps make no larger page, far from a megabyte.
    @Test func longRunsMakeSmallPages() throws {
        let short = RunReport([.init(name: "x", history: try history(steps: 5_000))]).rendered().utf8.count
        let long = RunReport([.init(name: "x", history: try history(steps: 50_000))]).rendered().utf8.count
        #expect(Double(long) < 1.2 * Double(short), "\(long) bytes after \(short)")
        #expect(long < 500_000, "\(long) bytes")
    }
}
