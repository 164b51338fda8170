import Columns
import Contract
import Expressions
import Plan

/// Takes `window(time, …)` and `session_window(time, gap)` out of lists of columns: a node below
/// makes the window's column, and the calls become that column.
struct TimeWindows {
  let analyzer: Analyzer

  /// Stands for DataFrames that no script can name: the columns made here.
  private static let madeColumns = -1

  func extract(_ list: [UnresolvedExpression], from input: AnalyzedPlan) throws
    -> (list: [UnresolvedExpression], input: AnalyzedPlan)
  {
    var found: [(identity: String, column: Attribute)] = []
    var node = input.node
    let resolver = analyzer.resolver(input.scope)
    let rewritten = try list.map { item in
      try item.rewritten { part -> UnresolvedExpression? in
        guard case .call(let name, let arguments, _, _) = part.node,
          ["window", "session_window"].contains(name.lowercased()),
          analyzer.functions.userFunction(name) == nil
        else { return nil }
        let made = try withOrigin(part.origin) {
          name.lowercased() == "window"
            ? try window(arguments, resolver, node, part.origin)
            : try session(arguments, resolver, node, part.origin)
        }
        if let known = found.first(where: { $0.identity == made.identity }) {
          return column(known.column, part.origin)
        }
        guard found.isEmpty else {
          throw Failure(
            "_LEGACY_ERROR_TEMP_1039",
            "Multiple time/session window expressions would result in a cartesian product of "
              + "rows, therefore they are currently not supported.", origin: part.origin)
        }
        node = made.node
        found.append((made.identity, made.column))
        return column(made.column, part.origin)
      }
    }
    if found.isEmpty { return (list, input) }
    var columns = input.columnsOfPlan
    columns[Self.madeColumns] = [found.map(\.column)]
    return (
      rewritten,
      AnalyzedPlan(
        node, columnsOfPlan: columns, made: input.made, qualified: input.qualified)
    )
  }

  private func column(_ attribute: Attribute, _ origin: Origin?) -> UnresolvedExpression {
    UnresolvedExpression(.column(ofPlan: Self.madeColumns, name: attribute.name), origin: origin)
  }

  private struct Made {
    let identity: String
    let column: Attribute
    let node: any PlanNode
  }

  private func window(
    _ arguments: [UnresolvedExpression], _ resolver: ExpressionResolver, _ child: any PlanNode,
    _ origin: Origin?
  ) throws -> Made {
    guard (2...4).contains(arguments.count) else {
      throw wrongCount("window", "2, 3 or 4", arguments.count)
    }
    let texts = try arguments.dropFirst().map { try duration($0, of: "window") }
    let spans = try texts.map { try CalendarInterval($0).windowUs($0) }
    let shape = TimeWindow.Shape(
      widthUs: spans[0], slideUs: spans.count > 1 ? spans[1] : spans[0],
      startUs: spans.count > 2 ? spans[2] : 0)
    let resolved = try resolver.resolve(arguments[0])
    let call = "window(\(resolved.sqlText), \(shape.widthUs), \(shape.slideUs), \(shape.startUs))"
    try check(shape, call)
    let time = try timeOf(resolved, call)
    let node = TimeWindow(
      time: time.expression, shape: shape,
      window: Self.column("window", time.expression.type, delayUs: time.delayUs), child: child,
      origin: origin)
    return Made(
      identity: "\(time.expression.identity) \(shape)", column: node.window, node: node)
  }

  private func session(
    _ arguments: [UnresolvedExpression], _ resolver: ExpressionResolver, _ child: any PlanNode,
    _ origin: Origin?
  ) throws -> Made {
    guard arguments.count == 2 else { throw wrongCount("session_window", "2", arguments.count) }
    let resolved = try resolver.resolve(arguments[0])
    let call = "session_window(\(resolved.sqlText))"
    let time = try timeOf(resolved, call)
    let gap: SessionWindow.Gap
    if case .literal(.bytes, _) = arguments[1].node {
      let text = try duration(arguments[1], of: "session_window")
      gap = .fixed(try CalendarInterval(text).windowUs(text))
    } else {
      gap = .computed(try resolver.resolve(arguments[1]))
    }
    let node = SessionWindow(
      time: time.expression, gap: gap,
      window: Self.column("session_window", time.expression.type, delayUs: time.delayUs),
      child: child, origin: origin)
    return Made(
      identity: "session \(time.expression.identity) \(gap)", column: node.window, node: node)
  }

  private static func column(_ name: String, _ moment: DataType, delayUs: Int64?) -> Attribute {
    Attribute(
      name, .structure([Field("start", moment), Field("end", moment)]), isNullable: false,
      watermarkDelayUs: delayUs)
  }

  private func wrongCount(_ name: String, _ expected: String, _ count: Int) -> Failure {
    Failure(
      "WRONG_NUM_ARGS.WITHOUT_SUGGESTION",
      "`\(name)` takes \(expected) arguments, not \(count)")
  }

  private func duration(_ argument: UnresolvedExpression, of name: String) throws -> String {
    if case .literal(let value, .string) = argument.node, let text = value.text { return text }
    throw Failure(
      "_LEGACY_ERROR_TEMP_1034",
      "The duration and time inputs to `\(name)` must be an integer, long or string literal.",
      hint: "Write them as text: \"10 minutes\".", origin: argument.origin)
  }

  private func check(_ shape: TimeWindow.Shape, _ call: String) throws {
    func violated(_ text: String) -> Failure {
      Failure(
        "DATATYPE_MISMATCH.PARAMETER_CONSTRAINT_VIOLATION", "`\(call)` is not possible: \(text)")
    }
    if shape.widthUs <= 0 {
      throw violated("the `window_duration`(\(shape.widthUs)) must be above 0")
    }
    if shape.slideUs <= 0 {
      throw violated("the `slide_duration`(\(shape.slideUs)) must be above 0")
    }
    if shape.slideUs > shape.widthUs {
      throw violated(
        "the `slide_duration`(\(shape.slideUs)) must be at most the "
          + "`window_duration`(\(shape.widthUs))")
    }
    if abs(shape.startUs) >= shape.slideUs {
      throw violated(
        "the `abs(start_time)`(\(abs(shape.startUs))) must be below the "
          + "`slide_duration`(\(shape.slideUs))")
    }
  }

  /// The time to be windowed: a timestamp, or of a window its last microsecond.
  private func timeOf(_ resolved: Expression, _ call: String) throws
    -> (expression: Expression, delayUs: Int64?)
  {
    let delay = resolved.eventTimeDelayUs
    switch resolved.type {
    case .timestamp, .timestampNtz: return (resolved, delay)
    case .date: return (try resolved.cast(to: .timestamp), nil)
    case .structure(let fields)
    where fields.count == 2 && fields[0].name == "start" && fields[1].name == "end":
      return (try analyzer.call("window_time", [resolved]), delay)
    default:
      throw Failure(
        "DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE",
        "`\(call)` wants a TIMESTAMP, but `\(resolved.sqlText)` has the type \"\(resolved.type)\"",
        hint: "`F.to_timestamp` reads a text as a time.")
    }
  }
}
