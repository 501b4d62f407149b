import Foundation
import Testing

@testable import CLIPEvaluation

@Suite struct PublishedTests {
    private func value(_ dataset: String, _ task: String, _ metric: String, _ model: String, of source: String) throws
        -> Double?
    {
        try PublishedResults.matching(dataset: dataset, task: task, metric: metric)
            .first { $0.model == model && $0.source.hasSuffix(source) }?.value
    }

    /// Numbers that the paper's text says too, and the corners of its tables, where a shifted column would show.
    @Test func numbersAreThePapers() throws {
        let large = "ViT-L/14@336px"
        for (dataset, task, metric, model, source, wanted) in [
            ("ayahoo", "zero-shot", "top1", "Visual N-Grams", "table 1", 72.4),
            ("imagenet", "zero-shot", "top1", "Visual N-Grams", "table 1", 11.5),
            ("sun", "zero-shot", "top1", large, "table 1", 58.5),
            ("food101", "zero-shot", "top1", "RN50", "table 11", 81.1),
            ("imagenet", "zero-shot", "top1", "RN50", "table 11", 59.6),
            ("food101", "zero-shot", "top1", large, "table 11", 93.8),
            ("imagenet", "zero-shot", "top1", large, "table 11", 76.2),
            ("mnist", "zero-shot", "top1", "ViT-B/32", "table 11", 51.9),
            ("oxford-pets", "zero-shot", "mean_per_class_recall", large, "table 11", 93.5),
            ("imagenet", "linear-probe", "top1", large, "table 10", 85.4),
            ("rendered-sst2", "linear-probe", "top1", large, "table 10", 80.5),
            ("stl10", "linear-probe", "top1", "RN50", "table 10", 96.6),
            ("imagenet", "linear-probe", "top1", "ResNet-50", "table 10", 74.3),
            ("flickr30k", "image-to-text", "R@1", large, "table 13", 88.0),
            ("mscoco", "image-to-text", "R@10", large, "table 13", 88.1),
            ("flickr30k", "text-to-image", "R@1", large, "table 13", 68.7),
            ("mscoco", "text-to-image", "R@10", large, "table 13", 72.2),
            ("imagenet-r", "zero-shot", "top1", large, "table 16", 88.9),
            ("youtube-bb", "zero-shot", "pm10", large, "table 16", 88.5),
            ("imagenet-a", "supervised", "top1", "ResNet-101", "figure 13", 2.7),
            ("imagenet", "zero-shot", "top1", "ViT-H-14 laion2b_s32b_b79k", "openclip_results.csv", 77.96),
            ("imagenet", "zero-shot", "top1", "ViT-B-32 laion2b_s34b_b79k", "openclip_results.csv", 66.56),
            ("imagenet", "supervised", "top1", "resnet50.tv_in1k", "results/*.csv", 76.13),
        ] {
            let found = try value(dataset, task, metric, model, of: source)
            #expect(
                found.map { abs($0 - wanted / 100) < 1e-12 } == true,
                "\(source), \(model), \(dataset), \(task), \(metric): \(String(describing: found)) and not \(wanted) %")
        }
    }

    /// The robustness table and the others were measured by the same people on the same model.
    @Test func tablesAgree() throws {
        let large = "ViT-L/14@336px"
        let zeroShot = try PublishedResults.matching(dataset: "imagenet", task: "zero-shot", metric: "top1")
        let same = zeroShot.filter { $0.model == large }
        #expect(Set(same.map(\.source)).count == 3 && Set(same.map(\.value)) == [76.2 / 100])
        let probes = try PublishedResults.matching(dataset: "imagenet", task: "linear-probe", metric: "top1")
        #expect(Set(probes.filter { $0.model == large }.map(\.value)) == [85.4 / 100])
        // Each of the nine models with and without a probe, on all of the 27 sets.
        let models = ["RN50", "RN101", "RN50x4", "RN50x16", "RN50x64", "ViT-B/32", "ViT-B/16", "ViT-L/14", large]
        let all = try PublishedResults.all()
        for model in models {
            for table in ["Radford et al. 2021, table 10", "Radford et al. 2021, table 11"] {
                let sets = all.filter { $0.source == table && $0.model == model }.map(\.dataset)
                #expect(sets.count == 27 && Set(sets).count == 27, "\(table), \(model): \(sets.count)")
            }
        }
    }

    @Test func everyNumberHasASourceAndIsAShare() throws {
        let all = try PublishedResults.all()
        #expect(all.count > 1000)
        let tasks: Set = [
            "zero-shot", "linear-probe", "image-to-text", "text-to-image", "supervised", "supervised-more-data",
        ]
        let metrics: Set = [
            "top1", "mean_per_class_recall", "mAP11", "mean_top1_top5", "roc_auc", "R@1", "R@5", "R@10", "pm0", "pm10",
            "error",
        ]
        for result in all {
            #expect((0...1).contains(result.value) && tasks.contains(result.task), "\(result)")
            #expect(metrics.contains(result.metric) && result.dataset == result.dataset.lowercased(), "\(result)")
            #expect(result.address.contains("arXiv") || result.address.contains("github.com"), "\(result)")
        }
        let keys = all.map { [$0.source, $0.model, $0.dataset, $0.task, $0.metric] }
        #expect(Set(keys).count == keys.count, "two numbers of one thing")
    }

    @Test func setsGoByManyNames() throws {
        func count(_ dataset: String, _ task: String = "zero-shot", _ metric: String = "top1") throws -> Int {
            try PublishedResults.matching(dataset: dataset, task: task, metric: metric).count
        }
        let imagenet = try count("imagenet")
        #expect(imagenet > 20)
        for name in ["ImageNet1k", "imagenet_1k", "wds_imagenet1k", "wds/imagenet1k", "ImageNet-1K", "ILSVRC2012"] {
            #expect(try count(name) == imagenet, "\(name)")
        }
        #expect(try count("wds_vtab-cifar100") == count("cifar100"))
        #expect(try count("imagenetv2") == count("imagenet-v2"))
        #expect(try count("imagenetv2") > 0)
        #expect(try count("MNIST", "Zero_Shot", "Top-1") == count("mnist"))
        #expect(try count("mscoco_captions", "image-to-text", "r@5") == 3)
        // What merely looks like it is another set.
        for name in ["fashion-mnist", "fashion_mnist", "imagenet-21k", "imagenet", "cifar", "", "wds_", "flickr8k"] {
            let found = try count(name)
            #expect(found == (name == "imagenet" ? imagenet : 0), "\(name): \(found)")
        }
        #expect(try count("sun") == 2)
        #expect(try count("sun397") > 9)
        #expect(try count("caltech101") == 0)
        #expect(try count("caltech101", "zero-shot", "mean_per_class_recall") == 9)
    }

    /// Figure 13 says that ResNet-101 has 64.3 % and 25.2 % where CLIP has 5.8 and 35.0 more.
    @Test func theLineThroughImageNetModelsIsThePapers() throws {
        for (dataset, wanted, clip) in [("imagenet-v2", 0.643, 0.701), ("imagenet-sketch", 0.252, 0.602)] {
            let family = try PublishedResults.baselines(reference: "imagenet", shifted: dataset)
            #expect(family.count == 19 && family.allSatisfy { $0.reference > $0.shifted })
            let fit = try BaselineFit(reference: family.map(\.reference), shifted: family.map(\.shifted))
            #expect(fit.rSquared > 0.85 && fit.slope > 0.8, "\(dataset): \(fit)")
            let found = EffectiveRobustness(
                reference: .wilson(38_100, of: 50_000), shifted: .wilson(Int(clip * 10_000), of: 10_000), fit: fit)
            #expect(abs(found.predicted - wanted) < 0.01, "\(dataset): \(found.predicted)")
            #expect(found.effective.low > 0.04 && found.effective.high < 0.4, "\(dataset): \(found.effective)")
        }
    }

    @Test func baselinesAreOfOneSourceAndSaySomething() throws {
        let adversarial = try PublishedResults.baselines(reference: "imagenet-a-clean", shifted: "imagenet-a")
        #expect(adversarial.count == 19 && !adversarial.contains { $0.model == "resnet50.tv_in1k" })
        let renditions = try PublishedResults.baselines(reference: "imagenet-r-clean", shifted: "imagenet-r")
        #expect(renditions.count == 20 && renditions.contains { $0.model == "resnet34.tv_in1k" })
        // Only the paper has these; of models that were trained on more it says another task.
        #expect(
            try PublishedResults.baselines(reference: "imagenet", shifted: "objectnet").map(\.model) == ["ResNet-101"])
        #expect(try PublishedResults.baselines(reference: "imagenet", shifted: "fashion-mnist").isEmpty)
    }

    @Test func alexNetIsAsBadAsItself() throws {
        let errors = try PublishedResults.alexNetErrors()
        #expect(errors.count == 15 && errors["gaussian_noise"] == [88.6428 / 100])
        #expect(abs(try CorruptionAccuracy.meanCorruptionError(errors: errors, baseline: errors) - 1) < 1e-12)
    }

    @Test func aDamagedFileIsNamed() throws {
        func problem(_ text: String) -> String? {
            do {
                _ = try PublishedTables(Data(text.utf8), path: "p.json")
                return nil
            } catch {
                return error.description
            }
        }
        func table(_ columns: String, _ values: String, names: String = "{}") -> String {
            """
            {"names": \(names), "tables": [{"source": "s", "address": "a", "task": "t", "columns": \(columns),
            "rows": [{"model": "m", "percent": \(values)}]}]}
            """
        }
        #expect(problem(table("[[\"d\", \"top1\"], [\"e\", \"top1\"]]", "[1.5, null]")) == nil)
        #expect(problem("{")?.hasPrefix("p.json: it is not a list of tables") == true)
        #expect(problem(table("[[\"d\", \"top1\"]]", "[1, 2]"))?.contains("s, m: 2 values of 1") == true)
        #expect(problem(table("[[\"d\"]]", "[1]"))?.contains("a set and a metric") == true)
        #expect(problem(table("[[\"d\", \"top1\"]]", "[101]"))?.contains("in percent") == true)
        let twice = table("[[\"d\", \"top1\"]]", "[1]", names: "{\"d\": [\"x\"], \"e\": [\"X\"]}")
        #expect(problem(twice)?.contains("is the name of two sets") == true)
        #expect(throws: EvaluationError.self) {
            try PublishedTables.read(folders: [URL(fileURLWithPath: "/nowhere")])
        }
        #expect(throws: EvaluationError.self) { try PublishedTables.read(folders: []) }
    }
}
