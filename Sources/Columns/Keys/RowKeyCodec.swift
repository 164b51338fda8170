/// How one column of a sort key orders its rows.
public struct KeyOrder: Hashable, Sendable {
  public let isDescending: Bool
  public let nullsFirst: Bool

  public init(isDescending: Bool, nullsFirst: Bool) {
    self.isDescending = isDescending
    self.nullsFirst = nullsFirst
  }
}

/// Rows of some columns as byte strings whose order, as unsigned bytes, is the order of the rows.
///
/// The layout, column after column (it is part of the checkpoint's format):
/// - one byte: 0 for NULL, 1 for a value (2 for NULL where NULLs come last);
/// - numbers, dates and times: big-endian, the sign bit flipped (fractions: all bits of a negative
///   one), NULL as zeros, so that keys of fixed-width columns all have one width;
/// - STRING and BINARY: the bytes, with 0 as `01 01` and 1 as `01 02`, then a 0;
/// - ARRAY and MAP: each element (entry) behind a 1, then a 0; STRUCT: its fields.
/// The bytes of a descending column's values are inverted.
public struct RowKeyCodec: Sendable {
  /// What the rows are for.
  public enum Purpose: Hashable, Sendable {
    /// Equal rows have equal bytes as Spark's grouping sees it: -0.0 is 0.0, all NaNs are one, the
    /// order of a map's entries does not matter.
    case grouping
    /// The values come back bit by bit.
    case values
    /// As `grouping`, in these orders. Cannot be decoded.
    case sorting([KeyOrder])
  }

  public let types: [DataType]
  public let purpose: Purpose
  /// Bytes of every row, where all columns have a fixed width.
  public let width: Int?

  public init(_ types: [DataType], for purpose: Purpose = .grouping) {
    self.types = types
    self.purpose = purpose
    var total = 0
    var isFixed = true
    for type in types {
      if let width = Self.fixedWidth(type) { total += width } else { isFixed = false }
    }
    width = isFixed ? total : nil
  }

  /// Bytes of a value with its NULL marker, where they do not depend on the value.
  static func fixedWidth(_ type: DataType) -> Int? {
    switch type.layout {
    case .none: 1
    case .bits: 2
    case .fixed(let width): 1 + width
    case .views, .lists: nil
    case .structure:
      // A NULL struct has no fields behind it, so its width varies.
      nil
    }
  }

  func order(_ column: Int) -> KeyOrder {
    if case .sorting(let orders) = purpose { return orders[column] }
    return KeyOrder(isDescending: false, nullsFirst: true)
  }

  var normalises: Bool { purpose != .values }
}

/// The byte strings of some rows. Valid until their encoder encodes again.
public struct RowKeys {
  public let bytes: UnsafeRawPointer
  /// Where each row begins, and behind the last row the end; nil: row `i` begins at `i * width`.
  public let offsets: UnsafePointer<Int>?
  public let width: Int
  public let count: Int
  /// `RowKeyHash` of each row.
  public let hashes: UnsafePointer<UInt64>

  public init(
    bytes: UnsafeRawPointer, offsets: UnsafePointer<Int>?, width: Int, count: Int,
    hashes: UnsafePointer<UInt64>
  ) {
    self.bytes = bytes
    self.offsets = offsets
    self.width = width
    self.count = count
    self.hashes = hashes
  }

  /// The bytes of one row.
  @inlinable @inline(__always)
  public subscript(row: Int) -> UnsafeRawBufferPointer {
    guard let offsets else {
      return UnsafeRawBufferPointer(start: bytes + row &* width, count: width)
    }
    let begin = offsets[row]
    return UnsafeRawBufferPointer(start: bytes + begin, count: offsets[row &+ 1] &- begin)
  }
}

/// The hash of a row key. It decides the state partition of a key, so it never changes: it is part
/// of the checkpoint's format.
public enum RowKeyHash {
  @inlinable @inline(__always)
  static func mum(_ a: UInt64, _ b: UInt64) -> UInt64 {
    let product = a.multipliedFullWidth(by: b)
    return product.high ^ product.low
  }

  /// Reads no byte beyond `count`.
  @inlinable @inline(__always)
  public static func hash(_ bytes: UnsafeRawPointer, _ count: Int) -> UInt64 {
    let (k0, k1, k2): (UInt64, UInt64, UInt64) = (
      0xA076_1D64_78BD_642F, 0xE703_7ED1_A0B4_28DB, 0x8EBC_6AF0_9C88_C6E3
    )
    var seed = k0
    var a: UInt64 = 0
    var b: UInt64 = 0
    if count >= 8 {
      var at = bytes
      var left = count
      while left > 16 {
        seed = mum(
          at.loadUnaligned(as: UInt64.self) ^ k1,
          at.loadUnaligned(fromByteOffset: 8, as: UInt64.self) ^ seed)
        at += 16
        left &-= 16
      }
      // The last 16 bytes, which may overlap what was taken already.
      let end = bytes + count
      a =
        count >= 16
        ? (end - 16).loadUnaligned(as: UInt64.self) : bytes.loadUnaligned(as: UInt64.self)
      b = (end - 8).loadUnaligned(as: UInt64.self)
    } else if count >= 4 {
      a = UInt64(bytes.loadUnaligned(as: UInt32.self))
      b = UInt64((bytes + (count &- 4)).loadUnaligned(as: UInt32.self))
    } else if count > 0 {
      a =
        UInt64(bytes.load(as: UInt8.self)) << 16
        | UInt64(bytes.load(fromByteOffset: count >> 1, as: UInt8.self)) << 8
        | UInt64(bytes.load(fromByteOffset: count &- 1, as: UInt8.self))
    }
    return mum(mum(a ^ k1, b ^ seed) ^ k2, UInt64(truncatingIfNeeded: count) ^ k1)
  }

  /// The hash of a key.
  public static func hash(_ key: UnsafeRawBufferPointer) -> UInt64 {
    guard let base = key.baseAddress else {
      return withUnsafeBytes(of: UInt64(0)) { zero in
        zero.baseAddress.map { hash($0, 0) } ?? 0
      }
    }
    return hash(base, key.count)
  }

  /// Which of `partitions` a key with this hash belongs to. Uses the low half of the hash; tables
  /// use the high half.
  @inlinable @inline(__always)
  public static func partition(_ hash: UInt64, of partitions: Int) -> Int {
    Int(truncatingIfNeeded: ((hash & 0xFFFF_FFFF) &* UInt64(truncatingIfNeeded: partitions)) >> 32)
  }
}
