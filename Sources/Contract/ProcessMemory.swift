import CSystem
import Glibc

/// What the kernel counts as this process's own memory.
public enum ProcessMemory {
  private static let file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC)
  private static let pageBytes = Int(sysconf(Int32(_SC_PAGESIZE)))

  /// Bytes in memory that no file stands behind; 0 where the kernel does not say.
  public static func heldBytes() -> Int {
    var text: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64) =
      (0, 0, 0, 0, 0, 0, 0, 0)
    return withUnsafeMutableBytes(of: &text) { bytes in
      let count = pread(file, bytes.baseAddress, bytes.count, 0)
      guard count > 0 else { return 0 }
      // size resident shared …
      var numbers = (0, 0, 0)
      var field = 0
      for byte in bytes[..<count] {
        if byte == 0x20 {
          field += 1
          if field == 3 { break }
          continue
        }
        let digit = Int(byte) - 0x30
        switch field {
        case 0: numbers.0 = numbers.0 &* 10 &+ digit
        case 1: numbers.1 = numbers.1 &* 10 &+ digit
        default: numbers.2 = numbers.2 &* 10 &+ digit
        }
      }
      return (numbers.1 - numbers.2) * pageBytes
    }
  }

  /// What was freed goes back to the kernel.
  public static func giveBack() { moontide_trim() }
}
