import Foundation
import TestSupport
import Testing

@testable import CLIPData

@Suite struct CaptionWeightTests {
    private func record(_ json: String, text: String? = nil) -> Result<CaptionRecord, SkipReason> {
        CaptionRecord.read(text: text.map { Data($0.utf8) }, json: Data(json.utf8))
    }

    @Test func weightsBelongToTheirCaptions() throws {
        let both = try record(#"{"captions":["b","a","b"],"weights":[2,0.5,1]}"#, text: "a").get()
        #expect(both.caption == "a" && both.alternatives == ["b"])
        #expect(both.weights == [0.5, 3])
        let main = try record(#"{"caption":"m","captions":["b"],"weights":[3]}"#).get()
        #expect(main.weights == [1, 3])
        #expect(try record(#"{"caption":"m","captions":["b"]}"#).get().weights == [])
        #expect(try record(#"{"caption":"m","captions":["b"],"weights":null}"#).get().weights == [])
    }

    @Test(arguments: [
        #"[1]"#, #"[1,2,3]"#, #"[1,-2]"#, #"[1,"2"]"#, #"{"b":1}"#, #"[1,1e10]"#, "3",
    ])
    func wrongWeightsAreSkipped(weights: String) {
        let result = record(#"{"captions":["a","b"],"weights":\#(weights)}"#)
        #expect(result == .failure(.badCaptionWeights))
    }

    @Test(
        arguments: [
            ([], [0.25, 0.25, 0.25, 0.25]), ([1, 1, 2, 0], [0.25, 0.25, 0.5, 0]), ([0, 0, 0, 5], [0, 0, 0, 1]),
            ([0, 0, 0, 0], [0.25, 0.25, 0.25, 0.25]),
        ] as [([Double], [Double])])
    func captionsComeAsOftenAsTheyWeigh(weights: [Double], expected: [Double]) {
        let names = ["a", "b", "c", "d"]
        let sample = PairSample(
            key: "k", image: .bytes(Data()), imageName: "k.jpg", caption: "a", alternatives: ["b", "c", "d"],
            captionWeights: weights, location: "k")
        var counts: [String: Int] = [:]
        for seed in 0..<4000 {
            counts[CaptionSampling.weighted.caption(of: sample, seed: UInt64(seed)), default: 0] += 1
        }
        for (name, share) in zip(names, expected) {
            // Four standard deviations of 4000 draws are at most 0.032.
            #expect(abs(Double(counts[name] ?? 0) / 4000 - share) < 0.035, "\(name) of \(weights)")
            if share == 0 { #expect(counts[name] == nil) }
        }
        #expect(
            CaptionSampling.weighted.caption(of: sample, seed: 7)
                == CaptionSampling.weighted.caption(of: sample, seed: 7))
    }

    @Test func skipsAreSummedUpByReason() throws {
        let folder = try TemporaryFolder()
        let writer = try ShardWriter(path: folder.path("a.tar"))
        let (jpg, txt) = (("jpg", Data("J".utf8)), ("txt", Data("x".utf8)))
        for index in 0..<12 {
            let files = index % 4 == 0 ? [jpg] : index % 6 == 1 ? [txt] : [jpg, txt]
            try writer.append(key: "\(index)", files: files)
        }
        try writer.finish()
        let loader = try PairLoader(
            source: PairSource(folder.path("a.tar")), order: SampleOrder(seed: 0), resumingAt: DataCursor(epoch: 0),
            options: PairLoaderOptions(batchSize: 2)
        ) { sample, _ in
            if sample.key == "6" { throw CocoaError(.fileReadCorruptFile) }
            return sample.key
        }
        #expect(try allBatches(loader).flatMap(\.content).count == 6)
        #expect(loader.skipSummary.counts == ["no caption": 3, "no picture": 2, "undecodable": 1])
        #expect(loader.skipSummary.description == "3 no caption, 2 no picture, 1 undecodable")
        #expect(loader.skipSummary.total == 6)
    }
}
