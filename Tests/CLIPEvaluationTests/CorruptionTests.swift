import Foundation
import Imaging
import Testing

@testable import CLIPEvaluation

/// Against NumPy, SciPy, scikit-image, OpenCV and Pillow where chance has no part (Fixtures/make_corruptions.py), against what
/// the constants promise where it has.
@Suite struct CorruptionTests {
    private struct Expected: Decodable {
        struct Corrupted: Decodable {
            let kind: Corruption
            let severity: Int
            let pixels: [UInt8]
        }
        struct Moved: Decodable {
            let radius: Int
            let sigma: Double
            let degrees: Double
            let pixels: [UInt8]
        }
        struct Resized: Decodable {
            let shortest: Int
            let pixels: [UInt8]
        }
        struct Edges: Decodable {
            let drop: [Float]
            let distances: [Float]
        }
        let pixels: [UInt8]
        let corruptions: [Corrupted]
        let moved: [Moved]
        let resized: [Resized]
        let edges: Edges
    }

    private static let unseeded: Set<Corruption> = [
        .defocusBlur, .zoomBlur, .gaussianBlur, .brightness, .contrast, .saturate, .pixelate, .jpegCompression,
    ]

    private func expected() throws -> (Expected, Picture) {
        let url = try #require(Bundle.module.url(forResource: "Fixtures/corruptions", withExtension: "json"))
        let expected = try JSONDecoder().decode(Expected.self, from: Data(contentsOf: url))
        return (expected, try Picture(width: 11, height: 8, pixels: expected.pixels))
    }

    /// A slope, a disk and a bar, 48 x 36.
    private func structured() throws -> Corruption.Raster {
        let pixels = (0..<36 * 48).flatMap { place in
            let (x, y) = (place % 48, place / 48)
            let disk = (x - 20) * (x - 20) + (y - 16) * (y - 16) < 120 ? 90 : 0
            let bar = x - y > 18 && x - y < 25 ? 60 : 0
            return [20 + 2 * x + disk, 30 + 3 * y + disk / 2 + bar, 60 + x + bar].map { UInt8($0) }
        }
        return Corruption.Raster(try Picture(width: 48, height: 36, pixels: pixels))
    }

    private func gray(_ value: Float, side: Int = 32) -> Corruption.Raster {
        Corruption.Raster(
            width: side, height: side, channels: 3, values: Array(repeating: value, count: side * side * 3))
    }

    /// The mean distance of their bytes.
    private func deviation(_ left: Picture, _ right: Picture) -> Double {
        zip(left.pixels, right.pixels).reduce(0) { $0 + abs(Double($1.0) - Double($1.1)) } / Double(left.pixels.count)
    }

    private func expectEqual(_ found: [UInt8], _ wanted: [UInt8], within tolerance: Int, _ what: String) {
        guard found.count == wanted.count else {
            Issue.record("\(what): \(found.count) bytes, not \(wanted.count)")
            return
        }
        let differences = zip(found, wanted).map { abs(Int($0) - Int($1)) }
        let worst = differences.indices.max { differences[$0] < differences[$1] } ?? 0
        #expect(
            differences[worst] <= tolerance, "\(what): byte \(worst) is \(found[worst]), expected \(wanted[worst])")
    }

    // MARK: - All of them

    @Test func namesAndGroupsAreThePublishedOnes() {
        let benchmark = Corruption.allCases.filter { !$0.isExtra }
        #expect(benchmark.count == 15 && Corruption.allCases.count == 19)
        let groups = Dictionary(grouping: benchmark, by: \.group).mapValues { $0.map(\.rawValue) }
        #expect(
            groups == [
                "noise": ["gaussian_noise", "shot_noise", "impulse_noise"],
                "blur": ["defocus_blur", "glass_blur", "motion_blur", "zoom_blur"],
                "weather": ["snow", "frost", "fog", "brightness"],
                "digital": ["contrast", "elastic_transform", "pixelate", "jpeg_compression"],
            ])
        let extra = Corruption.allCases.filter(\.isExtra).map { "\($0.group): \($0.rawValue)" }
        #expect(extra == ["noise: speckle_noise", "blur: gaussian_blur", "weather: spatter", "digital: saturate"])
    }

    @Test(arguments: Corruption.allCases)
    func pictureOf224PixelsComesOutChanged(kind: Corruption) throws {
        let small = try Corruption.Raster(structured().picture(name: "a picture"), shortestSide: 24)
            .picture(name: "a picture")
        #expect(small.width == 32 && small.height == 24)
        let found = try kind.applied(to: small, severity: 3, seed: 5)
        #expect(found.width == 298 && found.height == 224 && found.name == "a picture")
        let before = try Corruption.Raster(small, shortestSide: 224).picture(name: "before")
        #expect(found != before)
        #expect(found == (try kind.applied(to: before, severity: 3, seed: 5)), "224 pixels stay as they are")
    }

    @Test(arguments: Corruption.allCases)
    func worseSeveritiesChangeMore(kind: Corruption) throws {
        let raster = try structured()
        let before = try raster.picture(name: "before")
        let deviations = try (1...5).map { severity in
            let found = try kind.corrupted(raster, severity: severity, seed: 7)
            #expect(found.width == 48 && found.height == 36 && found.channels == 3)
            return deviation(try found.picture(name: "after"), before)
        }
        #expect(deviations.allSatisfy { $0 > 0.3 }, "\(deviations)")
        switch kind {
        // Frost hides the picture rather than change its brightness; elastic transforms move corners far at first, and small
        // parts later; saturation first goes down, then up.
        case .frost, .elasticTransform, .saturate: break
        // Glass moves pixels in one round at severity 2 and in two at severity 4, less than before; snow has fewer flakes at
        // severity 3; spatter goes from water to mud at severity 4.
        case .glassBlur, .snow, .spatter: #expect(deviations[4] > deviations[0] * 1.2, "\(deviations)")
        default:
            for (milder, worse) in zip(deviations, deviations.dropFirst()) {
                #expect(worse > milder * 0.97, "\(deviations)")
            }
            #expect(deviations[4] > deviations[0] * 1.2, "\(deviations)")
        }
    }

    @Test(arguments: Corruption.allCases)
    func seedDecidesWhatIsRandom(kind: Corruption) throws {
        let raster = try structured()
        let first = try kind.corrupted(raster, severity: 4, seed: 1)
        #expect(first == (try kind.corrupted(raster, severity: 4, seed: 1)))
        let isSame = first == (try kind.corrupted(raster, severity: 4, seed: 2))
        #expect(isSame == Self.unseeded.contains(kind))
    }

    @Test func otherSeveritiesAndStripsAreRefused() throws {
        let picture = try Picture(width: 2, height: 2, pixels: Array(repeating: 9, count: 12))
        for severity in [0, 6, -1] {
            let problem = "severity \(severity) is not in 1...5"
            #expect(throws: EvaluationError.samples(name: "fog", problem: problem)) {
                try Corruption.fog.applied(to: picture, severity: severity, seed: 0)
            }
        }
        let strip = try Picture(width: 100, height: 3, pixels: Array(repeating: 9, count: 900), name: "strip")
        #expect(throws: EvaluationError.self) { try Corruption.contrast.applied(to: strip, severity: 1, seed: 0) }
    }

    // MARK: - Without chance

    @Test func deterministicOnesAreThoseOfThePythonLibraries() throws {
        let (expected, picture) = try expected()
        #expect(expected.corruptions.count == 21)
        for row in expected.corruptions {
            let found = try row.kind.corrupted(Corruption.Raster(picture), severity: row.severity, seed: 0)
            expectEqual(
                try found.picture(name: "").pixels, row.pixels, within: 1, "\(row.kind.rawValue) \(row.severity)")
        }
        for row in expected.moved {
            let found = Corruption.Raster(picture).moved(radius: row.radius, sigma: row.sigma, degrees: row.degrees)
            expectEqual(try found.picture(name: "").pixels, row.pixels, within: 1, "moved by \(row.degrees)°")
        }
        for row in expected.resized {
            let found = try Corruption.Raster(picture, shortestSide: row.shortest).picture(name: "")
            expectEqual(found.pixels, row.pixels, within: 1, "shortest side \(row.shortest)")
        }
    }

    @Test func distancesFromEdgesAreOpenCVs() throws {
        let edges = try expected().0.edges
        let drop = Corruption.Raster(width: 18, height: 14, channels: 1, values: edges.drop)
        let found = drop.distancesFromEdges().values
        #expect(edges.distances.count == found.count && edges.distances.contains(0))
        for (place, (found, wanted)) in zip(found, edges.distances).enumerated() {
            #expect(abs(found - wanted) < 1e-3, "pixel \(place): \(found), expected \(wanted)")
        }
    }

    @Test func smallOnesByHand() throws {
        // Two by two: means of 100, 60 and 0.
        let picture = try Picture(width: 2, height: 2, pixels: [50, 60, 0, 150, 60, 0, 50, 60, 0, 150, 60, 0])
        func pixels(_ kind: Corruption, _ severity: Int) throws -> [UInt8] {
            try kind.corrupted(Corruption.Raster(picture), severity: severity, seed: 0).picture(name: "").pixels
        }
        #expect(try pixels(.contrast, 1) == [80, 60, 0, 120, 60, 0, 80, 60, 0, 120, 60, 0])
        #expect(try pixels(.contrast, 4) == [95, 60, 0, 105, 60, 0, 95, 60, 0, 105, 60, 0])
        // The largest of three is 60 or 150, and becomes 51 more; the others keep their proportion to it.
        #expect(try pixels(.brightness, 2) == [93, 111, 0, 201, 80, 0, 93, 111, 0, 201, 80, 0])
        #expect(try pixels(.pixelate, 2) == [100, 60, 0, 100, 60, 0, 100, 60, 0, 100, 60, 0])
    }

    @Test func evenGrayStaysAsItIs() throws {
        let raster = gray(0.4, side: 24)
        for kind in Corruption.allCases where kind.group == "blur" || kind == .pixelate || kind == .elasticTransform {
            for severity in [1, 5] {
                let found = try kind.corrupted(raster, severity: severity, seed: 3).values
                // The published disk of radius 10 sums to 1.0108, for its rim is mirrored at the edge of its square.
                let sum: Float = kind == .defocusBlur && severity == 5 ? 1.01079 : 1
                #expect(found.allSatisfy { abs($0 - 0.4 * sum) < 1e-4 }, "\(kind.rawValue) \(severity)")
            }
        }
    }

    /// Weights that reach over the picture several times, folded into it, against a loop over all of them.
    @Test(arguments: [Corruption.Raster.Edge.nearest, .reflect, .mirror])
    func filtersAreTheirPlainTwins(edge: Corruption.Raster.Edge) {
        var numbers = Corruption.RandomNumbers(seed: 1)
        var raster = Corruption.Raster(width: 5, height: 4, repeating: 0)
        raster.update { _ in numbers.uniform(0, 1) }
        func folded(_ index: Int, _ length: Int) -> Int {
            var place = index
            while !(0..<length).contains(place) {
                switch edge {
                case .nearest: place = place < 0 ? 0 : length - 1
                case .reflect: place = place < 0 ? -1 - place : 2 * length - 1 - place
                case .mirror: place = place < 0 ? -place : 2 * length - 2 - place
                }
            }
            return place
        }
        let weights = Corruption.Raster.gaussian(6, radius: 17)
        func sum(_ value: (Int) -> Float) -> Float {
            weights.enumerated().reduce(0) { $0 + $1.element * value($1.offset - 17) }
        }
        var across = raster
        for place in 0..<20 {
            across.values[place] = sum { raster.values[place / 5 * 5 + folded(place % 5 + $0, 5)] }
        }
        var both = raster
        for place in 0..<20 {
            both.values[place] = sum { across.values[folded(place / 5 + $0, 4) * 5 + place % 5] }
        }
        let taps = weights.enumerated().map { Corruption.Raster.Tap(x: $0 - 17, y: 0, weight: $1) }
        for (name, found, wanted) in [
            ("taps", raster.filtered(taps, edge: edge), across),
            ("weights", raster.filtered(weights, edge: edge), both),
        ] {
            for (place, (found, wanted)) in zip(found.values, wanted.values).enumerated() {
                #expect(abs(found - wanted) < 1e-5, "\(name), pixel \(place): \(found), expected \(wanted)")
            }
        }
    }

    // MARK: - With chance

    @Test func noiseHasThePublishedDeviations() throws {
        func moments(_ kind: Corruption, _ value: Float, _ severity: Int) throws -> (mean: Double, deviation: Double) {
            let values = try kind.corrupted(gray(value), severity: severity, seed: 11).values.map { Double($0) }
            let mean = values.reduce(0, +) / Double(values.count)
            let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)
            return (mean, squares.squareRoot())
        }
        // Of 3,072 samples the mean is uncertain by a 55th of the deviation, the deviation by a 78th.
        for (kind, value, severity, deviation) in [
            (Corruption.gaussianNoise, Float(0.5), 1, 0.08), (.gaussianNoise, 0.5, 5, 0.38),
            (.speckleNoise, 0.5, 3, 0.175), (.shotNoise, 0.6, 1, 0.1), (.shotNoise, 0.6, 5, (0.6 / 3).squareRoot()),
        ] {
            let found = try moments(kind, value, severity)
            #expect(abs(found.mean - Double(value)) < deviation * 0.08, "\(kind.rawValue) \(severity): \(found)")
            #expect(abs(found.deviation - deviation) < deviation * 0.06, "\(kind.rawValue) \(severity): \(found)")
        }
        for kind in [Corruption.speckleNoise, .shotNoise] {
            #expect(try kind.corrupted(gray(0), severity: 5, seed: 1) == gray(0))
        }
    }

    @Test func impulsesAreHalfWhiteAndHalfBlack() throws {
        for (severity, share) in [(1, 0.03), (5, 0.27)] {
            let values = try Corruption.impulseNoise.corrupted(gray(0.5), severity: severity, seed: 2).values
            for impulse in [Float(0), 1] {
                let found = Double(values.count { $0 == impulse }) / Double(values.count)
                #expect(abs(found - share / 2) < 4 * (share / 2 / 3072).squareRoot(), "\(impulse): \(found)")
            }
            #expect(values.allSatisfy { [0, 0.5, 1].contains($0) })
        }
    }

    @Test func fogFillsItsRangeAndWrapsAround() {
        var numbers = Corruption.RandomNumbers(seed: 4)
        let fog = Corruption.Raster.plasma(width: 300, height: 256, decay: 2, &numbers)
        #expect(fog.values.min() == 0 && fog.values.max() == 1)
        for y in 0..<256 {
            #expect(fog.values[y * 300 + 256..<y * 300 + 300].elementsEqual(fog.values[y * 300..<y * 300 + 44]))
        }
    }
}
