/// 64 bits by which equal captions are known on every process and in every run.
public enum CaptionKey {
    /// FNV-1a over the token ids, stirred (the finalizer of SplitMix64).
    public static func key(of tokens: [Int32]) -> Int64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for token in tokens {
            var rest = UInt32(bitPattern: token)
            for _ in 0..<4 {
                hash = (hash ^ UInt64(rest & 0xff)) &* 0x0000_0100_0000_01b3
                rest >>= 8
            }
        }
        hash = (hash ^ (hash >> 30)) &* 0xbf58_476d_1ce4_e5b9
        hash = (hash ^ (hash >> 27)) &* 0x94d0_49bb_1331_11eb
        return Int64(bitPattern: hash ^ (hash >> 31))
    }
}
