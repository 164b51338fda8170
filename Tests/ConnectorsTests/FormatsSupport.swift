import Columns
import Contract
import Glibc

@testable import Connectors

/// A file under /tmp that goes when the value goes.
final class TemporaryFile {
  let path: String

  init(_ bytes: [UInt8], name: String = "f.json") {
    var template = Array("/tmp/moontide-XXXXXX".utf8CString)
    let directory = mkdtemp(&template).map { String(cString: $0) } ?? "/tmp"
    path = directory + "/" + name
    let file = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0o600)
    var at = 0
    while at < bytes.count {
      let written = bytes[at...].withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
      if written <= 0 { break }
      at += written
    }
    close(file)
  }

  deinit {
    unlink(path)
    rmdir(String(path[..<(path.lastIndex(of: "/") ?? path.endIndex)]))
  }

  var input: InputFile {
    var status = stat()
    stat(path, &status)
    return InputFile(path: path, size: Int64(status.st_size), modifiedUs: 0)
  }
}

/// All rows of a file.
func rows(
  _ format: any FileFormat, _ ddl: String, _ file: TemporaryFile,
  _ options: [(String, String)] = [],
  batchRows: Int = 1024, columns: [Int]? = nil
) throws -> [[Scalar]] {
  let schema = try Schema(ddl: ddl)
  let reader = try format.reader(
    schema: schema, options: Options(options), context: FormatContext())
  var rows: [[Scalar]] = []
  for split in try reader.splits(of: file.input) {
    let request = ReadRequest(
      columns: columns ?? Array(schema.fields.indices), batchRows: batchRows)
    let stream = try split.open(request)
    while let batch = try stream.next() {
      for row in 0..<batch.count { rows.append(batch.columns.map { $0.scalar(row) }) }
    }
  }
  return rows
}

/// A value as the tests write it: `1`, `'x'`, `NULL`, `[1,2]`, `{a=1}`.
func text(_ scalar: Scalar) -> String {
  switch scalar {
  case .null: "NULL"
  case .boolean(let value): "\(value)"
  case .integer(let value): "\(value)"
  case .double(let value): "\(value)"
  case .decimal(let value): "\(value)"
  case .bytes: "'\(scalar.text ?? "")'"
  case .array(let values): "[" + values.map(text).joined(separator: ",") + "]"
  case .map(let entries):
    "{" + entries.map { text($0.key) + "=" + text($0.value) }.joined(separator: ",") + "}"
  case .structure(let values): "(" + values.map(text).joined(separator: ",") + ")"
  }
}
