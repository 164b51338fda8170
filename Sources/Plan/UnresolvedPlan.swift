import Columns
import Contract
import Expressions

/// A query as the script or SQL text built it: a tree of named operations with their arguments,
/// nothing looked up. `id` is the DataFrame's identity, by which `df.name` finds its column later.
///
/// The operations and their arguments (`?`: may be absent; a list is of what its name says):
///
///     read                 format?, isStreaming, schema?, options, paths?, host?
///     table                name, isStreaming, options?    (no view: views are put in place before)
///     range                start, end, step or bounds       (expressions)
///     inlineTable          rows                             (lists of expressions)
///     generate             generator, table?
///     localRows            rows                           (also the batch that foreachBatch gets)
///     select, withColumns  columns                          (withColumns: mustExist?)
///     withColumnsRenamed   existing, names                  (texts)
///     drop                 names, columns
///     toDF                 names
///     alias                name
///     filter               condition
///     filterRows           function
///     mapRows, flatMapRows, mapPartitions        function, schema
///     limit                count or value
///     offset               count or value
///     sort                 order, hiddenCount?              (expressions, each a `sort`; with a
///                                                            count: whole numbers are places)
///     sortAll              order                            (one `sort`, for all the columns)
///     sortOrderable                                         (by the columns that have an order)
///     deduplicate, deduplicateWithinWatermark    names?     (absent: all columns)
///     union; unionByName   allowMissingColumns              (two inputs, as have these:)
///     except, intersect    all
///     join                 kind, names?, condition?, isNatural?
///                          (kind: inner cross leftOuter rightOuter fullOuter leftSemi leftAnti)
///     withUnused           (the query, then those that are only analysed)
///     lateralJoin          kind, query, condition?          (query: an expression, a subquery)
///     recursion            key, step, levelLimit?           (step: an expression, a subquery)
///     recursionReference   key, columns                     (texts)
///     aggregate            grouping, keys, aggregates
///                                                           (grouping: groupBy rollup cube
///                                                            groupByAll, groupingSets)
///                          ordinals?                        (places of keys that were
///                                                            written as numbers)
///                          sets?                            (of groupingSets: a list of lists of
///                                                            places among the keys)
///                          pivotColumn?, pivotValues?
///                          keepKeys?                        (false: only the aggregates come out)
///     pivot                aggregates, columns, values
///     unpivot              groups, labels or ids, values?   (columns that come together and their
///                                                            names; or single columns)
///                          names, variable, includesNulls
///     withWatermark        column, delay
///     observe              name, columns
///     uid                  name
///     sample               fraction, withReplacement, seed?, lowerBound?
///     repartition          count?, columns;  coalesce  count
///     flatMapGroupsWithState   keys, outputSchema, stateSchema, outputMode, timeout, host,
///                              returnsOneRow                (a second input: the initial state)
///     transformWithState       keys, outputSchema, outputMode, timeMode, host   (the same)
///     applyInGroups            keys, function, schema
public final class UnresolvedPlan: UnresolvedQuery {
  public let id: Int
  /// The operation: a name in the operators' catalog.
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
/// `mapPartitions`, `applyInGroups` and the stateful functions. Declared here, provided by the
/// host.
public protocol UserRowFunction: Sendable {
  var name: String { get }
  var origin: Origin? { get }
  var hash: UInt64 { get }
  /// For each row of the batch whether it stays (BOOLEAN). A row on which it raises is a
  /// `RowFailure`.
  func filter(_ batch: Batch, schema: Schema, task: TaskContext) throws -> Vector
  /// Each row's results as columns of `output`, and for each result the row it came from, in order.
  /// `map` gives one a row, `flatMap` any number.
  func expand(_ batch: Batch, schema: Schema, output: Schema, isFlat: Bool, task: TaskContext)
    throws
    -> (columns: [Vector], rows: Selection)
  /// All rows of a partition, or of one group (`key` is a batch of one row), at once.
  func apply(
    key: Batch?, keySchema: Schema, rows: Batch, schema: Schema, output: Schema, task: TaskContext
  ) throws -> Batch
}
