import Foundation
import Testing

@testable import CLIPCorpus
@testable import CLIPData

@Suite struct CorpusSplitTests {
    private typealias Item = CorpusSplit.Item
    private let sizes = CorpusSplit.Sizes(test: 60, validation: 30, share: 0.3)

    /// 300 things drawn by one to three sources, every tenth of them by nine.
    private func items() -> [Item] {
        (0..<300).flatMap { index in
            (0..<(index % 10 == 0 ? 9 : index % 3 + 1)).map { drawing in
                let source = ["a", "b", "c"][drawing % 3]
                return Item(
                    captions: ["thing \(index)"], place: "\(source):\(index)-\(drawing)", source: source,
                    hasChinese: source == "b")
            }
        }
    }

    private func parts(
        _ items: [Item], related: [(Int, Int)] = [], reserved: [CorpusPart: Set<String>] = [:]
    ) -> [String: Set<CorpusPart>] {
        let parts = CorpusSplit.parts(of: items, related: related, sizes: sizes, reserved: reserved)
        return Dictionary(uniqueKeysWithValues: zip(items.map(\.place), parts))
    }

    @Test func oneCaptionIsOnOneSide() {
        let items = items()
        let parts = parts(items)
        var sides: [String: [Set<CorpusPart>]] = [:]
        for item in items { sides[item.captions[0], default: []].append(parts[item.place] ?? []) }
        for (caption, sides) in sides {
            if sides.contains([.train]) {
                #expect(sides.allSatisfy { $0 == [.train] }, "\(caption)")
            } else {
                #expect(sides.count { !$0.isEmpty } == 1, "\(caption) has one picture in \(sides)")
            }
            if sides.count > CorpusSplit.largest { #expect(sides.contains([.train])) }
        }
        #expect(parts.values.count { $0 == [.test] } == 60 && parts.values.count { $0 == [.val] } == 30)
        // What people captioned in Chinese shows a thing where it can.
        for item in items where parts[item.place] == [.test] && item.source != "b" {
            #expect(!items.contains { $0.captions == item.captions && $0.source == "b" })
        }
    }

    @Test func orderHasNoSay() {
        let items = items()
        var random = SplitMix64(seed: 7)
        var shuffled = items
        random.shuffle(&shuffled)
        #expect(parts(items) == parts(shuffled))
    }

    @Test func anotherSourceMovesLittle() {
        let items = items()
        let more = items + (0..<100).map { Item(captions: ["new \($0)"], place: "d:\($0)", source: "d") }
        let (before, after) = (parts(items), parts(more))
        // The others' equal shares shrink a little, and that is all.
        for (place, parts) in before where after[place] != parts {
            #expect(parts != [.train] && after[place] == [.train], "\(place)")
        }
        #expect(before.count { after[$0.key] != $0.value } < 80)
    }

    @Test func whatIsSharedJoins() {
        var items = [
            Item(captions: ["sofa", "a thing to sit on"], shared: ["沙发"], place: "a:1", source: "a"),
            Item(captions: ["couch"], shared: ["沙发"], place: "a:2", source: "a"),
            Item(captions: ["settee", "a thing to sit on"], place: "a:3", source: "a"),
            Item(captions: ["bench"], place: "a:4", source: "a"),
            Item(captions: ["沙发"], place: "a:5", source: "a"),
        ]
        let taken = parts(items, related: [(1, 3)], reserved: [.demo: ["a:2"]])
        #expect(taken == ["a:1": [], "a:2": [.demo], "a:3": [], "a:4": [], "a:5": [.train]])
        items.reverse()
        #expect(parts(items, related: [(3, 1)], reserved: [.demo: ["a:2"]]) == taken)
    }

    @Test func reservedPlacesAreHonored() {
        let items = items()
        let first = Set(items.filter { $0.captions[0].hasSuffix("7") }.map(\.place))
        let demo: Set<String> = ["a:17-0", "b:31-1"]
        let parts = parts(items, reserved: [.first: first, .demo: demo])
        for item in items where first.contains(item.place) {
            #expect(parts[item.place] == (demo.contains(item.place) ? [.first, .demo] : [.first]))
        }
        #expect(parts["b:31-1"] == [.demo] && parts["a:31-0"] == [])
    }

    @Test func sharesAreEqualWhereTheyCanBe() {
        #expect(CorpusSplit.filled(100, limits: ["a": 10, "b": 80, "c": 80]) == ["a": 10, "b": 45, "c": 45])
        #expect(CorpusSplit.filled(100, limits: ["a": 10, "b": 20]) == ["a": 10, "b": 20])
        #expect(CorpusSplit.filled(0, limits: ["a": 10]) == ["a": 0])
        #expect(CorpusSplit.filled(5, limits: [:]) == [:])
    }

    @Test func listsOfReservedPlaces() {
        #expect(CorpusPart.reserved[.first]?.count == 529)
        #expect((CorpusPart.reserved[.demo]?.count ?? 0) >= 24)
    }

    @Test func noTrainingTextIsAHeldOutCaption() throws {
        let packages = try Packages()
        let letters = ["a", "e", "i", "o", "u", "y", "oo", "ee"]
        for index in 0..<60 {
            // Keywords and a Chinese caption that name the next stamp.
            try packages.stamp(
                "animals/beast\(index)",
                text: "A beast number \(index)x.\nzh_CN.utf8=野兽\(index)号\n", picture: try blocks(index))
            try packages.drawing(
                "animals/thing\(index)", title: "gadget\(letters[index % 8])\(letters[index / 8])",
                keyword: "beast number \((index + 1) % 60)x",
                picture: try blocks(1000 + index))
        }
        var options = packages.options()
        options.dictionary = packages.root + "/words.txt"
        let words = (0..<60).map { "獸\($0)號 野兽\($0)号 [ye3] /beast number \($0)x/" }
        try packages.put("words.txt", Data(words.joined(separator: "\n").utf8))
        let summary = try PictureCorpus(options).build(to: packages.root + "/out")
        let training = try read(packages.root + "/out", summary[.train].shards).map(\.record)
        let heldOut = try read(packages.root + "/out", (summary[.test].shards + summary[.val].shards)).map(\.record)
        #expect(heldOut.count > 20 && training.count > 60)
        let unseen = Set(heldOut.flatMap { $0.captions + $0.captionsByLanguage.values }.map(CaptionWords.normalized))
        for record in training {
            let words: [[String: [String]]] = [
                record.keywordsByLanguage, record.glossesByLanguage, record.keywordGlossesByLanguage,
            ]
            let texts =
                record.captions + record.keywords + record.captionsByLanguage.values
                + words.flatMap { $0.values.flatMap { $0 } }
            for text in texts { #expect(!unseen.contains(CaptionWords.normalized(text)), "\(text)") }
        }
        #expect(training.contains { $0.keywordGlossesByLanguage["zh"]?.first?.hasPrefix("野兽") == true })
        #expect(training.contains { !$0.keywords.isEmpty } && training.contains { $0.keywords.isEmpty })
    }
}
