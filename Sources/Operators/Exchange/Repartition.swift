import Columns
import Contract
import Expressions
import Plan

/// `repartition` and `coalesce`: other partitions of the same rows.
public struct Repartition: OperatorNode {
  public enum Way: Sendable {
    /// By the hash of some columns.
    case byKeys([Expression])
    /// Evenly.
    case evenly
    /// Neighbouring partitions joined; no more than there were.
    case joined
  }

  public let way: Way
  public let count: Int
  public let child: any PlanNode
  public let origin: Origin?

  public var name: String { "Repartition" }
  public var children: [any PlanNode] { [child] }
  public var output: [Attribute] { child.output }
  public var expressions: [Expression] { if case .byKeys(let keys) = way { keys } else { [] } }
  public var details: String {
    switch way {
    case .byKeys(let keys): "\(count), [\(keys.map(\.description).joined(separator: ", "))]"
    case .evenly: "\(count)"
    case .joined: "\(count), joined"
    }
  }
  public var streaming: StreamingFacts { StreamingFacts() }

  public func with(children: [any PlanNode]) -> any PlanNode {
    Repartition(way: way, count: count, child: children[0], origin: origin)
  }

  public func with(expressions: [Expression]) -> any PlanNode {
    guard case .byKeys = way else { return self }
    return Repartition(way: .byKeys(expressions), count: count, child: child, origin: origin)
  }

  public func lower(_ children: [any Operator], _ lowering: Lowering) throws -> any Operator {
    var exchange: Exchange?
    if case .byKeys(let keys) = way {
      exchange = Exchange(
        keys: keys.map { CompiledExpression($0, input: children[0].output) },
        input: children[0].output, partitionCount: count)
    }
    return RepartitionOperator(
      output: output, child: children[0], way: way, count: count, exchange: exchange)
  }
}

extension Repartition: PassesPredicates {
  public func predicate(_ condition: Expression, below index: Int) -> Expression? { condition }
  public var needsPredicateBelowAll: Bool { true }
}

private final class RepartitionOperator: Operator {
  let output: [Attribute]
  private let child: any Operator
  private let way: Repartition.Way
  private let count: Int
  private let exchange: Exchange?

  init(
    output: [Attribute], child: any Operator, way: Repartition.Way, count: Int,
    exchange: Exchange?
  ) {
    self.output = output
    self.child = child
    self.way = way
    self.count = count
    self.exchange = exchange
  }

  func partitions(_ run: BatchRun) throws -> [Partition] {
    let partitions = try child.partitions(run)
    if case .joined = way { return joined(partitions) }
    let parts: [[Batch]]
    if let exchange {
      parts = try exchange.run(partitions, run)
    } else {
      parts = dealt(try run.collect(partitions))
    }
    return parts.map { batches in Partition { _ in BatchList(batches) } }
  }

  private func joined(_ partitions: [Partition]) -> [Partition] {
    if partitions.count <= count { return partitions }
    return (0..<count).map { index in
      let begin = partitions.count * index / count
      let end = partitions.count * (index + 1) / count
      let own = Array(partitions[begin..<end])
      return Partition { ChainedStream(own, $0) }
    }
  }

  /// Row `i` goes to partition `i mod count`.
  private func dealt(_ batches: [Batch]) -> [[Batch]] {
    var parts = [[Batch]](repeating: [], count: count)
    var next = 0
    for batch in batches {
      for offset in 0..<min(count, batch.count) {
        let rows = stride(from: offset, to: batch.count, by: count).map { $0 }
        parts[(next + offset) % count].append(batch.selecting(Selection(rows)))
      }
      next = (next + batch.count) % count
    }
    return parts
  }
}

/// `repartition`.
func buildRepartition(_ call: OperatorCall, partitions: Int) throws -> any PlanNode {
  let keys = try call.expressions("columns").map { try call.resolver.resolve($0) }
  let count = call.has("count") ? Int(clamping: call.integer("count")) : partitions
  return Repartition(
    way: keys.isEmpty ? .evenly : .byKeys(keys), count: count, child: call.child,
    origin: call.origin)
}

/// `coalesce`.
func buildCoalesce(_ call: OperatorCall) throws -> any PlanNode {
  Repartition(
    way: .joined, count: Int(clamping: call.integer("count")), child: call.child,
    origin: call.origin)
}
