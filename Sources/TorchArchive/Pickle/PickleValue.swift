/// What a pickle's stack, memo and containers hold. Containers lie in the machine's table and are named by their place
/// in it: no value owns another, so neither sharing nor nesting costs memory or stack when values are freed.
enum PickleValue {
    case none
    case bool(Bool)
    case integer(Int)
    /// An integer of more than 64 bits, as little-endian two's complement.
    case largeInteger([UInt8])
    case float(Double)
    case text(String)
    /// Something harmless that is not looked into: bytes, sets, dates, numpy's numbers and arrays.
    case opaque
    case global(PickleGlobal)
    /// Place among the machine's storages.
    case storage(Int)
    /// Place among the machine's tensors.
    case tensor(Int)
    /// Place among the machine's nodes.
    case node(Int)
}

/// A container.
struct PickleNode {
    enum Kind {
        case tuple
        case list
        /// `items` holds key, value, key, value, …
        case dictionary
        /// An instance of a class: `items` holds its state, once it has any.
        case object
    }

    var kind: Kind
    var items: [PickleValue] = []
}

/// The bytes a tensor looks into, as the pickle names them.
struct StorageReference {
    /// The name the archive stores it by.
    var key: String
    /// Nil for bytes without a type; then the tensor says what they are.
    var dtype: TorchArchiveDType?
    /// How many elements (bytes, where there is no type) the archive stores.
    var count: Int
    /// The elements of these that are meant; older files have storages within storages.
    var view: Range<Int>
}

/// A tensor as the pickle describes it, not yet held against its storage.
struct TensorReference {
    /// Place among the machine's storages.
    var storage: Int
    var dtype: TorchArchiveDType
    var offset: Int
    var shape: [Int]
    var strides: [Int]
}

/// What comes of a pickle: the value it stands for and the tables that value refers to.
struct PickleResult {
    var root: PickleValue
    var nodes: [PickleNode]
    var tensors: [TensorReference]
    var storages: [StorageReference]
    /// Bytes of pickle read.
    var length: Int

    /// A tuple's items, or nil for anything else.
    func tuple(_ value: PickleValue) -> [PickleValue]? {
        guard case .node(let index) = value, nodes[index].kind == .tuple else { return nil }
        return nodes[index].items
    }
}
