import Columns
import Contract
import Testing

@testable import Connectors

/// Every option of a format makes a difference: no option is accepted and ignored.
@Suite struct FormatsOptionTests {
  enum Use { case read, infer, write }

  struct Case {
    let option: String
    let value: String
    let use: Use
    /// What is read; for writing, JSON lines of the rows to be written.
    let text: String
    let ddl: String
    let others: [(String, String)]

    init(
      _ option: String, _ value: String, _ text: String, _ ddl: String,
      _ others: [(String, String)] = []
    ) {
      self.init(option, value, .read, text, ddl, others)
    }

    init(
      _ option: String, _ value: String, _ use: Use, _ text: String, _ ddl: String = "",
      _ others: [(String, String)] = []
    ) {
      (self.option, self.value, self.use, self.text, self.ddl, self.others) = (
        option, value, use, text, ddl, others
      )
    }
  }

  static let times: [Case] = [
    Case("locale", "fr", "", "a INT"), Case("encoding", "UTF-16", #"{"s":"x"}"#, "s STRING"),
    Case("charset", "UTF-16", #"{"s":"x"}"#, "s STRING"),
    Case("encoding", "UTF-16", .write, #"{"s":"x"}"#, "s STRING"),
    Case("compression", "gzip", .write, #"{"s":"x"}"#, "s STRING"),
    // What damages a file, and what takes it away, lies outside its text.
    Case("ignoreMissingFiles", "x", "", "s STRING"),
    Case("ignoreCorruptFiles", "x", "", "s STRING"),
  ]

  static let json: [Case] =
    [
      Case("multiLine", "true", "{\"a\":\n1}", "a INT"),
      Case("allowComments", "true", #"/* */{"a":1}"#, "a INT"),
      Case("allowUnquotedFieldNames", "true", "{a:1}", "a INT"),
      Case("allowSingleQuotes", "false", "{'a':1}", "a INT"),
      Case("allowNumericLeadingZeros", "true", #"{"a":01}"#, "a INT"),
      Case("allowNonNumericNumbers", "false", #"{"a":NaN}"#, "a DOUBLE"),
      Case("allowBackslashEscapingAnyCharacter", "true", #"{"a":"\q"}"#, "a STRING"),
      Case("allowUnquotedControlChars", "true", "{\"a\":\"\t\"}", "a STRING"),
      Case("primitivesAsString", "true", .infer, #"{"a":1}"#),
      Case("prefersDecimal", "true", .infer, #"{"a":1.5}"#),
      Case("dropFieldIfAllNull", "true", .infer, #"{"a":1,"b":null}"#),
      Case("inferTimestamp", "true", .infer, #"{"a":"2020-01-02 03:04:05"}"#),
      Case("samplingRatio", "0.001", .infer, #"{"a":1}"#),
      Case("ignoreNullFields", "false", .write, "{}", "a INT"),
      Case("pretty", "true", .write, #"{"a":1}"#, "a INT"),
      Case("sortKeys", "true", .write, #"{"a":1,"b":2}"#, "b INT, a INT"),
      Case("writeNonAsciiCharacterAsCodePoint", "true", .write, #"{"s":"é"}"#, "s STRING"),
      Case("mode", "DROPMALFORMED", #"{"a":"x"}"#, "a INT"),
      Case("columnNameOfCorruptRecord", "bad", #"{"a":"x"}"#, "a INT, bad STRING"),
      Case(
        "enableDateTimeParsingFallback", "true", #"{"a":"2020-01-02"}"#, "a DATE",
        [("dateFormat", "dd/MM/yyyy")]),
      Case("dateFormat", "dd/MM/yyyy", #"{"a":"02/01/2020"}"#, "a DATE"),
      Case("timestampFormat", "dd/MM/yyyy", #"{"a":"02/01/2020"}"#, "a TIMESTAMP"),
      Case("timestampNTZFormat", "dd/MM/yyyy", #"{"a":"02/01/2020"}"#, "a TIMESTAMP_NTZ"),
      Case("dateFormat", "dd/MM/yyyy", .write, #"{"a":"2020-01-02"}"#, "a DATE"),
      Case("timestampFormat", "dd/MM/yyyy", .write, #"{"a":"2020-01-02"}"#, "a TIMESTAMP"),
      Case("timestampNTZFormat", "dd/MM/yyyy", .write, #"{"a":"2020-01-02"}"#, "a TIMESTAMP_NTZ"),
      Case("timeZone", "Asia/Tokyo", #"{"a":"2020-01-02 03:04:05"}"#, "a TIMESTAMP"),
      Case("timeZone", "Asia/Tokyo", .write, #"{"a":"2020-01-02T03:04:05Z"}"#, "a TIMESTAMP"),
      Case("lineSep", ";", #"{"a":1};{"a":2}"#, "a INT"),
      Case("lineSep", ";", .write, #"{"a":1}"#, "a INT"),
    ] + times

  static let csv: [Case] =
    [
      Case("sep", ";", "1;2", "a STRING, b STRING"),
      Case("delimiter", ";", "1;2", "a STRING, b STRING"),
      Case("sep", ";", .write, #"{"a":1,"b":2}"#, "a INT, b INT"),
      Case("quote", "'", "'a,b',c", "a STRING, b STRING"),
      Case("escape", "^", "\"a^\"b\"", "a STRING"),
      Case("charToEscapeQuoteEscaping", "^", "\"a\\\\\",c", "a STRING, b STRING"),
      Case("comment", "#", "#x", "a STRING"), Case("header", "true", "a\n1", "a STRING"),
      Case("header", "true", .write, #"{"a":1}"#, "a INT"),
      Case("inferSchema", "true", .infer, "1,x"),
      Case("preferDate", "false", .infer, "2020-01-02", "", [("inferSchema", "true")]),
      Case("enforceSchema", "false", "b\n1", "a INT", [("header", "true")]),
      Case("ignoreLeadingWhiteSpace", "true", " a", "a STRING"),
      Case("ignoreTrailingWhiteSpace", "true", "a ", "a STRING"),
      Case("ignoreLeadingWhiteSpace", "false", .write, #"{"a":" a "}"#, "a STRING"),
      Case("ignoreTrailingWhiteSpace", "false", .write, #"{"a":" a "}"#, "a STRING"),
      Case("nullValue", "-", "-", "a STRING"), Case("nullValue", "-", .write, "{}", "a INT"),
      Case("emptyValue", "-", "\"\"", "a STRING"),
      Case("emptyValue", "-", .write, #"{"a":""}"#, "a STRING"),
      Case("nanValue", "?", "?", "a DOUBLE"), Case("positiveInf", "?", "?", "a DOUBLE"),
      Case("negativeInf", "?", "?", "a DOUBLE"), Case("maxColumns", "1", "1,2", "a INT, b INT"),
      Case("maxCharsPerColumn", "2", "abc", "a STRING"),
      Case("unescapedQuoteHandling", "SKIP_VALUE", "\"a\"b\"", "a STRING"),
      Case("multiLine", "true", "\"a\nb\"", "a STRING"),
      Case("extension", "txt", .write, #"{"a":1}"#, "a INT"),
      Case("quoteAll", "true", .write, #"{"a":1}"#, "a INT"),
      Case("escapeQuotes", "false", .write, #"{"a":"x\"y"}"#, "a STRING"),
      Case("samplingRatio", "0.001", .infer, "1", "", [("inferSchema", "true")]),
      Case("mode", "DROPMALFORMED", "x", "a INT"),
      Case("columnNameOfCorruptRecord", "bad", "x", "a INT, bad STRING"),
      Case(
        "enableDateTimeParsingFallback", "true", "2020-01-02", "a DATE",
        [("dateFormat", "dd/MM/yyyy")]),
      Case("dateFormat", "dd/MM/yyyy", "02/01/2020", "a DATE"),
      Case("timestampFormat", "dd/MM/yyyy", "02/01/2020", "a TIMESTAMP"),
      Case("timestampNTZFormat", "dd/MM/yyyy", "02/01/2020", "a TIMESTAMP_NTZ"),
      Case("timeZone", "Asia/Tokyo", "2020-01-02 03:04:05", "a TIMESTAMP"),
      Case("lineSep", ";", "1;2", "a STRING"), Case("lineSep", ";", .write, #"{"a":1}"#, "a INT"),
    ] + times

  static let text: [Case] =
    [
      Case("wholetext", "true", "a\nb", "value STRING"),
      Case("lineSep", ";", "a;b", "value STRING"),
      Case("lineSep", ";", .write, #"{"s":"x"}"#, "s STRING"),
    ] + times.filter { $0.option != "locale" }

  /// What comes out, as text.
  func outcome(_ test: Case, _ format: any FileFormat, _ options: [(String, String)]) -> String {
    do {
      let file = TemporaryFile(Array(test.text.utf8))
      switch test.use {
      case .read:
        return "\(try rows(format, test.ddl, file, options).map { $0.map(ConnectorsTests.text) })"
      case .infer:
        let schema = try format.inferSchema(
          files: [file.path], options: Options(options), context: FormatContext())
        return schema.ddl
      case .write:
        let schema = try Schema(ddl: test.ddl)
        let writer = try format.writer(
          schema: schema, options: Options(options), context: FormatContext())
        let encoder = try writer.makeEncoder()
        let reader = try JSONFormat().reader(
          schema: schema, options: Options(), context: FormatContext())
        var output: [UInt8] = []
        let request = ReadRequest(columns: Array(schema.fields.indices), batchRows: 9)
        let stream = try reader.splits(of: file.input)[0].open(request)
        while let batch = try stream.next() { try encoder.encode(batch, into: &output) }
        try encoder.finish(into: &output)
        return writer.fileExtension + String(decoding: output, as: UTF8.self)
      }
    } catch {
      return "\(error)"
    }
  }

  @Test func everyOptionMakesADifference() {
    let all: [(any FileFormat, [Case])] = [
      (JSONFormat(), Self.json), (CSVFormat(), Self.csv), (TextFormat(), Self.text),
    ]
    for (format, cases) in all {
      for test in cases {
        let without = outcome(test, format, test.others)
        let with = outcome(test, format, test.others + [(test.option, test.value)])
        #expect(with != without, "\(format.spec.name) \(test.option)")
      }
      let known = Set((format.spec.parameters + format.writeParameters).map(\.name))
      let tested = Set(cases.map(\.option))
      #expect(known.subtracting(tested) == [])
      #expect(tested.subtracting(known) == [])
    }
  }

  @Test func catalogKnowsTheFormats() {
    #expect(FormatCatalog.builtIn.format(named: "JSON")?.spec.name == "json")
    #expect(FormatCatalog.builtIn.format(named: "avro") == nil)
  }
}
