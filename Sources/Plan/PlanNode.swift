import Columns
import Contract
import Expressions

/// A node of an analysed plan: names looked up, types settled. Values; each operator's folder has
/// its own. Optimiser rules and `StreamingRules` speak of facts and capabilities, never of names.
public protocol PlanNode: Sendable {
  /// As `explain` shows it: `Project`, `Aggregate`.
  var name: String { get }
  var children: [any PlanNode] { get }
  var output: [Attribute] { get }
  /// The expressions that this node evaluates itself, in a fixed order.
  var expressions: [Expression] { get }
  var origin: Origin? { get }
  /// What `explain` shows behind the name: `[word#3, count(1) AS count#7]`.
  var details: String { get }
  func with(children: [any PlanNode]) -> any PlanNode
  /// The same node with other expressions, in the order of `expressions`.
  func with(expressions: [Expression]) -> any PlanNode
  var streaming: StreamingFacts { get }
  /// Whether rows keep coming. A leaf says so; the others ask what is below them.
  var isStreaming: Bool { get }
}

extension PlanNode {
  /// The columns as a schema.
  public var schema: Schema {
    Schema(output.map { Field($0.name, $0.type, isNullable: $0.isNullable) })
  }

  public var isStreaming: Bool { children.contains { $0.isStreaming } }

  /// Rewrites bottom up.
  public func transformed(_ rewrite: (any PlanNode) throws -> any PlanNode) rethrows -> any PlanNode
  {
    let old = children
    if old.isEmpty { return try rewrite(self) }
    return try rewrite(with(children: try old.map { try $0.transformed(rewrite) }))
  }

  /// This node and all below it, parents first.
  public var nodes: [any PlanNode] { [self] + children.flatMap(\.nodes) }
}

/// What legality and watermarks need to know of a node; a stateless row-by-row node says nothing.
public struct StreamingFacts: Sendable {
  /// Set where the node keeps rows or results between batches.
  public var state: StateFacts?
  /// What Spark says when the node may not stand over a stream at all; nil: it may.
  public var refusal: Failure?
  /// What Spark says to the node in some output modes.
  public var refusals: [OutputMode: Failure]
  /// What Spark says where a stateful operator of some kind stands in the same query.
  public var refusalsBeside: [StateFacts.Kind: Failure]
  /// The modes in which the node may emit rows behind the watermark, which a stateful operator
  /// above
  /// would drop.
  public var emitsLateRows: Set<OutputMode>
  /// What becomes of the watermark that comes from below.
  public var watermark: WatermarkEffect

  public init(
    state: StateFacts? = nil, refusal: Failure? = nil,
    refusals: [OutputMode: Failure] = [:], refusalsBeside: [StateFacts.Kind: Failure] = [:],
    emitsLateRows: Set<OutputMode> = [], watermark: WatermarkEffect = .passes
  ) {
    self.state = state
    self.refusal = refusal
    self.refusals = refusals
    self.refusalsBeside = refusalsBeside
    self.emitsLateRows = emitsLateRows
    self.watermark = watermark
  }
}

/// What a node does to the watermark on its way up. A node's input watermark is the least of those
/// that its children give; a node none of whose children has one gives none.
public enum WatermarkEffect: Sendable, Hashable {
  /// The input watermark goes on.
  case passes
  /// `withWatermark`: the query's watermark begins here. The running node counts the event times it
  /// sees with `BatchMetrics.update(eventTimesOf: id)`; `id` is the node's own, unique in its plan.
  case defines(id: Int, delayUs: Int64)
  /// A join within a time interval: its output may be this much older than its input.
  case delays(byUs: Int64)
  /// Nothing above may rely on event time (mapGroupsWithState, processing-time timers).
  case ends
}

/// A stateful operator, for restart checks and legality.
public struct StateFacts: Sendable, Hashable {
  public enum Kind: String, Sendable {
    case aggregate, sessionAggregate, deduplicate, deduplicateWithinWatermark, join, limit
    case groupState, transformWithState

    /// Whether complete mode has a whole result to give.
    public var isAggregation: Bool { self == .aggregate || self == .sessionAggregate }
  }

  public let kind: Kind
  /// Named by `df:uid`, or nil.
  public let uid: String?
  /// The keys as text, by which an operator without a uid is told from others of its kind.
  public let keys: String
  /// Keys, aggregates, types as text: what may not change between runs.
  public let fingerprint: String
  /// The output modes in which it keeps nothing after all.
  public let statelessModes: Set<OutputMode>

  public init(
    _ kind: Kind, uid: String?, keys: String = "", fingerprint: String,
    statelessModes: Set<OutputMode> = []
  ) {
    self.kind = kind
    self.uid = uid
    self.keys = keys
    self.fingerprint = fingerprint
    self.statelessModes = statelessModes
  }
}
