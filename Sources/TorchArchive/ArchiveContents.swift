/// A pickle's value laid out by dotted paths, its tensors held against their storages.
struct ArchiveContents {
    private(set) var entries: [String: TorchArchiveEntry] = [:]
    private(set) var scalars: [String: TorchArchiveScalar] = [:]

    /// Containers within containers; what contains itself gets here soon.
    static let mostDepth = 128
    static let mostScalars = 1 << 18
    /// Bytes of one dotted path.
    static let longestPath = 4096

    private let pickle: PickleResult
    private let storageRanges: [String: Range<Int>]
    /// Bytes of paths, and 16 a value, still allowed. One container may be reached by many ways: a few bytes of pickle
    /// can stand for any number of paths.
    private var budget: Int
    private var pending: [Place] = []
    /// By place among the pickle's tensors.
    private var checked: [Int: TorchArchiveEntry] = [:]

    private struct Place {
        var value: PickleValue
        /// Nil for the pickle's value itself, which has no name.
        var path: String?
        var depth: Int
    }

    /// - Parameters:
    ///   - pickle: what the pickle said.
    ///   - storageRanges: where the storages lie in the file, by their keys.
    init(_ pickle: PickleResult, storageRanges: [String: Range<Int>]) throws(ArchiveFault) {
        self.pickle = pickle
        self.storageRanges = storageRanges
        budget = 1 << 20 + 16 * pickle.length
        pending = [Place(value: pickle.root, path: nil, depth: 0)]
        while let place = pending.popLast() { try lay(place) }
        checked = [:]
    }

    private mutating func lay(_ place: Place) throws(ArchiveFault) {
        let path = place.path ?? ""
        switch place.value {
        case .tensor(let index):
            guard entries.count < PickleMachine.mostTensors else {
                throw .tooLarge("it names more than \(PickleMachine.mostTensors) tensors")
            }
            let entry = try entry(index, name: path)
            guard scalars[path] == nil, entries.updateValue(entry, forKey: path) == nil else {
                throw .tensor(name: path, reason: "two values have this name")
            }
        case .bool(let value): try keep(.bool(value), path)
        case .integer(let value): try keep(.integer(value), path)
        case .float(let value): try keep(.float(value), path)
        case .text(let value): try keep(.text(value), path)
        case .node(let index): try open(pickle.nodes[index], at: place)
        case .none, .largeInteger, .opaque, .global, .storage: return
        }
    }

    private mutating func keep(_ scalar: TorchArchiveScalar, _ path: String) throws(ArchiveFault) {
        guard scalars.count < Self.mostScalars else {
            throw .tooLarge("it has more than \(Self.mostScalars) numbers and texts beside the tensors")
        }
        guard entries[path] == nil, scalars.updateValue(scalar, forKey: path) == nil else {
            throw .tensor(name: path, reason: "two values have this name")
        }
    }

    private mutating func open(_ node: PickleNode, at place: Place) throws(ArchiveFault) {
        guard place.depth < Self.mostDepth else {
            throw .tooLarge("its containers nest deeper than \(Self.mostDepth), or one contains itself")
        }
        switch node.kind {
        case .object:
            // Its attributes are named as its members.
            if let state = node.items.first { try add(state, place.path, place.depth + 1) }
        case .tuple, .list:
            for (index, value) in node.items.enumerated() { try add(value, String(index), to: place) }
        case .dictionary:
            for index in stride(from: 0, to: node.items.count - 1, by: 2) {
                let value = node.items[index + 1]
                switch node.items[index] {
                case .text(let key): try add(value, key, to: place)
                case .integer(let key): try add(value, String(key), to: place)
                case .bool(let key): try add(value, key ? "True" : "False", to: place)
                case .none: try add(value, "None", to: place)
                default: try refuseTensors(in: value)
                }
            }
        }
    }

    /// A key without a name in text (a tuple, a number with a fraction) may stand before anything but tensors, which
    /// could not be asked for.
    private func refuseTensors(in value: PickleValue) throws(ArchiveFault) {
        switch value {
        case .tensor, .node: throw .unsupported("a dictionary with keys that are neither texts nor whole numbers")
        default: return
        }
    }

    private mutating func add(_ value: PickleValue, _ key: String, to place: Place) throws(ArchiveFault) {
        try add(value, place.path.map { "\($0).\(key)" } ?? key, place.depth + 1)
    }

    private mutating func add(_ value: PickleValue, _ path: String?, _ depth: Int) throws(ArchiveFault) {
        switch value {
        case .none, .largeInteger, .opaque, .global, .storage: return
        case .bool, .integer, .float, .text, .tensor, .node: break
        }
        let length = path?.utf8.count ?? 0
        guard length <= Self.longestPath else { throw .tooLarge("a name is longer than \(Self.longestPath) bytes") }
        budget -= 16 + length
        guard budget >= 0 else { throw .tooLarge("its containers hold one another too many times") }
        pending.append(Place(value: value, path: path, depth: depth))
    }

    // MARK: Tensors

    private mutating func entry(_ index: Int, name: String) throws(ArchiveFault) -> TorchArchiveEntry {
        if let known = checked[index] { return known }
        let tensor = pickle.tensors[index]
        let bytes = try storage(pickle.storages[tensor.storage], of: tensor.dtype, name: name)
        try TensorExtent(tensor, storageCount: bytes.count / tensor.dtype.byteCount, name: name).check()
        let entry = TorchArchiveEntry(
            dtype: tensor.dtype, shape: tensor.shape, strides: tensor.strides, storageOffset: tensor.offset,
            storageByteRange: bytes)
        checked[index] = entry
        return entry
    }

    private func storage(
        _ reference: StorageReference, of dtype: TorchArchiveDType, name: String
    ) throws(ArchiveFault) -> Range<Int> {
        guard let range = storageRanges[reference.key] else {
            throw .tensor(name: name, reason: "its storage \(TorchArchiveError.quoted(reference.key)) is missing")
        }
        let width = reference.dtype?.byteCount ?? 1
        let (needed, overflow) = reference.count.multipliedReportingOverflow(by: width)
        guard !overflow, needed <= range.count else {
            throw .tensor(
                name: name, reason: "its storage needs \(reference.count) x \(width) bytes and has \(range.count)")
        }
        let start = range.lowerBound + reference.view.lowerBound * width
        // Bytes without a type may end within an element of the tensor's.
        let count = reference.view.count * width / dtype.byteCount * dtype.byteCount
        return start..<start + count
    }
}

/// Whether a tensor's elements all lie in its storage.
private struct TensorExtent {
    let tensor: TensorReference
    /// Elements in the storage.
    let storageCount: Int
    let name: String

    /// Elements a tensor may have beyond its storage, by strides that repeat them: room for an expanded mask, and no
    /// room for a few bytes to become gigabytes when they are copied.
    private static let mostRepeated = 1 << 22

    init(_ tensor: TensorReference, storageCount: Int, name: String) {
        self.tensor = tensor
        self.storageCount = storageCount
        self.name = name
    }

    func check() throws(ArchiveFault) {
        guard tensor.offset >= 0, tensor.offset <= storageCount else {
            throw fault("its offset \(tensor.offset) does not lie in its \(storageCount) stored elements")
        }
        // A zero anywhere does not excuse an overflow elsewhere: whoever multiplies the lengths would meet it.
        var product = 1
        var last = tensor.offset
        for (length, stride) in zip(tensor.shape, tensor.strides) {
            guard length >= 0, stride >= 0 else { throw fault("a length or stride is negative") }
            let (next, tooMany) = product.multipliedReportingOverflow(by: max(length, 1))
            let (span, tooFar) = stride.multipliedReportingOverflow(by: max(length - 1, 0))
            let (sum, overflow) = last.addingReportingOverflow(span)
            guard !tooMany, !tooFar, !overflow else { throw fault("its shape \(tensor.shape) is too large") }
            (product, last) = (next, sum)
        }
        if tensor.shape.contains(0) { return }
        guard last < storageCount else {
            throw fault(
                "shape \(tensor.shape) with strides \(tensor.strides) from \(tensor.offset) reaches element \(last) "
                    + "of \(storageCount) stored")
        }
        guard product <= storageCount || product <= Self.mostRepeated else {
            throw fault("shape \(tensor.shape) repeats \(storageCount) stored elements \(product) times in all")
        }
    }

    private func fault(_ reason: String) -> ArchiveFault { .tensor(name: name, reason: reason) }
}
