import Glibc

/// Row keys of nested values, a value at a time. The markers of NULLs inside are 0, of values 1.
enum NestedKey {
  /// Bytes that `write` takes.
  static func length(_ vector: Vector, _ row: Int) -> Int {
    if vector.isNull(row) {
      // A NULL of fixed width is as wide as a value, so that the top level may use one width.
      return RowKeyCodec.fixedWidth(vector.type) ?? 1
    }
    let at = vector.position(row)
    switch vector.type.layout {
    case .none: return 1
    case .bits: return 2
    case .fixed(let width): return 1 + width
    case .views:
      let text = vector.strings[row]
      return 2 + text.count + KeyBytes.escapes(text)
    case .structure: return vector.children.reduce(1) { $0 + length($1, at) }
    case .lists:
      var total = 2
      for element in vector.range(row) {
        total += 1
        for child in vector.children { total += length(child, element) }
      }
      return total
    }
  }

  /// Writes a value with its marker; gives the place behind it.
  static func write(
    _ vector: Vector, _ row: Int, to target: UnsafeMutableRawPointer, normalised: Bool
  ) -> UnsafeMutableRawPointer {
    if vector.isNull(row) {
      let width = RowKeyCodec.fixedWidth(vector.type) ?? 1
      memset(target, 0, width)
      return target + width
    }
    target.storeBytes(of: 1, as: UInt8.self)
    var at = target + 1
    let position = vector.position(row)
    switch vector.type.layout {
    case .none:
      target.storeBytes(of: 0, as: UInt8.self)
      return at
    case .bits:
      at.storeBytes(of: vector.boolean(row) ? 1 : 0, as: UInt8.self)
      return at + 1
    case .fixed(let width): return writeFixed(vector, position, width, to: at, normalised)
    case .views: return KeyBytes.write(vector.strings[row], to: at)
    case .structure:
      for child in vector.children {
        at = write(child, position, to: at, normalised: normalised)
      }
      return at
    case .lists:
      if normalised, case .map = vector.type {
        return writeSortedEntries(vector, row, to: at)
      }
      for element in vector.range(row) {
        at.storeBytes(of: 1, as: UInt8.self)
        at += 1
        for child in vector.children {
          at = write(child, element, to: at, normalised: normalised)
        }
      }
      at.storeBytes(of: 0, as: UInt8.self)
      return at + 1
    }
  }

  private static func writeFixed(
    _ vector: Vector, _ at: Int, _ width: Int, to target: UnsafeMutableRawPointer,
    _ normalised: Bool
  ) -> UnsafeMutableRawPointer {
    func store<T: FixedWidthInteger>(_ bits: T) {
      target.storeBytes(of: bits.bigEndian, as: T.self)
    }
    switch (width, vector.type) {
    case (4, .float):
      store(KeyBytes.ordered(vector.typed(Float.self)[at], normalised: normalised))
    case (8, .double):
      store(KeyBytes.ordered(vector.typed(Double.self)[at], normalised: normalised))
    case (1, _): store(vector.typed(UInt8.self)[at] ^ 0x80)
    case (2, _): store(vector.typed(UInt16.self)[at] ^ 0x8000)
    case (4, _): store(vector.typed(UInt32.self)[at] ^ 0x8000_0000)
    case (8, _): store(vector.typed(UInt64.self)[at] ^ (1 << 63))
    default: store(vector.typed(UInt128.self)[at] ^ (1 << 127))
    }
    return target + width
  }

  /// A map's entries in the order of their keys' bytes, since two maps with the same entries are
  /// one
  /// group.
  private static func writeSortedEntries(
    _ vector: Vector, _ row: Int, to target: UnsafeMutableRawPointer
  ) -> UnsafeMutableRawPointer {
    var entries: [[UInt8]] = vector.range(row).map { element in
      let length = 1 + vector.children.reduce(0) { $0 + Self.length($1, element) }
      return [UInt8](unsafeUninitializedCapacity: length) { bytes, count in
        count = length
        guard let base = bytes.baseAddress else { return }
        var at = UnsafeMutableRawPointer(base)
        at.storeBytes(of: 1, as: UInt8.self)
        at += 1
        for child in vector.children { at = write(child, element, to: at, normalised: true) }
      }
    }
    entries.sort { $0.lexicographicallyPrecedes($1) }
    var at = target
    for entry in entries {
      entry.withUnsafeBytes { bytes in
        if let base = bytes.baseAddress { memcpy(at, base, bytes.count) }
      }
      at += entry.count
    }
    at.storeBytes(of: 0, as: UInt8.self)
    return at + 1
  }
}
