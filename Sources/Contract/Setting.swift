/// One setting of the session: its Spec beside its type and default.
public struct Setting: Sendable {
  public enum Value: Sendable, Hashable {
    case text(String)
    case integer(Int64)
    case boolean(Bool)
    /// Microseconds.
    case duration(Int64)
    case size(ByteSize)
  }

  public let name: String
  public let defaultValue: Value
  public let summary: String
  /// The words that a text setting accepts; empty: any.
  public let words: [String]
  public let range: ClosedRange<Int64>
  /// Fixed in the checkpoint: the value found there wins over the session's, with a warning.
  public let isPinned: Bool

  public init(
    _ name: String, _ defaultValue: Value, _ summary: String, words: [String] = [],
    range: ClosedRange<Int64> = 0...Int64.max, isPinned: Bool = false
  ) {
    self.name = name
    self.defaultValue = defaultValue
    self.summary = summary
    self.words = words
    self.range = range
    self.isPinned = isPinned
  }

  /// The reference's entry.
  public var spec: Spec {
    Spec(
      .setting, name, category: "settings", summary: summary,
      returns: defaultValue.text, notes: isPinned ? "Fixed in the checkpoint." : "")
  }
}

extension Setting.Value {
  /// As a script reads it back.
  public var text: String {
    switch self {
    case .text(let text): text
    case .integer(let value): String(value)
    case .boolean(let value): String(value)
    case .duration(let us): us % 1000 == 0 ? "\(us / 1000) ms" : "\(us) us"
    case .size(let size): "\(size)"
    }
  }
}

/// The session's settings: a value with Spark's names (`moontide.` for `spark.sql.`).
public struct Settings: Sendable {
  private var values: [String: Setting.Value] = [:]
  /// Lower-cased name to the definition.
  private let known: [String: Setting]
  private let names: [String]

  /// Throws away nothing: two settings of one name are a bug.
  public init(_ settings: [Setting]) {
    known = Dictionary(uniqueKeysWithValues: settings.map { ($0.name.lowercased(), $0) })
    names = settings.map(\.name)
  }

  /// The setting behind a name in Moontide's or Spark's spelling.
  public func setting(named name: String) throws -> Setting {
    let own = Self.ownName(name)
    if let setting = known[own.lowercased()] { return setting }
    throw Failure(
      "SQL_CONF_NOT_FOUND", "there is no setting `\(name)`",
      hint: Suggestion.sentence(for: own, among: names))
  }

  /// The settings that a checkpoint fixes, with the values now in force.
  public var pinned: [(name: String, text: String)] {
    names.compactMap { name in
      guard let setting = known[name.lowercased()], setting.isPinned else { return nil }
      return (name, (values[setting.name] ?? setting.defaultValue).text)
    }
  }

  /// All settings with the values now in force and what they are for, by name.
  public var all: [(name: String, text: String, meaning: String)] {
    get throws {
      try names.sorted().map { name in
        let setting = try setting(named: name)
        return (setting.name, (values[setting.name] ?? setting.defaultValue).text, setting.summary)
      }
    }
  }

  /// `spark.sql.x` as `moontide.x`.
  public static func ownName(_ name: String) -> String {
    let spark = "spark.sql."
    return name.lowercased().hasPrefix(spark) ? "moontide." + name.dropFirst(spark.count) : name
  }

  /// The value now in force, as text.
  public func text(_ name: String) throws -> String {
    let setting = try setting(named: name)
    return (values[setting.name] ?? setting.defaultValue).text
  }

  public mutating func set(_ name: String, to text: String) throws {
    let setting = try setting(named: name)
    values[setting.name] = try parse(text, for: setting)
  }

  public mutating func unset(_ name: String) throws {
    values[try setting(named: name).name] = nil
  }

  public subscript(integer name: String) -> Int64 {
    guard case .integer(let value) = value(name) else {
      preconditionFailure("\(name) is no integer")
    }
    return value
  }

  public subscript(boolean name: String) -> Bool {
    guard case .boolean(let value) = value(name) else {
      preconditionFailure("\(name) is no boolean")
    }
    return value
  }

  public subscript(durationUs name: String) -> Int64 {
    guard case .duration(let value) = value(name) else {
      preconditionFailure("\(name) is no duration")
    }
    return value
  }

  public subscript(size name: String) -> ByteSize {
    guard case .size(let value) = value(name) else { preconditionFailure("\(name) is no size") }
    return value
  }

  public subscript(text name: String) -> String {
    guard case .text(let value) = value(name) else { preconditionFailure("\(name) is no text") }
    return value
  }

  private func value(_ name: String) -> Setting.Value {
    guard let setting = known[name.lowercased()] else {
      preconditionFailure("the engine asks for a setting that no catalog lists: \(name)")
    }
    return values[setting.name] ?? setting.defaultValue
  }

  private func parse(_ text: String, for setting: Setting) throws -> Setting.Value {
    func invalid(_ wanted: String) -> Failure {
      Failure(
        "INVALID_CONF_VALUE.TYPE_MISMATCH",
        "the setting `\(setting.name)` wants \(wanted), not `\(text)`")
    }
    switch setting.defaultValue {
    case .text:
      let word = setting.words.first { $0.lowercased() == text.lowercased() }
      guard setting.words.isEmpty || word != nil else {
        throw invalid("one of " + setting.words.joined(separator: ", "))
      }
      return .text(word ?? text)
    case .integer:
      guard let value = Int64(text), setting.range.contains(value) else {
        throw invalid("an integer from \(setting.range.lowerBound) to \(setting.range.upperBound)")
      }
      return .integer(value)
    case .boolean:
      switch text.lowercased() {
      case "true": return .boolean(true)
      case "false": return .boolean(false)
      default: throw invalid("true or false")
      }
    case .duration:
      guard let us = DurationText.microseconds(text) else {
        throw invalid("a duration such as `10 seconds`")
      }
      return .duration(us)
    case .size:
      guard let size = ByteSize(text: text) else {
        throw invalid("an amount of memory such as `256 MiB`, `2g` or `80%`")
      }
      return .size(size)
    }
  }
}
