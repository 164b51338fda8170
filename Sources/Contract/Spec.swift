/// What a component says of itself, once. From the Specs come the Lua methods and their argument
/// checks, `docs/reference/`, the editor annotations in `stdlib/meta/` and the tests of examples.
public struct Spec: Sendable {
  /// What kind of component this is; it decides the reference page.
  public enum Kind: String, Sendable, CaseIterable {
    case function, aggregate, generator, windowFunction
    /// A method on a DataFrame, on grouped data, or on a Column.
    case dataFrameMethod, groupMethod, columnMethod
    /// A method of the session, a reader, a writer, a query: the category says of which.
    case sessionMethod
    case source, sink, format, trigger, setting
  }

  public let kind: Kind
  public let name: String
  public let aliases: [String]
  /// The reference's heading: "strings", "time", "joins".
  public let category: String
  /// One sentence.
  public let summary: String
  public let parameters: [Parameter]
  /// The last parameter may be repeated.
  public let isVariadic: Bool
  /// What comes back, in the reference's words: "STRING", "the type of `a`", "DataFrame".
  public let returns: String
  public let examples: [Example]
  /// Further paragraphs for the reference: nulls, limits, differences from Spark.
  public let notes: String

  public init(
    _ kind: Kind, _ name: String, aliases: [String] = [], category: String, summary: String,
    parameters: [Parameter] = [], isVariadic: Bool = false, returns: String = "",
    examples: [Example] = [], notes: String = ""
  ) {
    self.kind = kind
    self.name = name
    self.aliases = aliases
    self.category = category
    self.summary = summary
    self.parameters = parameters
    self.isVariadic = isVariadic
    self.returns = returns
    self.examples = examples
    self.notes = notes
  }

  /// How few arguments a call may have.
  public var minimumCount: Int {
    let required = parameters.filter { $0.defaultText == nil }.count
    return isVariadic && parameters.last?.defaultText == nil ? max(required - 1, 0) : required
  }
}

/// One parameter of a function or method, or one option of a format.
public struct Parameter: Sendable {
  public enum Kind: Sendable, Hashable {
    /// A string names a column; a Column stands for itself; numbers and booleans are literals.
    case column
    /// Everything is a literal; a Column stands for itself.
    case value
    /// Plain Lua values, checked before the plan is made.
    case text, integer, number, boolean, function
    /// Text such as "10 minutes".
    case duration
    /// A DDL string or a value of `moontide.types`.
    case type
    /// One of a closed set of words.
    case word([String])
    /// A list of columns, a table of options, a DataFrame, anything that the method itself checks.
    case columns, table, dataFrame, any
    /// An option that the component of this name has in another place, which the summary tells
    /// ("when reading"); here it would do nothing, and is refused with that place.
    case elsewhere
  }

  public let name: String
  public let kind: Kind
  /// nil: the argument must be given. Otherwise the default as the reference shows it.
  public let defaultText: String?
  public let summary: String

  public init(_ name: String, _ kind: Kind, default defaultText: String? = nil, _ summary: String) {
    self.name = name
    self.kind = kind
    self.defaultText = defaultText
    self.summary = summary
  }

  /// What of some options is not among a component's own.
  public static func elsewhere(
    _ place: String, _ others: [Parameter], besides own: [Parameter]
  ) -> [Parameter] {
    let names = Set(own.map { $0.name.lowercased() })
    return others.filter { !names.contains($0.name.lowercased()) }.map {
      Parameter($0.name, .elsewhere, default: "", place)
    }
  }
}

/// One example of the reference, which a test runs.
///
/// For functions `code` is an expression in SQL text (`upper('straße')`) and `result` the answer
/// that Spark recorded, as `CAST(… AS STRING)` shows it, or `error CONDITION`. For methods `code`
/// is Lua over the names `session` and `F`, and `result` what it prints.
public struct Example: Sendable {
  public let code: String
  public let result: String

  public init(_ code: String, _ result: String) {
    self.code = code
    self.result = result
  }
}
