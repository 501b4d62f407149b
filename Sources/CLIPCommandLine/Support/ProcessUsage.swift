import Foundation

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// What this process has used of the machine so far.
struct ProcessUsage {
    /// Processor time of all threads.
    let processorSeconds: Double
    let peakResidentBytes: Int

    init() {
        var usage = rusage()
        #if canImport(Glibc)
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        // Linux counts in KiB, macOS in bytes.
        peakResidentBytes = usage.ru_maxrss << 10
        #else
        getrusage(RUSAGE_SELF, &usage)
        peakResidentBytes = usage.ru_maxrss
        #endif
        func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) * 1e-6 }
        processorSeconds = seconds(usage.ru_utime) + seconds(usage.ru_stime)
    }
}
