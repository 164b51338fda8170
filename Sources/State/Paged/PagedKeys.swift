import Glibc

/// How the entries of one partition stand in the database, each behind the partition's place and a
/// letter: the entries by group (`e`), what is due by moment (`d`), and how many entries there are
/// (`n`).
struct PagedKeys {
  /// Before all entries; before all that is due; the key of the count.
  let entries: [UInt8]
  let moments: [UInt8]
  let count: [UInt8]
  /// Whether a group stands before the entry's key, behind its length.
  private let isFramed: Bool

  private static let momentBytes = 9
  private static let frameBytes = 4

  init(_ place: StatePlace, isFramed: Bool) {
    let head = place.bytes
    entries = head + [UInt8(ascii: "e")]
    moments = head + [UInt8(ascii: "d")]
    count = head + [UInt8(ascii: "n")]
    self.isFramed = isFramed
  }

  /// Before what is due by one clock.
  func moments(of clock: UInt8) -> [UInt8] { moments + [clock] }

  // MARK: Writing

  /// Bytes of a group and a key behind the head.
  @inline(__always)
  func bodyCount(_ group: UnsafeRawBufferPointer, _ key: UnsafeRawBufferPointer) -> Int {
    isFramed ? Self.frameBytes &+ group.count &+ key.count : key.count
  }

  @inline(__always)
  func entryCount(_ group: UnsafeRawBufferPointer, _ key: UnsafeRawBufferPointer) -> Int {
    entries.count &+ bodyCount(group, key)
  }

  func momentCount(_ group: UnsafeRawBufferPointer, _ key: UnsafeRawBufferPointer) -> Int {
    moments.count &+ Self.momentBytes &+ bodyCount(group, key)
  }

  /// Writes an entry's key; gives where it ends.
  @inline(__always)
  @discardableResult
  func writeEntry(
    _ group: UnsafeRawBufferPointer, _ key: UnsafeRawBufferPointer,
    to target: UnsafeMutableRawPointer
  ) -> UnsafeMutableRawPointer {
    writeBody(group, key, to: Self.copy(entries, to: target))
  }

  func writeMoment(
    _ due: StateDue, _ group: UnsafeRawBufferPointer, _ key: UnsafeRawBufferPointer,
    to target: UnsafeMutableRawPointer
  ) {
    let at = Self.copy(moments, to: target)
    at.storeBytes(of: due.clock, as: UInt8.self)
    let moment = UInt64(bitPattern: due.atUs) ^ (1 << 63)
    at.storeBytes(of: moment.bigEndian, toByteOffset: 1, as: UInt64.self)
    writeBody(group, key, to: at + Self.momentBytes)
  }

  @inline(__always)
  @discardableResult
  private func writeBody(
    _ group: UnsafeRawBufferPointer, _ key: UnsafeRawBufferPointer,
    to target: UnsafeMutableRawPointer
  ) -> UnsafeMutableRawPointer {
    guard isFramed else { return Self.copy(key, to: target) }
    target.storeBytes(of: UInt32(truncatingIfNeeded: group.count).bigEndian, as: UInt32.self)
    return Self.copy(key, to: Self.copy(group, to: target + Self.frameBytes))
  }

  @inline(__always)
  private static func copy(
    _ bytes: UnsafeRawBufferPointer, to target: UnsafeMutableRawPointer
  ) -> UnsafeMutableRawPointer {
    if let source = bytes.baseAddress { memcpy(target, source, bytes.count) }
    return target + bytes.count
  }

  @inline(__always)
  private static func copy(
    _ bytes: [UInt8], to target: UnsafeMutableRawPointer
  ) -> UnsafeMutableRawPointer {
    bytes.withUnsafeBytes { copy($0, to: target) }
  }

  // MARK: Reading

  /// Group and key, of what lies behind a head.
  func split(
    _ body: UnsafeRawBufferPointer
  ) -> (group: UnsafeRawBufferPointer, key: UnsafeRawBufferPointer) {
    guard isFramed else { return (body, body) }
    let count = Int(UInt32(bigEndian: body.loadUnaligned(as: UInt32.self)))
    let begin = Self.frameBytes + count
    return (
      UnsafeRawBufferPointer(rebasing: body[Self.frameBytes..<begin]),
      UnsafeRawBufferPointer(rebasing: body[begin...])
    )
  }

  /// Moment and the rest, of what lies behind the head of a clock.
  static func splitMoment(
    _ rest: UnsafeRawBufferPointer
  ) -> (atUs: Int64, body: UnsafeRawBufferPointer) {
    let bits = UInt64(bigEndian: rest.loadUnaligned(as: UInt64.self)) ^ (1 << 63)
    return (Int64(bitPattern: bits), UnsafeRawBufferPointer(rebasing: rest[8...]))
  }
}
