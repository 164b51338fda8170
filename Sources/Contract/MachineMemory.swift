import Glibc

/// How much memory this process may have: that of its control group or of the machine, or what its
/// address space leaves (`ulimit -v`).
public enum MachineMemory {
  /// Bytes; asked once.
  public static let bytes: Int64 = {
    let machine = Int64(sysconf(Int32(_SC_PHYS_PAGES))) * Int64(sysconf(Int32(_SC_PAGESIZE)))
    return min(groupLimits.reduce(machine, min), addressSpace ?? machine)
  }()

  /// What may be held in a limited address space; nil: no limit. Half of what is left: stacks
  /// and the allocator's reserves take some without being held, and a table that grows stands twice
  /// for a moment.
  private static var addressSpace: Int64? {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit) == 0,
      let all = Int64(exactly: limit.rlim_cur)
    else { return nil }
    let pages = text(of: "/proc/self/statm")?.split(separator: " ").compactMap { Int64($0) } ?? []
    guard pages.count > 1 else { return all }
    let reserved = (pages[0] - pages[1]) * Int64(sysconf(Int32(_SC_PAGESIZE)))
    return max(all - reserved, 0) / 2
  }

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
