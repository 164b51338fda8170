import Columns
import Contract

/// An expression bound to the columns of its input, ready to be evaluated by any thread.
public final class CompiledExpression: Sendable {
  private let node: Node
  public let type: DataType
  public let origin: Origin?

  private enum Node: Sendable {
    case column(Int)
    case parameter(Int)
    case literal(Scalar)
    case whole(@Sendable ([Vector], EvaluationContext) throws -> Vector, [CompiledExpression])
    case guarded(
      @Sendable ([CompiledExpression], EvaluationContext) throws -> Vector, [CompiledExpression])
    case user(any UserFunction, [CompiledExpression])
    /// `parameters` are attribute ids; evaluated by the function that takes the lambda.
    case lambda([Int], CompiledExpression)
  }

  /// Binds attributes to the places they have in `input`. An attribute that is not there is a bug
  /// of the analyser.
  public convenience init(_ expression: Expression, input: [Attribute]) {
    self.init(expression, places: Self.places(input), parameters: [])
  }

  /// Binds several expressions to the same input.
  public static func list(
    _ expressions: [Expression], input: [Attribute]
  ) -> [CompiledExpression] {
    let places = places(input)
    return expressions.map { CompiledExpression($0, places: places, parameters: []) }
  }

  private static func places(_ input: [Attribute]) -> [Int: Int] {
    var places: [Int: Int] = [:]
    for (index, attribute) in input.enumerated() where places[attribute.id] == nil {
      places[attribute.id] = index
    }
    return places
  }

  private init(_ expression: Expression, places: [Int: Int], parameters: Set<Int>) {
    func compile(_ expressions: [Expression]) -> [CompiledExpression] {
      expressions.map { CompiledExpression($0, places: places, parameters: parameters) }
    }
    type = expression.type
    origin = expression.origin
    switch expression.kind {
    case .attribute(let attribute):
      if parameters.contains(attribute.id) {
        node = .parameter(attribute.id)
      } else if let place = places[attribute.id] {
        node = .column(place)
      } else {
        preconditionFailure("no input column for `\(attribute.name)`#\(attribute.id)")
      }
    case .literal(let value): node = .literal(value)
    case .call(let function, let arguments):
      switch function.kernel {
      case .whole(let kernel): node = .whole(kernel, compile(arguments))
      case .guarded(let kernel): node = .guarded(kernel, compile(arguments))
      }
    case .userFunction(let function, let arguments): node = .user(function, compile(arguments))
    case .lambda(let own, let body):
      let scope = parameters.union(own.map(\.id))
      node = .lambda(own.map(\.id), CompiledExpression(body, places: places, parameters: scope))
    case .alias(let child, _):
      node = CompiledExpression(child, places: places, parameters: parameters).node
    case .aggregate, .generator, .window:
      preconditionFailure("only its own operator evaluates an aggregate, generator or window")
    }
  }

  /// One value a row. May be constant. Throws `RowFailure` with the script's line.
  public func evaluate(_ context: EvaluationContext) throws -> Vector {
    switch node {
    case .column(let index): return context.column(index)
    case .parameter(let id): return context.binding(id)
    case .literal(let value): return .constant(value, type, count: context.count)
    case .whole(let kernel, let arguments):
      let vectors = try arguments.map { try $0.evaluate(context) }
      return try located { try kernel(vectors, context) }
    case .guarded(let kernel, let arguments):
      return try located { try kernel(arguments, context) }
    case .user(let function, let arguments):
      let vectors = try arguments.map { try $0.evaluate(context) }
      return try located { try function.call(vectors, context: context) }
    case .lambda: preconditionFailure("a lambda is evaluated by the function that takes it")
    }
  }

  /// The parameters' attribute ids and the body, where this is a lambda.
  public var lambda: (parameters: [Int], body: CompiledExpression)? {
    if case .lambda(let parameters, let body) = node { (parameters, body) } else { nil }
  }

  /// The value of a literal.
  public var literal: Scalar? {
    if case .literal(let value) = node { value } else { nil }
  }

  private func located(_ body: () throws -> Vector) throws -> Vector {
    do { return try body() } catch let error as RowFailure {
      throw RowFailure(row: error.row, error.failure.at(origin))
    } catch let error as Failure {
      throw error.at(origin)
    }
  }
}
