import Glibc

/// How much memory this process may have: that of its control group, or of the machine.
public enum MachineMemory {
  /// Bytes; asked once.
  public static let bytes: Int64 = {
    let machine = Int64(sysconf(Int32(_SC_PHYS_PAGES))) * Int64(sysconf(Int32(_SC_PAGESIZE)))
    return groupLimits.reduce(machine, min)
  }()

  /// The limits of the control groups that the process is in, those above them included: a group
  /// may say more than the one above it allows.
  private static var groupLimits: [Int64] {
    guard let groups = text(of: "/proc/self/cgroup") else { return [] }
    var limits: [Int64] = []
    for line in groups.split(separator: "\n") {
      let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard parts.count == 3 else { continue }
      let (root, file): (String, String)
      if parts[1].isEmpty {
        (root, file) = ("/sys/fs/cgroup", "memory.max")
      } else if parts[1].split(separator: ",").contains("memory") {
        (root, file) = ("/sys/fs/cgroup/memory", "memory.limit_in_bytes")
      } else {
        continue
      }
      var names = parts[2].split(separator: "/")
      while true {
        let path = ([root] + names.map(String.init) + [file]).joined(separator: "/")
        if let limit = text(of: path).flatMap({ Int64($0.prefix { $0 != "\n" }) }), limit > 0 {
          limits.append(limit)
        }
        if names.popLast() == nil { break }
      }
    }
    return limits
  }

  private static func text(of path: String) -> String? {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return nil }
    defer { close(file) }
    var bytes = [UInt8](repeating: 0, count: 4096)
    let count = read(file, &bytes, bytes.count)
    return count < 0 ? nil : String(decoding: bytes[..<count], as: UTF8.self)
  }
}
