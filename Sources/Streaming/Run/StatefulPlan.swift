import CSystem
import Contract
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

  init(_ plan: any PlanNode) throws {
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
    entries = try nodes.map { facts, node in
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
  }

  private static func collect(
    _ node: any PlanNode, into nodes: inout [(StateFacts, any PlanNode)]
  ) {
    for child in node.children { collect(child, into: &nodes) }
    if let state = node.streaming.state { nodes.append((state, node)) }
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
    var problems: [String] = []
    for entry in entries {
      guard let old = logged.first(where: { $0.id == entry.id }) else {
        problems.append("new: \(entry.name) \(entry.facts.fingerprint)" + Self.at(entry.origin))
        continue
      }
      if old.fingerprint != entry.facts.fingerprint {
        problems.append(
          "changed: \(entry.name)" + Self.at(entry.origin) + " was \(old.fingerprint), is "
            + entry.facts.fingerprint)
      }
    }
    for old in logged where !entries.contains(where: { $0.id == old.id }) {
      problems.append("gone: \(old.kind) \(old.fingerprint)")
    }
    guard problems.isEmpty else {
      throw Failure(
        "STREAMING_STATEFUL_OPERATOR_NOT_MATCH_IN_STATE_METADATA",
        "the checkpoint holds the state of other operators than this query has",
        hint: "Start with a new checkpoint, or go back to the query that made this one",
        details: problems
      ).at(entries.first?.origin)
    }
    let isSame = entries.map(\.id) == logged.map(\.id)
    if !isSame, let ambiguous = entries.first(where: \.isAmbiguous) {
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
