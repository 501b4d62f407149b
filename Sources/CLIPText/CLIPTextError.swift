/// What can go wrong while a tokenizer is set up. Tokenizing itself never fails: every string has tokens.
public enum CLIPTextError: Error, Sendable, Equatable, CustomStringConvertible {
    /// A data file that ships with the library was not found in any of the places searched.
    case resourceMissing(name: String, searched: [String])
    /// A data file was found but could not be read.
    case resourceUnreadable(path: String, reason: String)
    /// A data file was read but its contents are not what the library expects.
    case resourceMalformed(name: String, line: Int, reason: String)
    /// The context is too short to hold start-of-text and end-of-text.
    case contextLengthTooSmall(Int)

    public var description: String {
        switch self {
        case .resourceMissing(let name, let searched):
            "The tokenizer's data file \(name) is missing. Looked in: \(searched.joined(separator: ", ")). "
                + "Keep the folder swift-clip_CLIPText.resources beside the executable."
        case .resourceUnreadable(let path, let reason):
            "The tokenizer's data file \(path) cannot be read: \(reason). Check its permissions or install it again."
        case .resourceMalformed(let name, let line, let reason):
            "The tokenizer's data file \(name) is damaged at line \(line): \(reason). Install it again."
        case .contextLengthTooSmall(let length):
            "A context length of \(length) cannot hold start-of-text and end-of-text. Use 2 or more (CLIP uses 77)."
        }
    }
}
