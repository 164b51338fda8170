import Contract
import Operators
import Plan

/// Follows the event times that a query sees and says how far its watermark is. A pure value.
public struct WatermarkTracker: Sendable, Hashable {
  /// `moontide.streaming.multipleWatermarkPolicy`.
  public enum Policy: String, Sendable, Hashable { case min, max }

  /// One `withWatermark` of the plan.
  public struct Node: Sendable, Hashable {
    public let id: Int
    public let delayMs: Int64

    public init(id: Int, delayMs: Int64) {
      self.id = id
      self.delayMs = delayMs
    }
  }

  public let nodes: [Node]
  public let policy: Policy
  /// What each node has reached; nil: it has seen no event time yet.
  public private(set) var nodeWatermarksMs: [Int64?]
  /// The query's watermark; it never goes back.
  public private(set) var watermarkMs: Int64

  public init(nodes: [Node], policy: Policy, watermarkMs: Int64 = 0) {
    self.nodes = nodes
    self.policy = policy
    self.watermarkMs = watermarkMs
    nodeWatermarksMs = Array(repeating: nil, count: nodes.count)
  }

  /// The same nodes where an earlier run left them; `reachedMs` of another number of nodes says
  /// nothing about these.
  func resumed(at watermarkMs: Int64, _ reachedMs: [Int64?]?) -> WatermarkTracker {
    var copy = self
    copy.watermarkMs = watermarkMs
    if let reachedMs, reachedMs.count == nodes.count { copy.nodeWatermarksMs = reachedMs }
    return copy
  }

  /// Takes the greatest event time that each node saw in a batch. A node that has seen none yet
  /// counts as 0, so that with the policy `min` it holds the watermark back.
  public mutating func advance(maximaUs: [Int: Int64]) {
    guard !nodes.isEmpty else { return }
    for (index, node) in nodes.enumerated() {
      guard let maximumUs = maximaUs[node.id] else { continue }
      let reached = maximumUs.flooredToMs - node.delayMs
      nodeWatermarksMs[index] = max(nodeWatermarksMs[index] ?? Int64.min, reached)
    }
    let values = nodeWatermarksMs.map { $0 ?? 0 }
    let chosen = policy == .min ? values.min() : values.max()
    watermarkMs = max(watermarkMs, chosen ?? 0)
  }
}

extension Int64 {
  /// Microseconds as whole milliseconds, rounded down.
  var flooredToMs: Int64 { self >= 0 ? self / 1000 : (self - 999) / 1000 }
}

/// Which input watermark each stateful operator of a plan sees, given the query's.
public struct WatermarkPropagation: Sendable {
  /// What a plan's shape says; the nodes in the order in which they are lowered.
  private indirect enum Shape: Sendable {
    case leaf
    case node([Shape], WatermarkEffect, operatorId: String?)
  }

  private let shape: Shape
  /// The `withWatermark`s of the plan, in order, each once.
  public let nodes: [WatermarkTracker.Node]

  /// `operatorIds` are those of the stateful nodes, children first.
  public init(_ plan: any PlanNode, operatorIds: [String]) throws {
    var rest = operatorIds[...]
    shape = try Self.shape(of: plan, &rest)
    precondition(rest.isEmpty, "more operator ids than stateful nodes")
    var seen: Set<Int> = []
    nodes = plan.nodes.compactMap { node in
      guard case .defines(let id, let delayUs) = node.streaming.watermark, node.isStreaming,
        seen.insert(id).inserted
      else { return nil }
      return WatermarkTracker.Node(id: id, delayMs: delayUs.flooredToMs)
    }
  }

  private static func shape(
    of node: any PlanNode, _ ids: inout ArraySlice<String>
  ) throws -> Shape {
    let children = try node.children.map { try shape(of: $0, &ids) }
    let id = node.streaming.state == nil ? nil : ids.popFirst()
    let effect = node.isStreaming ? node.streaming.watermark : .passes
    if case .defines = effect, children.contains(where: { hasWatermark($0) }) {
      throw Failure(
        "REDEFINING_WATERMARK_DISALLOWED",
        "the watermark of this stream is defined already", hint: "Call `withWatermark` once"
      ).at(node.origin)
    }
    if children.isEmpty && id == nil { return .leaf }
    return .node(children, effect, operatorId: id)
  }

  private static func hasWatermark(_ shape: Shape) -> Bool {
    guard case .node(let children, let effect, let id) = shape else { return false }
    switch effect {
    case .defines: return true
    case .ends: return false
    // A stateful operator gives a watermark even where its input has none: 0.
    case .passes, .delays: return id != nil || children.contains(where: hasWatermark)
    }
  }

  /// By operator id, in microseconds: the watermark by which rows are late and the one by which
  /// state leaves.
  public func watermarks(lateMs: Int64, evictMs: Int64) -> [String: Watermarks] {
    var late: [String: Int64] = [:]
    var evict: [String: Int64] = [:]
    _ = propagate(shape, lateMs, &late)
    _ = propagate(shape, evictMs, &evict)
    return evict.mapValues { $0 &* 1000 }.reduce(into: [:]) { result, entry in
      result[entry.key] = Watermarks(
        lateUs: (late[entry.key] ?? 0) &* 1000, evictUs: entry.value)
    }
  }

  private func propagate(
    _ shape: Shape, _ originMs: Int64, _ found: inout [String: Int64]
  ) -> Int64? {
    guard case .node(let children, let effect, let id) = shape else { return nil }
    var input = children.compactMap { propagate($0, originMs, &found) }.min()
    if let id {
      input = input ?? 0
      found[id] = input
    }
    switch effect {
    case .passes: return input
    case .defines: return originMs
    case .delays(let byUs): return input.map { max(0, $0 - byUs.flooredToMs) }
    case .ends: return nil
    }
  }
}
