import Columns
import Contract

// How a function is written: its Spec, what each parameter takes, and a kernel over whole columns.
//
// A fixed result type, with a kernel from a closure over one row (see ConstructKernels.swift and
// ConstructText.swift for `mapped`, `mappedOrNull`, `mappedText`, `mappedSlice`, `mappedRows`):
//
//     FunctionSpec.scalar(
//       "bit_length", category: "strings", summary: "The length in bits.",
//       [.column("text", .stringOrBinary, "what to measure")], returns: .int,
//       examples: [Example("bit_length('ab')", "16")]
//     ) { columns, _ in
//       try mapped(columns[0], to: .int) { (text: Bytes) in
//         Int32(truncatingIfNeeded: text.count * 8)
//       }
//     }
//
// A result type and kernel that depend on the argument types, which `bind` sees after coercion:
//
//     FunctionSpec.scalar(
//       "nullif", category: "conditionals", summary: "NULL where both are equal, else the first.",
//       [.column("a", .any, "…"), .column("b", .any, "…")], coercion: .leastCommonType
//     ) { call in
//       call.result(call.types[0], nullable: .always) { columns, context in … }
//     }
//
// `bind` may also return any expression made of others (`call[0].cast(to: .string)`). A kernel that
// evaluates its arguments itself (conditionals, lambdas) is made by `call.guarded`. Aggregates and
// generators use `FunctionSpec.function(.aggregate, …)` and build the `Expression` in `bind`.

/// A parameter of a function, with the type it takes.
public struct FunctionParameter: Sendable {
  public let parameter: Parameter
  public let accepts: AcceptedType
  /// What stands for an argument not given; nil: nothing is added to the call.
  public let filler: (value: Scalar, type: DataType)?

  /// A parameter for which a string names a column.
  public static func column(
    _ name: String, _ accepts: AcceptedType, default defaultText: String? = nil,
    filler: (value: Scalar, type: DataType)? = nil, _ summary: String
  ) -> FunctionParameter {
    FunctionParameter(
      parameter: Parameter(name, .column, default: defaultText, summary), accepts: accepts,
      filler: filler)
  }

  /// A parameter for which a string is a literal: patterns, formats, lengths.
  public static func value(
    _ name: String, _ accepts: AcceptedType, default defaultText: String? = nil,
    filler: (value: Scalar, type: DataType)? = nil, _ summary: String
  ) -> FunctionParameter {
    FunctionParameter(
      parameter: Parameter(name, .value, default: defaultText, summary), accepts: accepts,
      filler: filler)
  }
}

/// How the arguments' types are brought together, after each was taken by its parameter.
public enum Coercion: Sendable {
  /// Each parameter for itself.
  case none
  /// All arguments become the one type that all turn into.
  case leastCommonType
}

/// When a result can be NULL.
public enum Nullability: Sendable {
  /// When some argument can.
  case ofArguments
  case always, never
}

extension FunctionSpec {
  /// A function whose result type is fixed.
  public static func scalar(
    _ name: String, aliases: [String] = [], category: String, summary: String,
    _ parameters: [FunctionParameter], isVariadic: Bool = false, coercion: Coercion = .none,
    returns type: DataType, nullable: Nullability = .ofArguments, isDeterministic: Bool = true,
    canFail: Bool = false, examples: [Example] = [], notes: String = "",
    kernel: @escaping @Sendable ([Vector], EvaluationContext) throws -> Vector
  ) -> FunctionSpec {
    scalar(
      name, aliases: aliases, category: category, summary: summary, parameters,
      isVariadic: isVariadic, coercion: coercion, returns: "\(type)", examples: examples,
      notes: notes
    ) { call in
      call.result(
        type, nullable: nullable, isDeterministic: isDeterministic, canFail: canFail, kernel)
    }
  }

  /// A function whose result is settled by `bind`, which sees the coerced arguments.
  public static func scalar(
    _ name: String, aliases: [String] = [], category: String, summary: String,
    _ parameters: [FunctionParameter], isVariadic: Bool = false, coercion: Coercion = .none,
    returns: String = "", examples: [Example] = [], notes: String = "",
    bind: @escaping @Sendable (FunctionCall) throws -> Expression
  ) -> FunctionSpec {
    function(
      .function, name, aliases: aliases, category: category, summary: summary, parameters,
      isVariadic: isVariadic, coercion: coercion, returns: returns, examples: examples,
      notes: notes, bind: bind)
  }

  /// A function of any kind (`.aggregate`, `.generator`, …): counts and types are checked, implicit
  /// casts and fillers added, then `bind` makes the expression.
  public static func function(
    _ kind: Spec.Kind, _ name: String, aliases: [String] = [], category: String, summary: String,
    _ parameters: [FunctionParameter], isVariadic: Bool = false, coercion: Coercion = .none,
    returns: String = "", examples: [Example] = [], notes: String = "",
    bind: @escaping @Sendable (FunctionCall) throws -> Expression
  ) -> FunctionSpec {
    let spec = Spec(
      kind, name, aliases: aliases, category: category, summary: summary,
      parameters: parameters.map(\.parameter), isVariadic: isVariadic, returns: returns,
      examples: examples, notes: notes)
    let most = isVariadic ? Int.max : parameters.count
    let least = spec.minimumCount
    return FunctionSpec(spec) { call in
      try call.requireCount(least...most)
      var coerced = try call.coerced(parameters)
      if coercion == .leastCommonType { coerced = try coerced.coercedToLeastCommonType() }
      return try bind(coerced)
    }
  }
}

/// Functions of one category, with fixed result types: what their Specs leave unsaid.
struct FunctionFamily: Sendable {
  let category: String
  /// What those return that do not say it.
  var type = DataType.string

  func callAsFunction(
    _ name: String, aliases: [String] = [], _ summary: String, _ parameters: [FunctionParameter],
    isVariadic: Bool = false, returns: DataType? = nil, nullable: Nullability = .ofArguments,
    canFail: Bool = false, _ examples: [Example], notes: String = "",
    kernel: @escaping @Sendable ([Vector], EvaluationContext) throws -> Vector
  ) -> FunctionSpec {
    .scalar(
      name, aliases: aliases, category: category, summary: summary, parameters,
      isVariadic: isVariadic, returns: returns ?? type, nullable: nullable, canFail: canFail,
      examples: examples, notes: notes, kernel: kernel)
  }
}

extension FunctionCall {
  /// The arguments' types.
  public var types: [DataType] { arguments.map(\.type) }

  public subscript(index: Int) -> Expression { arguments[index] }

  /// The same call with other arguments.
  public func with(_ arguments: [Expression]) -> FunctionCall {
    FunctionCall(
      name: name, arguments: arguments, isDistinct: isDistinct, filter: filter, ordering: ordering,
      origin: origin, session: session, lambda: lambda)
  }

  /// The arguments cast to what the parameters take; the last parameter serves all further ones.
  public func coerced(_ parameters: [FunctionParameter]) throws -> FunctionCall {
    var coerced: [Expression] = []
    for (index, argument) in arguments.enumerated() {
      // A lambda has no type until the function has said what its parameters are.
      if case .lambda = argument.kind {
        coerced.append(argument)
        continue
      }
      let accepts =
        parameters.isEmpty
        ? nil : parameters[min(index, parameters.count - 1)].accepts
      if case .orderable = accepts, !argument.type.isOrderable {
        throw notOrderable(argument.type)
      }
      guard let accepts,
        let type = ImplicitCast.type(for: accepts, from: argument.type)
      else {
        throw refusal(index, accepts: parameters[min(index, parameters.count - 1)].accepts)
      }
      coerced.append(argument.implicitlyCast(to: type))
    }
    for parameter in parameters.dropFirst(arguments.count) {
      guard let filler = parameter.filler else { break }
      coerced.append(.literal(filler.value, filler.type, origin: origin))
    }
    return with(coerced)
  }

  /// Casts some arguments (all, by default) to the one type that they turn into.
  public func coercedToLeastCommonType(_ range: Range<Int>? = nil) throws -> FunctionCall {
    let range = range ?? arguments.indices
    guard let type = ImplicitCast.leastCommonType(arguments[range].map(\.type)) else {
      throw differentTypes(Array(arguments[range]))
    }
    var coerced = arguments
    for index in range { coerced[index] = coerced[index].implicitlyCast(to: type) }
    return with(coerced)
  }

  /// This call as an expression with a kernel over whole columns.
  public func result(
    _ type: DataType, nullable: Nullability = .ofArguments, isDeterministic: Bool = true,
    canFail: Bool = false, notation: ScalarFunction.Notation = .call,
    _ kernel: @escaping @Sendable ([Vector], EvaluationContext) throws -> Vector
  ) -> Expression {
    expression(
      type, nullable: nullable,
      ScalarFunction(
        name.lowercased(), isDeterministic: isDeterministic, canFail: canFail, notation: notation,
        kernel: .whole(kernel)))
  }

  /// This call as an expression whose kernel evaluates its arguments itself, each for the rows that
  /// reach it.
  public func guarded(
    _ type: DataType, nullable: Nullability = .ofArguments, canFail: Bool = false,
    notation: ScalarFunction.Notation = .call,
    _ kernel: @escaping @Sendable ([CompiledExpression], EvaluationContext) throws -> Vector
  ) -> Expression {
    expression(
      type, nullable: nullable,
      ScalarFunction(
        name.lowercased(), canFail: canFail, notation: notation, kernel: .guarded(kernel)))
  }

  private func expression(
    _ type: DataType, nullable: Nullability, _ function: ScalarFunction
  ) -> Expression {
    let isNullable =
      switch nullable {
      case .ofArguments: arguments.contains(where: \.isNullable)
      case .always: true
      case .never: false
      }
    return Expression(.call(function, arguments), type, isNullable: isNullable, origin: origin)
  }
}
