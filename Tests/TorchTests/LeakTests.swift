import Foundation
import Testing
import Torch

@Suite(.serialized) struct LeakTests {
    @Test func aMillionSmallOperationsLeaveMemoryFlat() throws {
        let x = try Tensor([1, 2, 3, 4] as [Float], shape: [2, 2])
        func work(_ count: Int) throws {
            for index in 0..<count {
                let y = try (x + 1).matmul(x)
                if index % 1000 == 0 { _ = try? y.matmul(Tensor.zeros([3, 3])) }
            }
        }
        try Engine.inference {
            try work(20_000)
            // Other tests share the process and its memory, so the quietest of several rounds is judged: a leak grows
            // in every one of them, by 30 MB or more for one small tensor per operation.
            let growths = try (0..<5).map { _ in
                let before = try residentBytes()
                try work(100_000)  // two operators each
                return try residentBytes() - before
            }
            #expect((growths.min() ?? 0) < 8 << 20, "memory grew by \(growths) bytes")
        }
    }

    private func residentBytes() throws -> Int {
        #if os(Linux)
        let fields = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(separator: " ")
        return try #require(Int(fields[1])) * Int(sysconf(Int32(_SC_PAGESIZE)))
        #else
        var info = mach_task_basic_info()
        var count = mach_msg_type_number_t(MemoryLayout<mach_task_basic_info>.size / MemoryLayout<natural_t>.size)
        let status = withUnsafeMutablePointer(to: &info) {
            $0.withMemoryRebound(to: integer_t.self, capacity: Int(count)) {
                task_info(mach_task_self_, task_flavor_t(MACH_TASK_BASIC_INFO), $0, &count)
            }
        }
        try #require(status == KERN_SUCCESS)
        return Int(info.resident_size)
        #endif
    }
}
