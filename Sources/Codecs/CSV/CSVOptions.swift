import Columns
import Contract

/// What becomes of a quote inside a value in quotes that is neither escaped nor the last.
public enum UnescapedQuoteHandling: String, Sendable, CaseIterable {
  case stopAtClosingQuote = "STOP_AT_CLOSING_QUOTE"
  case backToDelimiter = "BACK_TO_DELIMITER"
  case stopAtDelimiter = "STOP_AT_DELIMITER"
  case skipValue = "SKIP_VALUE"
  case raiseError = "RAISE_ERROR"
}

/// The options of CSV, checked; the defaults are Spark's.
public struct CSVOptions: Sendable {
  public var mode = ParseMode.permissive
  public var columnNameOfCorruptRecord = "_corrupt_record"
  public var separator: [UInt8] = [UInt8(ascii: ",")]
  /// 0: none.
  public var quote = UInt8(ascii: "\"")
  public var escape = UInt8(ascii: "\\")
  /// What escapes the escape character before a quote; 0: none.
  public var escapeOfEscape = UInt8(ascii: "\\")
  /// nil: no line is a comment.
  public var comment: UInt8?
  public var header = false
  public var enforceSchema = true
  public var inferSchema = false
  public var preferDate = true
  public var ignoreLeadingWhiteSpace = false
  public var ignoreTrailingWhiteSpace = false
  public var nullValue: [UInt8] = []
  public var emptyValue: [UInt8] = []
  public var nanValue = Array("NaN".utf8)
  public var positiveInf = Array("Inf".utf8)
  public var negativeInf = Array("-Inf".utf8)
  public var maxColumns = 20480
  /// -1: no limit.
  public var maxCharsPerColumn = -1
  public var unescapedQuoteHandling = UnescapedQuoteHandling.stopAtDelimiter
  public var multiLine = false
  /// Writing: whether every value stands in quotes, and whether quotes in values are escaped.
  public var quoteAll = false
  public var escapeQuotes = true
  public var lineSeparator: [UInt8]?
  public var samplingRatio = 1.0
  public var times = TextTimeOptions()

  public init() {}

  /// `isWriting`: white space around values is left out by default, and an empty value is `""`.
  public init(_ options: Options, timeZoneId: String, isWriting: Bool = false) throws {
    if isWriting {
      (ignoreLeadingWhiteSpace, ignoreTrailingWhiteSpace) = (true, true)
      emptyValue = Array("\"\"".utf8)
    }
    mode = try ParseMode(options) ?? mode
    columnNameOfCorruptRecord = options["columnNameOfCorruptRecord"] ?? columnNameOfCorruptRecord
    try readCharacters(options)
    func flag(_ name: String, _ value: inout Bool) throws {
      value = try options.boolean(name) ?? value
    }
    try flag("header", &header)
    try flag("enforceSchema", &enforceSchema)
    try flag("inferSchema", &inferSchema)
    try flag("preferDate", &preferDate)
    try flag("ignoreLeadingWhiteSpace", &ignoreLeadingWhiteSpace)
    try flag("ignoreTrailingWhiteSpace", &ignoreTrailingWhiteSpace)
    try flag("multiLine", &multiLine)
    try flag("quoteAll", &quoteAll)
    try flag("escapeQuotes", &escapeQuotes)
    func bytes(_ name: String, _ value: inout [UInt8]) {
      value = options[name].map { Array($0.utf8) } ?? value
    }
    bytes("nullValue", &nullValue)
    bytes("emptyValue", &emptyValue)
    bytes("nanValue", &nanValue)
    bytes("positiveInf", &positiveInf)
    bytes("negativeInf", &negativeInf)
    maxColumns = Int(try options.integer("maxColumns", in: 1...1_000_000) ?? Int64(maxColumns))
    maxCharsPerColumn = Int(
      try options.integer("maxCharsPerColumn", in: -1...(1 << 30)) ?? Int64(maxCharsPerColumn))
    let handling = try options.word(
      "unescapedQuoteHandling", of: UnescapedQuoteHandling.allCases.map(\.rawValue))
    unescapedQuoteHandling = handling.flatMap(UnescapedQuoteHandling.init) ?? unescapedQuoteHandling
    samplingRatio = try options.samplingRatio() ?? 1
    times = try TextTimeOptions(options, timeZoneId: timeZoneId)
    // Without a fallback dates are what they are by default, and nothing that casts take besides.
    if times.fallback == false { times.dateFormat = times.dateFormat ?? "yyyy-MM-dd" }
  }

  private mutating func readCharacters(_ options: Options) throws {
    if let text = options["sep"] ?? options["delimiter"] { separator = try Self.separator(text) }
    quote = try Self.character("quote", options) ?? quote
    escape = try Self.character("escape", options) ?? escape
    // Where the quote escapes itself, nothing escapes the escape.
    escapeOfEscape = escape == quote ? 0 : escape
    if let text = options["charToEscapeQuoteEscaping"], !text.isEmpty {
      escapeOfEscape = try Self.character("charToEscapeQuoteEscaping", options) ?? escapeOfEscape
    }
    if let text = options["comment"], !text.isEmpty {
      comment = try Self.character("comment", options)
    }
    if let text = options["lineSep"] {
      guard !text.isEmpty else {
        throw Failure("INVALID_LINE_SEPARATOR.EMPTY", "the option `lineSep` cannot be empty")
      }
      guard text.utf16.count <= 2 else {
        throw Failure(
          "INVALID_LINE_SEPARATOR.TOO_LONG",
          "the option `lineSep` of CSV has one or two characters, not `\(text)`")
      }
      lineSeparator = Array(text.utf8)
    }
  }

  /// One character; an empty text is none.
  private static func character(_ name: String, _ options: Options) throws -> UInt8? {
    guard let text = options[name] else { return nil }
    guard text.utf16.count <= 1 else {
      throw Failure(
        "OPTION_VALUE_EXCEEDS_ONE_CHARACTER",
        "the option `\(name)` is one character, not `\(text)`")
    }
    guard text.utf8.count <= 1 else {
      throw Failure(
        "INVALID_OPTION_VALUE", "the option `\(name)` is one ASCII character, not `\(text)`")
    }
    return text.utf8.first ?? 0
  }

  /// The separator with `\t` and the like replaced.
  private static func separator(_ text: String) throws -> [UInt8] {
    var bytes: [UInt8] = []
    var rest = Substring(text)
    while let first = rest.popFirst() {
      if first != "\\" || rest.isEmpty {
        bytes += Array(first.utf8)
        continue
      }
      switch rest.removeFirst() {
      case "t": bytes.append(0x09)
      case "n": bytes.append(0x0A)
      case "r": bytes.append(0x0D)
      case "b": bytes.append(0x08)
      case "f": bytes.append(0x0C)
      case "\\": bytes.append(UInt8(ascii: "\\"))
      case "\"": bytes.append(UInt8(ascii: "\""))
      case "'": bytes.append(UInt8(ascii: "'"))
      default:
        throw Failure(
          "INVALID_DELIMITER_VALUE.UNSUPPORTED_SPECIAL_CHARACTER",
          "the separator `\(text)` has an escape that is not known")
      }
    }
    guard !bytes.isEmpty else {
      throw Failure("INVALID_DELIMITER_VALUE.EMPTY_STRING", "the option `sep` cannot be empty")
    }
    return bytes
  }
}

extension CSVOptions {
  private static let names =
    [
      "sep", "delimiter", "quote", "escape", "charToEscapeQuoteEscaping", "nullValue",
      "emptyValue", "ignoreLeadingWhiteSpace", "ignoreTrailingWhiteSpace",
    ] + TextTimeOptions.names

  /// What `from_csv` and `schema_of_csv` know.
  public static let readNames =
    names + [
      "mode", "columnNameOfCorruptRecord", "comment", "preferDate", "nanValue", "positiveInf",
      "negativeInf", "maxColumns", "maxCharsPerColumn", "unescapedQuoteHandling",
      "enableDateTimeParsingFallback", "multiLine", "lineSep",
    ]

  /// What `to_csv` knows.
  public static let writeNames = names + ["quoteAll", "escapeQuotes"]
}
