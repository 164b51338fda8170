import Columns
import Contract

/// What names stand for where an expression is resolved.
public protocol Scope: Sendable {
  /// The visible columns, in order, with their qualifiers.
  var columns: [Attribute] { get }
  /// Columns that only a name with their qualifier finds.
  var qualified: [Attribute] { get }
  /// The column `name` of the DataFrame whose plan has this id, as it is visible here. Throws where
  /// that DataFrame has no such column, or its columns are not visible.
  func column(ofPlan id: Int, name: String) throws -> Attribute
}

extension Scope {
  public var qualified: [Attribute] { [] }
}

/// A scope of some columns and no DataFrames: for tests, generated plans and generated columns.
public struct ColumnScope: Scope {
  public let columns: [Attribute]

  public init(_ columns: [Attribute]) { self.columns = columns }

  /// The first of the columns with that name.
  public func column(ofPlan id: Int, name: String) throws -> Attribute {
    let matches = columns.filter { $0.name.lowercased() == name.lowercased() }
    guard let first = matches.first else { throw unresolvedColumn([name], columns: columns) }
    return first
  }
}

/// Spark's UNRESOLVED_COLUMN, with the nearest names and all of them.
public func unresolvedColumn(_ parts: [String], columns: [Attribute], origin: Origin? = nil)
  -> Failure
{
  let name = parts.joined(separator: ".")
  if columns.isEmpty {
    return Failure(
      "UNRESOLVED_COLUMN.WITHOUT_SUGGESTION", "there is no column `\(name)` here", origin: origin)
  }
  var names = columns.map(\.name)
  if parts.count > 1 {
    names += columns.compactMap { column in column.qualifier.map { "\($0).\(column.name)" } }
  }
  return Failure(
    "UNRESOLVED_COLUMN.WITH_SUGGESTION", "there is no column `\(name)` in this DataFrame",
    hint: Suggestion.sentence(for: name, among: names),
    details: ["columns: " + columns.map(\.name).joined(separator: ", ")], origin: origin)
}

extension Scope {
  /// The column that a name with these parts begins with, and how many parts it took. A qualified
  /// match wins over a column with a field.
  func lookup(_ parts: [String], isCaseSensitive: Bool, origin: Origin?) throws
    -> (column: Attribute, taken: Int)?
  {
    func same(_ a: String, _ b: String) -> Bool {
      a == b || (!isCaseSensitive && a.lowercased() == b.lowercased())
    }
    var matches: [Attribute] = []
    var taken = 2
    if parts.count > 1 {
      matches = columns.filter { column in
        column.qualifier.map { same($0, parts[0]) } ?? false && same(column.name, parts[1])
      }
    }
    if matches.isEmpty {
      taken = 1
      matches = columns.filter { same($0.name, parts[0]) }
    }
    if matches.isEmpty, parts.count > 1 {
      taken = 2
      matches = qualified.filter { column in
        column.qualifier.map { same($0, parts[0]) } ?? false && same(column.name, parts[1])
      }
    }
    guard let first = matches.first else { return nil }
    guard matches.allSatisfy({ $0 == first }) else {
      let could = matches.map { ($0.qualifier.map { "`\($0)`." } ?? "") + "`\($0.name)`" }
      throw Failure(
        "AMBIGUOUS_REFERENCE",
        "the reference `\(parts.joined(separator: "."))` is ambiguous: it could be "
          + could.joined(separator: ", "),
        hint: "Name the DataFrame: `df.\(first.name)`, or `df:alias(…)` and the alias in front",
        origin: origin)
    }
    return (first, taken)
  }
}
