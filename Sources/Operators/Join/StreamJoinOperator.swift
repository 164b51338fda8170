import Columns
import Contract
import Expressions
import Plan
import State

/// A join of two streams: each side's rows are kept as state until no match can come any more.
///
/// In each batch the new left rows meet the stored right ones, then the new right rows meet the
/// stored left ones, the new among them: each pair meets once. Then what the watermark has passed
/// leaves, and in an outer join what left without having met anything is given with NULLs.
final class StreamJoinOperator: StatefulOperator {
  let output: [Attribute]
  let operatorId: String
  private let left: any Operator
  private let right: any Operator
  private let sides: JoinSides
  private let isBounded: Bool
  private let partitions: LivePartitions<StreamJoinPartition>

  init(
    _ join: Join, left: any Operator, right: any Operator, operatorId: String, lowering: Lowering
  ) throws {
    guard !join.keys.isEmpty else {
      throw Failure(
        "STREAM_FAILED", "Stream-stream join without equality predicate is not supported",
        hint: "Add a condition such as `left.key = right.key`.", origin: join.origin)
    }
    output = join.output
    self.operatorId = operatorId
    self.left = left
    self.right = right
    let sides = JoinSides(join)
    self.sides = sides
    isBounded = sides.left.bound != nil || sides.right.bound != nil
    partitions = LivePartitions(
      try lowering.state.open(
        operatorId, partitionCount: lowering.partitionCount,
        layout: JoinLayout(
          sides, timeZoneId: lowering.settings[text: "moontide.session.timeZone"]))
    ) { StreamJoinPartition(sides, store: $0) }
  }

  func partitions(_ run: BatchRun) throws -> [Partition] {
    let marks = run.watermarks[operatorId]
    let rows = try [(sides.left, left), (sides.right, right)].map { side, child in
      try side.exchange(partitions.count).run(
        run.withoutLate(
          try child.partitions(run), of: side.input, operatorId: operatorId), run)
    }
    return Partition.lists(
      try partitions.run(run, of: operatorId, name: Self.metricsName) { live, index, task in
        try live.run(
          left: rows[0][index].map(\.dense), right: rows[1][index].map(\.dense),
          evictUs: marks?.evictUs, task: task)
      })
  }

  private static let metricsName = "symmetricHashJoin"

  var memoryBytes: Int { partitions.memoryBytes }

  func shouldRunAnotherBatch(last: Watermarks, next: Watermarks, batchTimeUs: Int64) -> Bool {
    isBounded && next.evictUs > last.evictUs
  }

  func stateSchema(_ task: TaskContext) -> StateSchema {
    // Keys of two sides have no common names: Spark counts them.
    let key = Schema(sides.join.codec.types.enumerated().map { Field("field\($0)", $1) })
    return StateSchema(
      .join, name: Self.metricsName, partitionCount: partitions.count, key: key,
      stores: [
        .init("left", value: sides.left.schema), .init("right", value: sides.right.schema),
      ],
      configuration: [JSONMember("joinType", .text(sides.join.kind.title))])
  }
}

/// What a join needs to know of each side, bound to its columns.
struct JoinSides: Sendable {
  let join: CompiledJoin
  let left: JoinSide
  let right: JoinSide
  /// The conditions over both sides.
  let both: [CompiledExpression]

  init(_ plan: Join) {
    join = CompiledJoin(plan)
    let bounds = JoinBounds(plan)
    let (leftColumns, rightColumns) = (Set(plan.left.output), Set(plan.right.output))
    var own: (left: [Expression], right: [Expression], both: [Expression]) = ([], [], [])
    for conjunct in plan.conditions {
      if conjunct.references.isSubset(of: leftColumns) {
        own.left.append(conjunct)
      } else if conjunct.references.isSubset(of: rightColumns) {
        own.right.append(conjunct)
      } else {
        own.both.append(conjunct)
      }
    }
    // Spark's full outer join of two streams pairs rows whose keys are NULL; the other kinds drop
    // them on the side that is not kept.
    let nullSafe = plan.kind == .fullOuter ? join.nullSafe.map { _ in true } : join.nullSafe
    left = JoinSide(
      plan.left.output, keys: join.leftKeys, codec: join.codec, nullSafe: nullSafe,
      conditions: own.left, bound: bounds.left, keepsUnmatched: plan.kind.keepsLeft)
    right = JoinSide(
      plan.right.output, keys: join.rightKeys, codec: join.codec, nullSafe: nullSafe,
      conditions: own.right, bound: bounds.right, keepsUnmatched: plan.kind.keepsRight)
    let input = plan.left.output + plan.right.output
    both = own.both.map { CompiledExpression($0, input: input) }
  }
}

/// One side of a stream–stream join.
struct JoinSide: Sendable {
  let types: [DataType]
  var schema: Schema { Schema(input.map { Field($0.name, $0.type) }) }
  let keys: [CompiledExpression]
  let codec: RowKeyCodec
  let nullSafe: [Bool]
  /// Conditions over this side alone: a row that fails one meets nothing.
  let conditions: [CompiledExpression]
  /// When a stored row is done; `time` over this side's columns.
  let bound: (time: CompiledExpression, shiftUs: Int64)?
  let keepsUnmatched: Bool
  /// The columns as the plan knows them.
  let input: [Attribute]

  init(
    _ input: [Attribute], keys: [CompiledExpression], codec: RowKeyCodec, nullSafe: [Bool],
    conditions: [Expression], bound: JoinBounds.Bound?, keepsUnmatched: Bool
  ) {
    self.input = input
    types = input.map(\.type)
    self.keys = keys
    self.codec = codec
    self.nullSafe = nullSafe
    self.conditions = conditions.map { CompiledExpression($0, input: input) }
    self.bound = bound.map { (CompiledExpression($0.time, input: input), $0.shiftUs) }
    self.keepsUnmatched = keepsUnmatched
  }

  /// Brings rows to the state partitions that own their keys.
  func exchange(_ partitionCount: Int) -> Exchange {
    Exchange(keys: keys, input: input, partitionCount: partitionCount)
  }
}
