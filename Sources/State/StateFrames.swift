import CSystem
import Columns
import Contract
import Glibc

/// The files of a durable state store: a line that says what the file is, then frames.
///
/// A frame is a header of 40 bytes (magic, kind, version, payload length, payload checksum, header
/// checksum) and a payload. A `block` holds changes of one partition of one operator; an `end`
/// seals
/// the version to which the blocks before it belong. Snapshots and change files look alike: in a
/// snapshot one end seals all.
enum StateFrame {
  static let headerByteCount = 40
  static let magic: UInt32 = 0x3146_544D
  /// The largest payload that a reader accepts, bytes.
  static let payloadLimit = 1 << 32

  enum Kind: UInt32 { case block = 1, end = 2 }

  struct Header {
    var kind: Kind
    var version: Int64
    var payloadByteCount: Int
    var checksum: UInt64
    /// Of a block.
    var place: StatePlace?
    var placeByteCount = 0

    /// `bytes` are all that can be read of the frame; its place counts to the header, so that a
    /// block cannot go to another partition by damage. nil: no such header.
    init?(_ bytes: UnsafeRawBufferPointer) {
      guard bytes.count >= StateFrame.headerByteCount,
        bytes.loadUnaligned(as: UInt32.self) == StateFrame.magic,
        let kind = Kind(rawValue: bytes.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
      else { return nil }
      let length = bytes.loadUnaligned(fromByteOffset: 16, as: UInt64.self)
      guard length <= UInt64(StateFrame.payloadLimit) else { return nil }
      var hash = StateFrame.hash(bytes.baseAddress, 32)
      if kind == .block {
        let payload = UnsafeRawBufferPointer(rebasing: bytes[StateFrame.headerByteCount...])
        guard let place = StatePlace.read(payload), place.byteCount <= length else { return nil }
        hash = hash &+ StateFrame.hash(payload.baseAddress, place.byteCount)
        self.place = place.place
        placeByteCount = place.byteCount
      }
      guard hash == bytes.loadUnaligned(fromByteOffset: 32, as: UInt64.self) else { return nil }
      self.kind = kind
      version = bytes.loadUnaligned(fromByteOffset: 8, as: Int64.self)
      payloadByteCount = Int(length)
      checksum = bytes.loadUnaligned(fromByteOffset: 24, as: UInt64.self)
    }
  }

  static func hash(_ bytes: UnsafeRawPointer?, _ count: Int) -> UInt64 {
    moontide_hash64(bytes, UInt(count), 0x7374_6174_65)
  }

  /// Writes a header for a payload, whose first `placeByteCount` bytes name the place.
  static func writeHeader(
    _ kind: Kind, version: Int64, payload: UnsafeRawBufferPointer, placeByteCount: Int = 0,
    into target: UnsafeMutableRawPointer
  ) -> UInt64 {
    let checksum = hash(payload.baseAddress, payload.count)
    target.storeBytes(of: magic, as: UInt32.self)
    target.storeBytes(of: kind.rawValue, toByteOffset: 4, as: UInt32.self)
    target.storeBytes(of: version, toByteOffset: 8, as: Int64.self)
    target.storeBytes(of: UInt64(payload.count), toByteOffset: 16, as: UInt64.self)
    target.storeBytes(of: checksum, toByteOffset: 24, as: UInt64.self)
    var headerHash = hash(target, 32)
    if kind == .block { headerHash = headerHash &+ hash(payload.baseAddress, placeByteCount) }
    target.storeBytes(of: headerHash, toByteOffset: 32, as: UInt64.self)
    return checksum
  }

  /// The end of a version that `blockCount` blocks make up.
  static func end(version: Int64, blockCount: Int, checksumSum: UInt64) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: headerByteCount + 16)
    bytes.withUnsafeMutableBytes { target in
      guard let base = target.baseAddress else { return }
      let payload = base + headerByteCount
      payload.storeBytes(of: UInt64(blockCount), as: UInt64.self)
      payload.storeBytes(of: checksumSum, toByteOffset: 8, as: UInt64.self)
      _ = writeHeader(
        .end, version: version, payload: UnsafeRawBufferPointer(start: payload, count: 16),
        into: base)
    }
    return bytes
  }
}

/// One partition of one operator.
struct StatePlace: Hashable, Sendable {
  let operatorId: String
  let partition: Int

  /// Of the head of a block; an operator id has 4 KiB less 6 bytes at most.
  static let byteCountLimit = 4096

  /// The head of each of its blocks.
  var bytes: [UInt8] {
    let id = Array(operatorId.utf8)
    precondition(id.count + 6 <= Self.byteCountLimit, "an operator id of \(id.count) bytes")
    let partition = UInt32(self.partition)
    return [UInt8(id.count & 0xFF), UInt8(id.count >> 8)] + id
      + (0..<4).map { UInt8(truncatingIfNeeded: partition >> UInt32(8 * $0)) }
  }

  static func read(_ bytes: UnsafeRawBufferPointer) -> (place: StatePlace, byteCount: Int)? {
    guard bytes.count >= 6 else { return nil }
    let count = Int(bytes[0]) | Int(bytes[1]) << 8
    guard bytes.count >= 6 + count else { return nil }
    let partition = (0..<4).reduce(0) { $0 | Int(bytes[2 + count + $1]) << (8 * $1) }
    let id = String(decoding: bytes[2..<(2 + count)], as: UTF8.self)
    return (StatePlace(operatorId: id, partition: partition), 6 + count)
  }
}

/// Changes of one partition on their way to the disk: room for a frame's header, the place, then
/// entries: key length, value length + 1 (0: the entry goes), key, value; lengths as LEB128.
///
/// Border (`@unchecked Sendable`): one owner at a time, the partition that fills it or the store.
final class StateBlock: @unchecked Sendable {
  let buffer: Buffer
  private(set) var count: Int
  private let emptyCount: Int

  static let byteCount = 1 << 20

  init(_ place: [UInt8], atLeast wanted: Int) {
    emptyCount = StateFrame.headerByteCount + place.count
    buffer = Buffer(capacity: max(Self.byteCount, emptyCount + wanted))
    count = emptyCount
    for (index, byte) in place.enumerated() {
      buffer.pointer.storeBytes(
        of: byte, toByteOffset: StateFrame.headerByteCount + index, as: UInt8.self)
    }
  }

  var isEmpty: Bool { count == emptyCount }

  func clear() { count = emptyCount }

  /// Bytes that an entry may take.
  @inline(__always)
  static func room(_ key: Int, _ value: Int) -> Int { key &+ value &+ 20 }

  @inline(__always)
  func hasRoom(_ bytes: Int) -> Bool { buffer.capacity &- count >= bytes }

  /// `value` nil: the entry goes.
  @inline(__always)
  func append(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer?) {
    count = Self.write(key, value, buffer.pointer, count)
  }

  /// Appends changes from number `first` on while there is room; gives the first that found none.
  func append(_ changes: UnsafeBufferPointer<StateChange>, from first: Int) -> Int {
    let (base, capacity) = (buffer.pointer, buffer.capacity)
    var (next, at) = (first, count)
    while next < changes.count {
      let change = changes[next]
      if capacity &- at < change.room { break }
      at = Self.write(change.key, change.value, base, at)
      next &+= 1
    }
    count = at
    return next
  }

  @inline(__always)
  private static func write(
    _ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer?,
    _ base: UnsafeMutableRawPointer, _ begin: Int
  ) -> Int {
    var at = putLength(key.count, base, begin)
    at = putLength(value.map { $0.count &+ 1 } ?? 0, base, at)
    if let source = key.baseAddress { ShortBytes.copy(source, key.count, to: base + at) }
    at &+= key.count
    if let value, let source = value.baseAddress {
      ShortBytes.copy(source, value.count, to: base + at)
      at &+= value.count
    }
    return at
  }

  @inline(__always)
  private static func putLength(
    _ length: Int, _ base: UnsafeMutableRawPointer, _ at: Int
  ) -> Int {
    var (rest, at) = (length, at)
    while rest >= 128 {
      base.storeBytes(of: UInt8(truncatingIfNeeded: rest) | 128, toByteOffset: at, as: UInt8.self)
      rest >>= 7
      at &+= 1
    }
    base.storeBytes(of: UInt8(truncatingIfNeeded: rest), toByteOffset: at, as: UInt8.self)
    return at &+ 1
  }

  /// Writes the header; the whole frame and its checksum.
  func seal(version: Int64) -> (frame: UnsafeRawBufferPointer, checksum: UInt64) {
    let header = StateFrame.headerByteCount
    let payload = UnsafeRawBufferPointer(start: buffer.pointer + header, count: count - header)
    let checksum = StateFrame.writeHeader(
      .block, version: version, payload: payload, placeByteCount: emptyCount - header,
      into: buffer.pointer)
    return (UnsafeRawBufferPointer(start: buffer.pointer, count: count), checksum)
  }
}

/// The entries of a block's payload, behind its place.
struct StateEntries {
  private let bytes: UnsafeRawBufferPointer
  private var at = 0

  struct Entry {
    let key: UnsafeRawBufferPointer
    /// nil: the entry goes.
    let value: UnsafeRawBufferPointer?
  }

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  /// nil at the end. Throws nothing: the checksum vouches for the lengths.
  mutating func next() -> Entry? {
    if at >= bytes.count { return nil }
    let key = length()
    let value = length()
    precondition(at + key + max(value - 1, 0) <= bytes.count, "a state block with a wrong length")
    let keyBytes = UnsafeRawBufferPointer(rebasing: bytes[at..<(at + key)])
    at += key
    guard value > 0 else { return Entry(key: keyBytes, value: nil) }
    let valueBytes = UnsafeRawBufferPointer(rebasing: bytes[at..<(at + value - 1)])
    at += value - 1
    return Entry(key: keyBytes, value: valueBytes)
  }

  private mutating func length() -> Int {
    var (result, shift) = (0, 0)
    while at < bytes.count {
      let byte = Int(bytes[at])
      at += 1
      result |= (byte & 127) << shift
      if byte < 128 { break }
      shift += 7
    }
    return result
  }
}
