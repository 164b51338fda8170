import Columns
import Contract
import Expressions
import Plan
import State

/// The first row of each key, in order of arrival: `distinct`, `dropDuplicates`. Over a stream the
/// keys seen are state.
public struct Deduplicate: OperatorNode {
  public let keys: [Attribute]
  /// `dropDuplicatesWithinWatermark`: a key is remembered for the watermark's delay.
  public let isWithinWatermark: Bool
  public let child: any PlanNode
  public let uid: String?
  public let origin: Origin?

  public init(
    keys: [Attribute], isWithinWatermark: Bool = false, _ child: any PlanNode,
    uid: String? = nil, origin: Origin? = nil
  ) {
    self.keys = keys
    self.isWithinWatermark = isWithinWatermark
    self.child = child
    self.uid = uid
    self.origin = origin
  }

  public var name: String { isWithinWatermark ? "DeduplicateWithinWatermark" : "Deduplicate" }
  public var children: [any PlanNode] { [child] }
  public var output: [Attribute] { child.output }
  public var expressions: [Expression] { keys.map { .attribute($0) } }
  public var details: String { PlanText.list(keys) }

  public var streaming: StreamingFacts {
    guard child.isStreaming else { return StreamingFacts() }
    let text = keys.map { "\($0.name): \($0.type)" }.joined(separator: ", ")
    var refusal: Failure?
    if isWithinWatermark, timeColumn == nil {
      refusal = StreamingRules.unsupported(
        "dropDuplicatesWithinWatermark is not supported on streaming DataFrames/DataSets without "
          + "watermark", hint: "Put `withWatermark(column, delay)` before it.", origin)
    }
    return StreamingFacts(
      state: StateFacts(
        isWithinWatermark ? .deduplicateWithinWatermark : .deduplicate, uid: uid, keys: text,
        fingerprint: "\(name) [\(text)]"), refusal: refusal)
  }

  public func with(children: [any PlanNode]) -> any PlanNode {
    Deduplicate(
      keys: keys, isWithinWatermark: isWithinWatermark, children[0], uid: uid, origin: origin)
  }
  public func with(expressions: [Expression]) -> any PlanNode { self }

  /// The event-time column of the rows.
  var timeColumn: Attribute? { child.output.first { $0.watermarkDelayUs != nil } }

  public func lower(_ children: [any Operator], _ lowering: Lowering) throws -> any Operator {
    let input = children[0].output
    let exchange = Exchange(
      keys: keys.map { CompiledExpression(.attribute($0), input: input) }, input: input,
      partitionCount: lowering.partitionCount)
    let places = keys.map { PlanText.place($0, in: input) }
    guard let facts = streaming.state else {
      return DistinctOperator(
        output: output, child: children[0], exchange: exchange, places: places)
    }
    // The attributes of the plan below, which know what is event time.
    let keyAttributes = places.map { child.output[$0] }
    let rules = DeduplicateRules(
      places: places, codec: RowKeyCodec(keys.map(\.type)), rows: child.output,
      timePlace: timeColumn.map { PlanText.place($0, in: input) },
      delayUs: timeColumn?.watermarkDelayUs ?? 0,
      keyExpiry: isWithinWatermark ? nil : KeyExpiry(keyAttributes),
      keySchema: Schema(keys.map { Field($0.name, $0.type) }),
      isWithinWatermark: isWithinWatermark)
    return try StreamDeduplicateOperator(
      output: output, child: children[0], exchange: exchange, rules: rules,
      operatorId: lowering.operatorId(facts), lowering: lowering)
  }
}

extension Deduplicate: TakesUid {
  public func with(uid: String) -> any PlanNode {
    Deduplicate(
      keys: keys, isWithinWatermark: isWithinWatermark, child, uid: uid, origin: origin)
  }
}

extension Deduplicate: PassesPredicates {
  /// A condition on the keys alone holds for all rows of a key or for none. Over a stream it stays,
  /// as in Spark: below, it would hold the watermark back.
  public func predicate(_ condition: Expression, below index: Int) -> Expression? {
    if child.isStreaming { return nil }
    return condition.references.isSubset(of: keys) ? condition : nil
  }
  public var needsPredicateBelowAll: Bool { true }
}

/// The distinct rows of data that ends.
private final class DistinctOperator: Operator {
  let output: [Attribute]
  private let child: any Operator
  private let exchange: Exchange
  private let places: [Int]

  init(output: [Attribute], child: any Operator, exchange: Exchange, places: [Int]) {
    self.output = output
    self.child = child
    self.exchange = exchange
    self.places = places
  }

  func partitions(_ run: BatchRun) throws -> [Partition] {
    let parts = try exchange.run(try child.partitions(run), run)
    let codec = RowKeyCodec(exchange.keys.map(\.type))
    return parts.filter { !$0.isEmpty }.map { batches in
      Partition { [places] _ in
        let seen = KeySet(codec)
        var rest = batches[...]
        return GeneratedStream {
          guard let batch = rest.popFirst() else { return nil }
          return batch.selecting(seen.insertNew(places.map { batch.column($0) }, batch.count))
        }
      }
    }
  }
}

/// Keys that were seen. One owner.
final class KeySet {
  var table: KeyTable
  private let encoder: RowKeyEncoder
  private var groups = Buffer(capacity: 0)

  init(_ codec: RowKeyCodec) {
    table = KeyTable(width: codec.width)
    encoder = RowKeyEncoder(codec)
  }

  /// The rows whose key was not there before, in order.
  func insertNew(_ columns: [Vector], _ count: Int) -> Selection {
    if groups.capacity < count * 4 { groups = Buffer(capacity: count * 4) }
    let out = Buffer(capacity: count * 4)
    let found = table.findOrInsert(
      encoder.encode(columns, count: count), into: groups.typed(UInt32.self),
      new: out.typed(UInt32.self))
    return Selection(buffer: out, count: found)
  }

  /// Inserts the keys of some rows.
  func insert(_ batches: [Batch], keys: [CompiledExpression], task: TaskContext) throws {
    for batch in batches.map(\.dense) {
      let context = EvaluationContext(batch, task: task)
      _ = insertNew(try keys.map { try $0.evaluate(context) }, batch.count)
    }
  }

  /// The group of each row of the last `insertNew`.
  var lastGroups: UnsafePointer<UInt32> { UnsafePointer(groups.typed(UInt32.self)) }
}

/// Rows are told apart by a column that has no equality.
func cannotCompare(_ map: Attribute) -> Failure {
  Failure(
    "UNSUPPORTED_FEATURE.SET_OPERATION_ON_MAP_TYPE",
    "rows cannot be told apart by `\(map.name)`, which has the type \"\(map.type)\"",
    hint: "Compare `map_entries(\(map.name))`, or its text by `to_json`.")
}

/// `deduplicate`, `deduplicateWithinWatermark`.
func buildDeduplicate(_ call: OperatorCall, isWithinWatermark: Bool) throws -> any PlanNode {
  let output = call.child.output
  let keys =
    call.has("names")
    ? try call.texts("names").map { try call.column(named: $0, in: output) } : output
  if isWithinWatermark, !call.child.isStreaming {
    throw Failure(
      "_LEGACY_ERROR_TEMP_3102",
      "dropDuplicatesWithinWatermark is not supported with batch DataFrames/DataSets",
      hint: "`dropDuplicates` does it there.")
  }
  if let map = keys.first(where: { $0.type.containsMap }) { throw cannotCompare(map) }
  var unique: [Attribute] = []
  for key in keys where !unique.contains(key) { unique.append(key) }
  return Deduplicate(
    keys: unique, isWithinWatermark: isWithinWatermark, call.child, origin: call.origin)
}
