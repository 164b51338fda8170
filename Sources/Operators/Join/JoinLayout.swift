import Columns
import Expressions
import State

/// The stored rows of both sides with one join key are a group; a row leaves at its moment. The
/// sides are two clocks, since their bounds are shifted each in its own way.
struct JoinLayout: StateLayout {
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

  func due(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) -> StateDue? {
    let isLeft = key[0] == StreamJoinPartition.leftMark
    guard let bound = (isLeft ? sides.left : sides.right).bound, let base = value.baseAddress else {
      return nil
    }
    let clock = Self.clock(isLeft: isLeft)
    var cells = JoinRows.cells(base)
    let columns = withUnsafeMutablePointer(to: &cells) {
      codecs[Int(clock)].decode($0, count: 1)
    }
    // An expression that fails for a row fails where the row is stored, before it comes here.
    let row = EvaluationContext(Batch(columns, count: 1), task: task)
    guard let times = try? KeyExpiry.times(bound.time.evaluate(row)), times[0] != .max else {
      return nil
    }
    return StateDue(clock: clock, atUs: times[0])
  }
}
