import Columns
import Contract

/// Arguments by name: `mask(str => 'AbC', upperChar => 'Q')`.
extension ExpressionResolver {
  /// The functions whose arguments Spark takes by name, with the names.
  private static let parameterNames: [String: [String]] = [
    "mask": ["str", "upperChar", "lowerChar", "digitChar", "otherChar"],
    "count_min_sketch": ["column", "epsilon", "confidence", "seed"],
    "explode": ["collection"], "explode_outer": ["collection"],
    "posexplode": ["collection"], "posexplode_outer": ["collection"],
    "inline": ["input"], "inline_outer": ["input"],
  ]

  /// The arguments in the order of the parameters; one that is left out is its default.
  func positional(
    _ arguments: [UnresolvedExpression], of spec: Spec, _ origin: Origin?
  ) throws -> [UnresolvedExpression] {
    guard let first = arguments.firstIndex(where: \.isNamed) else { return arguments }
    guard let names = Self.parameterNames[spec.name] else {
      throw Failure(
        "NAMED_PARAMETERS_NOT_SUPPORTED", "`\(spec.name)` does not take arguments by name",
        origin: origin)
    }
    if let later = arguments[first...].first(where: { !$0.isNamed }) {
      throw Failure(
        "UNEXPECTED_POSITIONAL_ARGUMENT",
        "an argument of `\(spec.name)` without a name stands behind one with a name",
        origin: later.origin ?? origin)
    }
    var placed = arguments.prefix(first).map { Optional($0) }
    for argument in arguments[first...] {
      guard case .argument(let name, let value) = argument.node else { continue }
      guard let place = names.firstIndex(where: { $0.lowercased() == name.lowercased() }) else {
        throw Failure(
          "UNRECOGNIZED_PARAMETER_NAME", "`\(spec.name)` has no parameter `\(name)`",
          hint: Suggestion.sentence(for: name, among: names), origin: origin)
      }
      while placed.count <= place { placed.append(nil) }
      if placed[place] != nil {
        throw Failure(
          "DUPLICATE_ROUTINE_PARAMETER_ASSIGNMENT."
            + (place < first
              ? "BOTH_POSITIONAL_AND_NAMED" : "DOUBLE_NAMED_ARGUMENT_REFERENCE"),
          "the parameter `\(name)` of `\(spec.name)` is given twice", origin: origin)
      }
      placed[place] = value
    }
    return try placed.enumerated().map { place, value in
      if let value { return value }
      let written = place < spec.parameters.count ? spec.parameters[place].defaultText : nil
      guard let written else {
        throw Failure(
          "REQUIRED_PARAMETER_NOT_FOUND",
          "`\(spec.name)` needs its parameter `\(names[place])`", origin: origin)
      }
      return try ExpressionParser.parse(written, origin: origin)
    }
  }
}

extension UnresolvedExpression {
  fileprivate var isNamed: Bool { if case .argument = node { true } else { false } }
}
