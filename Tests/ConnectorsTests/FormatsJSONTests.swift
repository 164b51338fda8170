import Columns
import Contract
import Testing

@testable import Connectors

@Suite struct FormatsJSONTests {
  /// Reads JSON lines and writes them again.
  func rewritten(_ text: String, _ ddl: String, _ options: [(String, String)] = []) throws -> String
  {
    let file = TemporaryFile(Array(text.utf8))
    let schema = try Schema(ddl: ddl)
    let reader = try JSONFormat().reader(
      schema: schema, options: Options(), context: FormatContext())
    let writer = try JSONFormat().writer(
      schema: schema, options: Options(options), context: FormatContext())
    let encoder = try writer.makeEncoder()
    var output: [UInt8] = []
    for split in try reader.splits(of: file.input) {
      let request = ReadRequest(columns: Array(schema.fields.indices), batchRows: 100)
      let stream = try split.open(request)
      while let batch = try stream.next() { try encoder.encode(batch, into: &output) }
    }
    try encoder.finish(into: &output)
    return String(decoding: output, as: UTF8.self)
  }

  /// What Spark 4.3 wrote for the same values.
  @Test func linesAsSparkWritesThem() throws {
    #expect(
      try rewritten(
        #"{"a":1,"s":"x\"y\\z\n\té\u0001/</","d":1.5,"nan":NaN,"inf":"Infinity","#
          + #""dec":1.50,"b":true,"dt":"2020-01-02","ts":"2020-01-02 03:04:05.123456","#
          + #""tn":"2020-01-02 03:04:05"}"#,
        "a INT, s STRING, n INT, d DOUBLE, nan DOUBLE, inf FLOAT, dec DECIMAL(3,2), b "
          + "BOOLEAN, dt DATE, ts TIMESTAMP, tn TIMESTAMP_NTZ"
      )
        == #"{"a":1,"s":"x\"y\\z\n\té\u0001/</","d":1.5,"nan":"NaN","inf":"Infinity","#
        + #""dec":1.50,"b":true,"dt":"2020-01-02","ts":"2020-01-02T03:04:05.123Z","#
        + #""tn":"2020-01-02T03:04:05.000"}"#
        + "\n")
    #expect(
      try rewritten(
        #"{"dt":"2020-01-02","ts":"2020-01-02 03:04:05.123456","tn":"2020-01-02 03:04:05"}"#,
        "n INT, dt DATE, ts TIMESTAMP, tn TIMESTAMP_NTZ",
        [
          ("ignoreNullFields", "false"), ("timestampFormat", "yyyy-MM-dd HH:mm:ss"),
          ("dateFormat", "dd/MM/yyyy"), ("timestampNTZFormat", "HH:mm"), ("lineSep", ";"),
        ]) == #"{"n":null,"dt":"02/01/2020","ts":"2020-01-02 03:04:05","tn":"03:04"};"#)
    #expect(try rewritten("{}", "a INT") == "{}\n")
  }

  @Test func nestedValuesAsSparkWritesThem() throws {
    let text =
      #"{"a":[1,null,3],"m":{"k":1,"j":null},"s":{"x":1},"r":[{"p":"q"}],"bin":"AP9B","#
      + #""mm":{"é\"":[1.0]}}"#
    #expect(
      try rewritten(
        text,
        "a ARRAY<INT>, m MAP<STRING, INT>, s STRUCT<x: INT, y: INT>, r ARRAY<STRUCT<p: "
          + "STRING>>, bin BINARY, mm MAP<STRING, ARRAY<DOUBLE>>"
      )
        == text + "\n")
    let intervals =
      #"{"i":"INTERVAL '1 02:03:04.5' DAY TO SECOND","y":"INTERVAL '1-2' YEAR TO "#
      + #"MONTH","d":"INTERVAL '5' DAY","n":"INTERVAL '-1 00:00:00' DAY TO SECOND"}"#
    #expect(
      try rewritten(
        intervals,
        "i INTERVAL DAY TO SECOND, y INTERVAL YEAR TO MONTH, d INTERVAL DAY, n INTERVAL "
          + "DAY TO SECOND"
      )
        == intervals + "\n")
  }

  @Test func numbersAndTimesAtTheirLimits() throws {
    #expect(
      try rewritten(
        #"{"d":1e7,"e":1e-7,"f":-0.0,"l":-9223372036854775808}"#,
        "d DOUBLE, e DECIMAL(10,8), f DOUBLE, l BIGINT")
        == #"{"d":1.0E7,"e":1.0E-7,"f":-0.0,"l":-9223372036854775808}"# + "\n")
    let times = """
      {"t":"2020-01-02T03:04:05.120Z"}
      {"t":"0001-01-01T00:00:00Z"}
      {"t":"9999-12-31T23:59:59.999999Z"}

      """
    let paris = try rewritten(times, "t TIMESTAMP", [("timeZone", "Europe/Paris")])
    #expect(
      paris == """
        {"t":"2020-01-02T04:04:05.120+01:00"}
        {"t":"0001-01-01T00:09:21.000+00:09:21"}
        {"t":"+10000-01-01T00:59:59.999+01:00"}

        """)
    let far = """
      {"t":"+12020-01-02T03:04:05.000Z"}
      {"t":"-0001-01-02T03:04:05.000Z"}

      """
    #expect(try rewritten(far, "t TIMESTAMP") == far)
  }

  @Test func compressionBothWays() throws {
    let line = #"{"a":1,"s":"some text that is long enough"}"# + "\n"
    let text = String(repeating: line, count: 20_000)
    for (name, end) in [("gzip", ".gz"), ("zstd", ".zst"), ("bzip2", ".bz2")] {
      let schema = try Schema(ddl: "a INT, s STRING")
      let writer = try JSONFormat().writer(
        schema: schema, options: Options([("compression", name)]), context: FormatContext())
      #expect(writer.fileExtension == ".json" + end)
      let encoder = try writer.makeEncoder()
      var output: [UInt8] = []
      let plain = TemporaryFile(Array(text.utf8))
      let reader = try JSONFormat().reader(
        schema: schema, options: Options(), context: FormatContext())
      let stream = try reader.splits(of: plain.input)[0].open(
        ReadRequest(columns: [0, 1], batchRows: 999))
      while let batch = try stream.next() { try encoder.encode(batch, into: &output) }
      try encoder.finish(into: &output)
      #expect(output.count < text.utf8.count / 4)
      // Members that follow one another are one text.
      let packed = TemporaryFile(output + output, name: "f.json" + end)
      #expect(try rows(JSONFormat(), "a INT, s STRING", packed).count == 40_000)
      let torn = TemporaryFile(Array(output.dropLast(10)), name: "f.json" + end)
      #expect(throws: Failure.self) { try rows(JSONFormat(), "a INT, s STRING", torn) }
    }
  }

  @Test func splitsGiveEveryRecordOnce() throws {
    var text = ""
    for index in 0..<20_000 {
      text += "{\"a\":\(index),\"s\":\"\(String(repeating: "x", count: index % 90))\"}"
      text += ["\n", "\r\n", "\r", "\n\n"][index % 4]
    }
    let bytes = Array(text.utf8)
    let file = TemporaryFile(bytes)
    let schema = try Schema(ddl: "a INT")
    let reader = try JSONFormat().reader(
      schema: schema, options: Options(), context: FormatContext())
    let lines = try #require(reader as? LineFormatReader)
    let size = Int64(bytes.count)
    for step in [size, 100_003, 65_536, 1000] {
      var found: [Int64] = []
      var start: Int64 = step == 1000 ? size - 30_000 : 0
      let first = start
      while start < size {
        let split = LineSplit(reader: lines, file: file.input, from: start, to: start + step)
        let stream = try split.open(ReadRequest(columns: [0], batchRows: 100))
        while let batch = try stream.next() {
          for row in 0..<batch.count { found.append(batch.columns[0].integer(row)) }
        }
        start += step
      }
      if first == 0 { #expect(found == Array(0..<20_000), "step \(step)") }
      #expect(found == Array((found.first ?? -1)..<20_000), "step \(step)")
    }
  }

  @Test func malformedRecordsAreNamed() throws {
    let file = TemporaryFile(Array("{\"a\":1}\n{\"a\":\"x\"}\n".utf8))
    #expect { try rows(JSONFormat(), "a INT", file, [("mode", "FAILFAST")]) } throws: {
      guard let failure = $0 as? Failure else { return false }
      return failure.condition == "MALFORMED_RECORD_IN_PARSING.WITHOUT_SUGGESTION"
        && failure.message.contains("f.json, line 2 (byte 8)") && failure.message.contains("`a`")
        && failure.cause?.condition == "CANNOT_PARSE_JSON_FIELD"
    }
    let shorter = InputFile(path: file.path, size: 100, modifiedUs: 0)
    let reader = try JSONFormat().reader(
      schema: try Schema(ddl: "a INT"), options: Options(), context: FormatContext())
    #expect {
      _ = try reader.splits(of: shorter)[0].open(ReadRequest(columns: [0], batchRows: 9)).next()
    } throws: { ($0 as? Failure)?.condition == "FAILED_READ_FILE.FILE_CHANGED" }
    let gone = InputFile(path: "/tmp/moontide-is-gone.json", size: 100, modifiedUs: 0)
    #expect {
      _ = try reader.splits(of: gone)[0].open(ReadRequest(columns: [0], batchRows: 9))
    } throws: { ($0 as? Failure)?.condition == "FAILED_READ_FILE.FILE_NOT_EXIST" }
  }
}
