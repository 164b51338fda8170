import Contract
import Expressions
import Plan

/// Takes functions over windows of rows (`row_number() OVER …`) out of columns: Window nodes below
/// compute them, and the calls become columns.
enum WindowFunctions {
  static func extract(
    _ columns: [NamedExpression], over child: any PlanNode, origin: Origin?
  ) -> (columns: [NamedExpression], child: any PlanNode) {
    var node = child
    let flat = columns.map { column -> NamedExpression in
      let replaced = column.expression.transformed { part in
        guard case .window(let call) = part.kind else { return part }
        let made = Attribute(part.automaticName, part.type, isNullable: part.isNullable)
        node = WindowOverRows(
          NamedExpression(Expression(.window(call), part.type, origin: part.origin), as: made),
          node, origin: part.origin ?? origin)
        return .attribute(made, origin: part.origin)
      }
      return NamedExpression(replaced, as: column.attribute)
    }
    return (flat, node)
  }
}
