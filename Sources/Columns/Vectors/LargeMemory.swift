import CSystem
import Glibc
import Synchronization

/// A piece of memory that grows in place where the system can do that, on huge pages where it is
/// large: random access into state misses the TLB less.
///
/// From a megabyte on it is the system's own mapping, so that growing copies nothing and what is
/// freed leaves the process at once. What grows is 0 where nobody wrote. One owner.
public final class LargeMemory {
  public private(set) var pointer: UnsafeMutableRawPointer
  /// Bytes.
  public private(set) var capacity: Int

  private static let mappedBytes = 1 << 20
  private static let hugePageBytes = 2 << 20
  private static let pageBytes = 4096

  /// All bytes are 0.
  public init(capacity: Int) {
    self.capacity = max(capacity, 64)
    if self.capacity >= Self.mappedBytes {
      self.capacity = Self.roundedToPages(self.capacity)
      pointer = Self.map(self.capacity)
      advise()
    } else {
      guard let memory = calloc(self.capacity, 1) else { preconditionFailure("out of memory") }
      pointer = memory
    }
  }

  deinit { release() }

  private var isMapped: Bool { capacity >= Self.mappedBytes }

  private func release() {
    if isMapped { munmap(pointer, capacity) } else { Glibc.free(pointer) }
  }

  private static func roundedToPages(_ bytes: Int) -> Int {
    (bytes + pageBytes - 1) & ~(pageBytes - 1)
  }

  private static func map(_ bytes: Int) -> UnsafeMutableRawPointer {
    guard let memory = moontide_map(bytes) else { preconditionFailure("out of memory") }
    return memory
  }

  /// Makes room for this many bytes, and half as many more.
  @inline(__always)
  public func grow(to wanted: Int) {
    if wanted > capacity { growSlowly(to: wanted) }
  }

  @inline(never)
  private func growSlowly(to wanted: Int) {
    let old = capacity
    var wider = max(wanted, old + old / 2)
    if wider < Self.mappedBytes {
      guard let memory = realloc(pointer, wider) else { preconditionFailure("out of memory") }
      memset(memory + old, 0, wider - old)
      (pointer, capacity) = (memory, wider)
      return
    }
    wider = Self.roundedToPages(wider)
    if isMapped {
      guard let memory = moontide_remap(pointer, old, wider) else {
        preconditionFailure("out of memory")
      }
      pointer = memory
    } else {
      let memory = Self.map(wider)
      memcpy(memory, pointer, old)
      Glibc.free(pointer)
      pointer = memory
    }
    capacity = wider
    advise()
  }

  /// For the whole mapping: one of which a part is advised cannot grow in place.
  private func advise() {
    if capacity >= 4 * Self.hugePageBytes { madvise(pointer, capacity, CInt(MADV_HUGEPAGE)) }
  }
}

/// Values of one width in memory that grows, for state: by group, by slot. All bits are 0 where
/// nobody wrote. One owner.
///
/// `pointer` is taken into a local before a loop: a class field costs more than the access.
public final class LargeArray<Element: BitwiseCopyable> {
  private let memory = LargeMemory(capacity: 0)

  public init() {}

  @inlinable @inline(__always)
  public var pointer: UnsafeMutablePointer<Element> { start.assumingMemoryBound(to: Element.self) }

  @usableFromInline var start: UnsafeMutableRawPointer { memory.pointer }

  /// Bytes held.
  public var memoryBytes: Int { memory.capacity }

  /// Makes room for this many elements.
  public func reserve(_ count: Int) {
    memory.grow(to: count * MemoryLayout<Element>.stride)
  }
}

/// Memory in which small pieces were freed, which the allocator keeps.
public enum ReturnedMemory {
  private static let isWanted = Atomic(false)

  /// Much state has gone: what it lay in is to leave the process when the batch is done.
  public static func want() { isWanted.store(true, ordering: .relaxed) }

  /// Gives it back to the system, where somebody wanted that.
  public static func giveBackIfWanted() {
    if isWanted.exchange(false, ordering: .relaxed) { moontide_trim() }
  }
}
