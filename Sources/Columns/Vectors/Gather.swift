import Glibc

extension Vector {
  /// The rows of a selection, in its order, flat. `Selection.none` gives NULL when `hasMissing`.
  /// Strings are not copied: the result shares this vector's blocks.
  public func gathered(_ selection: Selection, hasMissing: Bool = false) -> Vector {
    let count = selection.count
    let rows = selection.rows
    if type == .null { return Vector(.null, count: count) }
    if isConstant, !hasMissing, nullCount > 0 || type.layout == .structure {
      return flattenedConstant(count)
    }
    let positions: UnsafePointer<UInt32>
    var held: Buffer?
    if isConstant {
      // Every row lies at position 0; a missing row stays missing.
      let buffer = Buffer(capacity: count * 4)
      let out = buffer.typed(UInt32.self)
      for index in 0..<count { out[index] = rows[index] == Selection.none ? Selection.none : 0 }
      held = buffer
      positions = UnsafePointer(out)
    } else {
      positions = rows
    }
    defer { withExtendedLifetime((held, selection.buffer)) {} }
    let validity = gatheredValidity(positions, count: count, hasMissing: hasMissing)
    switch type.layout {
    case .none: return Vector(.null, count: count)
    case .bits:
      return Vector(
        type, count: count, validity: validity, values: gatheredBits(values, positions, count))
    case .fixed(let width):
      return Vector(
        type, count: count, validity: validity,
        values: gatheredFixed(positions, count: count, width: width))
    case .views:
      return Vector(
        type, count: count, validity: validity,
        values: gatheredFixed(positions, count: count, width: 16), blocks: blocks)
    case .lists:
      return gatheredLists(positions, count: count, validity: validity)
    case .structure:
      let selected = Selection(buffer: held ?? selection.buffer, count: count)
      return Vector(
        type, count: count, validity: validity,
        children: children.map { $0.gathered(selected, hasMissing: hasMissing) })
    }
  }

  /// Some consecutive rows.
  public func sliced(_ range: Range<Int>) -> Vector {
    if range == 0..<count { return self }
    return gathered(.range(range))
  }

  private func flattenedConstant(_ count: Int) -> Vector {
    if nullCount > 0 {
      let builder = VectorBuilder(type, capacity: count)
      for _ in 0..<count { builder.appendNull() }
      return builder.finish()
    }
    let zeros = Buffer.zeroed(capacity: count * 4)
    let selection = Selection(buffer: zeros, count: count)
    return Vector(type, count: count, children: children.map { $0.gathered(selection) })
  }

  private func gatheredValidity(
    _ positions: UnsafePointer<UInt32>, count: Int, hasMissing: Bool
  ) -> Buffer? {
    if nullCount == 0, !hasMissing { return nil }
    let out = Buffer.zeroed(capacity: Bitmap.byteCount(count))
    let source = validity?.pointer
    for index in 0..<count {
      let at = positions[index]
      if at == Selection.none { continue }
      if source.map({ Bitmap.get($0, Int(at)) }) ?? true { Bitmap.set(out.pointer, index) }
    }
    return out
  }

  private func gatheredBits(
    _ bits: Buffer, _ positions: UnsafePointer<UInt32>, _ count: Int
  ) -> Buffer {
    let out = Buffer.zeroed(capacity: Bitmap.byteCount(count))
    for index in 0..<count where positions[index] != Selection.none {
      if Bitmap.get(bits.pointer, Int(positions[index])) { Bitmap.set(out.pointer, index) }
    }
    return out
  }

  private func gatheredFixed(
    _ positions: UnsafePointer<UInt32>, count: Int, width: Int
  ) -> Buffer {
    let out = Buffer(capacity: count * width)
    switch width {
    case 1: gather(UInt8.self, positions, count, out)
    case 2: gather(UInt16.self, positions, count, out)
    case 4: gather(UInt32.self, positions, count, out)
    case 8: gather(UInt64.self, positions, count, out)
    default: gather(StringView.self, positions, count, out)
    }
    return out
  }

  @inline(__always)
  private func gather<T>(
    _ type: T.Type, _ positions: UnsafePointer<UInt32>, _ count: Int, _ out: Buffer
  ) {
    let (source, target) = (values.typed(type), out.typed(type))
    for index in 0..<count {
      let at = positions[index]
      if at == Selection.none {
        memset(target + index, 0, MemoryLayout<T>.size)
      } else {
        target[index] = source[Int(at)]
      }
    }
  }

  private func gatheredLists(
    _ positions: UnsafePointer<UInt32>, count: Int, validity: Buffer?
  ) -> Vector {
    let source = values.typed(Int32.self)
    let offsets = Buffer(capacity: (count + 1) * 4)
    let out = offsets.typed(Int32.self)
    out[0] = 0
    for index in 0..<count {
      let at = positions[index]
      let length = at == Selection.none ? 0 : source[Int(at) + 1] - source[Int(at)]
      out[index + 1] = out[index] + length
    }
    let inner = Buffer(capacity: Int(out[count]) * 4)
    let target = inner.typed(UInt32.self)
    var next = 0
    for index in 0..<count where positions[index] != Selection.none {
      let at = Int(positions[index])
      for element in Int(source[at])..<Int(source[at + 1]) {
        target[next] = UInt32(truncatingIfNeeded: element)
        next &+= 1
      }
    }
    let selection = Selection(buffer: inner, count: next)
    return Vector(
      type, count: count, validity: validity, values: offsets,
      children: children.map { $0.gathered(selection) })
  }
}

extension Vector {
  /// The rows of several vectors of one type, one after the other, flat.
  public static func concatenated(_ parts: [Vector], type: DataType) -> Vector {
    if parts.count == 1 { return parts[0].flat }
    let parts = parts.filter { $0.count > 0 }.map(\.flat)
    let count = parts.reduce(0) { $0 + $1.count }
    if type == .null { return Vector(.null, count: count) }
    let validity = concatenatedBits(parts, count: count) { $0.validity }
    switch type.layout {
    case .none: return Vector(.null, count: count)
    case .bits:
      let bits = concatenatedBits(parts, count: count) { $0.values }
      return Vector(type, count: count, validity: validity, values: bits ?? .empty)
    case .fixed(let width):
      let out = Buffer(capacity: count * width)
      var at = 0
      for part in parts {
        memcpy(out.pointer + at, part.values.pointer, part.count * width)
        at += part.count * width
      }
      return Vector(type, count: count, validity: validity, values: out)
    case .views: return concatenatedViews(parts, count: count, type: type, validity: validity)
    case .lists: return concatenatedLists(parts, count: count, type: type, validity: validity)
    case .structure:
      let children = type.childTypes.indices.map { index in
        concatenated(parts.map { $0.children[index] }, type: type.childTypes[index])
      }
      return Vector(type, count: count, validity: validity, children: children)
    }
  }

  /// nil when every part says nil; a part without bits counts as all 1.
  private static func concatenatedBits(
    _ parts: [Vector], count: Int, _ bits: (Vector) -> Buffer?
  ) -> Buffer? {
    if parts.allSatisfy({ bits($0) == nil }) { return nil }
    let out = Buffer.zeroed(capacity: Bitmap.byteCount(count))
    var at = 0
    for part in parts {
      let source = bits(part)
      for row in 0..<part.count where source.map({ Bitmap.get($0.pointer, row) }) ?? true {
        Bitmap.set(out.pointer, at + row)
      }
      at += part.count
    }
    return out
  }

  private static func concatenatedViews(
    _ parts: [Vector], count: Int, type: DataType, validity: Buffer?
  ) -> Vector {
    let out = Buffer(capacity: count * 16)
    let target = out.typed(StringView.self)
    var blocks: [Buffer] = []
    var at = 0
    for part in parts {
      let source = part.typed(StringView.self)
      for row in 0..<part.count {
        // A NULL's view may be anything: it must not be taken for a long string.
        target[at + row] = part.isNull(row) ? .empty : source[row].shifted(byBlocks: blocks.count)
      }
      blocks += part.blocks
      at += part.count
    }
    return Vector(type, count: count, validity: validity, values: out, blocks: blocks)
  }

  private static func concatenatedLists(
    _ parts: [Vector], count: Int, type: DataType, validity: Buffer?
  ) -> Vector {
    let offsets = Buffer(capacity: (count + 1) * 4)
    let out = offsets.typed(Int32.self)
    out[0] = 0
    var (at, base) = (0, Int32(0))
    for part in parts {
      let source = part.typed(Int32.self)
      for row in 0..<part.count { out[at + row + 1] = base + source[row + 1] - source[0] }
      base += source[part.count] - source[0]
      at += part.count
    }
    let children = type.childTypes.indices.map { index in
      concatenated(
        parts.map { part in
          let source = part.typed(Int32.self)
          return part.children[index].sliced(Int(source[0])..<Int(source[part.count]))
        }, type: type.childTypes[index])
    }
    return Vector(type, count: count, validity: validity, values: offsets, children: children)
  }

  /// The same rows with strings in an arena of their own, so that no input block is kept alive.
  public func detached() -> Vector {
    switch type.layout {
    case .views where !blocks.isEmpty:
      let builder = VectorBuilder(type, capacity: count)
      builder.append(contentsOf: self)
      return builder.finish()
    case .lists, .structure:
      return Vector(
        type, count: count, validity: validity, values: values, blocks: blocks,
        children: children.map { $0.detached() }, isConstant: isConstant)
    default: return self
    }
  }
}
