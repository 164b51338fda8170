import Columns
import Contract
import Expressions
import Plan

/// For each row the windows of time that hold its time: one row each, later windows first. Rows
/// without a time are left out.
public struct TimeWindow: OperatorNode {
  public struct Shape: Hashable, Sendable {
    public let widthUs: Int64
    public let slideUs: Int64
    public let startUs: Int64
  }

  public let time: Expression
  public let shape: Shape
  public let window: Attribute
  public let child: any PlanNode
  public let origin: Origin?

  public var name: String { "TimeWindow" }
  public var children: [any PlanNode] { [child] }
  public var output: [Attribute] { child.output + [window] }
  public var expressions: [Expression] { [time] }
  public var details: String {
    "window(\(time), \(shape.widthUs), \(shape.slideUs), \(shape.startUs)) AS "
      + PlanText.text(window)
  }
  public var streaming: StreamingFacts { StreamingFacts() }

  public func with(children: [any PlanNode]) -> any PlanNode {
    TimeWindow(time: time, shape: shape, window: window, child: children[0], origin: origin)
  }

  public func with(expressions: [Expression]) -> any PlanNode {
    TimeWindow(time: expressions[0], shape: shape, window: window, child: child, origin: origin)
  }

  public func lower(_ children: [any Operator], _ lowering: Lowering) throws -> any Operator {
    RowByRowOperator(
      output: output, child: children[0],
      step: TimeWindowStep(
        time: CompiledExpression(time, input: children[0].output), shape: shape,
        type: window.type))
  }
}

extension TimeWindow: PassesPredicates {
  /// A condition that does not look at the window may go below.
  public func predicate(_ condition: Expression, below index: Int) -> Expression? {
    condition.references.contains(window) ? nil : condition
  }
  public var needsPredicateBelowAll: Bool { true }
}

private struct TimeWindowStep: RowStep {
  let time: CompiledExpression
  let shape: TimeWindow.Shape
  let type: DataType

  func apply(_ batch: Batch, _ context: EvaluationContext) throws -> Batch {
    let times = try time.evaluate(context).flat
    return shape.widthUs == shape.slideUs
      ? tumbling(batch, times) : sliding(batch, times)
  }

  /// The start of the last window that begins at or before a time.
  @inline(__always)
  private func lastStart(_ time: Int64) -> Int64 {
    let offset = (time &- shape.startUs) % shape.slideUs
    return time &- (offset < 0 ? offset &+ shape.slideUs : offset)
  }

  private func tumbling(_ batch: Batch, _ times: Vector) -> Batch {
    var rows = batch
    var values = times
    if times.nullCount > 0 {
      let kept = Selection.identity(times.count).filtered { !times.isNull($0) }
      rows = batch.selecting(kept)
      values = times.gathered(kept)
    }
    let count = values.count
    let (starts, ends) = (Buffer(capacity: count * 8), Buffer(capacity: count * 8))
    let (start, end) = (starts.typed(Int64.self), ends.typed(Int64.self))
    let time = values.typed(Int64.self)
    let width = shape.widthUs
    // Neighbouring rows mostly fall into one window: the division is remembered.
    var current = Int64.max
    for row in 0..<count {
      let value = time[row]
      if value < current || value &- current >= width { current = lastStart(value) }
      start[row] = current
      end[row] = current &+ width
    }
    return with(rows, starts, ends, count)
  }

  private func sliding(_ batch: Batch, _ times: Vector) -> Batch {
    let most = Int((shape.widthUs &+ shape.slideUs &- 1) / shape.slideUs)
    let capacity = times.count * most
    let rows = Buffer(capacity: capacity * 4)
    let (starts, ends) = (Buffer(capacity: capacity * 8), Buffer(capacity: capacity * 8))
    let (row, start, end) = (
      rows.typed(UInt32.self), starts.typed(Int64.self), ends.typed(Int64.self)
    )
    let time = times.typed(Int64.self)
    var made = 0
    for index in 0..<times.count where !times.isNull(index) {
      var begin = lastStart(time[index])
      while begin &+ shape.widthUs > time[index] {
        row[made] = UInt32(truncatingIfNeeded: index)
        start[made] = begin
        end[made] = begin &+ shape.widthUs
        made &+= 1
        begin &-= shape.slideUs
      }
    }
    return with(batch.selecting(Selection(buffer: rows, count: made)), starts, ends, made)
  }

  private func with(_ rows: Batch, _ starts: Buffer, _ ends: Buffer, _ count: Int) -> Batch {
    let moment = type.childTypes[0]
    let window = Vector(
      type, count: count,
      children: [
        Vector(moment, count: count, values: starts), Vector(moment, count: count, values: ends),
      ])
    return Batch(rows.dense.columns + [window], count: count)
  }
}
