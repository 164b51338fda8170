import Glibc

/// A string as Arrow's `string_view`: 16 bytes, of which the first four are the length.
///
/// Up to 12 bytes lie inline behind the length, padded with zeros; of a longer string its first
/// four
/// bytes, then the index of its block (`Int32`) and the offset in it (`Int32`).
@frozen
public struct StringView: Sendable {
  /// Length in the low half; the first four bytes of the string in the high half.
  public var low: UInt64
  /// Bytes 4…11 of a short string, or block index and offset.
  public var high: UInt64

  /// The longest string that lies inline.
  public static let inlineCapacity = 12

  @inlinable @inline(__always)
  public init(low: UInt64, high: UInt64) {
    self.low = low
    self.high = high
  }

  /// The empty string.
  public static let empty = StringView(low: 0, high: 0)

  /// A view of `count` bytes at `bytes`, which lie at `offset` of block number `block`. Reads no
  /// byte
  /// beyond them.
  @inlinable @inline(__always)
  public init(_ bytes: UnsafeRawPointer, count: Int, block: Int, offset: Int) {
    if count <= Self.inlineCapacity {
      self.init(inline: bytes, count: count)
    } else {
      let prefix = bytes.loadUnaligned(as: UInt32.self)
      self.init(
        low: UInt64(truncatingIfNeeded: count) | UInt64(prefix) << 32,
        high: UInt64(truncatingIfNeeded: block) & 0xFFFF_FFFF
          | UInt64(truncatingIfNeeded: offset) << 32)
    }
  }

  /// A short string, 12 bytes at most. Reads no byte beyond it.
  @inlinable @inline(__always)
  public init(inline bytes: UnsafeRawPointer, count: Int) {
    var words: (UInt64, UInt64) = (UInt64(truncatingIfNeeded: count), 0)
    withUnsafeMutableBytes(of: &words) { target in
      let base = target.baseAddress.unsafelyUnwrapped
      var index = 0
      while index < count {
        base.storeBytes(
          of: bytes.load(fromByteOffset: index, as: UInt8.self), toByteOffset: 4 &+ index,
          as: UInt8.self)
        index &+= 1
      }
    }
    self.init(low: words.0, high: words.1)
  }

  /// Bytes.
  @inlinable @inline(__always)
  public var count: Int { Int(truncatingIfNeeded: low & 0xFFFF_FFFF) }
  @inlinable @inline(__always)
  public var isInline: Bool { count <= Self.inlineCapacity }
  @inlinable @inline(__always)
  public var block: Int { Int(truncatingIfNeeded: high & 0xFFFF_FFFF) }
  @inlinable @inline(__always)
  public var offset: Int { Int(truncatingIfNeeded: high >> 32) }

  /// The same long string with its block counted from `shift`.
  @inlinable @inline(__always)
  public func shifted(byBlocks shift: Int) -> StringView {
    isInline ? self : StringView(low: low, high: high &+ UInt64(truncatingIfNeeded: shift))
  }
}

/// The strings of a vector for reading: views and the addresses of their blocks. Valid while the
/// vector is held.
@frozen
public struct StringReader {
  public let views: UnsafePointer<StringView>
  public let blocks: UnsafePointer<UnsafeRawPointer>
  /// 0 for a constant vector, whose every row is its first; otherwise -1.
  @usableFromInline let mask: Int

  @inlinable
  public init(
    views: UnsafePointer<StringView>, blocks: UnsafePointer<UnsafeRawPointer>, isConstant: Bool
  ) {
    self.views = views
    self.blocks = blocks
    mask = isConstant ? 0 : -1
  }

  @inlinable @inline(__always)
  public func view(_ row: Int) -> StringView { views[row & mask] }

  /// The bytes of the string in this row.
  @inlinable @inline(__always)
  public subscript(row: Int) -> UnsafeRawBufferPointer {
    let at = views + (row & mask)
    let view = at.pointee
    if view.isInline {
      return UnsafeRawBufferPointer(start: UnsafeRawPointer(at) + 4, count: view.count)
    }
    return UnsafeRawBufferPointer(start: blocks[view.block] + view.offset, count: view.count)
  }

  /// Whether two strings, of this and another reader, are the same bytes.
  @inlinable @inline(__always)
  public func equal(_ row: Int, _ other: StringReader, _ otherRow: Int) -> Bool {
    let (a, b) = (view(row), other.view(otherRow))
    if a.low != b.low { return false }
    if a.isInline { return a.high == b.high }
    return memcmp(blocks[a.block] + a.offset, other.blocks[b.block] + b.offset, a.count) == 0
  }

  /// Less than 0, 0 or more than 0, in the order of unsigned bytes.
  @inlinable
  public func compare(_ row: Int, _ other: StringReader, _ otherRow: Int) -> Int {
    let (a, b) = (self[row], other[otherRow])
    let common = min(a.count, b.count)
    if common > 0, let x = a.baseAddress, let y = b.baseAddress {
      let order = memcmp(x, y, common)
      if order != 0 { return Int(order) }
    }
    return a.count &- b.count
  }
}
