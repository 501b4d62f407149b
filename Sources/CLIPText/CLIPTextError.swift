import Files

/// What can go wrong while a tokenizer is set up. Tokenizing itself never fails: every string has tokens.
public enum CLIPTextError: Error, Sendable, Equatable, CustomStringConvertible {
    /// A data file that ships with the library was not found in any of the places searched.
    case resourceMissing(name: String, searched: [String])
    /// A data file was found but could not be read.
    case resource(FileFault)
    /// A data file was read but its contents are not what the library expects.
    case resourceMalformed(name: String, line: Int, reason: String)
    /// The context is too short to hold start-of-text and end-of-text.
    case contextLengthTooSmall(Int)
    /// A checkpoint's directory holds none of the files its tokenizer could be read from.
    case tokenizerMissing(directory: String, searched: [String])
    /// A checkpoint's tokenizer file could not be read.
    case file(FileFault)
    /// A checkpoint's tokenizer file was read but is damaged, or of a kind that is not known.
    case fileMalformed(path: String, place: String, reason: String)

    /// What is wrong, where, and what helps, on one line.
    public var description: String {
        switch self {
        case .resourceMissing(let name, let searched):
            "The tokenizer's data file \(name) is missing. Looked in: \(searched.joined(separator: ", ")). "
                + "Keep the folder swift-clip_CLIPText.resources beside the executable."
        case .resource(let fault):
            "The tokenizer's data file \(fault.path) cannot be read: \(fault.reason). Check its permissions or install it again."
        case .resourceMalformed(let name, let line, let reason):
            "The tokenizer's data file \(name) is damaged at line \(line): \(reason). Install it again."
        case .contextLengthTooSmall(let length):
            "A context length of \(length) cannot hold start-of-text and end-of-text. Use 2 or more (CLIP uses 77)."
        case .tokenizerMissing(let directory, let searched):
            "\(directory) has no tokenizer: looked for \(searched.joined(separator: ", ")). "
                + "Copy the tokenizer files of the checkpoint there."
        case .file(let fault):
            "\(fault.path) cannot be read: \(fault.reason). Check the path and its permissions."
        case .fileMalformed(let path, let place, let reason):
            "\(path) is no usable tokenizer file: \(place): \(reason). Download it again, or check that it belongs to "
                + "this model family."
        }
    }
}

extension CLIPTextError: FileFaultError {
    /// What failed, where this error is about a file.
    public var fileFault: FileFault? {
        switch self {
        case .file(let fault), .resource(let fault): fault
        default: nil
        }
    }
}

extension CLIPTextError: Failure {
    /// Whose turn it is.
    public var kind: FailureKind {
        switch self {
        case .tokenizerMissing, .file: .missingInput
        case .fileMalformed: .badData
        case .contextLengthTooSmall: .usage
        case .resourceMissing, .resource, .resourceMalformed: .internalFault
        }
    }
}
