import Columns
import Contract
import Expressions
import Plan

/// The user's own function over all rows of each group. Batch only.
public struct ApplyInGroups: OperatorNode {
  public let keys: [NamedExpression]
  public let function: any UserRowFunction
  public let output: [Attribute]
  public let child: any PlanNode
  public let origin: Origin?

  public var name: String { "ApplyInGroups" }
  public var children: [any PlanNode] { [child] }
  public var expressions: [Expression] { keys.map(\.expression) }
  public var details: String {
    "keys=\(PlanText.list(keys)), \(function.name), \(PlanText.list(output))"
  }
  public var streaming: StreamingFacts {
    StreamingFacts(
      refusal: StreamingRules.unsupported(
        "applyInGroups is not supported with streaming DataFrames/Datasets",
        hint: "`flatMapGroupsWithState` does it over a stream.", origin))
  }

  public func with(children: [any PlanNode]) -> any PlanNode {
    ApplyInGroups(
      keys: keys, function: function, output: output, child: children[0], origin: origin)
  }

  public func with(expressions: [Expression]) -> any PlanNode {
    ApplyInGroups(
      keys: zip(keys, expressions).map { NamedExpression($1, as: $0.attribute) },
      function: function, output: output, child: child, origin: origin)
  }

  public func lower(_ children: [any Operator], _ lowering: Lowering) throws -> any Operator {
    let input = children[0].output
    return ApplyInGroupsOperator(
      node: self, child: children[0],
      exchange: Exchange(
        keys: keys.map { CompiledExpression($0.expression, input: input) }, input: input,
        partitionCount: lowering.partitionCount))
  }
}

extension ApplyInGroups: NeedsAllColumns {}

private final class ApplyInGroupsOperator: Operator {
  var output: [Attribute] { node.output }
  private let node: ApplyInGroups
  private let child: any Operator
  private let exchange: Exchange

  init(node: ApplyInGroups, child: any Operator, exchange: Exchange) {
    self.node = node
    self.child = child
    self.exchange = exchange
  }

  func partitions(_ run: BatchRun) throws -> [Partition] {
    let parts = try exchange.run(try child.partitions(run), run)
    let keySchema = Schema(
      node.keys.map {
        Field($0.attribute.name, $0.attribute.type, isNullable: $0.attribute.isNullable)
      })
    return parts.filter { !$0.isEmpty }.map { batches in
      Partition { [node, exchange] task in
        let rows = Batch.concatenated(batches, types: exchange.input.map(\.type))
        let context = EvaluationContext(rows, task: task)
        let keyColumns = try exchange.keys.map { try $0.evaluate(context) }
        let groups = RowGroups(keyColumns, count: rows.count)
        var next = 0
        return GeneratedStream {
          if next == groups.count { return nil }
          let own = groups[next]
          next += 1
          let first = Selection([Int(own.rows[0])])
          return try withOrigin(node.origin) {
            try node.function.apply(
              key: Batch(keyColumns.map { $0.gathered(first) }, count: 1), keySchema: keySchema,
              rows: rows.selecting(own), schema: node.child.schema, output: node.schema,
              task: task)
          }
        }
      }
    }
  }
}

/// Rows by equal keys, groups and the rows in them in order of arrival.
struct RowGroups {
  private let starts: [Int]
  private let rows: Selection

  init(_ keys: [Vector], count: Int) {
    let codec = RowKeyCodec(keys.map(\.type))
    let set = KeySet(codec)
    _ = set.insertNew(keys, count)
    let numbers = set.lastGroups
    var sizes = [Int](repeating: 0, count: set.table.groupLimit + 1)
    for row in 0..<count { sizes[Int(numbers[row]) + 1] += 1 }
    for group in 1..<sizes.count { sizes[group] += sizes[group - 1] }
    starts = sizes
    let buffer = Buffer(capacity: count * 4)
    let out = buffer.typed(UInt32.self)
    for row in 0..<count {
      let group = Int(numbers[row])
      out[sizes[group]] = UInt32(truncatingIfNeeded: row)
      sizes[group] += 1
    }
    rows = Selection(buffer: buffer, count: count)
  }

  var count: Int { starts.count - 1 }

  /// The rows of one group.
  subscript(group: Int) -> Selection { rows.sliced(starts[group]..<starts[group + 1]) }
}

/// `applyInGroups`.
func buildApplyInGroups(_ call: OperatorCall) throws -> any PlanNode {
  ApplyInGroups(
    keys: try call.expressions("keys").map { try call.resolver.resolveNamed($0) },
    function: call.rowFunction("function"),
    output: call.schema("schema").fields.map {
      Attribute($0.name, $0.type, isNullable: $0.isNullable)
    }, child: call.child, origin: call.origin)
}
