import Columns
import Contract
import Glibc

/// Finds the columns of CSV records, by Spark's rules.
public final class CSVInference {
  private let options: CSVOptions
  private var tokenizer: CSVTokenizer
  private var times: TextTimes
  private let datePattern: DateTimePattern
  private var sample: RecordSample
  /// The columns' names, once the first record is there.
  private var names: [String]?
  private var types: [DataType] = []

  public init(_ options: CSVOptions) throws {
    self.options = options
    tokenizer = CSVTokenizer(options)
    times = try TextTimes(options.times)
    datePattern = try DateTimePattern(options.times.dateFormat ?? "yyyy-MM-dd", for: .parsing)
    sample = RecordSample(ratio: options.samplingRatio)
  }

  /// Looks at one record; false for one that is passed over. `isFileStart`: it may be a header.
  public func add(record buffer: Buffer, _ range: Range<Int>, isFileStart: Bool) throws -> Bool {
    let bytes = UnsafePointer(buffer.typed(UInt8.self))
    let isBlank = range.allSatisfy { bytes[$0] <= 0x20 }
    if isBlank || bytes[range.lowerBound] == options.comment { return false }
    tokenizer.start(bytes, range.lowerBound, range.upperBound, .none)
    try addRest(isFileStart: isFileStart)
    return true
  }

  /// Looks at a whole file, whose values in quotes may hold line ends.
  public func add(file buffer: Buffer, _ range: Range<Int>) throws {
    let bytes = UnsafePointer(buffer.typed(UInt8.self))
    let lineEnd = CSVReader.lineEnd(options, bytes, range)
    var start = range.lowerBound
    if range.count >= 3, bytes[start] == 0xEF, bytes[start + 1] == 0xBB, bytes[start + 2] == 0xBF {
      start += 3
    }
    var isFileStart = true
    while start < range.upperBound {
      tokenizer.start(bytes, start, range.upperBound, lineEnd)
      if bytes[start] == options.comment || tokenizer.isBlankRecordOnceTrimmed {
        start = tokenizer.nextLine
        continue
      }
      try addRest(isFileStart: isFileStart)
      isFileStart = false
      start = tokenizer.nextRecord
    }
  }

  private func addRest(isFileStart: Bool) throws {
    var values: [String?] = []
    while let token = try tokenizer.next() {
      values.append(token.isMissing ? nil : String(decoding: token.text, as: UTF8.self))
    }
    try add(values, isFileStart: isFileStart)
  }

  private func add(_ values: [String?], isFileStart: Bool) throws {
    let isHeader = isFileStart && options.header
    if names == nil {
      names = isHeader ? safeNames(values) : values.indices.map { "_c\($0)" }
      types = Array(repeating: .null, count: values.count)
    }
    guard !isHeader, options.inferSchema, sample.takesNext() else { return }
    for (index, value) in values.prefix(types.count).enumerated() {
      guard let value, !value.isEmpty, Array(value.utf8) != options.nullValue else { continue }
      types[index] = merged(types[index], value)
    }
  }

  /// The columns found; what was always NULL is STRING.
  public func schema() -> Schema {
    Schema(zip(names ?? [], types).map { Field($0, $1 == .null ? .string : $1) })
  }

  /// Empty names are `_c0`, and names that appear twice get their position.
  private func safeNames(_ values: [String?]) -> [String] {
    let lowered = values.map { ($0 ?? "").lowercased() }
    return values.enumerated().map { index, value in
      guard let value, !value.isEmpty, Array(value.utf8) != options.nullValue else {
        return "_c\(index)"
      }
      let isTwin = lowered.enumerated().contains {
        $0.offset != index && $0.element == lowered[index]
      }
      return isTwin ? "\(value)\(index)" : value
    }
  }

  // MARK: Types

  /// Every type leads on to the next wider question, starting from what the column is so far.
  private func merged(_ known: DataType, _ value: String) -> DataType {
    let bytes = Array(value.utf8)
    let found = bytes.withUnsafeBufferPointer { self.found(known, $0) }
    if known == .date, found == .timestamp || found == .timestampNtz {
      return options.times.timestampFormat == nil ? .timestamp : .string
    }
    return InferredType.common(known, found) ?? .string
  }

  private func found(_ known: DataType, _ text: UnsafeBufferPointer<UInt8>) -> DataType {
    switch known {
    case .null, .int: return integer(text)
    case .long: return long(text)
    case .decimal: return decimal(text)
    case .double: return double(text)
    case .date: return date(text)
    case .timestamp: return timestamp(text)
    case .boolean: return boolean(text)
    default: return .string
    }
  }

  private func isTight(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    text[0] > 0x20 && text[text.count - 1] > 0x20
  }

  private func integer(_ text: UnsafeBufferPointer<UInt8>) -> DataType {
    isTight(text) && IntegerText.readInt32(text) != nil ? .int : long(text)
  }

  private func long(_ text: UnsafeBufferPointer<UInt8>) -> DataType {
    isTight(text) && IntegerText.readInt64(text) != nil ? .long : decimal(text)
  }

  /// Only whole numbers that a DECIMAL holds.
  private func decimal(_ text: UnsafeBufferPointer<UInt8>) -> DataType {
    guard let (precision, scale) = InferredType.digits(text), scale == 0, precision <= 38 else {
      return double(text)
    }
    return .decimal(precision: precision, scale: 0)
  }

  private func double(_ text: UnsafeBufferPointer<UInt8>) -> DataType {
    let words = [options.nanValue, options.positiveInf, options.negativeInf]
    if CSVReader.isNumber(text), FloatingPointText.readDouble(text) != nil { return .double }
    if words.contains(where: { text.elementsEqual($0) }) { return .double }
    return options.preferDate ? date(text) : timestamp(text)
  }

  private func date(_ text: UnsafeBufferPointer<UInt8>) -> DataType {
    datePattern.date(text) != nil ? .date : timestamp(text)
  }

  private func timestamp(_ text: UnsafeBufferPointer<UInt8>) -> DataType {
    times.isTimestamp(text) ? .timestamp : boolean(text)
  }

  private func boolean(_ text: UnsafeBufferPointer<UInt8>) -> DataType {
    let word = String(decoding: text, as: UTF8.self).lowercased()
    return word == "true" || word == "false" ? .boolean : .string
  }
}
