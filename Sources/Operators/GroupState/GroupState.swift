import Columns
import Contract
import Expressions
import Plan
import State

/// `mapGroupsWithState` and `flatMapGroupsWithState`: the user's own function over the rows of each
/// key and a state of its own.
public struct GroupStateNode: OperatorNode {
  public enum Timeout: String, Sendable {
    case none, processingTime, eventTime
  }

  public let keys: [NamedExpression]
  public let function: any UserGroupFunction
  public let output: [Attribute]
  public let stateSchema: Schema
  public let mode: OutputMode
  public let timeout: Timeout
  /// `mapGroupsWithState`.
  public let returnsOneRow: Bool
  /// The rows; then, if there is one, the initial state: keys, then the state's fields.
  public let children: [any PlanNode]
  public let uid: String?
  public let origin: Origin?

  var method: String { returnsOneRow ? "mapGroupsWithState" : "flatMapGroupsWithState" }
  public var name: String { returnsOneRow ? "MapGroupsWithState" : "FlatMapGroupsWithState" }
  public var expressions: [Expression] { keys.map(\.expression) }
  public var details: String {
    "keys=\(PlanText.list(keys)), \(function.name), \(mode.rawValue), "
      + "timeout=\(timeout.rawValue), \(PlanText.list(output))"
  }

  var hasWatermark: Bool { children[0].output.contains { $0.watermarkDelayUs != nil } }

  public var streaming: StreamingFacts {
    guard children[0].isStreaming else { return StreamingFacts() }
    let text = keys.map { "\($0.expression.fingerprint): \($0.attribute.type)" }
      .joined(separator: ", ")
    var facts = StreamingFacts(
      state: StateFacts(
        .groupState, uid: uid, keys: text,
        fingerprint: "groupState [\(text)] [\(stateSchema.simpleString)]"), watermark: .ends)
    func refusal(_ mode: OutputMode) -> Failure {
      let own = returnsOneRow ? "" : " in \(self.mode.rawValue) mode"
      return StreamingRules.unsupported(
        "\(method)\(own) is not supported with \(mode.title) output mode on a "
          + "streaming DataFrame/Dataset",
        hint: returnsOneRow
          ? "Write in update mode." : "`outputMode` is the same in the operator and in the query.",
        origin)
    }
    for other in [OutputMode.append, .update] where other != mode {
      facts.refusals[other] = refusal(other)
    }
    if mode == .update { facts.refusals[.complete] = refusal(.complete) }
    if timeout == .eventTime, !hasWatermark {
      facts.refusal = StreamingRules.unsupported(
        "Watermark must be specified in the query using 'DataFrame:withWatermark()' for using "
          + "event-time timeout in a \(method). Event-time timeout not supported without "
          + "watermark.", hint: "Put `withWatermark(column, delay)` before `groupBy`.", origin)
    }
    if mode == .update {
      let own = returnsOneRow ? "" : " in update mode"
      facts.refusalBesideAggregation = StreamingRules.unsupported(
        "\(method)\(own) is not supported with aggregation on a streaming DataFrame/Dataset",
        hint: "Write its rows with one query and aggregate them in another"
          + (returnsOneRow ? "." : ", or give them in append mode."), origin)
    }
    return facts
  }

  public func with(children: [any PlanNode]) -> any PlanNode {
    GroupStateNode(
      keys: keys, function: function, output: output, stateSchema: stateSchema, mode: mode,
      timeout: timeout, returnsOneRow: returnsOneRow, children: children, uid: uid,
      origin: origin)
  }

  public func with(expressions: [Expression]) -> any PlanNode {
    GroupStateNode(
      keys: zip(keys, expressions).map { NamedExpression($1, as: $0.attribute) },
      function: function, output: output, stateSchema: stateSchema, mode: mode, timeout: timeout,
      returnsOneRow: returnsOneRow, children: children, uid: uid, origin: origin)
  }

  var keySchema: Schema {
    Schema(
      keys.map {
        Field($0.attribute.name, $0.attribute.type, isNullable: $0.attribute.isNullable)
      })
  }

  public func lower(_ children: [any Operator], _ lowering: Lowering) throws -> any Operator {
    let input = children[0].output
    let exchange = Exchange(
      keys: keys.map { CompiledExpression($0.expression, input: input) }, input: input,
      partitionCount: lowering.partitionCount)
    return try GroupStateOperator(
      node: self, children: children, exchange: exchange,
      operatorId: streaming.state.map(lowering.operatorId), lowering: lowering)
  }
}

extension GroupStateNode: NeedsAllColumns, TakesUid {
  public func with(uid: String) -> any PlanNode {
    GroupStateNode(
      keys: keys, function: function, output: output, stateSchema: stateSchema, mode: mode,
      timeout: timeout, returnsOneRow: returnsOneRow, children: children, uid: uid,
      origin: origin)
  }
}

extension OutputMode {
  /// As Spark's messages write it: `Append`.
  var title: String { rawValue.prefix(1).uppercased() + rawValue.dropFirst() }
}

/// `flatMapGroupsWithState` and `mapGroupsWithState`.
func buildGroupState(_ call: OperatorCall) throws -> any PlanNode {
  guard let function = call.host("host") as? any UserGroupFunction,
    let mode = OutputMode(rawValue: call.text("outputMode")),
    let timeout = GroupStateNode.Timeout(rawValue: call.text("timeout"))
  else { preconditionFailure("flatMapGroupsWithState was built without its function") }
  let keys = try groupKeys(call)
  let stateSchema = call.schema("stateSchema")
  if call.children.count > 1 {
    try checkInitialState(
      call.children[1].node, keys: keys, fields: stateSchema.fields, origin: call.origin)
  }
  return GroupStateNode(
    keys: keys, function: function,
    output: call.schema("outputSchema").fields.map {
      Attribute($0.name, $0.type, isNullable: $0.isNullable)
    }, stateSchema: stateSchema, mode: mode, timeout: timeout,
    returnsOneRow: call.boolean("returnsOneRow"), children: call.children.map(\.node), uid: nil,
    origin: call.origin)
}

/// The keys of a function over groups: columns of the rows.
func groupKeys(_ call: OperatorCall) throws -> [NamedExpression] {
  let keys = try call.expressions("keys").map { try call.resolver.resolveNamed($0) }
  if keys.isEmpty {
    throw Failure(
      "UNSUPPORTED_FEATURE",
      "a function with state needs a key: `groupBy(…)` without columns has "
        + "none", origin: call.origin)
  }
  return keys
}

/// Initial state is a table that ends: the keys first, then the fields of the state.
func checkInitialState(
  _ node: any PlanNode, keys: [NamedExpression], fields: [Field]?, origin: Origin?
) throws {
  func refuse(_ message: String) -> Failure {
    Failure("INVALID_INITIAL_STATE", message, origin: origin)
  }
  if node.isStreaming { throw refuse("the initial state cannot be a stream") }
  let types = keys.map(\.attribute.type) + (fields.map { $0.map(\.type) } ?? [])
  let own = node.output.map(\.type)
  guard own.count >= types.count, fields == nil || own.count == types.count,
    zip(own, types).allSatisfy({ $0.hasSameShape(as: $1) })
  else {
    throw refuse(
      "the initial state has the columns "
        + node.output.map { "\($0.name) \($0.type)" }.joined(separator: ", ") + ", and should have "
        + types.map(\.description).joined(separator: ", ") + ": the keys, then the state's fields")
  }
}
