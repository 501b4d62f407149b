// Sorts a folder's pictures by your own labels: a line for each picture, and how many there are of each label.
//
//     swift run ClassifyFolder ~/Pictures "a cat" "a dog" "a landscape"

import CLIP
import Foundation
import Imaging

let arguments = CommandLine.arguments.dropFirst()
guard let folder = arguments.first, arguments.count > 2 else {
    print("usage: ClassifyFolder folder label label...")
    exit(64)
}

let clip = try await CLIPModel.load()
let classifier = try await clip.classifier(
    labels: Array(arguments.dropFirst()), templates: [.plain, PromptTemplate("a picture of {}")])
var counts: [String: Int] = [:]
for file in try FileManager.default.contentsOfDirectory(atPath: folder).sorted() {
    // A folder holds other things than pictures.
    guard var picture = try? Picture.read(path: folder + "/" + file) else { continue }
    picture.name = file
    for answer in try await classifier.classify([picture]) {
        let best = answer.choices[0]
        counts[best.label, default: 0] += 1
        print("\(answer.picture): \(best.label) (\(Int((best.score * 100).rounded())) %)")
    }
}
for (label, count) in counts.sorted(by: { ($1.value, $0.key) < ($0.value, $1.key) }) { print("\(count) x \(label)") }
