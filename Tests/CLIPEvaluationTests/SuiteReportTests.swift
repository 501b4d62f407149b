import Foundation
import TestSupport
import Testing

@testable import CLIPEvaluation

#if canImport(FoundationXML)
import FoundationXML
#endif

/// A suite's results made by hand, with a figure of every kind.
private enum HandMade {
    static let hostile = "<script>alert(\"1\" & '2')</script>|\u{0}\u{FFFE}]]>"
    /// 30 samples of three classes, the 27 of which that are no multiple of ten rightly named.
    static let labels = (0..<30).map { $0 % 3 }
    static let answers = (0..<30).map { $0 % 10 == 0 ? [($0 + 1) % 3] : [$0 % 3] }

    private static func decoded<Value: Decodable>(_ value: some Encodable) throws -> Value {
        try ResultCoding.decoder().decode(Value.self, from: ResultCoding.encoder().encode(value))
    }

    static func classification(_ names: [String]) throws -> ClassificationResult {
        try ClassificationResult(answers: answers, labels: labels, classNames: names)
    }

    static func zeroShot(
        _ names: [String] = ["red cat", "blue cat", hostile], isRight: [Bool]? = nil
    ) throws -> ZeroShotResult {
        let figures = try classification(names)
        let gains = Interval(value: 0.1, low: -0.05, high: 0.2, confidence: 0.95, method: .bootstrap)
        return ZeroShotResult(
            classification: figures, multiLabel: nil,
            steps: [
                .init(prompts: "bare names", accuracy: .wilson(24, of: 30), gain: nil),
                .init(prompts: "ensemble", accuracy: figures.top1, gain: gains),
            ], sharedWords: SharedWord.all(names, confusion: figures.confusion), promptsPerClass: 7,
            isRight: isRight ?? zip(answers, labels).map { $0[0] == $1 }, predicted: answers.map { $0[0] })
    }

    /// A decoder makes what only tensors make otherwise.
    static func severalClasses() throws -> ZeroShotResult {
        struct Figures: Encodable {
            let meanAveragePrecision = Interval(
                value: 0.6, low: 0.4, high: 0.8, confidence: 0.95, method: .bootstrap)
            let averagePrecision: [String: Double?] = ["traffic_light": 0.5, "R@1": 0.7, "aTram": Double?.none]
            let count = 12
        }
        let figures: MultiLabelResult = try decoded(Figures())
        return ZeroShotResult(
            classification: nil, multiLabel: figures,
            steps: [.init(prompts: "bare names", accuracy: figures.meanAveragePrecision, gain: nil)],
            sharedWords: [], promptsPerClass: 1, isRight: [], predicted: [])
    }

    static func retrieval() throws -> RetrievalResult {
        struct Figures: Encodable {
            let convention = RetrievalResult.Convention.anyPositive
            let imageToText = RetrievalResult.Direction(ranks: (0..<20).map { Float($0 % 8) }, answers: 100)
            let textToImage = RetrievalResult.Direction(ranks: (0..<100).map { Float($0 % 16) }, answers: 20)
        }
        return try decoded(Figures())
    }

    static func probe(_ isRight: [Bool]? = nil) throws -> ProbeResult {
        ProbeResult(
            classification: try classification(["a", "b", "c"]), strength: 0.316,
            trials: [0.1, 0.316, 1].map {
                .init(strength: $0, accuracy: 0.8 + $0 / 10, iterations: 20, hasConverged: true)
            }, iterations: 40, hasConverged: true, trainCount: 90, validationCount: 30, featureSize: 512,
            isRight: isRight ?? zip(answers, labels).map { $0[0] == $1 })
    }

    static func fewShot() -> FewShotResult {
        FewShotResult(
            steps: [1, 4, 16].map { shots in
                let value = 0.5 + Double(shots) / 50
                return .init(
                    shots: shots, accuracies: [value - 0.01, value + 0.01],
                    accuracy: Interval(
                        value: value, low: value - 0.02, high: value + 0.02, confidence: 0.95, method: .standardError))
            }, zeroShot: .wilson(18, of: 30), catchesUpAt: 4.6, strength: 10)
    }

    static func robustness() -> RobustnessResult {
        RobustnessResult(
            reference: .wilson(27, of: 30), count: 30,
            shifts: [
                .init(name: "sketches", count: 20, accuracy: .wilson(13, of: 20), drop: 0.25, effective: nil),
                .init(name: "cartoons", count: 20, accuracy: .wilson(9, of: 20), drop: 0.45, effective: nil),
            ], meanShifted: .wilson(22, of: 40),
            corruptions: [("gaussian_noise", "noise"), ("shot_noise", "noise"), ("fog", "weather")].enumerated().map {
                place, kind in
                .init(
                    kind: kind.0, group: kind.1, severities: [1, 3, 5],
                    accuracy: [25, 20, 11].map { .wilson($0 - place, of: 30) })
            }, meanCorrupted: .wilson(59, of: 100))
    }

    static func overlap(seen: Int) throws -> OverlapResult {
        // All of the seen ones are right, and four of five others.
        let isRight = (0..<100).map { $0 < seen || $0 % 5 != 0 }
        return OverlapResult(
            report: try OverlapReport(name: "pets", isRight: isRight, isOverlap: (0..<100).map { $0 < seen }),
            threshold: try OverlapThreshold(similarity: 0.93, hashDistance: 6), measure: "zero-shot",
            trainingCount: 5000,
            pairs: [.init(key: hostile, training: "00017.jpg", similarity: 0.987, hashDistance: 64)])
    }

    static func weakness() throws -> WeaknessResult {
        let items = [[[0.9, 0.1], [0.2, 0.8]], [[0.9, 0.1], [0.95, 0.05]], [[0.4, 0.6], [0.6, 0.4]]]
        return WeaknessResult(
            probes: [
                .init(name: "counting", title: "Counting", accuracy: .wilson(30, of: 120), chance: 1 / 6, count: 120)
            ],
            winoground: try WinogroundScores(similarities: items),
            resolutions: [16, 64, 224].map { .init(side: $0, accuracy: .wilson(10 + $0 / 16, of: 30)) },
            groups: try GroupReport(
                isRight: (0..<40).map { $0 % 3 != 0 }, scores: (0..<40).map { Double($0) / 40 },
                groups: (0..<40).map { $0 < 25 ? "day" : "night" }))
    }

    static func calibration() throws -> CalibrationReport {
        let isRight = (0..<60).map { $0 % 3 != 0 }
        let inside = (0..<60).map { 0.2 + Double($0) / 600 }
        let threshold = try RejectionThreshold.fit(
            inside: inside, outside: inside.map { $0 - 0.06 }, isRight: isRight, falseAcceptance: 0.1)
        return CalibrationReport(
            before: Calibration(confidences: (0..<60).map { 0.5 + Double($0) / 121 }, isRight: isRight),
            after: Calibration(confidences: (0..<60).map { 0.55 + Double($0) / 300 }, isRight: isRight),
            temperature: TemperatureScaling(scale: 61.5), platt: nil, threshold: threshold,
            testAcceptance: threshold.acceptance, validationCount: 60, testCount: 60)
    }

    static func entry(
        _ name: String, _ task: SuiteEntry.Task, _ figures: SuiteResults.Figures, data: String? = "pets",
        fingerprint: String = "d1", examples: [SuiteResults.Example] = []
    ) -> SuiteResults.Entry {
        SuiteResults.Entry(
            id: "id of \(name)", name: name, task: task,
            data: data.map { .init(name: $0, fingerprint: fingerprint, count: 30, skipped: 1) }, seconds: 12.34,
            figures: figures, examples: examples)
    }

    static func suite(_ entries: [SuiteResults.Entry], model: String = "ViT-B-32/openai") -> SuiteResults {
        SuiteResults(
            title: "All of it", model: .init(name: model, fingerprint: "0123456789abcdef-float32"),
            command: "clip evaluate suite <a> & \"b\"", version: "1.2.3",
            date: Date(timeIntervalSince1970: 1_700_000_000),
            entries: entries)
    }

    static func all() throws -> SuiteResults {
        let examples: [SuiteResults.Example] = [
            .init(kind: .right, key: "1", actual: "red cat", predicted: "red cat", file: "examples/a/0.jpg"),
            .init(kind: .wrong, key: "2", actual: "red cat", predicted: hostile, file: "examples/a/1.jpg"),
            .init(kind: .confused, key: "3", actual: "blue cat", predicted: "red cat", file: "examples/missing.jpg"),
        ]
        return suite([
            entry("names", .zeroShot, .zeroShot(try zeroShot()), data: "cifar10", examples: examples),
            entry("tags", .zeroShot, .zeroShot(try severalClasses())),
            entry("captions", .retrieval, .retrieval(try retrieval()), data: "flickr30k"),
            entry("probe", .probe, .probe(try probe(), zeroShot: try zeroShot(), pixels: try probe())),
            entry("few", .fewShot, .fewShot(fewShot())),
            entry("shifts of \(hostile)", .robustness, .robustness(robustness())),
            entry("seen", .overlap, .overlap(try overlap(seen: 20))),
            entry("seen too", .overlap, .overlap(try overlap(seen: 0))),
            entry("weak", .weakness, .weakness(try weakness()), data: nil),
            entry("sure", .calibrate, .calibrate(try calibration())),
        ])
    }
}

/// Elements and texts of a page, which must be well-formed XML.
private final class PageReader: NSObject, XMLParserDelegate {
    private(set) var elements: [String: Int] = [:]
    private(set) var text = ""

    init(_ page: String) {
        super.init()
        let parser = XMLParser(data: Data(page.utf8))
        parser.delegate = self
        #expect(parser.parse(), "line \(parser.lineNumber): \(String(describing: parser.parserError))")
    }

    func parser(
        _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
        attributes: [String: String]
    ) { elements[name, default: 0] += 1 }

    func parser(_ parser: XMLParser, foundCharacters string: String) { text += string }
}

@Suite struct SuiteReportTests {
    @Test func resultsComeBackFromJSON() throws {
        let results = try HandMade.all()
        let data = try ResultCoding.encoder().encode(results)
        let read = try ResultCoding.decoder().decode(SuiteResults.self, from: data)
        #expect(read.entries.count == results.entries.count)
        for (index, (found, wanted)) in zip(read.entries, results.entries).enumerated() {
            #expect(found == wanted, "entry \(index), \(wanted.name)")
        }
        #expect(read == results)
        let text = String(decoding: data, as: UTF8.self)
        for key in ["\"R@1\"", "\"mean_per_class_recall\"", "\"traffic_light\"", "\"aTram\"", "\"image_to_text\""] {
            #expect(text.contains(key), "\(key)")
        }
    }

    @Test func everyFigureIsOnThePage() throws {
        let folder = try TemporaryFolder()
        for name in ["0", "1"] { try folder.write("examples/a/\(name).jpg", Data([0xFF, 0xD8, 0xFF, 0xD9])) }
        let page = try SuiteReport(HandMade.all(), folder: folder.url.path).html()
        let reader = PageReader(page)
        #expect(!page.contains("<script") && !page.contains("href") && !page.contains("src=\"http"))
        #expect(reader.elements["h2"] == 12, "a summary, an overview and ten evaluations")
        #expect(reader.elements["img"] == 2, "the third picture is missing")
        // Two of names, two of tags, one of captions, two of the probe, …
        #expect(reader.elements["article"] == 1 + 2 + 2 + 1 + 2 + 1 + 2 + 1 + 1 + 4 + 2)
        for text in [
            "<script>alert(\"1\" & '2')</script>", "90.0 % (74.4 to 96.5)", "+10.0 points (-5.0 to +20.0)",
            "red cat → <script>",
            "any-positive", "C = 0.316", "as much as 4.6 pictures a class bring", "gaussian noise", "95 % Wilson",
            "99.5 % Clopper-Pearson", "with Bonferroni's correction", "Nothing overlaps", "Winoground", "61.5",
            "OpenCLIP, docs/openclip_results.csv", "Between night and day", "swift-clip 1.2.3",
            "2023-11-14 22:13:20 UTC",
            "clip evaluate suite <a> & \"b\"", "0123456789ab", "No picture has: aTram.",
        ] { #expect(reader.text.contains(text), "\(text)") }
        #expect(!reader.text.contains("0123456789abcdef"))
    }

    /// Twice the p-value, since two sets were searched, though one of them has no overlap and so no p-value.
    @Test func overlapIsCorrectedOverTheSuite() throws {
        let report = try OverlapReport(
            name: "pets", isRight: (0..<100).map { $0 < 20 || $0 % 5 != 0 }, isOverlap: (0..<100).map { $0 < 20 })
        let p = try #require(report.pValue)
        #expect(p > 0.005 && p < 0.02, "0.8^20")
        let page = PageReader(try SuiteReport(HandMade.all(), folder: "/nowhere").html()).text
        #expect(page.contains("(\(ReportText.probability(2 * p)) with Bonferroni's correction"))
        let alone = HandMade.suite([HandMade.entry("seen", .overlap, .overlap(try HandMade.overlap(seen: 20)))])
        let other = PageReader(try SuiteReport(alone, folder: "/nowhere").html()).text
        #expect(other.contains("(\(ReportText.probability(p)) with Bonferroni's correction"))
    }

    @Test func markdownHasTheNumbers() throws {
        let results = try HandMade.all()
        let markdown = SuiteReport(results, folder: "/nowhere").markdown()
        let lines = markdown.split(separator: "\n").map(String.init)
        let rows = lines.filter { $0.hasPrefix("|") }
        // The command prints the head of the file: a row for each evaluation.
        for (row, entry) in zip(rows.dropFirst(2), results.entries) {
            #expect(row.hasPrefix("| \(ReportMarkdown.text(entry.name)) | \(entry.task.rawValue) |"), "\(row)")
        }
        let wanted =
            "| names | zero-shot | cifar10 | accuracy | 30 | 90.0 % (74.4 to 96.5) | 95 % Wilson | 33.3 % | 12.3 s |"
        #expect(rows[2] == wanted)
        #expect(lines.contains("| accuracy on cartoons | 45.0 % (25.8 to 65.8) | 95 % Wilson | - |"))
        #expect(lines.contains("| R@1, text to image | 7.0 % (3.4 to 13.7) | 95 % Wilson | 5.0 % |"))
        #expect(!markdown.unicodeScalars.contains("\0"))
        #expect(!markdown.contains("<script") && markdown.contains("&lt;script>alert(\"1\" & '2')&lt;/script>\\|"))
        for line in rows {
            let cells = line.replacing("\\|", with: "").split(separator: "|").count
            #expect(cells == 9 || cells == 4, "\(line)")
        }
    }

    /// Of five right ones among 100, one at least is among the first ten with 1 − C(95, 10) / C(100, 10).
    @Test func chanceCountsAllCaptions() throws {
        let result = try HandMade.retrieval()
        #expect(abs(result.chance(result.imageToText, 1) - 0.05) < 1e-12)
        #expect(abs(result.chance(result.imageToText, 10) - 0.4162476) < 1e-6)
        #expect(abs(result.chance(result.textToImage, 10) - 0.5) < 1e-12)
    }

    @Test func publishedNumbersAreOfTheModelOrTheEnds() throws {
        let all = try PublishedResults.matching(dataset: "cifar10", task: "zero-shot", metric: "top1")
        let own = SuiteOverview.chosen(all, model: "ViT-B-32/openai")
        #expect(!own.isEmpty && own.allSatisfy { $0.model == "ViT-B/32" || $0.model == "ViT-B-32 openai" }, "\(own)")
        let larger = SuiteOverview.chosen(all, model: "ViT-L-14-336/openai")
        #expect(!larger.isEmpty && larger.allSatisfy { $0.model.contains("336") }, "\(larger)")
        let ends = SuiteOverview.chosen(all, model: "mine").map(\.value)
        #expect(ends == [all.map(\.value).min(), all.map(\.value).max()])
        #expect(SuiteOverview.chosen([], model: "mine").isEmpty)
    }
}

@Suite struct SuiteComparisonTests {
    private func marks(_ wrong: Range<Int>) -> [Bool] { (0..<30).map { !wrong.contains($0) } }

    private func pair(_ first: [Bool], _ second: [Bool]) throws -> SuiteComparison {
        func suite(_ marks: [Bool], _ model: String) throws -> SuiteResults {
            let names = HandMade.hostile
            return HandMade.suite(
                [
                    HandMade.entry("names of \(names)", .zeroShot, .zeroShot(try HandMade.zeroShot(isRight: marks))),
                    HandMade.entry("captions", .retrieval, .retrieval(try HandMade.retrieval())),
                    HandMade.entry("sure", .calibrate, .calibrate(try HandMade.calibration())),
                ], model: model)
        }
        return SuiteComparison(try suite(first, "old"), try suite(second, "new"))
    }

    /// Nine samples that the first alone has right and one that the second alone has: 2 · (1 + 10) / 2^10.
    @Test func pairedMarksAreTested() throws {
        let comparison = try pair(marks(0..<1), marks(1..<10))
        let tested = comparison.figures.filter { $0.pValue != nil }
        #expect(tested.map(\.name) == ["accuracy"])
        let figure = try #require(tested.first)
        #expect(abs((figure.pValue ?? 0) - 22.0 / 1024) < 1e-12)
        #expect(figure.adjustedPValue == figure.pValue && figure.isBeyondChance == true)
        let interval = try #require(figure.differenceInterval)
        #expect(abs(interval.value + 8.0 / 30) < 1e-12 && interval.low < interval.value && interval.high < 0)
        let others = comparison.figures.filter { $0.pValue == nil }
        #expect(others.count == 11 && others.allSatisfy { $0.differenceInterval == nil && $0.difference == 0 })
        #expect(try pair(marks(0..<1), marks(0..<1)).figures.first?.isBeyondChance == false)
        // Not of the same samples.
        #expect(try pair(marks(0..<1), []).testCount == 0)
    }

    @Test func unmatchedEvaluationsAreNamed() throws {
        let retrieval = SuiteResults.Figures.retrieval(try HandMade.retrieval())
        let first = HandMade.suite([
            HandMade.entry("both", .retrieval, retrieval), HandMade.entry("mine", .retrieval, retrieval),
            HandMade.entry("changed", .retrieval, retrieval),
        ])
        let second = HandMade.suite([
            HandMade.entry("yours", .retrieval, retrieval), HandMade.entry("both", .retrieval, retrieval),
            HandMade.entry("changed", .retrieval, retrieval, fingerprint: "d2"),
        ])
        let comparison = SuiteComparison(first, second)
        #expect(Set(comparison.figures.map(\.evaluation)) == ["both"])
        #expect(comparison.onlyFirst == ["mine"] && comparison.onlySecond == ["yours"])
        #expect(comparison.otherData == ["changed"])
        for text in [comparison.markdown(), PageReader(comparison.html()).text] {
            for name in ["mine", "yours", "changed"] { #expect(text.contains(": \(name).\n"), "\(name): \(text)") }
        }
    }

    @Test func comparisonIsReadByPeopleAndPrograms() throws {
        let comparison = try pair(marks(0..<1), marks(1..<10))
        let data = try ResultCoding.encoder().encode(comparison)
        #expect(try ResultCoding.decoder().decode(SuiteComparison.self, from: data) == comparison)
        #expect(String(decoding: data, as: UTF8.self).contains("\"adjusted_p_value\""))
        let page = comparison.html()
        let reader = PageReader(page)
        #expect(!page.contains("<script") && reader.elements["article"] == 1)
        #expect(
            reader.text.contains(
                "Beyond chance (McNemar's exact test, p < 0.05 after Bonferroni's correction for 1 test)"))
        let markdown = comparison.markdown()
        let interval = try #require(comparison.figures.first?.differenceInterval)
        let cells = "| \(ReportText.points(interval)) | 0.021 | 0.021 |"
        #expect(cells.hasPrefix("| -26.7 points (-") && markdown.contains(cells), "\(markdown)")
        #expect(markdown.contains("(less is better)"))
    }
}
