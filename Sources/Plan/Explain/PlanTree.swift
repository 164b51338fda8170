import Expressions

/// Plans as `explain` shows them.
public enum PlanTree {
  /// A node a line, indented as Spark indents a tree.
  public static func text(_ node: any PlanNode) -> String {
    var lines: [String] = []
    append(node, first: "", rest: "", to: &lines)
    return lines.joined(separator: "\n")
  }

  private static func append(
    _ node: any PlanNode, first: String, rest: String, to lines: inout [String]
  ) {
    lines.append(first + header(node))
    let children = node.children
    for (index, child) in children.enumerated() {
      let isLast = index == children.count - 1
      append(
        child, first: rest + (isLast ? "+- " : ":- "), rest: rest + (isLast ? "   " : ":  "),
        to: &lines)
    }
  }

  private static func header(_ node: any PlanNode) -> String {
    node.details.isEmpty ? node.name : "\(node.name) \(node.details)"
  }

  /// What `explain(mode)` prints: the analysed plan and what became of it.
  ///
  /// `simple` is the optimised plan, `extended` (and `cost`) both, `formatted` an outline with each
  /// node's input, output and script line below. There is no generated code for `codegen` to show.
  public static func explained(
    analyzed: any PlanNode, optimized: any PlanNode, mode: String
  ) -> String {
    switch mode {
    case "extended", "cost":
      return "== Analyzed Logical Plan ==\n\(schemaLine(analyzed))\n\(text(analyzed))\n\n"
        + "== Optimized Plan ==\n\(text(optimized))\n"
    case "formatted": return "== Optimized Plan ==\n\(formatted(optimized))"
    default: return "== Optimized Plan ==\n\(text(optimized))\n"
    }
  }

  private static func schemaLine(_ node: any PlanNode) -> String {
    node.output.map { "\($0.name): \($0.type.simpleString)" }.joined(separator: ", ")
  }

  private static func formatted(_ node: any PlanNode) -> String {
    var outline: [String] = []
    var details: [String] = []
    var number = 0
    func visit(_ node: any PlanNode, first: String, rest: String) {
      number += 1
      outline.append("\(first)\(node.name) (\(number))")
      var entry = "(\(number)) \(node.name)"
      if !node.children.isEmpty {
        let input = node.children.flatMap(\.output)
        entry += "\nInput [\(input.count)]: \(PlanText.list(input))"
      }
      entry += "\nOutput [\(node.output.count)]: \(PlanText.list(node.output))"
      if !node.details.isEmpty { entry += "\nArguments: \(node.details)" }
      if let origin = node.origin { entry += "\nScript: \(origin)" }
      details.append(entry)
      let children = node.children
      for (index, child) in children.enumerated() {
        let isLast = index == children.count - 1
        visit(
          child, first: rest + (isLast ? "+- " : ":- "), rest: rest + (isLast ? "   " : ":  "))
      }
    }
    visit(node, first: "", rest: "")
    return outline.joined(separator: "\n") + "\n\n" + details.joined(separator: "\n\n") + "\n"
  }
}
