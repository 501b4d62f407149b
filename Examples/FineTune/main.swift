// Fine-tunes the bundled model on a folder of pictures with caption files beside them (cat.jpg, cat.txt), and shows what
// it learned. The tuned model is a directory for `clip --model` and `CLIPModel.load`.
//
//     swift run FineTune ~/Pictures tuned

import CLIP
import CLIPData
import CLIPTraining
import Foundation

let arguments = Array(CommandLine.arguments.dropFirst())
guard arguments.count == 2 else {
    print("usage: FineTune folder run")
    exit(64)
}

let clip = try await CLIPModel.load()
let pairs = try PairSource(arguments[0])
let batchSize = min(32, try pairs.countPairs())
var configuration = TrainingConfiguration(batchSize: batchSize, totalSteps: 40)
// A tenth of what a model starts with: what it knows already is to stay.
configuration.learningRate = 5e-5
configuration.warmupSteps = 5
let run = try TrainingRun(
    clip, configuration: configuration, training: pairs, heldOut: nil,
    options: TrainingRun.Options(output: arguments[1]))
_ = try run.run(resuming: false) { event in
    guard case .step(let report, _, _, _) = event, report.step % 10 == 0 || report.step == 39 else { return }
    print("step \(report.step + 1): loss \((report.loss * 1000).rounded() / 1000)")
}
print("the tuned model is \(run.finalModelPath)")
