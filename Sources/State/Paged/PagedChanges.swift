import CSystem
import Columns
import Glibc

/// Changes of the database on their way to it: they are written in the order of their keys, which
/// costs a tenth of any other order. One owner.
final class PagedChanges {
  private let batch: RocksDBChanges
  private let memory = LargeMemory(capacity: 1 << 12)
  private let starts = LargeArray<Int>()
  private var usedBytes = 0
  private var count = 0

  /// Changes are written when they take more than this, bytes.
  private static let fullBytes = 16 << 20
  /// Key length and value length before both; that of a value that goes.
  private static let headBytes = 8
  private static let gone = UInt32.max

  init(_ database: RocksDB) { batch = RocksDBChanges(database) }

  var isFull: Bool { usedBytes > Self.fullBytes }

  /// Adds a change whose key the caller writes. Valid until the next change.
  @inline(__always)
  func add(keyCount: Int, value: UnsafeRawBufferPointer?) -> UnsafeMutableRawPointer {
    let start = usedBytes
    usedBytes &+= (Self.headBytes &+ keyCount &+ (value?.count ?? 0) &+ 7) & ~7
    memory.grow(to: usedBytes)
    starts.reserve(count &+ 1)
    starts.pointer[count] = start
    count &+= 1
    let target = memory.pointer + start
    target.storeBytes(of: UInt32(truncatingIfNeeded: keyCount), as: UInt32.self)
    target.storeBytes(
      of: value.map { UInt32(truncatingIfNeeded: $0.count) } ?? Self.gone, toByteOffset: 4,
      as: UInt32.self)
    let key = target + Self.headBytes
    if let value, let source = value.baseAddress { memcpy(key + keyCount, source, value.count) }
    return key
  }

  /// Hands all changes over, in the order of their keys; of one key, in the order they came.
  func write() throws {
    if count == 0 { return }
    let (base, starts) = (UnsafeRawPointer(memory.pointer), starts.pointer)
    func key(_ number: UInt32) -> UnsafeRawBufferPointer {
      let at = base + starts[Int(number)]
      return UnsafeRawBufferPointer(
        start: at + Self.headBytes, count: Int(at.load(as: UInt32.self)))
    }
    let order = SortedKeys.sorted(count, key)
    for index in 0..<count {
      if index &+ 16 < count {
        moontide_prefetch(base + starts[Int(order.pointer[index &+ 16].number)])
      }
      let number = order.pointer[index].number
      let key = key(number)
      let valueCount = (base + starts[Int(number)]).load(fromByteOffset: 4, as: UInt32.self)
      if valueCount == Self.gone {
        batch.delete(key)
      } else {
        batch.put(
          key,
          UnsafeRawBufferPointer(
            start: (key.baseAddress ?? base) + key.count, count: Int(valueCount)))
      }
      if batch.isFull { try batch.write() }
    }
    try batch.write()
    (usedBytes, count) = (0, 0)
  }
}
