// Which label fits a picture best: from a model's name to an answer. What is not here of the model is downloaded.
//
//     swift run FirstLook cat.jpg cat dog car

import CLIP
import Foundation
import Imaging

let arguments = CommandLine.arguments.dropFirst()
guard let path = arguments.first, arguments.count > 1 else {
    print("usage: FirstLook picture label...")
    exit(64)
}

let clip = try await CLIPModel.load("ViT-B-32/laion2b_s34b_b79k")
let picture = try Picture.read(path: path)
let answers = try await clip.classify(picture, labels: Array(arguments.dropFirst()))
print(answers[0].label, answers[0].score)
