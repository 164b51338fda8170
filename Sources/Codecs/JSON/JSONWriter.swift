import CSystem
import Columns
import Contract
import Glibc

/// The options of writing JSON, checked.
public struct JSONWriteOptions: Sendable {
  public var ignoresNullFields = true
  var layout: JSONLayout?
  public var times = TextTimeOptions()

  public init() {}

  public init(_ options: Options, timeZoneId: String) throws {
    ignoresNullFields = try options.boolean("ignoreNullFields") ?? true
    layout = JSONLayout(
      isPretty: try options.boolean("pretty") ?? false,
      sortsKeys: try options.boolean("sortKeys") ?? false,
      escapesNonASCII: try options.boolean("writeNonAsciiCharacterAsCodePoint") ?? false)
    times = try TextTimeOptions(options, timeZoneId: timeZoneId)
  }
}

extension JSONWriteOptions {
  /// What `to_json` knows.
  public static let names =
    ["ignoreNullFields", "pretty", "sortKeys", "writeNonAsciiCharacterAsCodePoint"]
    + TextTimeOptions.names
}

/// One column while rows are written: plain memory, bound to a vector's buffers for a batch.
struct JSONSource {
  let kind: ValueKind
  let firstChild: Int
  let childCount: Int
  /// Scale of a DECIMAL; the ends of an interval.
  let precision: Int
  let scale: Int
  /// `"name":`, with a comma in front.
  let prefix: UnsafeMutablePointer<UInt8>
  let prefixCount: Int
  var values = UnsafeRawPointer(Buffer.empty.pointer)
  /// nil: no row is NULL.
  var validity: UnsafeRawPointer?
  var blocks: UnsafePointer<UnsafeRawPointer>?
  /// 0 for a constant vector, whose every row is its first; otherwise -1.
  var mask = -1
}

/// Writes rows as JSON text: the lines of a file, or the strings of `to_json`.
///
/// One thread at a time.
public final class JSONWriter {
  private let sources: UnsafeMutablePointer<JSONSource>
  private let sourceCount: Int
  private var encoder: JSONRowEncoder
  private let layout: JSONLayout?

  private static let pieceSize = 1 << 15

  /// `type`: what one row is; for files a struct of the columns.
  public init(_ type: DataType, options: JSONWriteOptions) throws {
    var types: [(type: DataType, name: String)] = [(type, "")]
    var sources: [JSONSource] = []
    while sources.count < types.count {
      let (type, name) = types[sources.count]
      sources.append(try Self.source(type, name, firstChild: types.count))
      if case .structure(let fields) = type {
        types += fields.map { ($0.type, $0.name) }
      } else {
        types += type.childTypes.map { ($0, "") }
      }
    }
    sourceCount = sources.count
    layout = options.layout
    self.sources = .allocate(capacity: sources.count)
    self.sources.initialize(from: sources, count: sources.count)
    encoder = JSONRowEncoder(
      sources: self.sources, ignoresNullFields: options.ignoresNullFields,
      times: try TimesText(options.times))
  }

  deinit {
    for index in 0..<sourceCount { sources[index].prefix.deallocate() }
    sources.deallocate()
    encoder.output.free()
  }

  private static func source(_ type: DataType, _ name: String, firstChild: Int) throws -> JSONSource
  {
    if case .map(let key, _, _) = type, key.isNested || key == .binary {
      throw Failure(
        "UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE", "a map with keys of type \(key) has no JSON text",
        hint: "Cast the keys to STRING")
    }
    var prefix = ByteOutput(capacity: 64 + name.utf8.count * 6 + 32)
    prefix.append(Ascii.comma)
    Array(name.utf8).withUnsafeBytes { JSONRowEncoder.appendQuoted($0, to: &prefix) }
    prefix.append(Ascii.colon)
    var (precision, scale) = (0, 0)
    switch type {
    case .decimal(let p, let s): (precision, scale) = (p, s)
    case .dayTimeInterval(let from, let to), .yearMonthInterval(let from, let to):
      (precision, scale) = (from.rawValue, to.rawValue)
    default: break
    }
    return JSONSource(
      kind: ValueKind(type), firstChild: firstChild, childCount: type.childTypes.count,
      precision: precision, scale: scale, prefix: prefix.bytes, prefixCount: prefix.count)
  }

  // MARK: Rows

  /// Appends one line a row.
  public func write(lines batch: Batch, separator: [UInt8], into text: inout [UInt8]) throws {
    precondition(batch.columns.count == sources[0].childCount, "columns of another schema")
    for (index, column) in batch.columns.enumerated() {
      bind(sources[0].firstChild + index, column)
    }
    // A local copy: what a class holds is checked for exclusive access at every touch.
    var encoder = self.encoder
    defer { self.encoder = encoder }
    encoder.output.count = 0
    try withExtendedLifetime(batch) {
      let rows = batch.selection?.rows
      for index in 0..<batch.count {
        try encoder.writeFields(0, rows.map { Int($0[index]) } ?? index)
        if let layout {
          layout.append(encoder.output.written, to: &text)
          encoder.output.count = 0
        }
        encoder.output.append(separator)
        if layout != nil { encoder.take(into: &text) }
        // Handed over while it is still in the cache.
        if encoder.output.count > Self.pieceSize { encoder.take(into: &text) }
      }
    }
    encoder.take(into: &text)
  }

  /// The rows of a vector as strings; NULL where the row is NULL.
  public func strings(_ vector: Vector) throws -> Vector {
    bind(0, vector)
    var encoder = self.encoder
    defer { self.encoder = encoder }
    let builder = VectorBuilder(.string, capacity: vector.count)
    try withExtendedLifetime(vector) {
      for row in 0..<vector.count {
        if vector.isNull(row) {
          builder.appendNull()
          continue
        }
        encoder.output.count = 0
        try encoder.write(0, row)
        guard let layout else {
          builder.append(bytes: encoder.output.written)
          continue
        }
        var text: [UInt8] = []
        layout.append(encoder.output.written, to: &text)
        text.withUnsafeBytes { builder.append(bytes: $0) }
      }
    }
    return builder.finish()
  }

  private func bind(_ index: Int, _ vector: Vector) {
    let source = sources + index
    source.pointee.values = UnsafeRawPointer(vector.values.pointer)
    source.pointee.validity =
      vector.nullCount == 0 ? nil : vector.validity.map { UnsafeRawPointer($0.pointer) }
    source.pointee.blocks = vector.blockAddresses
    source.pointee.mask = vector.isConstant ? 0 : -1
    for (child, vector) in vector.children.enumerated() {
      bind(source.pointee.firstChild + child, vector)
    }
  }
}
