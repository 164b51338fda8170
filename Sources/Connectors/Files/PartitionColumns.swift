import Columns
import Contract
import Expressions

/// The columns that stand in directory names, with their types.
struct PartitionColumns: Sendable {
  let fields: [Field]
  /// The session's zone, for timestamps that name none.
  private let timeZoneId: String

  /// The keys of some files, in the order of the directories; a column of the schema gives its
  /// type, otherwise the values do.
  init(_ files: [ListedFile], schema: Schema?, timeZoneId: String) {
    self.timeZoneId = timeZoneId
    var names: [String] = []
    var values: [String: [String]] = [:]
    for file in files {
      for value in file.partition {
        if values[value.name] == nil { names.append(value.name) }
        if let text = value.text {
          values[value.name, default: []].append(text)
        } else {
          values[value.name, default: []] += []
        }
      }
    }
    fields = names.map { name in
      if let schema, let index = schema.index(of: name) {
        return Field(name, schema.fields[index].type)
      }
      return Field(name, Self.inferred(values[name] ?? [], timeZoneId))
    }
  }

  /// The schema of the files themselves.
  func fileSchema(_ schema: Schema) -> Schema {
    let names = Set(fields.map { $0.name.lowercased() })
    return Schema(schema.fields.filter { !names.contains($0.name.lowercased()) })
  }

  private static func inferred(_ texts: [String], _ zone: String) -> DataType {
    if texts.isEmpty { return .string }
    for type in [DataType.int, .long, .double, .date, .timestamp] {
      let fits = texts.allSatisfy { isPlain($0, type) && (try? scalar($0, type, zone)) != nil }
      if fits { return type }
    }
    return .string
  }

  /// Whether a text is meant as such a value, and not only readable as one.
  private static func isPlain(_ text: String, _ type: DataType) -> Bool {
    guard type == .date || type == .timestamp else { return true }
    let date = text.utf8.prefix(10)
    let isDate = date.count == 10 && date.filter { $0 == 45 }.count == 2
    return isDate && (type == .timestamp || text.utf8.count == 10)
  }

  /// The value of a file's column, as a scalar.
  func scalars(_ partition: [PartitionValue], path: String) throws -> [Scalar] {
    try fields.map { field in
      guard
        let value = partition.first(where: { $0.name.lowercased() == field.name.lowercased() }),
        let text = value.text
      else { return .null }
      do { return try Self.scalar(text, field.type, timeZoneId) } catch {
        throw Failure(
          "INVALID_PARTITION_VALUE",
          "`\(text)` in `\(path)` is no value of the column `\(field.name)` \(field.type)")
      }
    }
  }

  private struct NotReadable: Error {}

  private static func scalar(_ text: String, _ type: DataType, _ zone: String) throws -> Scalar {
    func read<T>(_ value: T?) throws -> T {
      guard let value else { throw NotReadable() }
      return value
    }
    func bytes<T>(_ body: (UnsafeBufferPointer<UInt8>) -> T?) throws -> T {
      var text = text
      return try read(text.withUTF8 { body($0) })
    }
    switch type {
    case .string: return .text(text)
    case .boolean: return .boolean(try read(Bool(text.lowercased())))
    case .byte: return .integer(Int64(try read(Int8(text))))
    case .short: return .integer(Int64(try read(Int16(text))))
    case .int: return .integer(Int64(try read(Int32(text))))
    case .long: return .integer(try read(Int64(text)))
    case .float, .double: return .double(try read(Double(text)))
    case .date: return .integer(Int64(try bytes { DateText.read($0) }))
    default:
      // As a cast reads the text.
      let value = try Expression.literal(.text(text), .string).cast(to: type)
      let context = EvaluationContext(Batch([], count: 1), task: TaskContext(timeZoneId: zone))
      return try CompiledExpression(value, input: []).evaluate(context).scalar(0)
    }
  }
}

/// A piece of a file with the file's partition values as further columns.
struct PartitionedSplit: InputSplit {
  let split: any InputSplit
  /// Columns of the file itself; indices from here on are partition columns.
  let fileColumnCount: Int
  let values: [(type: DataType, value: Scalar)]

  var description: String { split.description }

  func open(_ request: ReadRequest) throws -> any BatchStream {
    let own = request.columns.filter { $0 < fileColumnCount }
    // Rows are counted by a column.
    let asked = own.isEmpty && fileColumnCount > 0 ? [0] : own
    let inner = try split.open(ReadRequest(columns: asked, batchRows: request.batchRows))
    return Stream(inner, request.columns, asked, self)
  }

  private final class Stream: BatchStream {
    private let inner: any BatchStream
    private let columns: [Int]
    private let asked: [Int]
    private let split: PartitionedSplit

    init(_ inner: any BatchStream, _ columns: [Int], _ asked: [Int], _ split: PartitionedSplit) {
      self.inner = inner
      self.columns = columns
      self.asked = asked
      self.split = split
    }

    func next() throws -> Batch? {
      guard let batch = try inner.next() else { return nil }
      let vectors = columns.map { column in
        if let place = asked.firstIndex(of: column) { return batch.column(place) }
        let value = split.values[column - split.fileColumnCount]
        return Vector.constant(value.value, value.type, count: batch.count)
      }
      return Batch(vectors, count: batch.count)
    }
  }
}
