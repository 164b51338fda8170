import Expressions

/// Which steps of a script's plan are used more than once, and which columns are named by their
/// DataFrame: all that analysis needs to keep. Keeping every step's columns would take memory with
/// the square of the number of steps.
struct PlanUses {
  private var inputCounts: [Int: Int] = [:]
  /// By a DataFrame's id: the names, in lower case.
  private var names: [Int: Set<String>] = [:]

  init(of plan: UnresolvedPlan) {
    var open = [plan]
    while let next = open.popLast() {
      for argument in next.arguments.values { note(argument) }
      for input in next.inputs {
        inputCounts[input.id, default: 0] += 1
        if inputCounts[input.id] == 1 { open.append(input) }
      }
    }
  }

  /// Whether several steps stand on this one.
  func isShared(_ id: Int) -> Bool { inputCounts[id] ?? 0 > 1 }

  /// The columns that expressions name as columns of this DataFrame; nil: none. All of them where
  /// one is not there, since the error lists them.
  func columnsNamed(ofPlan id: Int, in output: [Attribute]) -> [Attribute]? {
    guard let names = names[id] else { return nil }
    let named = output.filter { names.contains($0.name.lowercased()) }
    return Set(named.map { $0.name.lowercased() }).count == names.count ? named : output
  }

  private mutating func note(_ argument: PlanArgument) {
    switch argument {
    case .expression(let expression): note(expression)
    case .list(let elements): for element in elements { note(element) }
    case .table(let fields): for field in fields { note(field.value) }
    default: break
    }
  }

  private mutating func note(_ expression: UnresolvedExpression) {
    if case .column(let id, let name) = expression.node {
      names[id, default: []].insert(name.lowercased())
    }
    for child in expression.node.children { note(child) }
  }
}
