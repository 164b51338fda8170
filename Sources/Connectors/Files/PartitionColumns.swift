import Codecs
import Columns
import Contract
import Expressions

/// The columns that stand in directory names, with their types.
struct PartitionColumns: Sendable {
  let fields: [Field]
  /// The session's zone, for timestamps that name none.
  private let timeZoneId: String

  /// The keys of some files, in the order of the directories; a column of the schema gives its
  /// type, otherwise the values do, or all are STRING.
  init(
    _ files: [ListedFile], schema: Schema?, timeZoneId: String, infersTypes: Bool = true
  ) throws {
    self.timeZoneId = timeZoneId
    let partitioned = files.filter { !$0.partition.isEmpty }
    let names = partitioned.first?.partition.map(\.name) ?? []
    try Self.check(names, partitioned)
    fields = names.indices.map { column in
      let name = names[column]
      if let schema, let index = schema.index(of: name) {
        return Field(schema.fields[index].name, schema.fields[index].type)
      }
      let texts = Set(partitioned.compactMap { $0.partition[column].text })
      if texts.isEmpty { return Field(name, .null) }
      return Field(name, infersTypes ? Self.inferred(texts, timeZoneId) : .string)
    }
  }

  /// Refuses directories that do not agree on the columns.
  private static func check(_ names: [String], _ files: [ListedFile]) throws {
    let lowered = names.map { $0.lowercased() }
    for file in files where file.partition.map({ $0.name.lowercased() }) != lowered {
      throw Failure(
        "CONFLICTING_PARTITION_COLUMN_NAMES",
        "the directories do not have the same `key=value` columns",
        hint: "Files may lie in directories of the innermost column alone",
        details: [
          "columns: " + names.joined(separator: ", "),
          "of \(file.file.path): " + file.partition.map(\.name).joined(separator: ", "),
        ])
    }
    for (index, name) in lowered.enumerated() where lowered[..<index].contains(name) {
      throw Failure("COLUMN_ALREADY_EXISTS", "the directories have the column `\(name)` twice")
    }
  }

  /// The schema of the files themselves.
  func fileSchema(_ schema: Schema) -> Schema {
    Schema(schema.fields.filter { index(of: $0.name) == nil })
  }

  private func index(of name: String) -> Int? {
    fields.firstIndex { $0.name.lowercased() == name.lowercased() }
  }

  /// Where a column of the rows comes from.
  enum Place {
    case file(Int)
    case directory(Int)
  }

  /// The columns of files with those of directories: a column of both has the directory's value.
  func places(_ file: Schema) -> [Place] {
    let own = file.fields.indices.map { column in
      index(of: file.fields[column].name).map { Place.directory($0) } ?? .file(column)
    }
    let names = Set(file.fields.map { $0.name.lowercased() })
    return own
      + fields.indices.filter { !names.contains(fields[$0].name.lowercased()) }
      .map { .directory($0) }
  }

  /// The schema that `places` gives.
  func schema(_ file: Schema) -> Schema {
    Schema(
      places(file).map { place in
        switch place {
        case .file(let column): file.fields[column]
        case .directory(let column): fields[column]
        }
      })
  }

  // MARK: Types

  private static func inferred(_ texts: Set<String>, _ zone: String) -> DataType {
    texts.sorted().map { type(of: $0, zone) }.reduce(.null, wider)
  }

  private static func wider(_ a: DataType, _ b: DataType) -> DataType {
    switch (a, b) {
    case (.double, .decimal), (.decimal, .double), (.double, .long), (.long, .double): .string
    default: ImplicitCast.commonTypeWithoutStrings(a, b) ?? .string
    }
  }

  /// The narrowest type that a text is meant as: Java's numbers, or a date or timestamp as they are
  /// written into directory names.
  private static func type(of text: String, _ zone: String) -> DataType {
    if Int32(text) != nil { return .int }
    if Int64(text) != nil { return .long }
    let bytes = Array(text.utf8)
    if let digits = wholeDigits(bytes) { return .decimal(precision: digits, scale: 0) }
    let wanted: DataType =
      isShaped(bytes, "0000-00-00")
      ? .date
      : isShaped(bytes, "0000-00-00 00:00:00") || isShaped(bytes, "0000-00-00 00:00:00.0")
        ? .timestamp : .double
    // Casts know more words for numbers that are none than Java does.
    if wanted == .double, !bytes.withUnsafeBufferPointer({ CSVReader.isNumber($0) }) {
      return .string
    }
    return (try? scalar(text, wanted, zone)) != nil ? wanted : .string
  }

  private static func isShaped(_ bytes: some Collection<UInt8>, _ shape: StaticString) -> Bool {
    guard bytes.count == shape.utf8CodeUnitCount else { return false }
    return zip(bytes, UnsafeBufferPointer(start: shape.utf8Start, count: bytes.count))
      .allSatisfy { byte, model in model == 0x30 ? byte &- 0x30 <= 9 : byte == model }
  }

  /// How many digits a number without fraction has; nil: it is none, or too long for a DECIMAL.
  private static func wholeDigits(_ bytes: [UInt8]) -> Int? {
    guard let (precision, scale) = bytes.withUnsafeBufferPointer({ InferredType.digits($0) }),
      scale <= 0, precision <= 38,
      precision - scale <= 38
    else { return nil }
    return precision - scale
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

  private static func scalar(_ text: String, _ type: DataType, _ zone: String) throws -> Scalar {
    switch type {
    case .string: return .text(text)
    case .null: return .null
    default:
      // As a cast reads the text.
      let value = try Expression.literal(.text(text), .string).cast(to: type)
      let context = EvaluationContext(Batch([], count: 1), task: TaskContext(timeZoneId: zone))
      return try CompiledExpression(value, input: []).evaluate(context).scalar(0)
    }
  }
}

/// A piece of a file with values of its directories as further columns.
struct PartitionedSplit: InputSplit {
  let split: any InputSplit
  /// Where each column comes from.
  let places: [PartitionColumns.Place]
  let values: [(type: DataType, value: Scalar)]
  let fileHasColumns: Bool

  var description: String { split.description }

  func open(_ request: ReadRequest) throws -> any BatchStream {
    let wanted = request.columns.map { places[$0] }
    let own = wanted.compactMap { place in
      if case .file(let column) = place { column } else { nil }
    }
    // Rows are counted by a column.
    let asked = own.isEmpty && fileHasColumns ? [0] : own
    let inner = try split.open(
      ReadRequest(columns: asked, batchRows: request.batchRows, refused: request.refused))
    return Stream(inner, wanted, asked, values)
  }

  private final class Stream: BatchStream {
    private let inner: any BatchStream
    private let wanted: [PartitionColumns.Place]
    private let asked: [Int]
    private let values: [(type: DataType, value: Scalar)]

    init(
      _ inner: any BatchStream, _ wanted: [PartitionColumns.Place], _ asked: [Int],
      _ values: [(type: DataType, value: Scalar)]
    ) {
      self.inner = inner
      self.wanted = wanted
      self.asked = asked
      self.values = values
    }

    func next() throws -> Batch? {
      guard let batch = try inner.next() else { return nil }
      let vectors = wanted.map { place in
        switch place {
        case .file(let column): return batch.column(asked.firstIndex(of: column) ?? 0)
        case .directory(let column):
          let (type, value) = values[column]
          return Vector.constant(value, type, count: batch.count)
        }
      }
      return Batch(vectors, count: batch.count)
    }
  }
}
