import Codecs
import Columns
import Contract
import Testing

/// The codecs over the strings of a column, as `from_json` and `from_csv` use them; answers
/// recorded from Spark 4.3.
@Suite struct FormatsColumnTests {
  func strings(_ values: [String?]) -> Vector {
    let builder = VectorBuilder(.string)
    for value in values {
      if let value { builder.append(text: value) } else { builder.appendNull() }
    }
    return builder.finish()
  }

  func json(_ text: String?, _ ddl: String, _ options: [(String, String)] = []) throws -> String {
    let options = try JSONReadOptions(Options(options), timeZoneId: "UTC")
    let reader = try JSONColumnReader(DataType(ddl: ddl), options: options)
    return ConnectorsTests.text(try reader.read(strings([text])).scalar(0))
  }

  func csv(_ text: String?, _ ddl: String, _ options: [(String, String)] = []) throws -> String {
    let options = try CSVOptions(Options(options), timeZoneId: "UTC")
    let reader = try CSVColumnReader(Schema(ddl: ddl).fields, options: options)
    return ConnectorsTests.text(try reader.read(strings([text])).scalar(0))
  }

  @Test(arguments: [
    (#"{"a":1}"#, "a INT", "(1)"), (#"{"a":"x"}"#, "a INT", "(NULL)"), ("", "a INT", "NULL"),
    ("  ", "a INT", "NULL"), (#"[{"a":1},{"a":2}]"#, "a INT", "(NULL)"),
    (#"[{"a":1},{"a":2}]"#, "array<struct<a:int>>", "[(1),(2)]"),
    (#"{"a":1}"#, "array<struct<a:int>>", "[(1)]"),
    (#"{"a":1"#, "a INT, _corrupt_record STRING", #"(NULL,'{"a":1')"#),
    ("[1,2]", "array<int>", "[1,2]"), (#"[1,"x"]"#, "array<int>", "NULL"),
    (#"{"k":1}"#, "map<string,int>", "{'k'=1}"), (nil, "a INT", "NULL"),
    ("null", "a INT", "(NULL)"),
    ("1", "a INT", "(NULL)"), (#"{"a":1} x"#, "a INT", "(1)"), ("[]", "a INT", "(NULL)"),
    ("[]", "array<int>", "[]"), ("{}", "map<string,int>", "{}"),
    ("{\"a\":1}\n{\"a\":2}", "a INT", "(1)"),
    (#"[{"a":"x"},{"a":2}]"#, "array<struct<a:int>>", "[(NULL),(2)]"),
    (#"{"k":"x"}"#, "map<string,int>", "NULL"), ("{\"a\":\n\n1}", "a INT", "(1)"),
  ])
  func fromJSON(_ text: String?, _ ddl: String, _ answer: String) throws {
    #expect(try json(text, ddl) == answer)
  }

  @Test(arguments: [
    ("1,a", "a INT, b STRING", "(1,'a')"), ("1", "a INT, b STRING", "(1,NULL)"),
    ("x,b", "a INT, b STRING", "(NULL,'b')"), ("", "a INT, b STRING", "(NULL,NULL)"),
    ("1,a,c", "a INT, b STRING", "(1,'a')"), (nil, "a INT", "NULL"),
    ("1\n2", "a STRING", "('1\n2')"),
    ("1,a,c", "a INT, b STRING, _corrupt_record STRING", "(1,'a','1,a,c')"),
  ])
  func fromCSV(_ text: String?, _ ddl: String, _ answer: String) throws {
    #expect(try csv(text, ddl) == answer)
  }

  @Test func refusals() {
    let failFast = [("mode", "FAILFAST")]
    func condition(_ body: () throws -> String) -> String {
      do { return try body() } catch let error as RefusedRecord {
        #expect(error.row == 0)
        return error.failure.condition
      } catch { return (error as? Failure)?.condition ?? "\(error)" }
    }
    #expect(
      condition { try json("{\"a\":1", "a INT", failFast) }
        == "MALFORMED_RECORD_IN_PARSING.WITHOUT_SUGGESTION")
    #expect(
      condition { try csv("x", "a INT", failFast) }
        == "MALFORMED_RECORD_IN_PARSING.WITHOUT_SUGGESTION")
    #expect(
      condition { try json("", "a INT", [("mode", "DROPMALFORMED")]) } == "PARSE_MODE_UNSUPPORTED")
    #expect(
      condition { try json("", "map<int,int>") } == "DATATYPE_MISMATCH.INVALID_JSON_MAP_KEY_TYPE")
  }

  @Test func schemaOf() throws {
    func schema(_ text: String) throws -> String {
      try Array(text.utf8).withUnsafeBytes {
        "\(try JSONInference.type(of: $0, options: JSONReadOptions()))"
      }
    }
    #expect(
      try schema(#"{"a":1,"b":[1.5],"c":{"d":null}}"#)
        == "STRUCT<a: BIGINT, b: ARRAY<DOUBLE>, c: STRUCT<d: STRING>>")
    #expect(try schema(#"[1,"x"]"#) == "ARRAY<STRING>")
    #expect(throws: Failure.self) { try schema(#"{"a":"#) }
  }

  /// The walk along the index and the tolerant reader agree on every record.
  @Test func bothReadersAgree() throws {
    let ddl =
      "a INT, b STRING, c DOUBLE, d STRUCT<x: BIGINT, y: ARRAY<STRING>>, e MAP<STRING, "
      + "BOOLEAN>, f TIMESTAMP, g DECIMAL(10,2)"
    var state: UInt64 = 7
    func random(_ below: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % below
    }
    let scalars = [
      "1", "-7", "2147483648", "1.5", "-0", "1e3", "null", "true", "false", "\"x\"",
      "\"é\\n\\u0041\"", "\"\"",
      "\"2020-01-02 03:04:05\"", "[]", "{}", "\"a \\\\ b\"", "12345678901234567890", "tru", "01",
      "\"\\ud83d\"", "NaN",
    ]
    func value(_ depth: Int) -> String {
      switch random(depth > 2 ? 1 : 4) {
      case 0, 1: return scalars[random(scalars.count)]
      case 2:
        return "["
          + (0..<random(4)).map { _ in value(depth + 1) }.joined(
            separator: [",", " , "][random(2)]) + "]"
      default: return object(["x", "y", "k"], depth + 1)
      }
    }
    func object(_ names: [String], _ depth: Int) -> String {
      let fields = (0..<random(5)).map { _ in
        "\"\(names[random(names.count)])\"\(["", " "][random(2)]):\(value(depth))"
      }
      return "{" + fields.joined(separator: [",", ",\t"][random(2)]) + "}"
    }
    var records: [String] = []
    for _ in 0..<3000 {
      var record = object(["a", "b", "c", "d", "e", "f", "g", "z"], 0)
      // Now and then a byte is lost.
      if random(20) == 0, !record.isEmpty {
        record.remove(at: record.index(record.startIndex, offsetBy: random(record.count)))
      }
      records.append(record)
    }
    let type = try DataType(ddl: ddl)
    let together = try JSONColumnReader(type, options: JSONReadOptions()).read(strings(records))
    // A comment is nothing that the index knows, so each of these goes to the tolerant reader.
    let commented = try JSONReadOptions(Options([("allowComments", "true")]), timeZoneId: "UTC")
    let apart = try JSONColumnReader(type, options: commented).read(
      strings(records.map { "/**/" + $0 }))
    for row in records.indices where together.scalar(row) != apart.scalar(row) {
      let (fast, slow) = (
        ConnectorsTests.text(together.scalar(row)), ConnectorsTests.text(apart.scalar(row))
      )
      if fast != slow { Issue.record("\(records[row]): \(fast) and \(slow)") }
    }
  }
}
