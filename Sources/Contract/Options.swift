/// The options of one reader or writer: names without regard to case, each documented by its
/// component's Spec, and every unknown one an error with a suggestion.
public struct Options: Sendable {
  /// Lower-cased name to value.
  private var values: [String: String] = [:]
  /// As the user wrote them.
  public private(set) var names: [String] = []

  public init() {}

  public init(_ pairs: [(String, String)]) {
    for (name, value) in pairs { self[name] = value }
  }

  public subscript(name: String) -> String? {
    get { values[name.lowercased()] }
    set {
      let key = name.lowercased()
      if values[key] == nil { names.append(name) }
      values[key] = newValue
    }
  }

  /// Refuses names that no parameter in `known` has.
  public func check(against known: [Parameter], of component: String) throws {
    for name in names {
      let found = known.first { $0.name.lowercased() == name.lowercased() }
      guard let found else {
        throw Failure(
          "UNKNOWN_OPTION", "`\(component)` has no option `\(name)`",
          hint: Suggestion.sentence(
            for: name, among: known.filter { $0.kind != .elsewhere }.map(\.name)))
      }
      guard found.kind == .elsewhere else { continue }
      throw Failure(
        "UNKNOWN_OPTION", "`\(component)` has the option `\(name)` \(found.summary) alone",
        hint: "Leave it out here: it would do nothing")
    }
  }

  public func integer(_ name: String, in range: ClosedRange<Int64>) throws -> Int64? {
    guard let text = self[name] else { return nil }
    guard let value = Int64(text), range.contains(value) else {
      throw Failure(
        "INVALID_OPTION_VALUE",
        "the option `\(name)` wants an integer from \(range.lowerBound) to "
          + "\(range.upperBound), not `\(text)`"
      )
    }
    return value
  }

  public func boolean(_ name: String) throws -> Bool? {
    guard let text = self[name] else { return nil }
    switch text.lowercased() {
    case "true": return true
    case "false": return false
    default:
      throw Failure(
        "INVALID_OPTION_VALUE", "the option `\(name)` wants true or false, not `\(text)`")
    }
  }

  /// One of some words, without regard to case.
  public func word(_ name: String, of words: [String]) throws -> String? {
    guard let text = self[name] else { return nil }
    if let word = words.first(where: { $0.lowercased() == text.lowercased() }) { return word }
    throw Failure(
      "INVALID_OPTION_VALUE",
      "the option `\(name)` is one of \(words.joined(separator: ", ")), not `\(text)`",
      hint: Suggestion.sentence(for: text, among: words))
  }

  /// Microseconds.
  public func durationUs(_ name: String) throws -> Int64? {
    guard let text = self[name] else { return nil }
    guard let us = DurationText.microseconds(text) else {
      throw Failure(
        "INVALID_OPTION_VALUE",
        "the option `\(name)` wants a duration such as `10 seconds`, not `\(text)`")
    }
    return us
  }
}
