import CSystem
import Contract
import Expressions
import Operators
import Plan
import Synchronization

/// The stateful operators of a plan with the ids by which their state is found again.
struct StatefulPlan: Sendable {
  struct Entry: Sendable {
    let id: String
    let facts: StateFacts
    let name: String
    let origin: Origin?
    let isAmbiguous: Bool
  }

  /// In the order in which they are lowered: children first.
  let entries: [Entry]
  /// Those that keep state in this output mode.
  let keeping: [Entry]

  init(_ plan: any PlanNode, _ mode: OutputMode) throws {
    var nodes: [(StateFacts, any PlanNode)] = []
    Self.collect(plan, into: &nodes)
    var counts: [String: Int] = [:]
    func base(_ facts: StateFacts) -> String {
      if let uid = facts.uid { return "uid:" + uid }
      var keys = facts.keys
      let hash = keys.withUTF8 { moontide_hash64($0.baseAddress, UInt($0.count), 0) }
      return "\(facts.kind.rawValue)-\(String(hash, radix: 16))"
    }
    for (facts, _) in nodes { counts[base(facts), default: 0] += 1 }
    var places: [String: Int] = [:]
    let entries = try nodes.map { facts, node in
      let base = base(facts)
      let place = places[base, default: 0]
      places[base] = place + 1
      let isAmbiguous = counts[base, default: 0] > 1
      if let uid = facts.uid, isAmbiguous {
        throw Failure(
          "DUPLICATE_UID", "two stateful operators have the uid `\(uid)`",
          hint: "Give each its own"
        ).at(node.origin)
      }
      return Entry(
        id: facts.uid == nil ? "\(base)-\(place)" : base, facts: facts, name: node.name,
        origin: node.origin, isAmbiguous: isAmbiguous)
    }
    self.entries = entries
    keeping = entries.filter { !$0.facts.statelessModes.contains(mode) }
  }

  private static func collect(
    _ node: any PlanNode, into nodes: inout [(StateFacts, any PlanNode)]
  ) {
    for child in node.children { collect(child, into: &nodes) }
    if let state = node.streaming.state { nodes.append((state, node)) }
  }

  var origins: [String: Origin] {
    Dictionary(entries.compactMap { one in one.origin.map { (one.id, $0) } }) { first, _ in first }
  }

  /// What the batch log keeps of the operators, once they are made.
  func records(
    _ operators: [any StatefulOperator], _ task: TaskContext
  ) throws -> [RunRecord.Operator] {
    try keeping.map { entry in
      guard let running = operators.first(where: { $0.operatorId == entry.id }) else {
        preconditionFailure("the operator \(entry.id) was not lowered")
      }
      return RunRecord.Operator(
        id: entry.id, kind: entry.facts.kind.rawValue, keys: entry.facts.keys,
        fingerprint: entry.facts.fingerprint, layout: try running.stateSchema(task))
    }
  }

  /// Gives each stateful node its id, in the order of lowering.
  var ids: @Sendable (StateFacts) -> String {
    let rest = Rest(entries)
    return { rest.next($0) }
  }

  private final class Rest: Sendable {
    private let entries: Mutex<[Entry]>

    init(_ entries: [Entry]) { self.entries = Mutex(entries) }

    func next(_ facts: StateFacts) -> String {
      entries.withLock { entries in
        guard let index = entries.firstIndex(where: { $0.facts == facts }) else {
          preconditionFailure("an operator asks for an id that no node of the plan has")
        }
        return entries.remove(at: index).id
      }
    }
  }

  /// Refuses a plan whose operators are not those that the checkpoint's state was made by.
  func check(against logged: [RunRecord.Operator]) throws {
    let new = keeping.filter { entry in !logged.contains { $0.id == entry.id } }
    let gone = logged.filter { old in !keeping.contains { $0.id == old.id } }
    let pairs = zip(gone, new).filter { $0.kind == $1.facts.kind.rawValue }
    if let (old, entry) = pairs.first, pairs.count == new.count, new.count == gone.count,
      !old.hasUid, entry.facts.uid == nil
    {
      throw RestartRules.keysChanged(
        "`\(old.layout.name)`", was: old.keys, now: entry.facts.keys
      ).at(entry.origin)
    }
    var problems = new.map {
      "new: \($0.name) \($0.facts.fingerprint)" + Self.at($0.origin)
    }
    for entry in keeping {
      guard let old = logged.first(where: { $0.id == entry.id }),
        old.kind != entry.facts.kind.rawValue
      else { continue }
      problems.append(
        "changed: the uid `\(entry.facts.uid ?? "")` was of \(old.layout.name) and is of "
          + entry.name + Self.at(entry.origin))
    }
    problems += gone.map { "gone: \($0.layout.name) \($0.fingerprint)" }
    guard problems.isEmpty else {
      throw Failure(
        "STREAMING_STATEFUL_OPERATOR_NOT_MATCH_IN_STATE_METADATA",
        "the checkpoint holds the state of other operators than this query has",
        hint: "Start with a new checkpoint, or go back to the query that made this one",
        details: problems
      ).at(new.first?.origin ?? keeping.first?.origin)
    }
    let isSame = keeping.map(\.id) == logged.map(\.id)
    if !isSame, let ambiguous = keeping.first(where: \.isAmbiguous) {
      throw Failure(
        "STREAMING_STATEFUL_OPERATOR_NOT_MATCH_IN_STATE_METADATA",
        "several operators of the kind `\(ambiguous.facts.kind.rawValue)` have the same keys, and "
          + "the plan around them has changed",
        hint: "Name each with `df:uid(name)` before the first run"
      ).at(ambiguous.origin)
    }
  }

  private static func at(_ origin: Origin?) -> String { origin.map { " (\($0))" } ?? "" }
}
