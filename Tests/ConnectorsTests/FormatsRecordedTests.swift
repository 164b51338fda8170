import Codecs
import Columns
import Contract
import Glibc
import Testing

@testable import Connectors

/// One reading that Spark 4.3 recorded: a file's bytes, schema and options, and the rows that came
/// out, each cell cast to STRING (nested ones as `to_json(named_struct('v', cell))`).
struct Recorded: CustomTestStringConvertible, Sendable {
  let name: String
  let format: String
  let options: [(String, String)]
  /// nil: the schema was inferred.
  let schema: String?
  /// The inferred schema as DDL.
  let found: String?
  let data: [UInt8]
  let rows: [[String?]]
  /// Spark's error conditions; nil: it gave rows.
  let error: [String]?

  var testDescription: String { "\(format) \(name) \(options) \(schema ?? "inferred")" }

  static let all: [Recorded] = {
    do { return try read() } catch { preconditionFailure("the recorded answers: \(error)") }
  }()

  private static func read() throws -> [Recorded] {
    let here = #filePath
    let folder = here.split(separator: "/").dropLast(2).joined(separator: "/")
    let path = "/" + folder + "/Recorded/formats.jsonl"
    var status = stat()
    stat(path, &status)
    let file = InputFile(path: path, size: Int64(status.st_size), modifiedUs: 0)
    let schema = try Schema(
      ddl: """
        name STRING, fmt STRING, options MAP<STRING, STRING>, schema STRING, data BINARY,
        rows ARRAY<ARRAY<STRING>>, error ARRAY<STRING>, found STRING
        """)
    let reader = try JSONFormat().reader(
      schema: schema, options: Options([("mode", "FAILFAST")]), context: FormatContext())
    var all: [Recorded] = []
    for split in try reader.splits(of: file) {
      let stream = try split.open(ReadRequest(columns: Array(0..<8), batchRows: 16))
      while let batch = try stream.next() {
        for row in 0..<batch.count { all.append(record(batch.columns.map { $0.scalar(row) })) }
      }
    }
    return all
  }

  private static func record(_ cells: [Scalar]) -> Recorded {
    func list(_ scalar: Scalar) -> [Scalar] {
      if case .array(let values) = scalar { values } else { [] }
    }
    var options: [(String, String)] = []
    if case .map(let entries) = cells[2] {
      options = entries.map { ($0.key.text ?? "", $0.value.text ?? "") }
    }
    var data: [UInt8] = []
    if case .bytes(let bytes) = cells[4] { data = bytes }
    return Recorded(
      name: cells[0].text ?? "", format: cells[1].text ?? "", options: options,
      schema: cells[3].text,
      found: cells[7].text, data: data, rows: list(cells[5]).map { list($0).map(\.text) },
      error: cells[5].isNull ? list(cells[6]).compactMap(\.text) : nil)
  }
}

/// A cell as `CAST(… AS STRING)` shows it, or `to_json` for what is nested.
func shown(_ vector: Vector, _ row: Int) throws -> String? {
  if vector.type.isNested {
    let type = DataType.structure([Field("v", vector.type)])
    let whole = Vector(type, count: vector.count, children: [vector])
    return try JSONWriter(type, options: JSONWriteOptions()).strings(whole).scalar(row).text
  }
  if vector.isNull(row) { return nil }
  var bytes: [UInt8] = []
  switch vector.type {
  case .boolean: return "\(vector.boolean(row))"
  case .float: FloatingPointText.append(vector.typed(Float.self)[row], to: &bytes)
  case .double: FloatingPointText.append(vector.typed(Double.self)[row], to: &bytes)
  case .decimal(_, let scale):
    DecimalText.append(vector.typed(Int128.self)[row], scale: scale, to: &bytes)
  case .string, .binary: return vector.scalar(row).text
  case .date: DateText.append(Int(vector.integer(row)), to: &bytes)
  case .timestamp, .timestampNtz:
    var writer = TimestampWriter(zone: .utc)
    writer.append(vector.integer(row), to: &bytes)
  case .dayTimeInterval, .yearMonthInterval:
    let type = DataType.structure([Field("v", vector.type)])
    let whole = Vector(type, count: vector.count, children: [vector])
    let text = try JSONWriter(type, options: JSONWriteOptions()).strings(whole).scalar(row).text
    return text.map { String($0.dropFirst(6).dropLast(2)) }
  default: return "\(vector.integer(row))"
  }
  return String(decoding: bytes, as: UTF8.self)
}

@Suite struct FormatsRecordedTests {
  @Test(arguments: Recorded.all.filter { $0.format == "json" && $0.schema != nil })
  func json(_ recorded: Recorded) throws {
    try check(recorded, JSONFormat())
  }

  @Test(arguments: Recorded.all.filter { $0.format == "csv" && $0.schema != nil })
  func csv(_ recorded: Recorded) throws {
    try check(recorded, CSVFormat())
  }

  @Test(arguments: Recorded.all.filter { $0.schema == nil && $0.format != "text" })
  func inferred(_ recorded: Recorded) throws {
    try check(recorded, recorded.format == "json" ? JSONFormat() : CSVFormat())
  }

  @Test(arguments: Recorded.all.filter { $0.format == "text" })
  func text(_ recorded: Recorded) throws {
    try check(recorded, TextFormat())
  }

  /// What Spark takes and ignores, or reads as nonsense, and is an error here.
  let refused = [
    "MAP<INT,INT>", "(\"locale\", \"fr\")", "(\"mode\", \"bogus\")",
  ]

  /// What Spark refuses, or reads as nonsense, and is read here: encodings without a `lineSep`, and
  /// those of text.
  let accepted = ["json o [(\"encoding\"", "text t [(\"encoding\""]

  /// The dates that a time alone gets: that of the recording, and today's in any zone.
  private static let today: [String] = {
    let today = Int(SystemClock().nowUs / 86_400_000_000)
    return ["2026-11-21"]
      + (today - 1...today + 1).map { day in
        var text: [UInt8] = []
        DateText.append(day, to: &text)
        return String(decoding: text, as: UTF8.self)
      }
  }()

  /// Java and Swift show malformed UTF-8 with different numbers of marks.
  func comparable(_ row: [String?]) -> [String?] {
    row.map { found in
      var cell = found
      for date in Self.today {
        cell = cell?.split(separator: date + " ", omittingEmptySubsequences: false)
          .joined(separator: "today ")
      }
      if let cell, cell.hasPrefix("20"), cell.hasSuffix(" 12:30:00") { return "today 12:30:00" }
      return cell?.split(separator: "\u{FFFD}").joined(separator: "\u{FFFD}")
    }
  }

  func check(_ recorded: Recorded, _ format: any FileFormat) throws {
    let file = TemporaryFile(recorded.data)
    var found: [[String?]] = []
    do {
      let context = FormatContext()
      let options = Options(recorded.options)
      let schema =
        try recorded.schema.map { try Schema(ddl: $0) }
        ?? format.inferSchema(files: [file.path], options: options, context: context)
      if recorded.schema == nil, let wanted = recorded.found, wanted != "struct<>", !wanted.isEmpty
      {
        #expect(try schema == Schema(ddl: wanted))
      }
      let reader = try format.reader(schema: schema, options: options, context: context)
      for split in try reader.splits(of: file.input) {
        let request = ReadRequest(columns: Array(schema.fields.indices), batchRows: 1000)
        let stream = try split.open(request)
        while let batch = try stream.next() {
          for row in 0..<batch.count { found.append(try batch.columns.map { try shown($0, row) }) }
        }
      }
    } catch let failure as Failure {
      if recorded.error == nil, !refused.contains(where: { recorded.testDescription.contains($0) })
      {
        Issue.record("\(failure)")
      }
      return
    }
    if accepted.contains(where: { recorded.testDescription.hasPrefix($0) }) { return }
    #expect(recorded.error == nil, "Spark refuses: \(recorded.error ?? [])")
    #expect(found.count == recorded.rows.count)
    for (row, (mine, theirs)) in zip(found, recorded.rows).enumerated()
    where comparable(mine) != comparable(theirs) {
      Issue.record("row \(row): \(mine) instead of \(theirs)")
    }
  }
}
