import Columns
import Contract
import Expressions
import Plan

/// A GROUP BY clause.
enum Grouping {
  case plain([UnresolvedExpression], ordinals: [PlanArgument] = [])
  /// `GROUP BY ALL`: every item without an aggregate is a key.
  case all
  /// ROLLUP, CUBE, GROUPING SETS: the keys, and for each set the places of its keys among them.
  case sets([UnresolvedExpression], [[Int]], ordinals: [PlanArgument])

  func arguments(_ parser: QueryParser) -> [String: PlanArgument] {
    switch self {
    case .plain(let keys, let ordinals):
      return [
        "grouping": .text("groupBy"), "keys": parser.expressions(keys),
        "ordinals": .list(ordinals),
      ]
    case .all: return ["grouping": .text("groupByAll"), "keys": .list([])]
    case .sets(let keys, let sets, let ordinals):
      let lists = sets.map { PlanArgument.list($0.map { .integer(Int64($0)) }) }
      return [
        "grouping": .text("groupingSets"), "keys": parser.expressions(keys), "sets": .list(lists),
        "ordinals": .list(ordinals),
      ]
    }
  }
}

/// The keys of a clause as they are read, and the sets made of them.
private struct KeySets {
  var keys: [UnresolvedExpression] = []
  /// The places of the keys that were written as an item's number.
  var ordinals: [PlanArgument] = []
  /// Each a list of places in `keys`.
  var sets: [[Int]] = [[]]
  var hasSets = false

  mutating func add(_ key: UnresolvedExpression) -> Int {
    keys.append(key)
    return keys.count - 1
  }

  /// `GROUP BY a, ROLLUP (b, c)`: every set of the one with every set of the other.
  mutating func cross(_ more: [[Int]]) {
    sets = sets.flatMap { own in more.map { own + $0 } }
  }
}

extension QueryParser {
  /// The most sets that one clause may make.
  private static let setLimit = 4096

  mutating func grouping(_ select: Select) throws -> Grouping {
    if tokens.peek.isWord("ALL"), !tokens.peek(1).isSign("("), !tokens.peek(1).isSign("."),
      !tokens.peek(1).isSign(",")
    {
      tokens.advance()
      return .all
    }
    var made = KeySets()
    repeat {
      if let sets = try keySets(select, &made) {
        made.hasSets = true
        made.cross(sets)
      } else {
        made.cross([[try key(select, &made)]])
      }
      guard made.sets.count <= Self.setLimit else {
        throw Failure(
          "GROUPING_SIZE_LIMIT_EXCEEDED",
          "GROUP BY makes more than \(Self.setLimit) grouping sets", origin: origin)
      }
    } while tokens.take(sign: ",")
    if tokens.peek.isWord("GROUPING"), tokens.peek(1).isWord("SETS") {
      let sets = try keySets(select, &made) ?? []
      return .sets(made.keys, sets, ordinals: made.ordinals)
    }
    let all = Array(made.keys.indices)
    if tokens.take("WITH", "ROLLUP") {
      return .sets(made.keys, Self.prefixes(all.map { [$0] }), ordinals: made.ordinals)
    }
    if tokens.take("WITH", "CUBE") {
      return .sets(made.keys, try subsets(all.map { [$0] }), ordinals: made.ordinals)
    }
    return made.hasSets
      ? .sets(made.keys, made.sets, ordinals: made.ordinals)
      : .plain(made.keys, ordinals: made.ordinals)
  }

  /// `ROLLUP (…)`, `CUBE (…)` or `GROUPING SETS (…)`; nil where none of them is next.
  private mutating func keySets(_ select: Select, _ made: inout KeySets) throws -> [[Int]]? {
    if tokens.peek.isWord("ROLLUP"), tokens.peek(1).isSign("(") {
      return Self.prefixes(try elements(select, &made))
    }
    if tokens.peek.isWord("CUBE"), tokens.peek(1).isSign("(") {
      return try subsets(try elements(select, &made))
    }
    guard tokens.take("GROUPING", "SETS") else { return nil }
    try tokens.expect(sign: "(")
    var sets: [[Int]] = []
    repeat {
      if let nested = try keySets(select, &made) {
        sets += nested
      } else {
        sets.append(try element(select, &made))
      }
    } while tokens.take(sign: ",")
    try tokens.expect(sign: ")")
    return sets
  }

  /// The word and, in brackets, its elements.
  private mutating func elements(_ select: Select, _ made: inout KeySets) throws -> [[Int]] {
    tokens.position += 2
    var elements: [[Int]] = []
    repeat { elements.append(try element(select, &made)) } while tokens.take(sign: ",")
    try tokens.expect(sign: ")")
    return elements
  }

  /// One key, or several in brackets.
  private mutating func element(_ select: Select, _ made: inout KeySets) throws -> [Int] {
    let start = tokens.position
    guard tokens.take(sign: "(") else { return [try key(select, &made)] }
    var places: [Int] = []
    if tokens.take(sign: ")") { return places }
    let known = made
    repeat { places.append(try key(select, &made)) } while tokens.take(sign: ",")
    guard tokens.take(sign: ")"), tokens.peek.isSign(",") || tokens.peek.isSign(")") else {
      // `(a + b) * 2`: the bracket belongs to an expression.
      tokens.position = start
      made = known
      return [try key(select, &made)]
    }
    return places
  }

  private mutating func key(_ select: Select, _ made: inout KeySets) throws -> Int {
    let key = try tokens.expression()
    if case .literal(.integer(let place), .int) = key.node {
      made.ordinals.append(.integer(Int64(made.keys.count)))
      return made.add(try select.ordinal(place, key.origin))
    }
    return made.add(select.aliased(key) ?? key)
  }

  private static func prefixes(_ elements: [[Int]]) -> [[Int]] {
    (0...elements.count).reversed().map { Array(elements.prefix($0).joined()) }
  }

  private func subsets(_ elements: [[Int]]) throws -> [[Int]] {
    guard elements.count <= 12 else {
      throw Failure(
        "GROUPING_SIZE_LIMIT_EXCEEDED", "a cube has 12 keys at most, not \(elements.count)",
        origin: origin)
    }
    return (0..<(1 << elements.count)).map { left in
      Array(
        elements.indices.filter { left >> (elements.count - 1 - $0) & 1 == 0 }
          .flatMap { elements[$0] })
    }
  }
}
