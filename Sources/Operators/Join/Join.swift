import Columns
import Contract
import Expressions
import Plan

/// Which rows of which side a join gives.
public enum JoinKind: String, Sendable, CaseIterable {
  case inner, cross, leftOuter, rightOuter, fullOuter, leftSemi, leftAnti
  /// Every left row once, with whether a right row meets it: what EXISTS and IN become.
  case existence
  /// As `leftOuter`, but a second right row for a left one is an error: a query for one value.
  case leftSingle

  /// As Spark's messages write it.
  var title: String { rawValue.prefix(1).uppercased() + rawValue.dropFirst() }
  /// Left rows without a match are given too.
  var keepsLeft: Bool { self == .leftOuter || self == .fullOuter || self == .leftSingle }
  /// Right rows without a match are given too.
  var keepsRight: Bool { self == .rightOuter || self == .fullOuter }
  /// No columns of the right side come out.
  var isLeftOnly: Bool { self == .leftSemi || self == .leftAnti || self == .existence }
}

/// What rows of both sides must have in common: `left = right`, or `left <=> right`.
public struct JoinKey: Sendable {
  public let left: Expression
  public let right: Expression
  /// NULL equals NULL.
  public let isNullSafe: Bool

  public init(_ left: Expression, _ right: Expression, isNullSafe: Bool) {
    self.left = left
    self.right = right
    self.isNullSafe = isNullSafe
  }
}

/// The pairs of rows of two inputs whose keys are equal and for which the further conditions hold.
public struct Join: OperatorNode, TakesUid {
  public let kind: JoinKind
  public let left: any PlanNode
  public let right: any PlanNode
  public let keys: [JoinKey]
  /// What must hold beside the keys, over the columns of both sides: each of them.
  public let conditions: [Expression]
  /// Of an `existence` join: the column that says whether there is a right row.
  public let marker: Attribute?
  public let uid: String?
  public let origin: Origin?

  public init(
    _ kind: JoinKind, _ left: any PlanNode, _ right: any PlanNode, keys: [JoinKey],
    conditions: [Expression], marker: Attribute? = nil, uid: String? = nil, origin: Origin? = nil
  ) {
    precondition((kind == .existence) == (marker != nil), "the marker of an existence join")
    self.marker = marker
    self.kind = kind
    self.left = left
    self.right = right
    self.keys = keys
    self.conditions = conditions
    self.uid = uid
    self.origin = origin
  }

  public var name: String { "Join" }
  public var children: [any PlanNode] { [left, right] }

  public var output: [Attribute] {
    let own = left.output.map { kind.keepsRight ? $0.nullable : $0 }
    if let marker { return own + [marker] }
    return kind.isLeftOnly ? own : own + right.output.map { kind.keepsLeft ? $0.nullable : $0 }
  }

  public var expressions: [Expression] {
    keys.flatMap { [$0.left, $0.right] } + conditions
  }

  public var details: String {
    let equalities = keys.map { "(\($0.left) \($0.isNullSafe ? "<=>" : "=") \($0.right))" }
    let all = equalities + conditions.map(\.description)
    return kind.title + (all.isEmpty ? "" : ", " + all.joined(separator: " AND "))
  }

  /// Both sides keep coming, so that rows of each wait for the other.
  public var isStreamStream: Bool { left.isStreaming && right.isStreaming }

  public var streaming: StreamingFacts {
    guard isStreamStream else { return StreamingFacts(refusal: staticRefusal) }
    let bounds = JoinBounds(self)
    return StreamingFacts(
      state: stateFacts, refusal: streamRefusal(bounds), refusals: modeRefusals,
      watermark: bounds.outputDelayUs.map { .delays(byUs: $0) } ?? .passes)
  }

  private var stateFacts: StateFacts {
    let keyText = keys.map { "\($0.left.fingerprint) = \($0.right.fingerprint)" }
      .joined(separator: ", ")
    let columns = (left.output + right.output).map { "\($0.name) \($0.type)" }
    return StateFacts(
      .join, uid: uid, keys: keyText,
      fingerprint: "\(kind.rawValue) on \(keyText) of \(columns.joined(separator: ", "))")
  }

  public func with(children: [any PlanNode]) -> any PlanNode {
    Join(
      kind, children[0], children[1], keys: keys, conditions: conditions, marker: marker, uid: uid,
      origin: origin)
  }

  public func with(expressions: [Expression]) -> any PlanNode {
    let renewed = keys.enumerated().map { index, key in
      JoinKey(expressions[index * 2], expressions[index * 2 + 1], isNullSafe: key.isNullSafe)
    }
    return Join(
      kind, left, right, keys: renewed, conditions: Array(expressions.dropFirst(keys.count * 2)),
      marker: marker, uid: uid, origin: origin)
  }

  public func with(uid: String) -> any PlanNode {
    Join(
      kind, left, right, keys: keys, conditions: conditions, marker: marker, uid: uid,
      origin: origin)
  }

  public func lower(_ children: [any Operator], _ lowering: Lowering) throws -> any Operator {
    if isStreamStream {
      return try StreamJoinOperator(
        self, left: children[0], right: children[1], operatorId: lowering.operatorId(stateFacts),
        lowering: lowering)
    }
    return HashJoinOperator(self, left: children[0], right: children[1])
  }
}

// MARK: What Spark refuses

extension Join {
  /// A stream joined with a table: the table may not be the side whose unmatched rows are kept.
  private var staticRefusal: Failure? {
    if left.isStreaming, kind == .rightOuter || kind == .fullOuter {
      return refused(
        "with a streaming DataFrame/Dataset on the left and a static DataFrame/Dataset on the right"
      )
    }
    if right.isStreaming, kind.keepsLeft || kind.isLeftOnly {
      if kind == .leftAnti { return antiRefusal }
      return refused(
        "with a streaming DataFrame/Dataset on the right and a static DataFrame/Dataset on the left"
      )
    }
    return nil
  }

  /// Pairs are given once; rows without a match only when none will come, which update mode cannot
  /// say.
  private var modeRefusals: [OutputMode: Failure] {
    var refusals = [OutputMode.complete: only(in: .complete)]
    if kind != .inner, kind != .cross { refusals[.update] = only(in: .update) }
    return refusals
  }

  private func only(in mode: OutputMode) -> Failure {
    StreamingRules.unsupported(
      "\(kind.title) join between two streaming DataFrames/Datasets is not supported in "
        + "\(mode.rawValue) output mode, only in append output mode",
      hint: "Write in append mode.", origin)
  }

  private func refused(_ sides: String) -> Failure {
    StreamingRules.unsupported(
      "\(kind.title) join \(sides) is not supported",
      hint: "A row of the static side is known to have no match only when the stream ends; "
        + "swap the sides or use an inner join.", origin)
  }

  private var antiRefusal: Failure {
    StreamingRules.unsupported(
      "LeftAnti joins with a streaming DataFrame/Dataset on the right are not supported",
      hint: "Use a leftOuter join with a time bound, and keep the rows whose right side is NULL.",
      origin)
  }

  /// Two streams: unmatched rows can be given only once a watermark says that no match will come.
  private func streamRefusal(_ bounds: JoinBounds) -> Failure? {
    if kind == .leftAnti { return antiRefusal }
    let isBounded: Bool
    switch kind {
    case .leftOuter, .leftSemi: isBounded = bounds.boundsLeft
    case .rightOuter: isBounded = bounds.boundsRight
    case .fullOuter: isBounded = bounds.boundsLeft || bounds.boundsRight
    default: isBounded = true
    }
    if isBounded { return nil }
    return StreamingRules.unsupported(
      "Stream-stream \(kind.title) join between two streaming DataFrame/Datasets is not supported "
        + "without a watermark in the join keys, or a watermark on the nullable side and an "
        + "appropriate range condition",
      hint: "Put withWatermark on both sides and bound the times, as in "
        + "`rightTime BETWEEN leftTime AND leftTime + INTERVAL 1 HOUR`.", origin)
  }
}

extension Attribute {
  /// The same column where rows without it exist.
  var nullable: Attribute {
    Attribute(
      id: id, name, type, isNullable: true, qualifier: qualifier,
      watermarkDelayUs: watermarkDelayUs)
  }
}
