import Contract
import Expressions

/// How `explain` writes lists of columns.
public enum PlanText {
  /// `[upper(a#1) AS b#2, c#3]`
  public static func list(_ columns: [NamedExpression]) -> String {
    "["
      + columns.map { column in
        if case .attribute(let attribute) = column.expression.kind,
          attribute.id == column.attribute.id
        {
          return text(attribute)
        }
        return "\(column.expression) AS \(text(column.attribute))"
      }.joined(separator: ", ") + "]"
  }

  /// `[a#1, b#2L]`
  public static func list(_ attributes: [Attribute]) -> String {
    "[" + attributes.map(text).joined(separator: ", ") + "]"
  }

  /// `a#1`
  public static func text(_ attribute: Attribute) -> String {
    Expression.attribute(attribute).description
  }

  /// Where a column stands among others. That it stands nowhere is a bug of the analyser.
  public static func place(_ attribute: Attribute, in input: [Attribute]) -> Int {
    guard let place = input.firstIndex(of: attribute) else {
      preconditionFailure("no input column for `\(attribute.name)`#\(attribute.id)")
    }
    return place
  }
}
