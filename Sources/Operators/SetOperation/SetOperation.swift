import Columns
import Contract
import Expressions
import Plan

/// `subtract`, `exceptAll`, `intersect`, `intersectAll`: rows of the left side by what the right
/// side has. Batch only.
public struct SetOperation: OperatorNode {
  public enum Kind: String, Sendable {
    case except, intersect
  }

  public let kind: Kind
  /// Rows count as often as they come; otherwise once.
  public let isAll: Bool
  public let left: any PlanNode
  public let right: any PlanNode
  public let origin: Origin?

  public var name: String { (kind == .except ? "Except" : "Intersect") + (isAll ? "All" : "") }
  public var children: [any PlanNode] { [left, right] }
  public var output: [Attribute] { left.output }
  public var expressions: [Expression] { [] }
  public var details: String { "" }
  public var streaming: StreamingFacts {
    let message =
      kind == .intersect
      ? "Intersect of streaming DataFrames/Datasets is not supported"
      : "Except on a streaming DataFrame/Dataset is not supported"
    return StreamingFacts(
      refusal: StreamingRules.unsupported(
        message, hint: "A leftSemi or leftAnti join with a table does it row by row.", origin))
  }

  public func with(children: [any PlanNode]) -> any PlanNode {
    SetOperation(kind: kind, isAll: isAll, left: children[0], right: children[1], origin: origin)
  }
  public func with(expressions: [Expression]) -> any PlanNode { self }

  public func lower(_ children: [any Operator], _ lowering: Lowering) throws -> any Operator {
    let exchanges = children.map { child in
      Exchange(
        keys: child.output.map { CompiledExpression(.attribute($0), input: child.output) },
        input: child.output, partitionCount: lowering.partitionCount)
    }
    return SetOperator(node: self, children: children, exchanges: exchanges)
  }
}

extension SetOperation: NeedsAllColumns {}

private final class SetOperator: Operator {
  var output: [Attribute] { node.output }
  private let node: SetOperation
  private let children: [any Operator]
  private let exchanges: [Exchange]

  init(node: SetOperation, children: [any Operator], exchanges: [Exchange]) {
    self.node = node
    self.children = children
    self.exchanges = exchanges
  }

  func partitions(_ run: BatchRun) throws -> [Partition] {
    let left = try exchanges[0].run(try children[0].partitions(run), run)
    let right = try exchanges[1].run(try children[1].partitions(run), run)
    let codec = RowKeyCodec(output.map(\.type))
    return zip(left, right).map { own, other in
      Partition { [node] _ in
        let sides = Sides(codec, node)
        for batch in other { sides.count(batch) }
        var rest = own[...]
        return GeneratedStream {
          guard let batch = rest.popFirst() else { return nil }
          return sides.kept(batch)
        }
      }
    }
  }

  /// How often the right side has each row.
  private final class Sides {
    private let seen: KeySet
    private var counts: [Int] = []
    private var isEmitted: [Bool] = []
    private let node: SetOperation

    init(_ codec: RowKeyCodec, _ node: SetOperation) {
      seen = KeySet(codec)
      self.node = node
    }

    private func add(_ batch: Batch) -> UnsafePointer<UInt32> {
      _ = seen.insertNew(batch.columns.indices.map { batch.column($0) }, batch.count)
      let missing = seen.table.groupLimit - counts.count
      if missing > 0 {
        counts += [Int](repeating: 0, count: missing)
        isEmitted += [Bool](repeating: false, count: missing)
      }
      return seen.lastGroups
    }

    func count(_ batch: Batch) {
      let groups = add(batch)
      for row in 0..<batch.count { counts[Int(groups[row])] += 1 }
    }

    func kept(_ batch: Batch) -> Batch {
      let groups = add(batch)
      return batch.selecting(
        Selection.identity(batch.count).filtered { isKept(Int(groups[$0])) })
    }

    private func isKept(_ group: Int) -> Bool {
      let isThere = counts[group] > 0
      if node.isAll {
        if isThere { counts[group] -= 1 }
        return isThere == (node.kind == .intersect)
      }
      if isEmitted[group] || isThere != (node.kind == .intersect) { return false }
      isEmitted[group] = true
      return true
    }
  }
}

/// `except`, `intersect`.
func buildSetOperation(_ call: OperatorCall, _ kind: SetOperation.Kind) throws -> any PlanNode {
  let sides = try sameTypes(
    call, call.children.map(\.node), kind == .except ? "EXCEPT" : "INTERSECT")
  if let map = sides[0].output.first(where: { $0.type.containsMap }) {
    throw cannotCompare(map)
  }
  return SetOperation(
    kind: kind, isAll: call.has("all") && call.boolean("all"), left: sides[0], right: sides[1],
    origin: call.origin)
}
