import Columns
import Contract
import Expressions

/// A query as the script or SQL text built it: a tree of named operations with their arguments,
/// nothing looked up. `id` is the DataFrame's identity, by which `df.name` finds its column later.
public final class UnresolvedPlan: Sendable {
  public let id: Int
  /// The operation: `select`, `where`, `readStream`, `groupBy`…: a name in the operators' catalog.
  public let name: String
  public let inputs: [UnresolvedPlan]
  public let arguments: [String: PlanArgument]
  public let origin: Origin?

  public init(
    id: Int, name: String, inputs: [UnresolvedPlan] = [], arguments: [String: PlanArgument] = [:],
    origin: Origin? = nil
  ) {
    self.id = id
    self.name = name
    self.inputs = inputs
    self.arguments = arguments
    self.origin = origin
  }
}

/// An argument of an operation.
public indirect enum PlanArgument: Sendable {
  case expression(UnresolvedExpression)
  case text(String)
  case integer(Int64)
  case number(Double)
  case boolean(Bool)
  case type(DataType)
  case list([PlanArgument])
  /// A table with string keys (options), in the order written.
  case table([(name: String, value: PlanArgument)])
  /// Rows given by the script.
  case rows(Schema, [Batch])
  case function(any UserRowFunction)
  /// A thing of the host: a memory stream, a listener, an own source.
  case host(any Sendable)
}

/// A function of the user's own language that works on rows: `filter`, `map`, `flatMap`,
/// `mapPartitions`, `applyInGroups` and the stateful functions. Declared here, provided by the host.
public protocol UserRowFunction: Sendable {
  var name: String { get }
  var origin: Origin? { get }
  var hash: UInt64 { get }
  /// For each row of the batch whether it stays (BOOLEAN). A row on which it raises is a `RowFailure`.
  func filter(_ batch: Batch, schema: Schema, task: TaskContext) throws -> Vector
  /// Each row's results as columns of `output`, and for each result the row it came from, in order.
  /// `map` gives one a row, `flatMap` any number.
  func expand(_ batch: Batch, schema: Schema, output: Schema, isFlat: Bool, task: TaskContext) throws
    -> (columns: [Vector], rows: Selection)
  /// All rows of a partition, or of one group (`key` is a batch of one row), at once.
  func apply(key: Batch?, keySchema: Schema, rows: Batch, schema: Schema, output: Schema, task: TaskContext) throws -> Batch
}
