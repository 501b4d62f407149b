import CLIP
import Torch

/// A trained model that another one learns from, besides the captions.
public struct Teacher: Sendable {
    /// The model, with the tokenizer and preprocessing of its own; it is never trained.
    public let clip: CLIPModel
    /// How the student's pictures were prepared, to be undone where the teacher's are prepared otherwise.
    public let student: PreprocessConfiguration

    public init(_ clip: CLIPModel, student: PreprocessConfiguration) {
        self.clip = clip
        self.student = student
    }

    /// What the teacher makes of a batch that was prepared for the student.
    /// - Parameter chunkSize: pairs that go through its towers at a time.
    func embed(_ batch: TrainingBatch, chunkSize: Int, on device: Device) throws -> EmbeddedBatch.Teacher {
        guard batch.texts.count == batch.count else {
            throw TrainingError.invalidOption(
                name: "distillation", problem: "the batch does not bring its captions as they were written")
        }
        let tokenizer = try clip.tokenizer
        let captions = batch.texts.map { tokenizer.tokenize($0).tokens }
        return try Engine.inference {
            var (pictures, texts): ([Tensor], [Tensor]) = ([], [])
            for start in stride(from: 0, to: batch.count, by: chunkSize) {
                let range = start..<min(start + chunkSize, batch.count)
                pictures.append(try clip.model.encode(pictures: prepared(batch.pictures(range))))
                texts.append(try clip.model.encode(captions: Array(captions[range])))
            }
            return EmbeddedBatch.Teacher(
                pictures: try Tensor.concatenated(pictures).converted(to: .float32).moved(to: device),
                texts: try Tensor.concatenated(texts).converted(to: .float32).moved(to: device),
                logitScale: try clip.model.logitScale.tensor.item())
        }
    }

    /// The student's pictures `[B, 3, S, S]` at the teacher's size and on its scale.
    func prepared(_ pictures: Tensor) throws -> Tensor {
        let own = try clip.preprocessor.configuration
        var pictures = pictures
        if own.size != student.size {
            pictures = try pictures.resizedPictures(height: own.size, width: own.size, own.interpolation)
        }
        guard own.mean != student.mean || own.standardDeviation != student.standardDeviation else { return pictures }
        // ((x·s + m) − mean)/std, by channel.
        let factors = zip(student.standardDeviation, own.standardDeviation).map { Float($0 / $1) }
        let offsets = zip(zip(student.mean, own.mean), own.standardDeviation).map { Float(($0.0 - $0.1) / $1) }
        let device = pictures.device
        return try pictures * Tensor(factors, shape: [3, 1, 1]).moved(to: device)
            + Tensor(offsets, shape: [3, 1, 1]).moved(to: device)
    }
}
