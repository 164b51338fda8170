import Columns
import Glibc

/// Puts byte strings in order: by their first bytes that differ, whole columns at a time, and by
/// the rest where those are the same.
enum SortedKeys {
  struct Entry {
    /// Bytes behind what all have in common, the first the highest.
    fileprivate var prefix: UInt64
    fileprivate(set) var number: UInt32
  }

  /// The numbers below `count` in the order of their bytes; equal ones stay in the order of their
  /// numbers.
  static func sorted(
    _ count: Int, _ bytes: (UInt32) -> UnsafeRawBufferPointer
  ) -> LargeArray<Entry> {
    let entries = LargeArray<Entry>()
    entries.reserve(count)
    let shared = sharedCount(count, bytes)
    for number in 0..<UInt32(truncatingIfNeeded: count) {
      entries.pointer[Int(number)] = Entry(prefix: prefix(bytes(number), shared), number: number)
    }
    let out = byPrefix(entries, count)
    orderRuns(UnsafeMutableBufferPointer(start: out.pointer, count: count), bytes)
    return out
  }

  /// Bytes that all begin with.
  private static func sharedCount(
    _ count: Int, _ bytes: (UInt32) -> UnsafeRawBufferPointer
  ) -> Int {
    if count == 0 { return 0 }
    let first = bytes(0)
    var shared = first.count
    for number in 1..<UInt32(max(count, 1)) {
      let other = bytes(number)
      shared = min(shared, other.count)
      if shared == 0 { return 0 }
      guard let x = first.baseAddress, let y = other.baseAddress else { return 0 }
      if memcmp(x, y, shared) == 0 { continue }
      var same = 0
      while first[same] == other[same] { same &+= 1 }
      shared = same
    }
    return shared
  }

  @inline(__always)
  private static func prefix(_ bytes: UnsafeRawBufferPointer, _ shared: Int) -> UInt64 {
    if bytes.count >= shared &+ 8 {
      return UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: shared, as: UInt64.self))
    }
    var out: UInt64 = 0
    for at in shared..<bytes.count { out |= UInt64(bytes[at]) << UInt64(56 &- 8 &* (at &- shared)) }
    return out
  }

  /// Byte by byte from the last, passing over those that are the same in all.
  private static func byPrefix(
    _ entries: LargeArray<Entry>, _ count: Int
  ) -> LargeArray<Entry> {
    let counts = LargeArray<Int>()
    counts.reserve(8 * 256)
    for index in 0..<count {
      let prefix = entries.pointer[index].prefix
      for digit in 0..<8 {
        counts.pointer[digit &* 256 &+ Int(prefix >> UInt64(8 &* digit) & 255)] &+= 1
      }
    }
    var (from, to) = (entries, LargeArray<Entry>())
    to.reserve(count)
    for digit in 0..<8 {
      let starts = counts.pointer + digit * 256
      if (0..<256).contains(where: { starts[$0] == count }) { continue }
      var sum = 0
      for value in 0..<256 {
        let own = starts[value]
        starts[value] = sum
        sum &+= own
      }
      let (source, target) = (from.pointer, to.pointer)
      for index in 0..<count {
        let value = Int(source[index].prefix >> UInt64(8 &* digit) & 255)
        target[starts[value]] = source[index]
        starts[value] &+= 1
      }
      swap(&from, &to)
    }
    return from
  }

  /// Puts those in order that have the same prefix.
  private static func orderRuns(
    _ entries: UnsafeMutableBufferPointer<Entry>, _ bytes: (UInt32) -> UnsafeRawBufferPointer
  ) {
    var begin = 0
    while begin < entries.count {
      var end = begin &+ 1
      while end < entries.count, entries[end].prefix == entries[begin].prefix { end &+= 1 }
      if end &- begin > 1 {
        entries[begin..<end].sort { x, y in
          let order = compare(bytes(x.number), bytes(y.number))
          return order == 0 ? x.number < y.number : order < 0
        }
      }
      begin = end
    }
  }

  private static func compare(_ x: UnsafeRawBufferPointer, _ y: UnsafeRawBufferPointer) -> Int {
    let count = min(x.count, y.count)
    if count > 0, let a = x.baseAddress, let b = y.baseAddress {
      let order = memcmp(a, b, count)
      if order != 0 { return Int(order) }
    }
    return x.count - y.count
  }
}
