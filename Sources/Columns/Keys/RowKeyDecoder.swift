import Glibc

extension RowKeyCodec {
  /// The columns of some keys. `keys` holds the address of each and is moved behind what was read.
  /// Not for sort keys.
  public func decode(_ keys: UnsafeMutablePointer<UnsafeRawPointer>, count: Int) -> [Vector] {
    types.map { decodeColumn($0, keys, count) }
  }

  private func decodeColumn(
    _ type: DataType, _ keys: UnsafeMutablePointer<UnsafeRawPointer>, _ count: Int
  ) -> Vector {
    switch type.layout {
    case .none:
      for row in 0..<count { keys[row] += 1 }
      return Vector(.null, count: count)
    case .fixed(let width): return decodeFixed(type, width, keys, count)
    case .views: return decodeStrings(type, keys, count)
    case .bits, .lists, .structure:
      let builder = VectorBuilder(type, capacity: count)
      var scratch: [UInt8] = []
      for row in 0..<count { Self.append(keys[row], to: builder, &scratch) { keys[row] = $0 } }
      return builder.finish()
    }
  }

  private func decodeStrings(
    _ type: DataType, _ keys: UnsafeMutablePointer<UnsafeRawPointer>, _ count: Int
  ) -> Vector {
    let builder = VectorBuilder(type, capacity: count)
    var scratch: [UInt8] = []
    for row in 0..<count {
      let at = keys[row]
      if at.load(as: UInt8.self) == 0 {
        builder.appendNull()
        keys[row] = at + 1
      } else {
        keys[row] = Self.appendString(at + 1, to: builder, &scratch)
      }
    }
    return builder.finish()
  }

  private func decodeFixed(
    _ type: DataType, _ width: Int, _ keys: UnsafeMutablePointer<UnsafeRawPointer>, _ count: Int
  ) -> Vector {
    let values = Buffer(capacity: count * width)
    var nulls = 0
    func each<T: FixedWidthInteger & UnsignedInteger>(_ bits: T.Type, _ store: (Int, T) -> Void) {
      for row in 0..<count {
        let at = keys[row]
        nulls &+= 1 &- Int(at.load(as: UInt8.self))
        store(row, T(bigEndian: (at + 1).loadUnaligned(as: T.self)))
      }
    }
    switch (width, type) {
    case (4, .float):
      let out = values.typed(Float.self)
      each(UInt32.self) { out[$0] = KeyBytes.float($1) }
    case (8, .double):
      let out = values.typed(Double.self)
      each(UInt64.self) { out[$0] = KeyBytes.double($1) }
    case (1, _):
      let out = values.typed(UInt8.self)
      each(UInt8.self) { out[$0] = $1 ^ 0x80 }
    case (2, _):
      let out = values.typed(UInt16.self)
      each(UInt16.self) { out[$0] = $1 ^ 0x8000 }
    case (4, _):
      let out = values.typed(UInt32.self)
      each(UInt32.self) { out[$0] = $1 ^ 0x8000_0000 }
    case (8, _):
      let out = values.typed(UInt64.self)
      each(UInt64.self) { out[$0] = $1 ^ (1 << 63) }
    default:
      let out = values.typed(UInt128.self)
      each(UInt128.self) { out[$0] = $1 ^ (1 << 127) }
    }
    var validity: Buffer?
    if nulls > 0 {
      let bits = Buffer.zeroed(capacity: Bitmap.byteCount(count))
      for row in 0..<count where keys[row].load(as: UInt8.self) == 1 {
        Bitmap.set(bits.pointer, row)
      }
      validity = bits
    }
    for row in 0..<count { keys[row] += 1 &+ width }
    return Vector(type, count: count, validity: validity, values: values)
  }

  /// Reads one value at `source`; `moved` is told the place behind it.
  private static func append(
    _ source: UnsafeRawPointer, to builder: VectorBuilder, _ scratch: inout [UInt8],
    moved: (UnsafeRawPointer) -> Void
  ) {
    let type = builder.type
    if source.load(as: UInt8.self) == 0 {
      builder.appendNull()
      return moved(source + (fixedWidth(type) ?? 1))
    }
    var at = source + 1
    switch type.layout {
    case .none: builder.appendNull()
    case .bits:
      builder.append(boolean: at.load(as: UInt8.self) != 0)
      at += 1
    case .fixed(let width):
      appendFixed(at, width, to: builder)
      at += width
    case .views: at = appendString(at, to: builder, &scratch)
    case .structure:
      for child in builder.children { append(at, to: child, &scratch) { at = $0 } }
      builder.endStructure()
    case .lists:
      while at.load(as: UInt8.self) == 1 {
        at += 1
        for child in builder.children { append(at, to: child, &scratch) { at = $0 } }
      }
      at += 1
      builder.endList()
    }
    moved(at)
  }

  private static func appendFixed(_ at: UnsafeRawPointer, _ width: Int, to builder: VectorBuilder) {
    switch (width, builder.type) {
    case (4, .float):
      let bits = UInt32(bigEndian: at.loadUnaligned(as: UInt32.self))
      builder.append(double: Double(KeyBytes.float(bits)))
    case (8, .double):
      builder.append(double: KeyBytes.double(UInt64(bigEndian: at.loadUnaligned(as: UInt64.self))))
    case (1, _):
      builder.append(integer: Int64(Int8(bitPattern: at.load(as: UInt8.self) ^ 0x80)))
    case (2, _):
      let bits = UInt16(bigEndian: at.loadUnaligned(as: UInt16.self)) ^ 0x8000
      builder.append(integer: Int64(Int16(bitPattern: bits)))
    case (4, _):
      let bits = UInt32(bigEndian: at.loadUnaligned(as: UInt32.self)) ^ 0x8000_0000
      builder.append(integer: Int64(Int32(bitPattern: bits)))
    case (8, _):
      let bits = UInt64(bigEndian: at.loadUnaligned(as: UInt64.self)) ^ (1 << 63)
      builder.append(integer: Int64(bitPattern: bits))
    default:
      let bits = UInt128(bigEndian: at.loadUnaligned(as: UInt128.self)) ^ (1 << 127)
      builder.append(decimal: Int128(bitPattern: bits))
    }
  }

  private static func appendString(
    _ start: UnsafeRawPointer, to builder: VectorBuilder, _ scratch: inout [UInt8]
  ) -> UnsafeRawPointer {
    let count = Int(strlen(start.assumingMemoryBound(to: CChar.self)))
    if count == 0 || memchr(start, 1, count) == nil {
      builder.append(bytes: UnsafeRawBufferPointer(start: start, count: count))
      return start + (count + 1)
    }
    scratch.removeAll(keepingCapacity: true)
    var at = 0
    while at < count {
      var byte = start.load(fromByteOffset: at, as: UInt8.self)
      if byte == 1 {
        at += 1
        byte = start.load(fromByteOffset: at, as: UInt8.self) &- 1
      }
      scratch.append(byte)
      at += 1
    }
    scratch.withUnsafeBytes { builder.append(bytes: $0) }
    return start + (count + 1)
  }
}
