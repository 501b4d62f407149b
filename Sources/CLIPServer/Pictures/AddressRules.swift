import Foundation
import NIOCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Which machines a server may fetch from on a stranger's behalf: those of the public Internet alone.
///
/// What is left out is what IANA's registries of special-purpose addresses (RFC 6890 and later) say is not globally
/// reachable, and what carries an IPv4 address inside, which is judged by that.
enum AddressRules {
    /// A block of addresses: its bytes, and how many bits of them count.
    private static let blocks4: [([UInt8], Int)] = [
        ([0, 0, 0, 0], 8), ([10, 0, 0, 0], 8), ([100, 64, 0, 0], 10), ([127, 0, 0, 0], 8), ([169, 254, 0, 0], 16),
        ([172, 16, 0, 0], 12), ([192, 0, 0, 0], 24), ([192, 0, 2, 0], 24), ([192, 88, 99, 0], 24),
        ([192, 168, 0, 0], 16), ([198, 18, 0, 0], 15), ([198, 51, 100, 0], 24), ([203, 0, 113, 0], 24),
        ([224, 0, 0, 0], 4), ([240, 0, 0, 0], 4),
    ]

    /// Whether an address, 4 or 16 bytes, may be fetched from.
    static func isPublic(_ bytes: [UInt8]) -> Bool {
        switch bytes.count {
        case 4: !blocks4.contains { block, bits in begins(bytes, with: block, bits: bits) }
        case 16: isPublic6(bytes)
        default: false
        }
    }

    private static func isPublic6(_ bytes: [UInt8]) -> Bool {
        // ::ffff:a.b.c.d, and NAT64's 64:ff9b::a.b.c.d
        let mapped: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]
        let translated: [UInt8] = [0, 0x64, 0xFF, 0x9B, 0, 0, 0, 0, 0, 0, 0, 0]
        if bytes.starts(with: mapped) || bytes.starts(with: translated) { return isPublic(Array(bytes.suffix(4))) }
        // 6to4, 2002:a.b.c.d::
        if bytes[0] == 0x20, bytes[1] == 0x02 { return isPublic(Array(bytes[2..<6])) }
        // Only 2000::/3 is given out; of it, 2001::/23 (Teredo, ORCHID, …) and documentation are left out.
        guard bytes[0] & 0xE0 == 0x20 else { return false }
        return !begins(bytes, with: [0x20, 0x01, 0, 0], bits: 23)
            && !begins(bytes, with: [0x20, 0x01, 0x0D, 0xB8], bits: 32)
            && !begins(bytes, with: [0x3F, 0xFF, 0, 0], bits: 20)
    }

    private static func begins(_ bytes: [UInt8], with block: [UInt8], bits: Int) -> Bool {
        for bit in 0..<bits where (bytes[bit / 8] ^ block[bit / 8]) & (0x80 >> UInt8(bit % 8)) != 0 { return false }
        return true
    }

    /// All addresses of a name, as text and as bytes. Blocks: the system's resolver is asked.
    static func resolve(_ host: String) throws -> [(text: String, bytes: [UInt8])] {
        var hints = addrinfo()
        #if canImport(Glibc)
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        #else
        hints.ai_socktype = SOCK_STREAM
        #endif
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, nil, &hints, &list) == 0 else {
            throw ServerError.bad("\(host.prefix(200)) has no address.", "image")
        }
        defer { freeaddrinfo(list) }
        var found: [(String, [UInt8])] = []
        var next = list
        while let entry = next {
            if let address = entry.pointee.ai_addr {
                var name = [CChar](repeating: 0, count: 64)
                let isFour = Int32(entry.pointee.ai_family) == AF_INET
                let bytes: [UInt8]
                if isFour {
                    bytes = address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                        withUnsafeBytes(of: $0.pointee.sin_addr) { Array($0) }
                    }
                } else {
                    bytes = address.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) {
                        withUnsafeBytes(of: $0.pointee.sin6_addr) { Array($0) }
                    }
                }
                inet_ntop(isFour ? AF_INET : AF_INET6, bytes, &name, socklen_t(name.count))
                let text = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
                found.append((text, bytes))
            }
            next = entry.pointee.ai_next
        }
        return found
    }
}
