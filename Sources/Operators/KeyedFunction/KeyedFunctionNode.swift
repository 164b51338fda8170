import Columns
import Contract
import Expressions
import Plan
import State

/// The clock by which a function's timeouts or timers come.
enum FunctionClock: String, Sendable {
  case none, processingTime, eventTime

  /// What is due before this moment, or at it, acts; nil: nothing does.
  func limitUs(_ evictUs: Int64?, _ task: TaskContext) -> Int64? {
    switch self {
    case .none: nil
    case .processingTime: task.batchTimeUs
    case .eventTime: evictUs
    }
  }
}

/// How a function with state is called, whatever it does: what its nodes have in common.
struct KeyedCall: Sendable {
  let keys: [NamedExpression]
  let output: [Attribute]
  let mode: OutputMode
  let clock: FunctionClock
  /// The rows; then, if there is one, the initial state, the keys first.
  var children: [any PlanNode]
  var uid: String?
  let origin: Origin?

  var keySchema: Schema {
    Schema(
      keys.map {
        Field($0.attribute.name, $0.attribute.type, isNullable: $0.attribute.isNullable)
      })
  }

  /// The keys as text, for restart checks.
  var keyText: String {
    keys.map { "\($0.expression.fingerprint): \($0.attribute.type)" }.joined(separator: ", ")
  }

  var hasWatermark: Bool { children[0].output.contains { $0.watermarkDelayUs != nil } }

  func with(keys expressions: [Expression]) -> KeyedCall {
    KeyedCall(
      keys: zip(keys, expressions).map { NamedExpression($1, as: $0.attribute) }, output: output,
      mode: mode, clock: clock, children: children, uid: uid, origin: origin)
  }

  /// Event time needs a watermark.
  func clockRefusal(_ use: String) -> Failure? {
    guard clock == .eventTime, !hasWatermark else { return nil }
    return StreamingRules.unsupported(
      "Watermark must be specified in the query using 'DataFrame:withWatermark()' for using \(use)",
      hint: "Put `withWatermark(column, delay)` before `groupBy`.", origin)
  }
}

/// A function of the user's over the rows of each key, with state of its own there:
/// `flatMapGroupsWithState`, `transformWithState`.
protocol KeyedFunctionNode: OperatorNode, NeedsAllColumns, TakesUid, CallsUserFunction {
  associatedtype Live: KeyedFunctionPartition
  var call: KeyedCall { get set }
  /// What the details say between the function and the output.
  var modeText: String { get }
  /// As the progress names the operator.
  static var metricsName: String { get }
  static var layout: any StateLayout { get }
  func partition(_ rows: KeyedInput, store: any StatePartition) -> Live
  func stateSchema(partitionCount: Int, task: TaskContext) throws -> StateSchema
}

extension KeyedFunctionNode {
  var children: [any PlanNode] { call.children }
  var output: [Attribute] { call.output }
  var expressions: [Expression] { call.keys.map(\.expression) }
  var uid: String? { call.uid }
  var origin: Origin? { call.origin }
  var details: String {
    "keys=\(PlanText.list(call.keys)), \(userFunction.name), \(call.mode.rawValue), \(modeText), "
      + PlanText.list(output)
  }

  func with(children: [any PlanNode]) -> any PlanNode {
    var copy = self
    copy.call.children = children
    return copy
  }

  func with(expressions: [Expression]) -> any PlanNode {
    var copy = self
    copy.call = call.with(keys: expressions)
    return copy
  }

  func with(uid: String) -> any PlanNode {
    var copy = self
    copy.call.uid = uid
    return copy
  }

  func lower(_ children: [any Operator], _ lowering: Lowering) throws -> any Operator {
    try KeyedFunctionOperator(
      self, children: children, operatorId: streaming.state.map(lowering.operatorId),
      lowering: lowering)
  }
}

extension OperatorCall {
  /// The call of a function with state.
  func keyedCall(clock: String) throws -> KeyedCall {
    guard let mode = OutputMode(rawValue: text("outputMode")),
      let clock = FunctionClock(rawValue: text(clock))
    else { preconditionFailure("a function with state was built without its mode or clock") }
    let keys = try expressions("keys").map { try resolver.resolveNamed($0) }
    if keys.isEmpty {
      throw Failure(
        "UNSUPPORTED_FEATURE",
        "a function with state needs a key: `groupBy(…)` without columns has none", origin: origin)
    }
    return KeyedCall(
      keys: keys,
      output: schema("outputSchema").fields.map {
        Attribute($0.name, $0.type, isNullable: $0.isNullable)
      }, mode: mode, clock: clock, children: children.map(\.node), uid: nil, origin: origin)
  }
}

extension KeyedCall {
  /// Initial state is a table that ends: the keys first, then the fields of the state, where they
  /// are known.
  func checkInitialState(_ fields: [Field]?) throws {
    guard children.count > 1 else { return }
    let node = children[1]
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
          + node.output.map { "\($0.name) \($0.type)" }.joined(separator: ", ")
          + ", and should have " + types.map(\.description).joined(separator: ", ")
          + ": the keys, then the state's fields")
    }
  }
}
