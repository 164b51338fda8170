import Columns
import Contract
import Expressions
import Plan

/// `withWatermark`: marks a column as event time, and counts what the rows hold of it.
public struct EventTimeWatermark: OperatorNode {
  public let column: Attribute
  public let delayUs: Int64
  /// The node's own number, under which its event times are counted.
  public let id: Int
  public let child: any PlanNode
  public let origin: Origin?

  public init(
    _ column: Attribute, delayUs: Int64, id: Int, _ child: any PlanNode, origin: Origin? = nil
  ) {
    self.column = column
    self.delayUs = delayUs
    self.id = id
    self.child = child
    self.origin = origin
  }

  public var name: String { "EventTimeWatermark" }
  public var children: [any PlanNode] { [child] }
  public var output: [Attribute] {
    child.output.map { old in
      guard old == column else { return old }
      return Attribute(
        id: old.id, old.name, old.type, isNullable: old.isNullable, qualifier: old.qualifier,
        watermarkDelayUs: delayUs)
    }
  }
  public var expressions: [Expression] { [.attribute(column)] }
  public var details: String { "\(PlanText.text(column)), delay \(delayUs) us" }
  public var streaming: StreamingFacts {
    StreamingFacts(watermark: .defines(id: id, delayUs: delayUs))
  }

  public func with(children: [any PlanNode]) -> any PlanNode {
    EventTimeWatermark(column, delayUs: delayUs, id: id, children[0], origin: origin)
  }
  public func with(expressions: [Expression]) -> any PlanNode { self }

  public func lower(_ children: [any Operator], _ lowering: Lowering) throws -> any Operator {
    WatermarkOperator(
      output: output, child: children[0], id: id,
      place: PlanText.place(column, in: children[0].output))
  }
}

extension EventTimeWatermark: PassesPredicates {
  /// A condition that does not look at the time goes below, as in Spark: rows that it drops move no
  /// watermark.
  public func predicate(_ condition: Expression, below index: Int) -> Expression? {
    condition.references.contains(column) ? nil : condition
  }
  public var needsPredicateBelowAll: Bool { true }
}

private final class WatermarkOperator: Operator {
  let output: [Attribute]
  private let child: any Operator
  private let id: Int
  private let place: Int

  init(output: [Attribute], child: any Operator, id: Int, place: Int) {
    self.output = output
    self.child = child
    self.id = id
    self.place = place
  }

  func partitions(_ run: BatchRun) throws -> [Partition] {
    try child.partitions(run).map { partition in
      partition.through { [id, place] input, _ in
        GeneratedStream {
          guard let batch = try input.next() else { return nil }
          if batch.count > 0 {
            let seen = Self.eventTimes(batch.column(place))
            run.metrics.update(eventTimesOf: id) { total in
              total.maxUs = max(total.maxUs, seen.maxUs)
              total.minUs = min(total.minUs, seen.minUs)
              total.sumUs += seen.sumUs
              total.count += seen.count
            }
          }
          return batch
        }
      }
    }
  }

  /// A missing time counts as 0, as in Spark.
  private static func eventTimes(_ vector: Vector) -> BatchMetrics.EventTimes {
    let flat = vector.flat
    let values = flat.typed(Int64.self)
    var (low, high) = (Int64.max, Int64.min)
    var sum: Int128 = 0
    for row in 0..<flat.count {
      let time = flat.nullCount > 0 && flat.isNull(row) ? 0 : values[row]
      low = min(low, time)
      high = max(high, time)
      sum &+= Int128(time)
    }
    var seen = BatchMetrics.EventTimes()
    (seen.minUs, seen.maxUs, seen.sumUs, seen.count) = (low, high, sum, Int64(flat.count))
    return seen
  }
}

/// `withWatermark`.
func buildWithWatermark(_ call: OperatorCall) throws -> any PlanNode {
  let resolved = try call.resolver.resolve(call.expression("column"))
  guard case .attribute(let column) = resolved.kind,
    column.type == .timestamp
  else {
    throw Failure(
      "EVENT_TIME_IS_NOT_ON_TIMESTAMP_TYPE",
      "event time must be a column of type TIMESTAMP, but `\(resolved.sqlText)` is "
        + "\"\(resolved.type)\"",
      hint: "Make one first: `withColumn(\"time\", F.to_timestamp(…))`.")
  }
  let text = call.text("delay")
  let delayUs = try CalendarInterval(text).delayUs
  guard delayUs >= 0 else {
    throw Failure(
      "INVALID_WATERMARK_DELAY", "delay threshold (\(text)) should not be negative.")
  }
  // A frame that ends has no use for a watermark, as in Spark.
  guard call.child.isStreaming else { return call.child }
  return EventTimeWatermark(
    column, delayUs: delayUs, id: call.plan.id, call.child, origin: call.origin)
}
