import Columns
import Contract

/// A resolved scalar function: types are settled, the kernel knows them.
public struct ScalarFunction: Sendable {
  /// The SQL name, for `explain` and fingerprints.
  public let name: String
  public let kernel: Kernel
  /// False for `rand`, `uuid`: never folded, never pushed past another operator.
  public let isDeterministic: Bool
  /// Whether some input makes it raise.
  public let canFail: Bool
  public let notation: Notation

  /// How a call is written, in automatic column names and in `explain`.
  public enum Notation: Sendable {
    /// `name(a, b)`
    case call
    /// `(a + b)`
    case infix
    /// `(NOT a)`
    case prefix
    /// `(a IS NULL)`
    case postfix
    /// An implicit cast to a type: as a column's name it shows its argument alone.
    case implicitCast(DataType)
    /// Made from the arguments' texts.
    case custom(@Sendable ([String]) -> String)
  }

  public enum Kernel: Sendable {
    /// Whole columns of equal length in (some may be constant), one column out. A kernel that fails
    /// for a row throws `RowFailure`.
    case whole(@Sendable ([Vector], EvaluationContext) throws -> Vector)
    /// Evaluates its arguments itself, each for the rows that reach it: CASE, AND, COALESCE, and
    /// functions that take a lambda.
    case guarded(@Sendable ([CompiledExpression], EvaluationContext) throws -> Vector)
  }

  public init(
    _ name: String, isDeterministic: Bool = true, canFail: Bool = false,
    notation: Notation = .call, kernel: Kernel
  ) {
    self.name = name
    self.notation = notation
    self.kernel = kernel
    self.isDeterministic = isDeterministic
    self.canFail = canFail
  }
}

/// A function as a component: its Spec and how a call of it becomes a resolved expression.
public struct FunctionSpec: Sendable {
  public let spec: Spec
  /// Checks argument types, adds implicit casts, settles the result type and picks the kernel.
  public let bind: @Sendable (FunctionCall) throws -> Expression

  public init(_ spec: Spec, bind: @escaping @Sendable (FunctionCall) throws -> Expression) {
    self.spec = spec
    self.bind = bind
  }
}

/// A call with resolved arguments, about to be bound.
public struct FunctionCall: Sendable {
  /// As the user wrote it.
  public let name: String
  public let arguments: [Expression]
  public let isDistinct: Bool
  public let filter: Expression?
  /// The keys of WITHIN GROUP.
  public let ordering: [SortKey]
  public let origin: Origin?
  public let session: ExpressionSession
  /// Resolves the body of a lambda argument, given its parameters' types; nil where argument
  /// `index` is no lambda.
  public let lambda: @Sendable (_ index: Int, _ parameters: [Field]) throws -> Expression?

  public init(
    name: String, arguments: [Expression], isDistinct: Bool = false, filter: Expression? = nil,
    ordering: [SortKey] = [], origin: Origin?, session: ExpressionSession,
    lambda: @escaping @Sendable (Int, [Field]) throws -> Expression? = { _, _ in nil }
  ) {
    self.name = name
    self.arguments = arguments
    self.isDistinct = isDistinct
    self.filter = filter
    self.ordering = ordering
    self.origin = origin
    self.session = session
    self.lambda = lambda
  }
}

/// What analysis of expressions needs of the session.
public struct ExpressionSession: Sendable {
  public let timeZoneId: String
  public let isCaseSensitive: Bool

  public init(timeZoneId: String = "UTC", isCaseSensitive: Bool = false) {
    self.timeZoneId = timeZoneId
    self.isCaseSensitive = isCaseSensitive
  }
}

/// A function that makes several rows of one: `explode`, `posexplode`, `inline`, `stack`,
/// `json_tuple`.
public protocol Generator: Sendable {
  var name: String { get }
  /// Names and types of the columns made, given the arguments.
  var output: [Field] { get }
  /// A row with no result still gives one row, of NULLs.
  var isOuter: Bool { get }
  /// For `count` rows: the made columns, and for each made row the input row it came from, in
  /// order.
  func generate(_ arguments: [Vector], count: Int, context: EvaluationContext) throws
    -> (columns: [Vector], rows: Selection)
}

/// A function of the user's own language over whole columns. Declared here, provided by the host.
public protocol UserFunction: Sendable {
  var name: String { get }
  var origin: Origin? { get }
  /// Of the code and what it captured: the batch log notes a change.
  var hash: UInt64 { get }
  var returnType: DataType { get }
  var isDeterministic: Bool { get }
  /// Set where the function is an aggregate, which is what the resolver then makes of a call.
  var aggregate: (any AggregateFunction)? { get }
  /// One result a row. A row on which it raises is a `RowFailure`.
  func call(_ arguments: [Vector], context: EvaluationContext) throws -> Vector
}

extension UserFunction {
  public var aggregate: (any AggregateFunction)? { nil }
}

/// An aggregate function, its types settled.
public protocol AggregateFunction: Sendable {
  var name: String { get }
  var resultType: DataType { get }
  var isNullable: Bool { get }
  /// The columns that carry a partial result from the partial to the merge phase and into state.
  var stateTypes: [DataType] { get }
  /// Accumulators for the groups of one table.
  func makeAccumulator() -> any Accumulator
}

/// The running results of one aggregate call for the groups of one table, kept densely: group `g`
/// is row `g`. One owner.
public protocol Accumulator: AnyObject {
  /// Groups from now on; new ones are empty.
  func grow(to groupCount: Int)
  /// Row `i` of the arguments belongs to group `groups[i]`. Rows come in their order of arrival.
  func update(
    _ arguments: [Vector], groups: UnsafePointer<UInt32>, count: Int, context: EvaluationContext)
    throws
  /// Row `i` of the state columns is a partial result of group `groups[i]`.
  func merge(_ states: [Vector], groups: UnsafePointer<UInt32>, count: Int) throws
  /// The partial results of some groups.
  func states(_ groups: Selection) throws -> [Vector]
  /// The final results of some groups.
  func results(_ groups: Selection, context: EvaluationContext) throws -> Vector
  /// Empties some groups, whose numbers will be used again.
  func reset(_ groups: Selection)
  /// Bytes held.
  var memoryBytes: Int { get }
}
