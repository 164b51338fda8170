import Contract

/// The options of reading JSON, checked.
public struct JSONReadOptions: Sendable {
  public var mode = ParseMode.permissive
  public var columnNameOfCorruptRecord = "_corrupt_record"
  public var allowComments = false
  public var allowUnquotedFieldNames = false
  public var allowSingleQuotes = true
  public var allowNumericLeadingZeros = false
  public var allowNonNumericNumbers = true
  public var allowBackslashEscapingAnyCharacter = false
  public var allowUnquotedControlChars = false
  /// Whether a value that is no string, read as a STRING, is written anew as Spark's `from_json`
  /// writes it. In files it keeps its text, unless an encoding is named.
  public var writesStringsAnew = false
  public var times = TextTimeOptions()
  // For inference alone.
  public var primitivesAsString = false
  public var prefersDecimal = false
  public var dropFieldIfAllNull = false
  public var inferTimestamp = false
  public var samplingRatio = 1.0

  public init() {}

  /// Reads what is among `options`; other names are the caller's business.
  public init(
    _ options: Options, timeZoneId: String, writesStringsAnew: Bool = false
  ) throws {
    mode = try ParseMode(options) ?? mode
    columnNameOfCorruptRecord = options["columnNameOfCorruptRecord"] ?? columnNameOfCorruptRecord
    func flag(_ name: String, _ value: inout Bool) throws {
      value = try options.boolean(name) ?? value
    }
    try flag("allowComments", &allowComments)
    try flag("allowUnquotedFieldNames", &allowUnquotedFieldNames)
    try flag("allowSingleQuotes", &allowSingleQuotes)
    try flag("allowNumericLeadingZeros", &allowNumericLeadingZeros)
    try flag("allowNonNumericNumbers", &allowNonNumericNumbers)
    try flag("allowBackslashEscapingAnyCharacter", &allowBackslashEscapingAnyCharacter)
    try flag("allowUnquotedControlChars", &allowUnquotedControlChars)
    try flag("primitivesAsString", &primitivesAsString)
    try flag("prefersDecimal", &prefersDecimal)
    try flag("dropFieldIfAllNull", &dropFieldIfAllNull)
    try flag("inferTimestamp", &inferTimestamp)
    self.writesStringsAnew =
      writesStringsAnew || options["encoding"] != nil || options["charset"] != nil
    samplingRatio = try options.samplingRatio() ?? 1
    times = try TextTimeOptions(options, timeZoneId: timeZoneId)
  }
}

extension JSONReadOptions {
  /// What `from_json` and `schema_of_json` know. A text is one document in any case, so that
  /// `multiLine` changes nothing.
  public static let names =
    [
      "mode", "columnNameOfCorruptRecord", "allowComments", "allowUnquotedFieldNames",
      "allowSingleQuotes", "allowNumericLeadingZeros", "allowNonNumericNumbers",
      "allowBackslashEscapingAnyCharacter", "allowUnquotedControlChars", "primitivesAsString",
      "prefersDecimal", "dropFieldIfAllNull", "inferTimestamp", "multiLine",
    ] + TextTimeOptions.readNames
}

extension Options {
  /// The share of records that inference looks at, more than 0 and at most 1.
  func samplingRatio() throws -> Double? {
    guard let text = self["samplingRatio"] else { return nil }
    guard let ratio = Double(text), ratio > 0 else {
      throw Failure(
        "INVALID_OPTION_VALUE",
        "the option `samplingRatio` wants a number above 0, not `\(text)`")
    }
    return ratio
  }
}
