import Columns
import Contract
import Expressions
import Plan
import State

/// `mapGroupsWithState` and `flatMapGroupsWithState`: the user's own function over the rows of each
/// key and a state of its own.
struct GroupState: KeyedFunctionNode {
  var call: KeyedCall
  let function: any UserGroupFunction
  let stateSchema: Schema
  /// `mapGroupsWithState`.
  let returnsOneRow: Bool

  static let metricsName = "flatMapGroupsWithState"
  static let layout: any StateLayout = GroupStateLayout()

  var method: String { returnsOneRow ? "mapGroupsWithState" : "flatMapGroupsWithState" }
  var name: String { returnsOneRow ? "MapGroupsWithState" : "FlatMapGroupsWithState" }
  var modeText: String { "timeout=\(call.clock.rawValue)" }
  var userFunction: (name: String, hash: UInt64) { (function.name, function.hash) }

  var streaming: StreamingFacts {
    guard children[0].isStreaming else { return StreamingFacts() }
    var facts = StreamingFacts(
      state: StateFacts(
        .groupState, uid: uid, keys: call.keyText,
        fingerprint: "groupState [\(call.keyText)] [\(stateSchema.simpleString)]"),
      refusal: call.clockRefusal(
        "event-time timeout in a \(method). Event-time timeout not supported without watermark."),
      watermark: .ends)
    func refusal(_ mode: OutputMode) -> Failure {
      let own = returnsOneRow ? "" : " in \(call.mode.rawValue) mode"
      return StreamingRules.unsupported(
        "\(method)\(own) is not supported with \(mode.title) output mode on a "
          + "streaming DataFrame/Dataset",
        hint: returnsOneRow
          ? "Write in update mode." : "`outputMode` is the same in the operator and in the query.",
        origin)
    }
    for other in [OutputMode.append, .update] where other != call.mode {
      facts.refusals[other] = refusal(other)
    }
    if call.mode == .update {
      facts.refusals[.complete] = refusal(.complete)
    }
    facts.refusalsBeside = refusalsBeside
    return facts
  }

  /// Only rows that are appended may go on to other groups, and only to them.
  private var refusalsBeside: [StateFacts.Kind: Failure] {
    let isAppended = call.mode == .append
    let below = children[0].nodes.compactMap { $0.streaming.state?.kind }
    func refuse(_ message: String) -> Failure {
      StreamingRules.unsupported(
        message,
        hint: "Write the rows of one with one query, and read them in another"
          + (returnsOneRow ? "." : ", or give them in append mode."), origin)
    }
    var refusals: [StateFacts.Kind: Failure] = [:]
    if !isAppended {
      let own = returnsOneRow ? "" : " in update mode"
      let refusal = refuse(
        "\(method)\(own) is not supported with aggregation on a streaming DataFrame/Dataset")
      (refusals[.aggregate], refusals[.sessionAggregate]) = (refusal, refusal)
      refusals[.groupState] = refuse(
        returnsOneRow
          ? "Multiple mapGroupsWithStates are not supported on a streaming DataFrames/Datasets"
          : "Multiple flatMapGroupsWithStates are not supported when they are not all in append "
            + "mode or the output mode is not append on a streaming DataFrames/Datasets")
    } else if below.contains(where: \.isAggregation) {
      let refusal = refuse(
        "\(method) in append mode is not supported after aggregation on a streaming "
          + "DataFrame/Dataset")
      (refusals[.aggregate], refusals[.sessionAggregate]) = (refusal, refusal)
    }
    return refusals
  }

  func partition(_ rows: KeyedInput, store: any StatePartition) -> GroupStatePartition {
    GroupStatePartition(self, rows, store: store)
  }

  func stateSchema(partitionCount: Int, task: TaskContext) -> StateSchema {
    StateSchema(
      .groupState, name: Self.metricsName, partitionCount: partitionCount, key: call.keySchema,
      stores: [.init(value: stateSchema)],
      configuration: [
        JSONMember("outputMode", .text(call.mode.rawValue)),
        JSONMember("timeout", .text(call.clock.rawValue)),
      ])
  }
}

extension OutputMode {
  /// As Spark's messages write it: `Append`.
  var title: String { rawValue.prefix(1).uppercased() + rawValue.dropFirst() }
}

/// `flatMapGroupsWithState` and `mapGroupsWithState`.
func buildGroupState(_ call: OperatorCall) throws -> any PlanNode {
  guard let function = call.host("host") as? any UserGroupFunction else {
    preconditionFailure("flatMapGroupsWithState was built without its function")
  }
  let node = GroupState(
    call: try call.keyedCall(clock: "timeout"), function: function,
    stateSchema: call.schema("stateSchema"), returnsOneRow: call.boolean("returnsOneRow"))
  try node.call.checkInitialState(node.stateSchema.fields)
  return node
}
