import Glibc

/// Writes the rows of columns as row keys, a column at a time. One owner; its memory is used again
/// for every batch.
public final class RowKeyEncoder {
  public let codec: RowKeyCodec
  private var bytes = Buffer(capacity: 0)
  private var offsets = Buffer(capacity: 0)
  private var cursors = Buffer(capacity: 0)
  private var hashes = Buffer(capacity: 0)

  public init(_ codec: RowKeyCodec) { self.codec = codec }

  /// The keys of `count` rows. `hashing: false` leaves the hashes undefined.
  public func encode(_ columns: [Vector], count: Int, hashing: Bool = true) -> RowKeys {
    precondition(columns.count == codec.types.count, "a row key of other columns than its codec's")
    let orders = columns.indices.map { codec.order($0) }
    let total: Int
    if let width = codec.width {
      total = width * count
      reserve(&bytes, total)
      var at = 0
      for (index, column) in columns.enumerated() {
        let writer = ColumnWriter(
          base: bytes.pointer + at, stride: width, cursors: nil, count: count, order: orders[index],
          normalises: codec.normalises)
        writer.write(column)
        at += RowKeyCodec.fixedWidth(column.type) ?? 0
      }
    } else {
      total = place(columns, count: count)
      reserve(&bytes, total)
      for (index, column) in columns.enumerated() {
        let writer = ColumnWriter(
          base: bytes.pointer, stride: 0, cursors: cursors.typed(Int.self), count: count,
          order: orders[index], normalises: codec.normalises)
        writer.write(column)
      }
    }
    reserve(&hashes, count * 8)
    let keys = RowKeys(
      bytes: bytes.pointer,
      offsets: codec.width == nil ? UnsafePointer(offsets.typed(Int.self)) : nil,
      width: codec.width ?? 0, count: count, hashes: UnsafePointer(hashes.typed(UInt64.self)))
    if hashing { hash(keys) }
    return keys
  }

  private func reserve(_ buffer: inout Buffer, _ wanted: Int) {
    if buffer.capacity < wanted { buffer = Buffer(capacity: wanted + wanted / 2) }
  }

  /// Computes where each row begins: fills `offsets` and `cursors`, and gives the bytes in all.
  private func place(_ columns: [Vector], count: Int) -> Int {
    reserve(&offsets, (count + 1) * 8)
    reserve(&cursors, count * 8)
    let starts = offsets.typed(Int.self)
    let lengths = cursors.typed(Int.self)
    var fixed = 0
    for column in columns { fixed += RowKeyCodec.fixedWidth(column.type) ?? 0 }
    for row in 0..<count { lengths[row] = fixed }
    for column in columns where RowKeyCodec.fixedWidth(column.type) == nil {
      if case .views = column.type.layout {
        addStringLengths(column, count: count, to: lengths)
      } else {
        for row in 0..<count { lengths[row] &+= NestedKey.length(column, row) }
      }
    }
    var at = 0
    for row in 0..<count {
      starts[row] = at
      let length = lengths[row]
      lengths[row] = at
      at &+= length
    }
    starts[count] = at
    return at
  }

  private func addStringLengths(_ column: Vector, count: Int, to lengths: UnsafeMutablePointer<Int>)
  {
    let strings = column.strings
    if column.nullCount == 0 {
      for row in 0..<count {
        let text = strings[row]
        lengths[row] &+= 2 &+ text.count &+ KeyBytes.escapes(text)
      }
    } else {
      for row in 0..<count {
        if column.isNull(row) {
          lengths[row] &+= 1
        } else {
          let text = strings[row]
          lengths[row] &+= 2 &+ text.count &+ KeyBytes.escapes(text)
        }
      }
    }
  }

  private func hash(_ keys: RowKeys) {
    let out = hashes.typed(UInt64.self)
    if let offsets = keys.offsets {
      for row in 0..<keys.count {
        let begin = offsets[row]
        out[row] = RowKeyHash.hash(keys.bytes + begin, offsets[row &+ 1] &- begin)
      }
    } else {
      let width = keys.width
      var at = keys.bytes
      for row in 0..<keys.count {
        out[row] = RowKeyHash.hash(at, width)
        at += width
      }
    }
  }
}

/// Writes one column into the keys of all rows.
private struct ColumnWriter {
  let base: UnsafeMutableRawPointer
  /// Bytes from one row to the next, where there are no cursors.
  let stride: Int
  /// Where each row's next byte goes.
  let cursors: UnsafeMutablePointer<Int>?
  let count: Int
  let order: KeyOrder
  let normalises: Bool

  func write(_ column: Vector) {
    switch column.type.layout {
    case .none: each(1) { _, at in at.storeBytes(of: nullMarker, as: UInt8.self) }
    case .bits: fixed(column, UInt8.self) { column.boolean($0) ? 1 : 0 }
    case .fixed(let width): writeFixed(column, width)
    case .views: writeStrings(column)
    case .lists, .structure: writeNested(column)
    }
  }

  private var nullMarker: UInt8 { order.nullsFirst ? 0 : 2 }

  @inline(__always)
  private func each(_ width: Int, _ body: (Int, UnsafeMutableRawPointer) -> Void) {
    if let cursors {
      for row in 0..<count {
        let at = cursors[row]
        body(row, base + at)
        cursors[row] = at &+ width
      }
    } else {
      var at = base
      for row in 0..<count {
        body(row, at)
        at += stride
      }
    }
  }

  @inline(__always)
  private func fixed<T: FixedWidthInteger>(
    _ column: Vector, _ type: T.Type, _ bits: (Int) -> T
  ) {
    let size = MemoryLayout<T>.size
    let flip: T = order.isDescending ? ~0 : 0
    let marker = nullMarker
    if column.nullCount == 0 {
      each(1 &+ size) { row, at in
        at.storeBytes(of: 1, as: UInt8.self)
        (at + 1).storeBytes(of: (bits(row) ^ flip).bigEndian, as: T.self)
      }
    } else {
      each(1 &+ size) { row, at in
        let isNull = column.isNull(row)
        at.storeBytes(of: isNull ? marker : 1, as: UInt8.self)
        (at + 1).storeBytes(of: isNull ? 0 : (bits(row) ^ flip).bigEndian, as: T.self)
      }
    }
  }

  private func writeFixed(_ column: Vector, _ width: Int) {
    let mask = column.isConstant ? 0 : -1
    switch (width, column.type) {
    case (4, .float):
      let values = column.typed(Float.self)
      fixed(column, UInt32.self) { KeyBytes.ordered(values[$0 & mask], normalised: normalises) }
    case (8, .double):
      let values = column.typed(Double.self)
      fixed(column, UInt64.self) { KeyBytes.ordered(values[$0 & mask], normalised: normalises) }
    case (1, _):
      let values = column.typed(UInt8.self)
      fixed(column, UInt8.self) { values[$0 & mask] ^ 0x80 }
    case (2, _):
      let values = column.typed(UInt16.self)
      fixed(column, UInt16.self) { values[$0 & mask] ^ 0x8000 }
    case (4, _):
      let values = column.typed(UInt32.self)
      fixed(column, UInt32.self) { values[$0 & mask] ^ 0x8000_0000 }
    case (8, _):
      let values = column.typed(UInt64.self)
      fixed(column, UInt64.self) { values[$0 & mask] ^ (1 << 63) }
    default:
      let values = column.typed(UInt128.self)
      fixed(column, UInt128.self) { values[$0 & mask] ^ (1 << 127) }
    }
  }

  private func writeStrings(_ column: Vector) {
    guard let cursors else { preconditionFailure("a string in a key of fixed width") }
    let strings = column.strings
    let hasNulls = column.nullCount > 0
    for row in 0..<count {
      let at = base + cursors[row]
      if hasNulls, column.isNull(row) {
        at.storeBytes(of: nullMarker, as: UInt8.self)
        cursors[row] &+= 1
        continue
      }
      at.storeBytes(of: 1, as: UInt8.self)
      let end = KeyBytes.write(strings[row], to: at + 1)
      if order.isDescending { KeyBytes.invert(at + 1, end) }
      cursors[row] &+= end - at
    }
  }

  private func writeNested(_ column: Vector) {
    guard let cursors else { preconditionFailure("a nested value in a key of fixed width") }
    for row in 0..<count {
      let at = base + cursors[row]
      let end = NestedKey.write(column, row, to: at, normalised: normalises)
      if column.isNull(row) {
        at.storeBytes(of: nullMarker, as: UInt8.self)
      } else if order.isDescending {
        KeyBytes.invert(at + 1, end)
      }
      cursors[row] &+= end - at
    }
  }
}

/// The bytes of single values.
enum KeyBytes {
  /// How many bytes of a string are 0 or 1, which take two. Reads up to 7 bytes beyond the end,
  /// which every buffer has.
  @inline(__always)
  static func escapes(_ text: UnsafeRawBufferPointer) -> Int {
    guard let start = text.baseAddress else { return 0 }
    var at = 0
    let count = text.count
    while at < count {
      var word = (start + at).loadUnaligned(as: UInt64.self)
      let left = count &- at
      if left < 8 { word |= ~0 << UInt64(truncatingIfNeeded: left &* 8) }
      if (word &- 0x0202_0202_0202_0202) & ~word & 0x8080_8080_8080_8080 != 0 {
        return slowEscapes(text)
      }
      at &+= 8
    }
    return 0
  }

  @inline(never)
  private static func slowEscapes(_ text: UnsafeRawBufferPointer) -> Int {
    var found = 0
    for byte in text where byte <= 1 { found &+= 1 }
    return found
  }

  /// Writes a string and its end; gives the place behind it.
  @inline(__always)
  static func write(
    _ text: UnsafeRawBufferPointer, to target: UnsafeMutableRawPointer
  ) -> UnsafeMutableRawPointer {
    guard let source = text.baseAddress, text.count > 0 else {
      target.storeBytes(of: 0, as: UInt8.self)
      return target + 1
    }
    let count = text.count
    if escapes(text) > 0 { return writeEscaped(text, to: target) }
    ShortBytes.copy(source, count, to: target)
    (target + count).storeBytes(of: 0, as: UInt8.self)
    return target + (count &+ 1)
  }

  @inline(never)
  private static func writeEscaped(
    _ text: UnsafeRawBufferPointer, to target: UnsafeMutableRawPointer
  ) -> UnsafeMutableRawPointer {
    var at = target
    for byte in text {
      if byte <= 1 {
        at.storeBytes(of: 1, as: UInt8.self)
        at += 1
        at.storeBytes(of: byte &+ 1, as: UInt8.self)
      } else {
        at.storeBytes(of: byte, as: UInt8.self)
      }
      at += 1
    }
    at.storeBytes(of: 0, as: UInt8.self)
    return at + 1
  }

  static func invert(_ begin: UnsafeMutableRawPointer, _ end: UnsafeMutableRawPointer) {
    var at = begin
    while at < end {
      at.storeBytes(of: ~at.load(as: UInt8.self), as: UInt8.self)
      at += 1
    }
  }

  /// Bits whose unsigned order is the order of the numbers, NaN last.
  @inline(__always)
  static func ordered(_ value: Double, normalised: Bool) -> UInt64 {
    var bits = value.bitPattern
    if normalised {
      if value != value { bits = 0x7FF8_0000_0000_0000 }
      if value == 0 { bits = 0 }
    }
    return bits ^ ((0 &- (bits >> 63)) | (1 << 63))
  }

  @inline(__always)
  static func ordered(_ value: Float, normalised: Bool) -> UInt32 {
    var bits = value.bitPattern
    if normalised {
      if value != value { bits = 0x7FC0_0000 }
      if value == 0 { bits = 0 }
    }
    return bits ^ ((0 &- (bits >> 31)) | (1 << 31))
  }

  @inline(__always)
  static func double(_ ordered: UInt64) -> Double {
    Double(bitPattern: ordered >> 63 == 1 ? ordered ^ (1 << 63) : ~ordered)
  }

  @inline(__always)
  static func float(_ ordered: UInt32) -> Float {
    Float(bitPattern: ordered >> 31 == 1 ? ordered ^ (1 << 31) : ~ordered)
  }
}
