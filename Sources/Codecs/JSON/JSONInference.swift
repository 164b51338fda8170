import Columns
import Contract
import Glibc

/// Finds the schema of JSON records, by Spark's rules.
public final class JSONInference {
  private let options: JSONReadOptions
  private let columns = RecordColumns(.structure([]), rowCapacity: 1)
  private let shapes: JSONShapes
  private let reader: JSONTolerantReader
  private var times: TextTimes
  private var sample: RecordSample
  private var type = DataType.structure([])

  public init(_ options: JSONReadOptions) throws {
    self.options = options
    shapes = JSONShapes(columns, hidden: nil)
    times = try TextTimes(options.times)
    sample = RecordSample(ratio: options.samplingRatio)
    reader = JSONTolerantReader(
      options: options, columns: columns, slots: columns.slots, shapes: shapes.shapes,
      scratch: JSONScratch(options), times: times,
      base: UnsafePointer(Buffer.empty.typed(UInt8.self)))
  }

  /// Looks at lines; the last byte of the range is a line feed.
  public func add(lines buffer: Buffer, _ range: Range<Int>) throws {
    let bytes = UnsafePointer(buffer.typed(UInt8.self))
    var start = range.lowerBound
    while start < range.upperBound {
      let found = memchr(bytes + start, 0x0A, range.upperBound - start)
      let end =
        found.map { UnsafePointer($0.assumingMemoryBound(to: UInt8.self)) - bytes }
        ?? range.upperBound
      try add(record: buffer, start..<end)
      start = end + 1
    }
  }

  /// Looks at one record.
  public func add(record buffer: Buffer, _ range: Range<Int>) throws {
    guard let found = try type(of: UnsafePointer(buffer.typed(UInt8.self)), range) else { return }
    switch found {
    case .success(let found): type = try merged(root: type, found)
    case .failure(let reason):
      switch options.mode {
      case .permissive: type = withCorruptField(type)
      case .dropMalformed: break
      case .failFast: throw malformed(reason.failure)
      }
    }
  }

  private struct Malformed: Error {
    let failure: Failure?
  }

  /// The type of one record; nil for a blank one and for those outside the sample.
  private func type(
    of bytes: UnsafePointer<UInt8>, _ range: Range<Int>
  ) throws -> Result<DataType, Malformed>? {
    var reader = self.reader
    reader.start(bytes, from: range.lowerBound, to: range.upperBound, block: 0)
    do throws(JSONFault) {
      try reader.skipBlanks()
      guard reader.at < reader.end, sample.takesNext() else { return nil }
      return .success(try value(&reader))
    } catch {
      return .failure(Malformed(failure: reader.reason))
    }
  }

  private func malformed(_ reason: Failure? = nil) -> Failure {
    Failure(
      "MALFORMED_RECORD_IN_PARSING.WITHOUT_SUGGESTION",
      "a record is malformed: \(reason?.message ?? "it is no JSON object")", cause: reason)
  }

  /// The columns found: sorted by name; what was always NULL is STRING.
  public func schema() throws -> Schema {
    guard case .structure(let fields)? = canonical(type) else { return Schema([]) }
    try check(.structure(fields))
    return Schema(fields)
  }

  /// Refuses names that stand twice in one object.
  private func check(_ type: DataType) throws {
    if case .structure(let fields) = type {
      var names: Set<String> = []
      for field in fields where !names.insert(field.name.lowercased()).inserted {
        throw Failure(
          "COLUMN_ALREADY_EXISTS",
          "the column `\(field.name.lowercased())` appears twice in the records",
          hint: "Give a schema with one of the names")
      }
    }
    for child in type.childTypes { try check(child) }
  }

  /// The type of one JSON text, as `schema_of_json` gives it.
  public static func type(of text: UnsafeRawBufferPointer, options: JSONReadOptions) throws
    -> DataType
  {
    let inference = try JSONInference(options)
    let buffer = Buffer(copying: text)
    switch try inference.type(of: UnsafePointer(buffer.typed(UInt8.self)), 0..<text.count) {
    case nil: return .string
    case .success(let type): return inference.canonical(type) ?? .structure([])
    case .failure(let reason): throw inference.malformed(reason.failure)
    }
  }

  // MARK: One record

  private func value(_ reader: inout JSONTolerantReader) throws(JSONFault) -> DataType {
    guard reader.at < reader.end else {
      throw reader.syntaxError("the text ends where a value is expected")
    }
    let from = reader.at
    let token = try reader.token()
    switch token {
    case .object: return try object(&reader)
    case .array:
      var element = DataType.null
      try reader.enter()
      try reader.elements { (inner: inout JSONTolerantReader) throws(JSONFault) in
        element = InferredType.merged(element, try self.value(&inner))
      }
      reader.depth -= 1
      return .array(element, containsNull: true)
    case .string: return text(try reader.text())
    case .null, .boolean:
      try reader.skipValue()
      return token == .null ? .null : options.primitivesAsString ? .string : .boolean
    default:
      let isInteger = try reader.number() == .integer
      if options.primitivesAsString { return .string }
      return number(
        UnsafeBufferPointer(start: reader.base + from, count: reader.at - from),
        isInteger: isInteger)
    }
  }

  private func object(_ reader: inout JSONTolerantReader) throws(JSONFault) -> DataType {
    var fields: [Field] = []
    try reader.enter()
    try reader.members { (inner: inout JSONTolerantReader) throws(JSONFault) in
      let name = String(decoding: try inner.name(), as: UTF8.self)
      try inner.colon()
      fields.append(Field(name, try self.value(&inner)))
    }
    reader.depth -= 1
    fields.sort { InferredType.precedes($0.name, $1.name) }
    return .structure(fields)
  }

  private func text(_ text: UnsafeBufferPointer<UInt8>) -> DataType {
    if text.isEmpty { return .null }
    if options.prefersDecimal {
      let plain = text.filter { $0 != Ascii.comma }
      let digits = plain.withUnsafeBufferPointer { InferredType.digits($0) }
      if let (precision, scale) = digits, precision <= 38, scale >= 0, scale <= precision {
        return .decimal(precision: precision, scale: scale)
      }
    }
    return options.inferTimestamp && times.isTimestamp(text) ? .timestamp : .string
  }

  private func number(_ text: UnsafeBufferPointer<UInt8>, isInteger: Bool) -> DataType {
    if isInteger, IntegerText.readInt64(text) != nil { return .long }
    guard isInteger || options.prefersDecimal, let (precision, scale) = InferredType.digits(text),
      max(precision, scale) <= 38, scale >= 0
    else { return .double }
    return .decimal(precision: max(precision, scale), scale: scale)
  }

  // MARK: Many records

  /// Arrays at the top count as their elements; anything but structs makes a corrupt-record column.
  private func merged(root a: DataType, _ b: DataType) throws -> DataType {
    switch (a, b) {
    case (_, .array(let element, _)): return try merged(root: a, element)
    case (.structure, .null): return a
    case (.structure, .structure): return InferredType.merged(a, b)
    default:
      switch options.mode {
      case .permissive: return withCorruptField(a)
      case .dropMalformed: return a
      case .failFast: throw malformed()
      }
    }
  }

  private func withCorruptField(_ type: DataType) -> DataType {
    let name = options.columnNameOfCorruptRecord
    guard case .structure(let fields) = type, !fields.contains(where: { $0.name == name }) else {
      return type
    }
    return .structure(
      (fields + [Field(name, .string)]).sorted { InferredType.precedes($0.name, $1.name) })
  }

  /// Without empty structs and nameless fields; NULL as STRING, or left out.
  private func canonical(_ type: DataType) -> DataType? {
    switch type {
    case .array(let element, _): return canonical(element).map { .array($0, containsNull: true) }
    case .structure(let fields):
      let kept = fields.compactMap { field in
        field.name.isEmpty ? nil : canonical(field.type).map { Field(field.name, $0) }
      }
      return kept.isEmpty ? nil : .structure(kept)
    case .null: return options.dropFieldIfAllNull ? nil : .string
    default: return type
    }
  }
}
