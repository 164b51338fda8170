import Columns
import Contract
import Expressions
import Plan

/// For each row the session that it would make alone: from its time to its time plus a gap. Rows
/// without a time, or whose gap is not above 0, are left out. The aggregation above merges sessions
/// that overlap or touch.
public struct SessionWindow: OperatorNode {
  public enum Gap: Sendable {
    /// Microseconds.
    case fixed(Int64)
    /// Interval text or an interval, by row.
    case computed(Expression)
  }

  public let time: Expression
  public let gap: Gap
  public let window: Attribute
  public let child: any PlanNode
  public let origin: Origin?

  public var name: String { "SessionWindow" }
  public var children: [any PlanNode] { [child] }
  public var output: [Attribute] { child.output + [window] }
  public var expressions: [Expression] {
    if case .computed(let gap) = gap { [time, gap] } else { [time] }
  }
  public var details: String {
    switch gap {
    case .fixed(let us): "session_window(\(time), \(us)) AS \(PlanText.text(window))"
    case .computed(let gap): "session_window(\(time), \(gap)) AS \(PlanText.text(window))"
    }
  }
  public var streaming: StreamingFacts { StreamingFacts() }

  public func with(children: [any PlanNode]) -> any PlanNode {
    SessionWindow(time: time, gap: gap, window: window, child: children[0], origin: origin)
  }

  public func with(expressions: [Expression]) -> any PlanNode {
    SessionWindow(
      time: expressions[0], gap: expressions.count > 1 ? .computed(expressions[1]) : gap,
      window: window, child: child, origin: origin)
  }

  public func lower(_ children: [any Operator], _ lowering: Lowering) throws -> any Operator {
    let input = children[0].output
    var computed: CompiledExpression?
    var fixedUs: Int64 = 0
    switch gap {
    case .fixed(let us): fixedUs = us
    case .computed(let expression): computed = CompiledExpression(expression, input: input)
    }
    return RowByRowOperator(
      output: output, child: children[0],
      step: SessionWindowStep(
        time: CompiledExpression(time, input: input), fixedUs: fixedUs, computed: computed,
        type: window.type))
  }
}

extension SessionWindow: PassesPredicates {
  /// A condition that does not look at the session may go below.
  public func predicate(_ condition: Expression, below index: Int) -> Expression? {
    condition.references.contains(window) ? nil : condition
  }
  public var needsPredicateBelowAll: Bool { true }
}

private struct SessionWindowStep: RowStep {
  let time: CompiledExpression
  let fixedUs: Int64
  let computed: CompiledExpression?
  let type: DataType

  func apply(_ batch: Batch, _ context: EvaluationContext) throws -> Batch {
    let times = try time.evaluate(context).flat
    let gaps = try computed.map { try gapsUs($0.evaluate(context)) }
    let kept = Selection.identity(times.count).filtered { row in
      !times.isNull(row) && (gaps?[row] ?? fixedUs) > 0
    }
    let count = kept.count
    let (starts, ends) = (Buffer(capacity: count * 8), Buffer(capacity: count * 8))
    let (start, end) = (starts.typed(Int64.self), ends.typed(Int64.self))
    let time = times.typed(Int64.self)
    for index in 0..<count {
      let row = Int(kept.rows[index])
      start[index] = time[row]
      end[index] = time[row] &+ (gaps?[row] ?? fixedUs)
    }
    let moment = type.childTypes[0]
    let window = Vector(
      type, count: count,
      children: [
        Vector(moment, count: count, values: starts), Vector(moment, count: count, values: ends),
      ])
    return Batch(batch.selecting(kept).dense.columns + [window], count: count)
  }

  /// Microseconds by row; 0 for NULL.
  private func gapsUs(_ vector: Vector) throws -> [Int64] {
    try (0..<vector.count).map { row in
      if vector.isNull(row) { return 0 }
      switch vector.type {
      case .string:
        let text = String(decoding: vector.strings[row], as: UTF8.self)
        do { return try CalendarInterval(text).windowUs(text) } catch let failure as Failure {
          throw RowFailure(row: row, failure)
        }
      default: return vector.integer(row)
      }
    }
  }
}
