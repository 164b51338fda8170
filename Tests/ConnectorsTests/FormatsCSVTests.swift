import Columns
import Contract
import Testing

@testable import Connectors

@Suite struct FormatsCSVTests {
  static let ddl = """
    a INT, s STRING, q STRING, e STRING, n STRING, sp STRING, d DOUBLE, b BOOLEAN, dt DATE,
    ts TIMESTAMP, tn TIMESTAMP_NTZ, nl STRING, bs STRING, qq STRING, cm STRING, bq STRING,
    tb STRING, cr STRING
    """
  static let row =
    ##"{"a":1,"s":"x,y","q":"q\"r","e":"","sp":" sp ","d":1.5,"b":true,"##
    + ##""dt":"2020-01-02","ts":"2020-01-02 03:04:05.123456","tn":"2020-01-02 03:04:05","##
    + ##""nl":"a\nb","bs":"back\\slash","qq":"\"quoted\"","cm":"#c","bq":"b\\\"c","##
    + ##""tb":"\t","cr":"a\rb"}"##
  static let times = "2020-01-02,2020-01-02T03:04:05.123Z,2020-01-02T03:04:05.000"

  func written(
    _ json: String, _ ddl: String, _ options: [(String, String)] = [],
    format: any FileFormat = CSVFormat()
  ) throws -> String {
    let file = TemporaryFile(Array(json.utf8))
    let schema = try Schema(ddl: ddl)
    let reader = try JSONFormat().reader(
      schema: schema, options: Options(), context: FormatContext())
    let encoder = try format.writer(
      schema: schema, options: Options(options), context: FormatContext()
    ).makeEncoder()
    var output: [UInt8] = []
    for split in try reader.splits(of: file.input) {
      let request = ReadRequest(columns: Array(schema.fields.indices), batchRows: 100)
      let stream = try split.open(request)
      while let batch = try stream.next() { try encoder.encode(batch, into: &output) }
    }
    try encoder.finish(into: &output)
    return String(decoding: output, as: UTF8.self)
  }

  /// What Spark 4.3 wrote for the same row under each option.
  @Test(
    arguments: [
      (
        [],
        ##"1,"x,y","q\"r","",,sp,1.5,true,TIMES,"a\##nb",back\slash,"\"quoted\"",#c,"##
          + ##""b\\\"c","","a\##rb""##
      ),
      (
        [("quoteAll", "true")],
        ##""1","x,y","q\"r","","","sp","1.5","true","2020-01-02","##
          + ##""2020-01-02T03:04:05.123Z","2020-01-02T03:04:05.000","a\##nb","##
          + ##""back\\slash","\"quoted\"","#c","b\\\"c","","a\##rb""##
      ),
      (
        [("escapeQuotes", "false")],
        ##"1,"x,y",q"r,"",,sp,1.5,true,TIMES,"a\##nb",back\slash,"\"quoted\"",#c,b\"c,"","a\##rb""##
      ),
      (
        [("nullValue", "NULL")],
        ##"1,"x,y","q\"r","",NULL,sp,1.5,true,TIMES,"a\##nb",back\slash,"\"quoted\"","##
          + ##"#c,"b\\\"c","","a\##rb""##
      ),
      (
        [("emptyValue", "EMPTY")],
        ##"1,"x,y","q\"r",EMPTY,,sp,1.5,true,TIMES,"a\##nb",back\slash,"\"quoted\"","##
          + ##"#c,"b\\\"c",EMPTY,"a\##rb""##
      ),
      (
        [("quote", "'")],
        ##"1,'x,y',q"r,"",,sp,1.5,true,TIMES,'a\##nb',back\slash,"quoted",#c,b\"c,"",'a\##rb'"##
      ),
      (
        [("escape", "\"")],
        ##"1,"x,y","q""r","",,sp,1.5,true,TIMES,"a\##nb",back\slash,"""quoted""",#c,"##
          + ##""b\""c","","a\##rb""##
      ),
      (
        [("ignoreLeadingWhiteSpace", "false"), ("ignoreTrailingWhiteSpace", "false")],
        ##"1,"x,y","q\"r","",, sp ,1.5,true,TIMES,"a\##nb",back\slash,"\"quoted\"",#c,"##
          + ##""b\\\"c",\##t,"a\##rb""##
      ),
      (
        [("charToEscapeQuoteEscaping", "^")],
        ##"1,"x,y","q\"r","",,sp,1.5,true,TIMES,"a\##nb",back\slash,"\"quoted\"",#c,"##
          + ##""b^\\"c","","a\##rb""##
      ),
      (
        [("quote", "")],
        "1,\0x,y\0,q\"r,\"\",,sp,1.5,true,TIMES,\0a\nb\0,back\\slash,\"quoted\",#c,"
          + "b\\\"c,\"\",\0a\rb\0"
      ),
    ] as [([(String, String)], String)])
  func rowsAsSparkWritesThem(_ options: [(String, String)], _ line: String) throws {
    let expected = line.split(separator: "TIMES", omittingEmptySubsequences: false)
      .joined(separator: Self.times)
    #expect(try written(Self.row, Self.ddl, options) == expected + "\n")
  }

  @Test func linesAsSparkWritesThem() throws {
    #expect(try written(#"{"a":"","b":null}"#, "a STRING, b STRING") == "\"\",\n")
    #expect(try written(#"{}"#, "b STRING") == "")
    #expect(try written(##"{"a":"#x","b":1}"##, "a STRING, b INT") == "\"#x\",1\n")
    #expect(
      try written(
        #"{"x,y":"a"," b ":1,"q\"":2}"#, "`x,y` STRING, ` b ` INT, `q\"` INT", [("header", "true")])
        == "\"x,y\",b,\"q\\\"\"\na,1,2\n")
    #expect(try written("", "id INT", [("header", "true")]) == "id\n")
    #expect(
      try written(
        #"{"a":1.0,"b":1e10,"n":NaN,"i":Infinity,"d":1.5,"e":0.0000001,"x":"QUI="}"#,
        "a DOUBLE, b DOUBLE, n DOUBLE, i DOUBLE, d DECIMAL(5,2), e DECIMAL(7,7), x BINARY")
        == "1.0,1.0E10,NaN,Infinity,1.50,1E-7,[41 42]\n")
    #expect(
      try written(#"{"a":1,"b":"x|y"}"#, "a INT, b STRING", [("sep", "||"), ("lineSep", ";")])
        == "1||x|y;")
    #expect { try written("{}", "a ARRAY<INT>") } throws: {
      ($0 as? Failure)?.condition == "UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE"
    }
  }

  @Test func text() throws {
    let lines = "{\"v\":\"a\"}\n{}\n{\"v\":\"b\"}"
    #expect(try written(lines, "v STRING", format: TextFormat()) == "a\n\nb\n")
    #expect(try written(lines, "v STRING", [("lineSep", ";")], format: TextFormat()) == "a;;b;")
    #expect(throws: Failure.self) { try written("", "v INT", format: TextFormat()) }
    #expect(throws: Failure.self) { try written("", "v STRING, w STRING", format: TextFormat()) }
  }
}
