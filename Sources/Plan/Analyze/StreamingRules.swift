import Contract
import Expressions

/// What may run over a stream, and in which output mode: the chains of operators that Spark allows.
/// Each node says of itself what it can (`StreamingFacts`); what depends on several is here.
public enum StreamingRules {
  /// Refuses a streaming query in Spark's words.
  public static func check(_ plan: any PlanNode, mode: OutputMode) throws {
    let streaming = plan.nodes.filter(\.isStreaming)
    guard !streaming.isEmpty else {
      throw Failure(
        "WRITE_STREAM_NOT_ALLOWED", "`writeStream` is for a DataFrame that streams",
        hint: "`df.write` writes one that ends; `session.readStream` reads one that streams.")
    }
    if mode == .complete, !streaming.contains(where: \.isStreamingAggregation) {
      throw unsupported(.complete, "no streaming aggregations", plan.origin)
    }
    for node in streaming {
      if let refusal = node.streaming.refusal { throw refusal.at(node.origin) }
      if let refusal = node.streaming.refusals[mode] { throw refusal.at(node.origin) }
    }
    let kinds = streaming.map { $0.streaming.state?.kind }
    for (index, node) in streaming.enumerated() {
      let refusals = node.streaming.refusalsBeside
      for (other, kind) in kinds.enumerated() where other != index {
        if let kind, let refusal = refusals[kind] { throw refusal.at(node.origin) }
      }
      try checkExpressions(node)
      try checkEventTime(node)
    }
    for node in streaming {
      // A limit drops no row for being late.
      guard let state = node.streaming.state, state.kind != .limit else { continue }
      let below = node.children.flatMap(\.nodes).filter(\.isStreaming)
      if let late = below.first(where: { $0.streaming.emitsLateRows.contains(mode) }) {
        throw lateRows(late, below: node)
      }
    }
  }

  /// Refuses to run a stream as if it ended: `show`, `collect`, `count`, `write`.
  public static func checkBatch(_ plan: any PlanNode) throws {
    guard let source = plan.nodes.first(where: { $0.children.isEmpty && $0.isStreaming })
    else { return }
    throw unsupported(
      "Queries with streaming sources must be executed with `df.writeStream…:start()`",
      hint: "`collect`, `show`, `count` and `write` are for data that ends.", source.origin)
  }

  /// Spark's refusal of an output mode.
  public static func unsupported(_ mode: OutputMode, _ what: String, _ origin: Origin?) -> Failure {
    let hint: String
    switch mode {
    case .append:
      hint =
        "Group by a window of an event-time column that has `withWatermark`, "
        + "or write in update or complete mode."
    case .update: hint = "Write in append mode."
    case .complete: hint = "Write in append or update mode."
    }
    return Failure(
      "STREAMING_OUTPUT_MODE.UNSUPPORTED_OPERATION",
      "Invalid streaming output mode: \(mode.rawValue). This output mode is not supported for "
        + "\(what) on streaming DataFrames/DataSets.", hint: hint, origin: origin)
  }

  /// Spark's refusal of an operation that has no error class of its own.
  public static func unsupported(_ message: String, hint: String? = nil, _ origin: Origin?)
    -> Failure
  {
    Failure("_LEGACY_ERROR_TEMP_3102", message, hint: hint, origin: origin)
  }

  /// A number that is to grow from row to row does not go on from batch to batch.
  private static func checkExpressions(_ node: any PlanNode) throws {
    for expression in node.expressions {
      let isCounted = expression.contains {
        if case .call(let function, _) = $0.kind {
          function.name.lowercased() == "monotonically_increasing_id"
        } else {
          false
        }
      }
      guard isCounted else { continue }
      throw unsupported(
        "Expression(s): monotonically_increasing_id() is not supported with streaming "
          + "DataFrames/Datasets", hint: "`F.uuid()` gives each row a name of its own.",
        expression.origin ?? node.origin)
    }
  }

  /// One column of the rows decides what is late and what is done.
  private static func checkEventTime(_ node: any PlanNode) throws {
    guard let state = node.streaming.state, state.kind != .join, state.kind != .limit else {
      return
    }
    let isAggregation = state.kind == .aggregate || state.kind == .sessionAggregate
    let rows = isAggregation ? node.output : node.children[0].output
    let times = rows.filter { $0.watermarkDelayUs != nil }
    guard times.count > 1 else { return }
    throw Failure(
      "_LEGACY_ERROR_TEMP_3077",
      "More than one event time columns are available. The column names: "
        + times.map(\.name).joined(separator: ", "),
      hint: "Drop or cast all but one before \(node.name).", origin: node.origin)
  }

  private static func lateRows(_ late: any PlanNode, below node: any PlanNode) -> Failure {
    unsupported(
      "Detected pattern of possible 'correctness' issue due to global watermark. The query "
        + "contains stateful operation which can emit rows older than the current watermark plus "
        + "allowed late record delay, which are \"late rows\" in downstream stateful operations "
        + "and these rows can be discarded",
      hint: "Here \(late.name)\(late.origin.map { " (\($0))" } ?? "") stands below \(node.name). "
        + "Two stateful operators, one after the other, run in append mode.", node.origin)
  }
}

extension PlanNode {
  fileprivate var isStreamingAggregation: Bool {
    streaming.state?.kind.isAggregation == true
  }
}
