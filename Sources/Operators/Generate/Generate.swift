import Columns
import Contract
import Expressions
import Plan

/// Several rows of each row: the rows that a generator (`explode`) makes, beside the row's own
/// columns.
public struct Generate: OperatorNode {
  public let generator: any Generator
  public let arguments: [Expression]
  /// The columns of the child that are kept.
  public let kept: [Attribute]
  public let made: [Attribute]
  public let child: any PlanNode
  public let origin: Origin?

  public init(
    _ generator: any Generator, _ arguments: [Expression], kept: [Attribute], made: [Attribute],
    _ child: any PlanNode, origin: Origin? = nil
  ) {
    self.generator = generator
    self.arguments = arguments
    self.kept = kept
    self.made = made
    self.child = child
    self.origin = origin
  }

  public var name: String { "Generate" }
  public var children: [any PlanNode] { [child] }
  public var output: [Attribute] { kept + made }
  public var expressions: [Expression] { arguments }
  public var details: String {
    let call = "\(generator.name)(\(arguments.map(\.description).joined(separator: ", ")))"
    return "\(call), \(PlanText.list(made))"
  }
  public var streaming: StreamingFacts { StreamingFacts() }

  public func with(children: [any PlanNode]) -> any PlanNode {
    Generate(generator, arguments, kept: kept, made: made, children[0], origin: origin)
  }

  public func with(expressions: [Expression]) -> any PlanNode {
    Generate(generator, expressions, kept: kept, made: made, child, origin: origin)
  }

  public func lower(_ children: [any Operator], _ lowering: Lowering) throws -> any Operator {
    let input = children[0].output
    let step = GenerateStep(
      generator: generator,
      arguments: arguments.map { CompiledExpression($0, input: input) },
      kept: kept.map { PlanText.place($0, in: input) })
    return RowByRowOperator(output: output, child: children[0], step: step)
  }
}

extension Generate: PrunesColumns {
  /// A row's own columns are copied for every row made of it, so those not needed are left out.
  public func pruned(to needed: Set<Attribute>) -> any PlanNode {
    Generate(
      generator, arguments, kept: kept.filter(needed.contains), made: made, child, origin: origin)
  }
}

extension Generate: PassesPredicates {
  /// A condition on the row's own columns need not wait for the rows made of it.
  public func predicate(_ condition: Expression, below index: Int) -> Expression? {
    condition.references.isSubset(of: kept) ? condition : nil
  }
  public var needsPredicateBelowAll: Bool { true }
}

private struct GenerateStep: RowStep {
  let generator: any Generator
  let arguments: [CompiledExpression]
  let kept: [Int]

  func apply(_ batch: Batch, _ context: EvaluationContext) throws -> Batch {
    let values = try arguments.map { try $0.evaluate(context) }
    let (made, rows) = try generator.generate(values, count: context.count, context: context)
    let own = kept.map { context.column($0).gathered(rows) }
    return Batch(own + made, count: rows.count)
  }
}
