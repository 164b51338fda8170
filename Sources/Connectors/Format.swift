import Columns
import Contract

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
    let names = Set(known.map { $0.name.lowercased() })
    for name in self.names where !names.contains(name.lowercased()) {
      throw Failure(
        "UNKNOWN_OPTION", "`\(component)` has no option `\(name)`",
        hint: Suggestion.sentence(for: name, among: known.map(\.name)))
    }
  }

  public func integer(_ name: String, in range: ClosedRange<Int64>) throws -> Int64? {
    guard let text = self[name] else { return nil }
    guard let value = Int64(text), range.contains(value) else {
      throw Failure(
        "INVALID_OPTION_VALUE",
        "the option `\(name)` wants an integer from \(range.lowerBound) to \(range.upperBound), not `\(text)`")
    }
    return value
  }

  public func boolean(_ name: String) throws -> Bool? {
    guard let text = self[name] else { return nil }
    switch text.lowercased() {
    case "true": return true
    case "false": return false
    default:
      throw Failure("INVALID_OPTION_VALUE", "the option `\(name)` wants true or false, not `\(text)`")
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

/// A file format: bytes to batches and back. The one place that knows JSON from CSV.
public protocol FileFormat: Sendable {
  /// Name, options and examples.
  var spec: Spec { get }
  /// A reader for a schema. Checks the options.
  func reader(schema: Schema, options: Options, context: FormatContext) throws -> any FormatReader
  /// The schema found in some files, for batch reads without one.
  func inferSchema(files: [String], options: Options, context: FormatContext) throws -> Schema
  /// Checks the options and the schema.
  func writer(schema: Schema, options: Options, context: FormatContext) throws -> any FormatWriter
}

/// What formats need to know of the session.
public struct FormatContext: Sendable {
  public let timeZoneId: String
  public let isCaseSensitive: Bool

  public init(timeZoneId: String = "UTC", isCaseSensitive: Bool = false) {
    self.timeZoneId = timeZoneId
    self.isCaseSensitive = isCaseSensitive
  }
}

/// Decodes files of one format, schema and set of options.
public protocol FormatReader: Sendable {
  /// With the corrupt-record column where the user's schema has it.
  var schema: Schema { get }
  /// Cuts a file into pieces that can be read apart (one, where the format or a compression
  /// forbids cutting).
  func splits(of file: InputFile) throws -> [any InputSplit]
}

/// A file as the source's log names it.
public struct InputFile: Sendable, Hashable {
  /// Absolute.
  public let path: String
  /// Bytes, when it was listed.
  public let size: Int64
  public let modifiedUs: Int64

  public init(path: String, size: Int64, modifiedUs: Int64) {
    self.path = path
    self.size = size
    self.modifiedUs = modifiedUs
  }
}

/// Encodes batches as one file's bytes.
public protocol FormatWriter: Sendable {
  /// `.json`, `.csv.gz`.
  var fileExtension: String { get }
  func makeEncoder() throws -> any BatchEncoder
}

/// The bytes of one file, in pieces.
public protocol BatchEncoder: AnyObject {
  /// Appends the encoded rows to `output`.
  func encode(_ batch: Batch, into output: inout [UInt8]) throws
  /// Appends what ends the file.
  func finish(into output: inout [UInt8]) throws
}
