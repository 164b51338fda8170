import Columns
import Contract
import ExpressionTesting
import Expressions
import Testing

/// Every example beside a function gives the answer that Spark recorded for it.
@Suite struct ExampleTests {
  @Test func everyExampleAnswersAsSpark() {
    var wrong: [String] = []
    for function in FunctionCatalog.builtIn.functions {
      for example in function.spec.examples {
        let answer = Self.answer(example.code, function.spec.kind)
        for (way, text) in answer where !Self.agree(text, example.result) {
          wrong.append("\(example.code)\(way) = \(text), Spark: \(example.result)")
        }
      }
    }
    #expect(wrong.isEmpty, "\(wrong.count) wrong:\n\(wrong.joined(separator: "\n"))")
  }

  @Test func everyFunctionHasAnExample() {
    let without = FunctionCatalog.builtIn.functions.filter { $0.spec.examples.isEmpty }
    // These have no answer that could be recorded, or stand for another function.
    let excused: Set<String> = [
      "count_distinct", "sum_distinct", "window", "session_window",
    ]
    let missing = without.filter { $0.spec.kind != .windowFunction }.map(\.spec.name)
      .filter { !excused.contains($0) && !$0.contains("like") }
    #expect(missing.isEmpty, "without an example: \(missing)")
  }

  /// Equal as text, or as doubles up to the last digits: Java's mathematics rounds otherwise.
  static func agree(_ a: String, _ b: String) -> Bool {
    if a == b { return true }
    // Spark has not named these yet.
    if b.hasPrefix("error _LEGACY"), a.hasPrefix("error ") { return true }
    if let x = Double(a), let y = Double(b) { return abs(x - y) <= 1e-13 * max(abs(x), abs(y)) }
    return false
  }

  static func answer(_ code: String, _ kind: Spec.Kind) -> [(String, String)] {
    do {
      if let split = code.range(of: " FROM VALUES ") {
        let table = try rows(String(code[split.upperBound...]))
        let call = String(code[..<split.lowerBound])
        return [
          ("", try aggregate(call, table, parts: 1)),
          (" (merged)", try aggregate(call, table, parts: 2)),
        ]
      }
      if kind == .generator { return [("", try generate(code))] }
      return [("", evaluate(code)[0])]
    } catch let failure as Failure {
      return [("", "error \(failure.condition)")]
    } catch let failure as RowFailure {
      return [("", "error \(failure.failure.condition)")]
    } catch {
      return [("", "error \(error)")]
    }
  }

  /// `(1, NULL), (2, 'a')` as columns a, b, …
  static func rows(_ text: String) throws -> (Batch, [Attribute]) {
    var tuples: [String] = []
    var (depth, quoted, current) = (0, false, "")
    var cells: [String] = []
    for character in text {
      if character == "'" { quoted.toggle() }
      if !quoted, character == "(" {
        depth += 1
        if depth == 1 { continue }
      }
      if !quoted, character == ")" {
        depth -= 1
        if depth == 0 {
          cells.append(current)
          current = ""
          let fields = zip("abcdefgh", cells).map { "'\($0)', \($1)" }
          tuples.append("named_struct(" + fields.joined(separator: ", ") + ")")
          cells = []
          continue
        }
      }
      if depth == 0 { continue }
      if !quoted, depth == 1, character == "," {
        cells.append(current)
        current = ""
      } else {
        current.append(character)
      }
    }
    let list = try evaluated(
      ExpressionParser.parse("array(" + tuples.joined(separator: ", ") + ")"), nil, [[]], "UTC"
    ).flat
    let table = list.children[0]
    guard case .structure(let fields) = table.type else { return (Batch([], count: 0), []) }
    let attributes = fields.map { Attribute($0.name, $0.type, isNullable: true) }
    return (Batch(table.children.map(\.flat), count: table.count), attributes)
  }

  /// One group; with two parts, the first half of the rows comes as states.
  static func aggregate(
    _ code: String, _ table: (batch: Batch, input: [Attribute]), parts: Int
  ) throws -> String {
    let resolved = try resolve(ExpressionParser.parse(code), table.input)
    let task = TaskContext(batchTimeUs: 1_704_110_400_000_000, seed: 42)
    var results: [Vector] = []
    var attributes: [Attribute] = []
    let over = try resolved.transformed { node in
      guard case .aggregate(let call) = node.kind else { return node }
      let attribute = Attribute("result", node.type)
      attributes.append(attribute)
      results.append(try result(of: call, table, parts: parts, task))
      return .attribute(attribute)
    }
    let context = EvaluationContext(Batch(results, count: 1), task: task)
    let vector = try CompiledExpression(over, input: attributes).evaluate(context)
    return text(vector, 0)
  }

  static func result(
    of call: AggregateCall, _ table: (batch: Batch, input: [Attribute]), parts: Int,
    _ task: TaskContext
  ) throws -> Vector {
    let one = Selection([0])
    var held: [Vector]?
    let count = table.batch.count
    for part in 0..<parts {
      let accumulator = call.function.makeAccumulator()
      accumulator.grow(to: 1)
      let groups = Buffer.zeroed(capacity: (count + 1) * 4)
      defer { withExtendedLifetime(groups) {} }
      let zeros = groups.typed(UInt32.self)
      if let held { try accumulator.merge(held, groups: zeros, count: 1) }
      let range = (count * part / parts)..<(count * (part + 1) / parts)
      let context = EvaluationContext(table.batch.sliced(range), task: task)
      let arguments = try call.arguments.map {
        try CompiledExpression($0, input: table.input).evaluate(context)
      }
      try accumulator.update(arguments, groups: zeros, count: range.count, context: context)
      if part == parts - 1 { return try accumulator.results(one, context: context) }
      held = try accumulator.states(one)
      #expect(held?.map(\.type) == call.function.stateTypes)
      accumulator.reset(one)
    }
    preconditionFailure("an aggregate in no parts")
  }

  static func generate(_ code: String) throws -> String {
    let resolved = try resolve(ExpressionParser.parse(code), [])
    guard case .generator(let generator, let arguments) = resolved.kind else {
      return "no generator"
    }
    let context = EvaluationContext(Batch([], count: 1), task: TaskContext())
    let values = try arguments.map { try CompiledExpression($0, input: []).evaluate(context) }
    let made = try generator.generate(values, count: 1, context: context)
    #expect(made.columns.map(\.type) == generator.output.map(\.type))
    return (0..<made.rows.count).map { row in
      made.columns.map { text($0, row) }.joined(separator: ", ")
    }.joined(separator: " | ")
  }

  static func text(_ vector: Vector, _ row: Int) -> String {
    if vector.isNull(row) { return "NULL" }
    var (writer, bytes) = (ValueText(zone: .utc), [UInt8]())
    writer.append(vector, row, to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }
}

extension String {
  fileprivate func range(of part: String) -> Range<String.Index>? {
    var at = startIndex
    while at < endIndex {
      if self[at...].hasPrefix(part) { return at..<index(at, offsetBy: part.count) }
      at = index(after: at)
    }
    return nil
  }
}
