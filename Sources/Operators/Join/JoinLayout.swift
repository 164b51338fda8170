import Columns
import Expressions
import State

/// The stored rows of both sides with one join key are a group; a row leaves at its moment. The
/// sides are two clocks, since their bounds are shifted each in its own way.
struct JoinLayout: StateLayout {
  var keysAreGroups: Bool { false }

  private let sides: JoinSides
  private let task: TaskContext
  private let codecs: [RowKeyCodec]

  init(_ sides: JoinSides, timeZoneId: String) {
    self.sides = sides
    task = TaskContext(timeZoneId: timeZoneId)
    codecs = [sides.left, sides.right].map { RowKeyCodec($0.types, for: .values) }
  }

  /// The clock of a side.
  static func clock(isLeft: Bool) -> UInt8 { isLeft ? 0 : 1 }

  func group(
    key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer
  ) -> UnsafeRawBufferPointer {
    guard let base = value.baseAddress else { return value }
    let count = JoinRows.cells(base) - base - JoinRows.headBytes
    return UnsafeRawBufferPointer(start: base + JoinRows.headBytes, count: count)
  }

  func moments(_ entries: UnsafeBufferPointer<StateChange>) -> [StateDue] {
    var out = [StateDue](repeating: .never, count: entries.count)
    for isLeft in [true, false] {
      guard let bound = (isLeft ? sides.left : sides.right).bound else { continue }
      let clock = Self.clock(isLeft: isLeft)
      let own = entries.indices.filter {
        entries[$0].value != nil
          && (entries[$0].key[0] == StreamJoinPartition.leftMark) == isLeft
      }
      var cells = own.compactMap { entries[$0].value?.baseAddress.map { JoinRows.cells($0) } }
      if cells.count < own.count || own.isEmpty { continue }
      let columns = cells.withUnsafeMutableBufferPointer { buffer in
        buffer.baseAddress.map { codecs[Int(clock)].decode($0, count: buffer.count) } ?? []
      }
      // An expression that fails for a row fails where the row is stored, before it comes here.
      let rows = EvaluationContext(Batch(columns, count: own.count), task: task)
      guard let times = try? KeyExpiry.times(bound.time.evaluate(rows)) else { continue }
      for (index, atUs) in zip(own, times) { out[index] = StateDue(clock: clock, atUs: atUs) }
    }
    return out
  }
}
