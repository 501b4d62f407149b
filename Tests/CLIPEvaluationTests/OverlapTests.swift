import CLIPData
import Foundation
import Imaging
import TestSupport
import Testing
import Torch

@testable import CLIPEvaluation

/// The error that `body` throws.
private func problem(_ body: () throws -> some Any) -> EvaluationError? {
    do {
        _ = try body()
    } catch {
        return error as? EvaluationError
    }
    return nil
}

/// Pictures with vectors of length 1 and hashes of about 32 bits, both drawn.
private struct DrawnPictures {
    var vectors: [[Float]]
    var hashes: [PerceptualHash]

    init(_ count: Int, width: Int, seed: UInt64) {
        var generator = SplitMix64(seed: seed)
        vectors = (0..<count).map { _ in
            let values = (0..<width).map { _ in Float.random(in: -1...1, using: &generator) }
            let length = values.reduce(0) { $0 + $1 * $1 }.squareRoot()
            return values.map { $0 / length }
        }
        hashes = (0..<count).map { _ in PerceptualHash(bits: generator.next()) }
    }

    func pictures(_ name: String) throws -> OverlapPictures {
        try OverlapPictures(
            name: name, hashes: hashes,
            vectors: Tensor(vectors.flatMap { $0 }, shape: [vectors.count, vectors.first?.count ?? 0]))
    }
}

@Suite struct OverlapScanTests {
    private static func dot(_ one: [Float], _ other: [Float]) -> Double {
        zip(one, other).reduce(0) { $0 + Double($1.0) * Double($1.1) }
    }

    /// Looks at every pair, one after the other.
    private static func plain(_ evaluation: DrawnPictures, _ training: DrawnPictures) -> [OverlapScan.Nearest] {
        zip(evaluation.vectors, evaluation.hashes).map { vector, hash in
            let cosines = training.vectors.map { other in
                dot(vector, other) / (dot(vector, vector) * dot(other, other)).squareRoot()
            }
            let best = cosines.max() ?? 0
            let place = cosines.firstIndex { $0 >= best - 1e-6 } ?? -1
            var (hashPlace, distance) = (place, 64)
            if hash.bits.nonzeroBitCount >= 12 {
                for (index, other) in training.hashes.enumerated() where other.bits.nonzeroBitCount >= 12 {
                    if hash.distance(to: other) < distance { (hashPlace, distance) = (index, hash.distance(to: other)) }
                }
            }
            return .init(place: place, similarity: cosines[place], hashPlace: hashPlace, hashDistance: distance)
        }
    }

    private static func expectSame(_ found: [OverlapScan.Nearest], _ expected: [OverlapScan.Nearest], _ name: String) {
        #expect(found.count == expected.count)
        let differences = zip(found, expected).enumerated().filter { _, pair in
            let (one, other) = pair
            return one.place != other.place || one.hashPlace != other.hashPlace
                || one.hashDistance != other.hashDistance || !(abs(one.similarity - other.similarity) < 1e-6)
        }
        let first = differences.first
        #expect(
            first == nil,
            "\(name): \(differences.count) differ, first \(first?.offset ?? -1): \(String(describing: first?.element))")
    }

    @Test func blocksFindWhatEveryPairByItselfDoes() throws {
        var evaluation = DrawnPictures(45, width: 12, seed: 1)
        var training = DrawnPictures(700, width: 12, seed: 2)
        // Copies in several blocks, also of what is copied: the first counts.
        for place in [650, 130, 131, 64, 699] { training.vectors[place] = evaluation.vectors[7] }
        for place in [641, 5, 300] { training.hashes[place] = evaluation.hashes[8] }
        evaluation.vectors[9] = evaluation.vectors[7]
        // As unlike as rounding makes copies: its cosine is 1 - 1e-7.
        training.vectors[20] = evaluation.vectors[7]
        training.vectors[20][3] += 5e-4
        // Hashes of plain pictures, on one side, on the other, on both.
        evaluation.hashes[10] = PerceptualHash(bits: 1)
        (evaluation.hashes[11], training.hashes[50]) = (PerceptualHash(bits: 0x1F), PerceptualHash(bits: 0x1F))
        let expected = Self.plain(evaluation, training)
        let (left, right) = (try evaluation.pictures("set"), try training.pictures("training"))
        for (rows, columns) in [(1024, 16384), (8, 64), (45, 700), (7, 129), (45, 9)] {
            let found = try OverlapScan.nearest(of: left, in: right, rows: rows, columns: columns)
            Self.expectSame(found, expected, "\(rows) x \(columns)")
        }
        let found = try OverlapScan.nearest(of: left, in: right)
        #expect(found[7].place == 20 && found[9].place == 20 && abs(found[7].similarity - 1) < 1e-6)
        #expect(found[8].hashPlace == 5 && found[8].hashDistance == 0)
        #expect(found[10].hashPlace == found[10].place && found[10].hashDistance == OverlapScan.noHashDistance)
        #expect(found[11].hashDistance == OverlapScan.noHashDistance)
    }

    /// More hashes than are searched together in any direction.
    @Test func manyHashesAreSearchedAsOneByOne() {
        var generator = SplitMix64(seed: 3)
        // Few bits vary, so that many are equally near.
        func drawn(_ count: Int) -> [PerceptualHash] {
            (0..<count).map { _ in PerceptualHash(bits: generator.next() & 0x3FF | 0xFFFF_0000_0000) }
        }
        let (sought, others) = (drawn(70), [PerceptualHash(bits: 3)] + drawn(4500))
        let found = HashScan(others).nearest(of: sought)
        for (index, hash) in sought.enumerated() {
            let distances = others.map(hash.distance)
            let nearest = distances.min() ?? -1
            let place = distances.firstIndex(of: nearest)
            #expect(found[index]?.distance == nearest && found[index]?.place == place, "\(index)")
        }
    }

    @Test func plainPicturesDoNotCountByTheirHash() throws {
        let flat = try Picture(width: 40, height: 40, pixels: .init(repeating: 200, count: 4800))
        let black = try Picture(width: 40, height: 40, pixels: .init(repeating: 0, count: 4800))
        #expect(!PerceptualHash(flat).tellsPicturesApart && !PerceptualHash(black).tellsPicturesApart)
        #expect(PerceptualHash(try pattern(96, 80)).tellsPicturesApart)
        var evaluation = DrawnPictures(2, width: 4, seed: 4)
        var training = DrawnPictures(3, width: 4, seed: 5)
        evaluation.hashes[0] = PerceptualHash(flat)
        training.hashes = .init(repeating: PerceptualHash(flat), count: 3)
        let found = try OverlapScan.nearest(of: evaluation.pictures("set"), in: training.pictures("training"))
        for one in found { #expect(one.hashDistance == OverlapScan.noHashDistance && one.hashPlace == one.place) }
        let rule = try OverlapThreshold(similarity: 1, hashDistance: OverlapThreshold.mostHashDistance)
        #expect(found.allSatisfy { !rule.isDuplicate($0) })
    }

    /// bfloat16 rounds lengths by up to a half percent, which no cosine is to show.
    @Test func shortNumbersAreTakenToLengthOne() throws {
        let drawn = DrawnPictures(20, width: 12, seed: 6)
        let vectors = try drawn.pictures("set").vectors.converted(to: .bfloat16)
        let short = try OverlapPictures(name: "short", hashes: drawn.hashes, vectors: vectors)
        let found = try OverlapScan.nearest(of: short, in: short)
        for (index, one) in found.enumerated() { #expect(one.place == index && abs(one.similarity - 1) < 1e-9) }
    }

    @Test func progressIsToldAndStopsAreHeeded() throws {
        let set = try DrawnPictures(10, width: 4, seed: 7).pictures("set")
        var told: [Double] = []
        _ = try OverlapScan.nearest(of: set, in: set, rows: 4, columns: 4, onProgress: { told.append($0) })
        #expect(told == [0.4, 0.8, 1])
        var asked = 0
        #expect(throws: CancellationError.self) {
            try OverlapScan.nearest(
                of: set, in: set, rows: 4, columns: 4,
                shouldStop: {
                    asked += 1
                    return asked == 3
                })
        }
        #expect(asked == 3)
    }

    @Test func badPicturesAreNamed() throws {
        func made(_ hashCount: Int, _ values: [Float], _ shape: [Int]) -> EvaluationError? {
            problem {
                try OverlapPictures(
                    name: "training", hashes: .init(repeating: PerceptualHash(bits: 7), count: hashCount),
                    vectors: Tensor(values, shape: shape))
            }
        }
        #expect(made(0, [], [0, 2]) == .samples(name: "training", problem: "it has no pictures"))
        #expect(
            made(3, [1, 0, 0, 1], [2, 2])
                == .samples(name: "training", problem: "[2, 2] vectors of float32 for 3 hashes"))
        #expect(made(2, [1, 0, .nan, 1], [2, 2]) == .notFinite(name: "training"))
        #expect(made(2, [1, 0, .infinity, 1], [2, 2]) == .notFinite(name: "training"))
        #expect(
            made(2, [1, 0, 0, 2], [2, 2])
                == .samples(name: "training", problem: "vector 1 has length 2.0, not 1: normalize them all"))
        #expect(made(2, [1, 0, 0, 1], [2, 2]) == nil)
        let narrow = try DrawnPictures(3, width: 4, seed: 8).pictures("set")
        let wide = try DrawnPictures(3, width: 5, seed: 8).pictures("training")
        #expect(
            problem { try OverlapScan.nearest(of: narrow, in: wide) }
                == .samples(
                    name: "set",
                    problem: "its vectors have 4 numbers and those of training 5: take both from one model"))
    }
}

/// Shapes in colors, with edges in many places.
private func pattern(_ width: Int, _ height: Int) throws -> Picture {
    let pixels = (0..<width * height).flatMap { index -> [UInt8] in
        let (x, y) = (Double(index % width) / Double(width), Double(index / width) / Double(height))
        let isRound = (x - 0.3) * (x - 0.3) + (y - 0.6) * (y - 0.6) < 0.04
        let isBar = x > 0.62 && x < 0.8 && y > 0.15 + 0.4 * x
        let shade = 60 + 70 * x + 50 * y * y
        return isRound
            ? [230, 60, 40] : isBar ? [20, 40, 90] : [UInt8(shade), UInt8(shade + 40), UInt8(170 - 80 * x)]
    }
    return try Picture(width: width, height: height, pixels: pixels, name: "pattern")
}

@Suite struct OverlapThresholdTests {
    private static func rows(_ similarities: [(Double, Bool)]) -> [OverlapThreshold.Row] {
        similarities.map { .init(similarity: $0.0, hashDistance: 40, isDuplicate: $0.1) }
    }

    @Test func theBestScoreIsFound() throws {
        // F1 at 0.9, 0.8, 0.7, 0.6, 0.5: 2/5, 4/6, 4/7, 6/8, 6/9... of four duplicates, the last at 0.1.
        let rows = Self.rows([
            (0.5, false), (0.9, true), (0.7, false), (0.8, true), (0.6, true), (0.1, true), (0.2, false), (0.3, false),
        ])
        let found = try OverlapThreshold.choose(rows)
        #expect(found.similarity == 0.6 && found.precision == 0.75 && found.recall == 0.75 && found.hashDistance == nil)
        // Pairs of one similarity come together: at 0.8 both would be taken.
        let tied = try OverlapThreshold.choose(Self.rows([(0.8, true), (0.8, false), (0.9, true), (0.1, false)]))
        #expect(tied.similarity == 0.8 && tied.precision == 2 / 3.0 && tied.recall == 1)
        let apart = try OverlapThreshold.choose(Self.rows([(0.2, false), (0.8, true), (0.9, true), (0.1, false)]))
        #expect(apart.similarity == 0.8 && apart.precision == 1 && apart.recall == 1)
    }

    /// One taken of two, and rightly, has the same F1, 2/3, as four taken of which both are duplicates.
    @Test func ofEqualScoresTheMorePreciseWins() throws {
        let found = try OverlapThreshold.choose(
            Self.rows([(0.9, true), (0.8, false), (0.7, false), (0.6, true), (0.1, false)]))
        #expect(found.similarity == 0.9 && found.precision == 1 && found.recall == 0.5)
    }

    @Test func hashesAddToWhatIsFoundAndNotToTheChoice() throws {
        let rows: [OverlapThreshold.Row] = [
            .init(similarity: 0.9, hashDistance: 2, isDuplicate: true),
            .init(similarity: 0.4, hashDistance: 3, isDuplicate: true),
            .init(similarity: 0.7, hashDistance: 30, isDuplicate: false),
            .init(similarity: 0.6, hashDistance: 4, isDuplicate: false),
            .init(similarity: 0.3, hashDistance: 64, isDuplicate: false),
        ]
        let alone = try OverlapThreshold.choose(rows)
        #expect(alone.similarity == 0.9 && alone.recall == 0.5)
        let near = try OverlapThreshold.choose(rows, hashDistance: 3)
        #expect(near.similarity == 0.9 && near.hashDistance == 3 && near.precision == 1 && near.recall == 1)
        let far = try OverlapThreshold.choose(rows, hashDistance: 4)
        #expect(far.precision == 2 / 3.0 && far.recall == 1)
        func isTaken(_ similarity: Double, _ distance: Int) -> Bool {
            near.isDuplicate(.init(place: 0, similarity: similarity, hashPlace: 0, hashDistance: distance))
        }
        #expect(isTaken(0.9, 64) && isTaken(0, 3) && !isTaken(0.89, 4))
        #expect(try JSONDecoder().decode(OverlapThreshold.self, from: JSONEncoder().encode(near)) == near)
    }

    @Test func aSampleThatMakesItselfGivesAThreshold() throws {
        let positives = (1...100).map { 0.8 + 0.001 * Double($0) }
        // 95 of 100 are at least the sixth lowest.
        let apart = try OverlapThreshold.choose(positives: positives, negatives: [0.1, 0.7, 0.3])
        #expect(apart.similarity == positives[5] && apart.recall == 0.95 && apart.precision == 1)
        let every = try OverlapThreshold.choose(positives: positives, negatives: [0], leastFound: 1)
        #expect(every.similarity == positives[0])
        // Among fewer than 1,000 no negative is taken, of 1,000 one.
        let near = [0.85, 0.86] + (0..<997).map { Double($0) / 2000 }
        let none = try OverlapThreshold.choose(positives: positives, negatives: near)
        #expect(none.similarity == 0.86.nextUp && none.precision == 1)
        let one = try OverlapThreshold.choose(positives: positives, negatives: near + [0])
        #expect(one.similarity == 0.85.nextUp)
        // A copy among the negatives does not hide copies.
        let copy = try OverlapThreshold.choose(positives: positives + [1], negatives: [1, 0.2])
        #expect(copy.similarity == OverlapThreshold.exactCopy && copy.precision == 0.5 && copy.recall == 1 / 101.0)
        // Nor does a picture whose changed copies are all the same to the model.
        #expect(
            try OverlapThreshold.choose(positives: [1, 1], negatives: [0]).similarity == OverlapThreshold.exactCopy)
        let all = try OverlapThreshold.choose(positives: [0.5], negatives: [0.9, 0.8], mostTaken: 1)
        #expect(all.similarity == 0.5 && all.precision == 1 / 3.0)
    }

    @Test func badSamplesAreNamed() throws {
        let name = "labelled pairs"
        #expect(problem { try OverlapThreshold.choose([]) } == .samples(name: name, problem: "there are none"))
        #expect(problem { try OverlapThreshold.choose(Self.rows([(0.5, true)])) } == .oneClass(name: name))
        #expect(problem { try OverlapThreshold.choose(Self.rows([(0.5, false)])) } == .oneClass(name: name))
        #expect(
            problem { try OverlapThreshold.choose(Self.rows([(0.5, true), (.nan, false)])) } == .notFinite(name: name))
        #expect(
            problem { try OverlapThreshold.choose(positives: [1], negatives: []) }
                == .samples(name: name, problem: "1 duplicates and 0 others; some of both are needed"))
        #expect(
            problem { try OverlapThreshold.choose(positives: [.nan], negatives: [0]) } == .notFinite(name: name))
        func setting(_ body: () throws -> OverlapThreshold) -> String? {
            guard case .setting(let name, _, _)? = problem(body) else { return nil }
            return name
        }
        for wrong in [-1, 17] {
            #expect(setting { try OverlapThreshold(similarity: 0.5, hashDistance: wrong) } == "hash distance")
            #expect(
                setting { try OverlapThreshold.choose(positives: [1], negatives: [0], hashDistance: wrong) }
                    == "hash distance")
        }
        for wrong in [-1.5, 1.5, .nan] {
            #expect(setting { try OverlapThreshold(similarity: wrong) } == "similarity")
            #expect(
                setting { try OverlapThreshold.choose(positives: [1], negatives: [0], mostTaken: wrong) }
                    == "mostTaken")
            #expect(
                setting { try OverlapThreshold.choose(positives: [1], negatives: [0], leastFound: wrong) }
                    == "leastFound")
        }
    }

    @Test func variantsLookLikeThePictureAndAreOthers() throws {
        let picture = try pattern(100, 60)
        let variants = try OverlapThreshold.variants(of: picture, seed: 5)
        #expect(variants.map(\.width) == [100, 100, 90, 100] && variants.map(\.height) == [60, 60, 54, 60])
        let hash = PerceptualHash(picture)
        for place in [0, 1, 3] {
            let distance = hash.distance(to: PerceptualHash(variants[place]))
            #expect(variants[place] != picture && distance <= 6, "\(variants[place].name): \(distance) bits")
        }
        // The part is one of the picture, to the bit.
        let cropped = variants[2]
        let starts = (0...10).flatMap { left in (0...6).map { (left, $0) } }.filter { left, top in
            (0..<54).allSatisfy { row in
                let from = ((top + row) * 100 + left) * 3
                return picture.pixels[from..<from + 270].elementsEqual(
                    cropped.pixels[row * 270..<(row + 1) * 270])
            }
        }
        #expect(starts.count == 1)
        let means = [picture, variants[3]].map { $0.pixels.reduce(0.0) { $0 + Double($1) } }
        #expect((0.04...0.16).contains(abs(means[1] / means[0] - 1)), "\(means)")
        #expect(try OverlapThreshold.variants(of: picture, seed: 5) == variants)
        let others = try OverlapThreshold.variants(of: picture, seed: 6)
        #expect(others[0] == variants[0] && others[2] != variants[2])
        let small = try Picture(width: 1, height: 1, pixels: [10, 20, 30])
        #expect(try OverlapThreshold.variants(of: small, seed: 0).allSatisfy { $0.width == 1 && $0.height == 1 })
    }
}

@Suite struct OverlapLabelTests {
    private static func read(_ text: String) throws -> [OverlapLabel] {
        let folder = try TemporaryFolder()
        return try OverlapLabel.read(folder.write("labels.csv", text))
    }

    private static func reason(_ text: String) throws -> String? {
        guard case .damaged(_, let reason) = problem({ try read(text) }) else { return nil }
        return reason
    }

    @Test func labelsAreRead() throws {
        let labels = try Self.read(
            "\u{FEFF}duplicate,note,Training,evaluation\r\nyes,,a.jpg,x\r\n\r\n"
                + "0,\"one, two\",\"b \"\"c\"\", d.jpg\",x\r\nNO,,a.jpg, y \r\n1,,z,z")
        #expect(
            labels == [
                .init(line: 2, evaluation: "x", training: "a.jpg", isDuplicate: true),
                .init(line: 4, evaluation: "x", training: "b \"c\", d.jpg", isDuplicate: false),
                .init(line: 5, evaluation: "y", training: "a.jpg", isDuplicate: false),
                .init(line: 6, evaluation: "z", training: "z", isDuplicate: true),
            ])
        #expect(try Self.read("evaluation,training,duplicate\n").isEmpty)
    }

    @Test func faultsAreNamedByTheirLine() throws {
        let header = "evaluation,training,duplicate\n"
        #expect(try Self.reason(" \n") == "it is empty")
        #expect(
            try Self.reason("evaluation,training\na,b\n")
                == "its first line is to name the columns evaluation, training, duplicate, and it names "
                + "evaluation, training")
        #expect(
            try Self.reason(header + "a,b,1\n\nc,d\n") == "line 4 has 2 fields, and the first line 3")
        #expect(try Self.reason(header + "a,b,maybe\n") == "line 2 says \"maybe\" where 1, 0, yes or no is wanted")
        #expect(try Self.reason(header + "a,,1\n") == "line 2 does not name two pictures")
        #expect(try Self.reason(header + "a,b,1\nb,a,0\na,b,0\n") == "line 4 has the pair of line 2 again")
        #expect(
            try Self.reason(header + "a,\"b,1\n") == "line 2 opens a quotation mark that it does not close")
        guard case .file = problem({ try OverlapLabel.read("/nowhere/labels.csv") }) else {
            Issue.record("a missing file is no error")
            return
        }
    }

    @Test func labelledPairsAreCompared() throws {
        var evaluation = DrawnPictures(3, width: 6, seed: 9)
        var training = DrawnPictures(4, width: 6, seed: 10)
        training.vectors[2] = evaluation.vectors[1]
        training.hashes[2] = PerceptualHash(bits: evaluation.hashes[1].bits ^ 0b101)
        evaluation.hashes[0] = PerceptualHash(bits: 1)
        training.hashes[3] = PerceptualHash(bits: 1)
        let (left, right) = (try evaluation.pictures("set"), try training.pictures("training"))
        let keys = ["a", "b", "c", "d"]
        func rows(_ labels: [OverlapLabel]) throws -> [OverlapThreshold.Row] {
            try OverlapThreshold.rows(
                labels, path: "labels.csv", evaluation: left, evaluationKeys: Array(keys.prefix(3)), training: right,
                trainingKeys: keys)
        }
        let found = try rows([
            .init(line: 2, evaluation: "b", training: "c", isDuplicate: true),
            .init(line: 3, evaluation: "a", training: "d", isDuplicate: false),
        ])
        #expect(abs(found[0].similarity - 1) < 1e-6 && found[0].hashDistance == 2 && found[0].isDuplicate)
        let cosine = zip(evaluation.vectors[0], training.vectors[3]).reduce(0.0) { $0 + Double($1.0 * $1.1) }
        #expect(abs(found[1].similarity - cosine) < 1e-6 && !found[1].isDuplicate)
        #expect(found[1].hashDistance == OverlapScan.noHashDistance)
        #expect(
            problem { try rows([.init(line: 7, evaluation: "d", training: "a", isDuplicate: true)]) }
                == .damaged(path: "labels.csv", reason: "line 7 names d, which set does not have"))
        #expect(try rows([]).isEmpty)
        #expect(
            problem {
                try OverlapThreshold.rows(
                    [], path: "labels.csv", evaluation: left, evaluationKeys: keys, training: right, trainingKeys: keys)
            } == .samples(name: "set", problem: "4 keys for 3 pictures"))
    }
}

/// Against SciPy, whose answers Fixtures/make_overlap.py wrote down.
@Suite struct OverlapReportTests {
    private struct Expected: Decodable {
        let sets: [Row]
    }

    private struct Row: Decodable {
        let counts: [Int]
        let all: [Double]
        let clean: [Double]?
        let overlap: [Double]?
        let p: Double?
        let adjusted: Double?
    }

    private let rows: [Row]
    private let reports: [OverlapReport]

    init() throws {
        let url = try #require(Bundle.module.url(forResource: "Fixtures/overlap", withExtension: "json"))
        rows = try JSONDecoder().decode(Expected.self, from: Data(contentsOf: url)).sets
        reports = try rows.enumerated().map { index, row in
            let (clean, overlap) = (row.counts[0], row.counts[2])
            let isRight = (0..<clean).map { $0 < row.counts[1] } + (0..<overlap).map { $0 < row.counts[3] }
            let isOverlap = (0..<clean + overlap).map { $0 >= clean }
            // In another order than by kind.
            var generator = SplitMix64(seed: UInt64(index))
            let order = Array(0..<clean + overlap).shuffled(using: &generator)
            return try OverlapReport(
                name: "set \(index)", isRight: order.map { isRight[$0] }, isOverlap: order.map { isOverlap[$0] })
        }
    }

    private func expectClose(_ found: OverlapReport.Split?, _ expected: [Double]?, _ name: String) {
        #expect((found == nil) == (expected == nil), "\(name)")
        guard let found, let expected else { return }
        let interval = found.accuracy
        for (value, wanted) in zip([interval.value, interval.low, interval.high], expected) {
            #expect(abs(value - wanted) < 1e-9, "\(name): \(interval), \(expected)")
        }
        #expect(interval.confidence == 0.995 && interval.method == .clopperPearson)
    }

    @Test func accuraciesAreSciPys() {
        #expect(rows.count == 11)
        for (row, report) in zip(rows, reports) {
            expectClose(report.all, row.all, "\(report.name), all")
            expectClose(report.clean, row.clean, "\(report.name), clean")
            expectClose(report.overlap, row.overlap, "\(report.name), overlap")
            #expect(report.all.count == row.counts[0] + row.counts[2])
            #expect((report.overlap?.right ?? 0) == row.counts[3] && (report.clean?.right ?? 0) == row.counts[1])
            #expect(abs(report.overlapShare - Double(row.counts[2]) / Double(report.all.count)) < 1e-12)
        }
    }

    @Test func differencesAreOfTheAccuracies() {
        for (row, report) in zip(rows, reports) {
            let inflation = row.clean.map { row.all[0] - $0[0] }
            #expect((report.inflation == nil) == (inflation == nil), "\(report.name)")
            if let found = report.inflation, let inflation {
                #expect(abs(found.value - inflation) < 1e-12, "\(report.name)")
                #expect(found.low <= found.value && found.value <= found.high && found.method == .bootstrap)
                #expect(inflation == 0 || found.high > found.low, "\(report.name)")
            }
            guard let clean = row.clean, let overlap = row.overlap else {
                #expect(report.difference == nil && report.differenceIsClear == nil, "\(report.name)")
                continue
            }
            let found = report.difference.map { [$0.value, $0.low, $0.high] } ?? []
            #expect(found.count == 3)
            for (value, wanted) in zip(found, overlap) {
                #expect(abs(value - (wanted - clean[0])) < 1e-9, "\(report.name): \(found)")
            }
        }
        #expect(reports[0].differenceIsClear == true && reports[1].differenceIsClear == false)
    }

    @Test func testsAreSciPysWithAndWithoutCorrection() {
        let corrected = OverlapReport.corrected(reports)
        #expect(corrected.map(\.name) == reports.map(\.name))
        for (row, (before, after)) in zip(rows, zip(reports, corrected)) {
            #expect((after.pValue == nil) == (row.p == nil) && (after.adjustedPValue == nil) == (row.p == nil))
            #expect(before.adjustedPValue == nil && before.isSignificant == nil)
            guard let p = row.p, let adjusted = row.adjusted else {
                #expect(after == before, "\(before.name)")
                continue
            }
            #expect(after.pValue.map { abs($0 - p) < 1e-9 } == true, "\(before.name): \(p)")
            #expect(after.adjustedPValue.map { abs($0 - adjusted) < 1e-8 } == true, "\(before.name): \(adjusted)")
            #expect(after.isSignificant == (adjusted < 0.05), "\(before.name)")
        }
        // The last is significant by itself and not among eleven.
        #expect(corrected[0].isSignificant == true && corrected[10].isSignificant == false)
        #expect(OverlapReport.corrected([reports[10]])[0].isSignificant == true)
        #expect(OverlapReport.corrected([]).isEmpty)
    }

    @Test func noOverlapAndNothingElseSayNothing() throws {
        let none = try OverlapReport(name: "none", isRight: [true, false], isOverlap: [false, false])
        #expect(none.overlap == nil && none.clean == none.all && none.overlapShare == 0)
        #expect(none.inflation?.value == 0 && none.inflation?.low == 0 && none.inflation?.high == 0)
        #expect(none.difference == nil && none.pValue == nil)
        let only = try OverlapReport(name: "only", isRight: [true, false], isOverlap: [true, true])
        #expect(only.clean == nil && only.overlap == only.all && only.inflation == nil && only.overlapShare == 1)
        #expect(only.difference == nil && only.pValue == nil)
        // JSON has no numbers that are none.
        let all = OverlapReport.corrected([none, only] + reports)
        #expect(try JSONDecoder().decode([OverlapReport].self, from: JSONEncoder().encode(all)).count == all.count)
    }

    @Test func badAnswersAreNamed() {
        #expect(
            problem { try OverlapReport(name: "set", isRight: [true], isOverlap: [true, false]) }
                == .samples(name: "set", problem: "1 answers for 2 pictures that were searched for overlap"))
        #expect(
            problem { try OverlapReport(name: "set", isRight: [], isOverlap: []) }
                == .samples(name: "set", problem: "it has no pictures"))
    }
}
