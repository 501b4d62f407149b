import Foundation
import TestSupport
import Testing

@testable import CLIPEvaluation

/// Files that list pictures with several captions: COCO's, Karpathy's, Flickr30k's.
@Suite struct SetCaptionTests {
    private typealias Fixtures = SetFixtures

    private static let coco = """
        {"info": {"year": 2017}, "licenses": [],
         "images": [{"id": 9, "file_name": "000000000009.jpg", "height": 1, "width": 2},
                    {"id": 2, "file_name": "000000000002.jpg"}, {"id": 4, "file_name": "silent.jpg"}],
         "annotations": [{"image_id": 2, "id": 1, "caption": "A dog. "}, {"image_id": 9, "id": 2, "caption": "A cat."},
                         {"image_id": 2, "id": 3, "caption": "一只狗\\n"}]}
        """

    @Test(arguments: ["val2017", "images", "images/val2017", "../val2017", ""])
    func cocosCaptionsAndPictures(_ place: String) throws {
        try withTemporaryDirectory { root in
            let folder = "\(root)/annotations"
            let path = try Fixtures.write(Self.coco, to: "\(folder)/captions_val2017.json")
            let images = URL(fileURLWithPath: place.isEmpty ? folder : "\(folder)/\(place)").standardizedFileURL.path
            for name in ["000000000009.jpg", "000000000002.jpg"] {
                try Fixtures.write(Fixtures.png(7), to: "\(images)/\(name)")
            }
            let set = try EvaluationSet(path)
            #expect(set.name == "captions_val2017.json" && set.classNames.isEmpty)
            let samples = try set.samples()
            #expect(samples.map(\.captions) == [["A cat."], ["A dog.", "一只狗"]])
            #expect(samples.map(\.key) == ["\(images)/000000000009.jpg", "\(images)/000000000002.jpg"])
            #expect(try samples[1].pictures() == [Fixtures.picture(7)])
            try FileManager.default.removeItem(atPath: samples[1].key)
            #expect { try samples[1].pictures() } throws: { error in
                if case EvaluationError.file(let fault) = error { fault.isMissing } else { false }
            }
        }
    }

    @Test func picturesLieWhereTheCallerSays() throws {
        try withTemporaryDirectory { folder in
            let path = try Fixtures.write(Self.coco, to: "\(folder)/a/captions.json")
            let reason = damage(of: path) { try EvaluationSet(path) }
            #expect(reason.hasPrefix("its picture 000000000009.jpg is in none of"))
            try Fixtures.write("", to: "\(folder)/b/000000000009.jpg")
            var options = EvaluationSet.Options()
            options.images = "\(folder)/b"
            let samples = try EvaluationSet(path, options).samples()
            #expect(samples.first?.key == "\(folder)/b/000000000009.jpg")
            options.images = "\(folder)/c"
            #expect(damage(of: path) { try EvaluationSet(path, options) }.hasSuffix("\(folder)/c; name the folder"))
        }
    }

    /// Two of COCO's pictures lie in val2014, one of its training pictures in train2014.
    private static let karpathy = """
        {"dataset": "coco", "images": [
         {"filepath": "val2014", "filename": "a.jpg", "split": "test", "imgid": 0,
          "sentences": [{"raw": "One.", "tokens": ["one"]}, {"raw": " Two. "}]},
         {"filepath": "train2014", "filename": "b.jpg", "split": "train", "sentences": [{"raw": "Three."}]},
         {"filepath": "val2014", "filename": "c.jpg", "split": "restval", "sentences": [{"raw": "Four."}]},
         {"filepath": "val2014", "filename": "d.jpg", "split": "val", "sentences": [{"raw": "Five."}]}]}
        """

    @Test func karpathysSplits() throws {
        try withTemporaryDirectory { folder in
            let path = try Fixtures.write(Self.karpathy, to: "\(folder)/dataset_coco.json")
            for name in ["val2014/a", "train2014/b", "val2014/c", "val2014/d"] {
                try Fixtures.write("", to: "\(folder)/\(name).jpg")
            }
            var options = EvaluationSet.Options()
            func captions() throws -> [[String]] { try EvaluationSet(path, options).samples().map(\.captions) }
            #expect(try captions() == [["One.", "Two."]])
            #expect(try EvaluationSet(path).samples().map(\.key) == ["\(folder)/val2014/a.jpg"])
            options.split = "val"
            #expect(try captions() == [["Five."]])
            options.split = "train"
            #expect(try captions() == [["Three."], ["Four."]])
            options.split = "restval"
            #expect(try captions() == [["Four."]])
            options.split = "other"
            let others = ["restval", "test", "train", "val"]
            #expect(throws: EvaluationError.emptySplit(path: path, split: "other", others: others)) {
                try EvaluationSet(path, options)
            }
            options.split = "test"
            options.images = "\(folder)/val2014"
            #expect(try EvaluationSet(path, options).samples().map(\.key) == ["\(folder)/val2014/a.jpg"])
        }
    }

    @Test(arguments: ["results_20130124.token", "Flickr8k.token.txt"]) func flickrsTokens(_ name: String) throws {
        try withTemporaryDirectory { folder in
            let path = try Fixtures.write(
                "b#1.jpg#0\tTwo men .\n\nb#1.jpg#1\tThey\ttalk .\na.jpg#0\tA dog .\r\nb#1.jpg#2\tMen .\n",
                to: "\(folder)/\(name)")
            try Fixtures.write("", to: "\(folder)/flickr30k-images/b#1.jpg")
            let samples = try EvaluationSet(path).samples()
            #expect(samples.map(\.captions) == [["Two men .", "They\ttalk .", "Men ."], ["A dog ."]])
            #expect(samples.map(\.key) == ["b#1.jpg", "a.jpg"].map { "\(folder)/flickr30k-images/\($0)" })
            for line in ["a.jpg A dog .", "a.jpg\tA dog .", "#0\tA dog .", "a.jpg#0\t"] {
                try Fixtures.write("c.jpg#0\tA cat .\n\n\(line)\n", to: path)
                #expect(
                    damage(of: path) { try EvaluationSet(path) } == "line 3 is not NAME#NUMBER, a tab and a caption")
            }
        }
    }

    @Test func damagedJSONIsRefused() throws {
        try withTemporaryDirectory { folder in
            let path = "\(folder)/captions.json"
            for (text, wanted) in [
                ("{\"images\": [", "it is no valid JSON"), ("[1]", "it has neither COCO's"),
                ("{\"images\": [{\"id\": 1}]}", "it has neither COCO's"),
                (
                    #"{"images": [], "annotations": [{"image_id": 1, "bbox": []}]}"#,
                    "annotation 0 has no image_id or no caption"
                ),
                (
                    #"{"images": [{"id": 1}], "annotations": [{"image_id": 1, "caption": "x"}]}"#,
                    "image 0 has no id or no file_name"
                ),
                (
                    #"{"images": [{"sentences": [], "split": "test", "filename": "a.jpg"}]}"#,
                    "its picture a.jpg has no caption"
                ),
                (
                    #"{"images": [{"sentences": [{"raw": "x"}], "split": "test"}]}"#,
                    "image 0 has no split, filename or sentences"
                ),
            ] {
                try Fixtures.write(text, to: path)
                #expect(damage(of: path) { try EvaluationSet(path) }.hasPrefix(wanted), "\(text)")
            }
            try Fixtures.write(#"{"images": [{"id": 1, "file_name": "a.jpg"}], "annotations": []}"#, to: path)
            #expect(throws: EvaluationError.emptySplit(path: path, split: "test", others: [])) {
                try EvaluationSet(path)
            }
        }
    }
}
