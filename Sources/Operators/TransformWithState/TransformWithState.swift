import Columns
import Contract
import Expressions
import Plan
import State

/// `transformWithState`: the user's own processor over the rows of each key, with named states and
/// timers.
struct TransformWithState: KeyedFunctionNode {
  var call: KeyedCall
  let processor: any UserStateProcessor

  static let metricsName = "transformWithStateExec"
  static let layout: any StateLayout = ProcessorLayout()

  var name: String { "TransformWithState" }
  var modeText: String { "timeMode=\(call.clock.rawValue)" }
  var userFunction: (name: String, hash: UInt64) { (processor.name, processor.hash) }

  var streaming: StreamingFacts {
    guard children[0].isStreaming else { return StreamingFacts() }
    var facts = StreamingFacts(
      state: StateFacts(
        .transformWithState, uid: uid, keys: call.keyText,
        fingerprint: "transformWithState [\(call.keyText)]"),
      refusal: call.clockRefusal("event-time in a transformWithState"),
      watermark: call.clock == .processingTime ? .ends : .passes)
    for other in OutputMode.allCases where other != call.mode {
      facts.refusals[other] = StreamingRules.unsupported(
        "transformWithState in \(call.mode.rawValue) mode is not supported with \(other.title) "
          + "output mode on a streaming DataFrame/Dataset",
        hint: "`outputMode` is the same in the operator and in the query.", origin)
    }
    return facts
  }

  func partition(_ rows: KeyedInput, store: any StatePartition) -> ProcessorPartition {
    ProcessorPartition(self, rows, store: store)
  }

  /// Opens the processor once without a row, so that it declares its states.
  func stateSchema(partitionCount: Int, task: TaskContext) throws -> StateSchema {
    let declared = RunningStates(
      ProcessorStore(NoStateStore().open("", partition: 0, layout: Self.layout)),
      node: self, watermarkUs: nil, task: task)
    let running = try withOrigin(origin) {
      try processor.open(declared, output: schema, task: task)
    }
    try running.close()
    return StateSchema(
      .processor, name: Self.metricsName, partitionCount: partitionCount, key: call.keySchema,
      stores: declared.stores.sorted { $0.name < $1.name },
      configuration: [
        JSONMember("outputMode", .text(call.mode.rawValue)),
        JSONMember("timeMode", .text(call.clock.rawValue)),
      ])
  }
}

/// `transformWithState`.
func buildTransformWithState(_ call: OperatorCall) throws -> any PlanNode {
  guard let processor = call.host("host") as? any UserStateProcessor else {
    preconditionFailure("transformWithState was built without its processor")
  }
  let node = TransformWithState(
    call: try call.keyedCall(clock: "timeMode"), processor: processor)
  if node.children.count > 1, !processor.handlesInitialState {
    throw Failure(
      "STATEFUL_PROCESSOR_CANNOT_HANDLE_INITIAL_STATE",
      "there is an initial state, but the processor has no `handleInitialState`")
  }
  try node.call.checkInitialState(nil)
  return node
}
