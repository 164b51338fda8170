import Columns
import Contract

/// BITMAP_CONSTRUCT_AGG, BITMAP_OR_AGG and BITMAP_AND_AGG: one bitmap of 4 KiB a group.
final class BitmapAccumulator: Accumulator {
  /// What a row does to the bitmap.
  enum Operation: Sendable { case construct, or, and }

  private static let width = bitmapBits / 8
  private var bitmaps: [UInt8] = []
  private let operation: Operation
  private var initial: UInt8 { operation == .and ? 0xFF : 0 }

  init(_ operation: Operation) { self.operation = operation }

  func grow(to groupCount: Int) {
    let wanted = groupCount * Self.width
    if bitmaps.count < wanted {
      bitmaps += [UInt8](repeating: initial, count: wanted - bitmaps.count)
    }
  }

  func update(
    _ arguments: [Vector], groups: UnsafePointer<UInt32>, count: Int, context: EvaluationContext
  ) throws {
    guard operation == .construct else { return merge(arguments, groups: groups, count: count) }
    let positions = arguments[0]
    for row in 0..<count where !positions.isNull(row) {
      let position = positions.integer(row)
      guard position >= 0, position < bitmapBits else {
        throw RowFailure(
          row: row,
          Failure(
            "INVALID_BITMAP_POSITION",
            "the 0-indexed bitmap position \(position) is out of bounds: the bitmap has "
              + "\(bitmapBits) bits (\(Self.width) bytes)"))
      }
      bitmaps[Int(groups[row]) * Self.width + Int(position >> 3)] |= 1 << UInt8(position & 7)
    }
  }

  func merge(_ states: [Vector], groups: UnsafePointer<UInt32>, count: Int) {
    for row in 0..<count where !states[0].isNull(row) {
      let other = states[0].strings[row]
      let base = Int(groups[row]) * Self.width
      for index in 0..<Self.width {
        let byte = index < other.count ? other[index] : 0
        if operation == .and {
          bitmaps[base + index] &= byte
        } else {
          bitmaps[base + index] |= byte
        }
      }
    }
  }

  func states(_ groups: Selection) -> [Vector] {
    let builder = VectorBuilder(.binary, capacity: groups.count)
    bitmaps.withUnsafeBytes { bytes in
      for index in 0..<groups.count {
        let base = Int(groups.rows[index]) * Self.width
        builder.append(bytes: UnsafeRawBufferPointer(rebasing: bytes[base..<(base + Self.width)]))
      }
    }
    return [builder.finish()]
  }

  func results(_ groups: Selection, context: EvaluationContext) -> Vector { states(groups)[0] }

  func reset(_ groups: Selection) {
    for index in 0..<groups.count {
      let base = Int(groups.rows[index]) * Self.width
      for at in base..<(base + Self.width) { bitmaps[at] = initial }
    }
  }

  var memoryBytes: Int { bitmaps.capacity }

  static func function(_ name: String, _ operation: Operation) -> TypedAggregate {
    TypedAggregate(name, .binary, isNullable: false, states: [.binary]) {
      BitmapAccumulator(operation)
    }
  }
}
