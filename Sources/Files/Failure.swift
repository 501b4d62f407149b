/// An error of this package: its description says what is wrong and where; its kind, whose turn it is.
///
///     do {
///         let clip = try await CLIPModel.load(name)
///     } catch let failure as any Failure where failure.kind == .missingInput {
///         print("not there: \(failure)")
///     }
public protocol Failure: Error, CustomStringConvertible {
    /// What has to change before the same call can succeed.
    var kind: FailureKind { get }
}

/// What has to change before a call that failed can succeed.
public enum FailureKind: Sendable, Equatable, CaseIterable {
    /// The call itself: a name nobody knows, a value outside its range, a wish that this model or machine cannot meet.
    case usage
    /// The content of a file or an answer: damaged, contradictory, or another model's.
    case badData
    /// A file, folder, device or server that is not there, or may not be read.
    case missingInput
    /// Something around it: an output that cannot be written, another process that is gone, or a fault of this package.
    case internalFault
}
