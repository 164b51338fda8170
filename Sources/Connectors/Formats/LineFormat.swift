import Codecs
import Columns
import Contract

/// Decodes the records of blocks into columns: what a line format adds to the reading of files.
protocol RecordDecoder: AnyObject {
  func begin(_ block: LineBlock)
  /// Reads until the block is done (true) or `limit` rows are there (false). A record that FAILFAST
  /// refuses is a `MalformedRecordError`.
  func read(limit: Int) throws -> Bool
  var count: Int { get }
  func finish() -> Batch
  /// Takes the records that FAILFAST refuses, and the reading goes on.
  func setRefused(_ take: @escaping (MalformedRecordError) -> Void)
}

extension RecordDecoder {
  func setRefused(_ take: @escaping (MalformedRecordError) -> Void) {}

  /// Hands what FAILFAST refuses to the one who asked for it.
  func refuse(_ request: ReadRequest, _ block: @escaping () -> LineBlock?, _ lines: RecordLines) {
    guard let take = request.refused else { return }
    setRefused { error in
      guard let block = block() else { return }
      let bytes = UnsafeRawBufferPointer(
        start: block.buffer.pointer + error.range.lowerBound, count: error.range.count)
      let position = Int(block.fileOffset(of: error.range.lowerBound))
      take(
        RefusedRecord(
          text: String(decoding: bytes, as: UTF8.self),
          failure: error.failure(at: lines.place(of: Int64(position))), position: position))
    }
  }
}

/// How a format's files are cut into records.
struct RecordLayout: Sendable {
  /// nil: lines.
  let separator: [UInt8]?
  /// The whole file is one record.
  let isWholeFile: Bool
  /// nil: UTF-8.
  let encoding: TextEncoding?
  /// Whether a whole file that says so by its first bytes is of another encoding: JSON's habit.
  let findsEncoding: Bool
  /// What of a file cannot be read is passed over from there on.
  let ignoresDamage: Bool
  /// A file that is gone is passed over.
  let ignoresMissing: Bool

  init(
    _ options: Options, separator: [UInt8]?, isWholeFile: Bool, findsEncoding: Bool = false
  ) throws {
    self.separator = separator
    self.isWholeFile = isWholeFile
    self.findsEncoding = findsEncoding
    encoding = try TextEncoding.option(options)
    ignoresDamage = try options.boolean("ignoreCorruptFiles") ?? false
    ignoresMissing = try options.boolean("ignoreMissingFiles") ?? false
  }

  /// A file as it is now; nil where one that is gone is passed over.
  func file(_ path: String) throws -> InputFile? {
    do { return try InputFile(path: path) } catch let failure as Failure {
      if ignores(failure) { return nil }
      throw failure
    }
  }

  /// Whether a file's fault is passed over.
  func ignores(_ failure: Failure) -> Bool {
    switch failure.condition {
    case FileBytes.missing: ignoresMissing
    case FileBytes.unreadable, FileBytes.changed: ignoresDamage
    default: false
    }
  }

  /// Records of uncompressed files are read apart from about this many bytes on.
  static let splitSize: Int64 = 8 << 20
}

/// What a line format's reader knows, whatever the format.
struct LineFormatReader: FormatReader {
  let schema: Schema
  let layout: RecordLayout
  let makeDecoder:
    @Sendable ([Field], ReadRequest, InputFile, _ isFileStart: Bool) throws -> any RecordDecoder

  func splits(of file: InputFile) throws -> [any InputSplit] {
    if try layout.isWholeFile || layout.encoding != nil || Compression.of(path: file.path) != nil
      || file.size <= RecordLayout.splitSize * 3 / 2
    {
      return [LineSplit(reader: self, file: file, from: 0, to: .max)]
    }
    var splits: [LineSplit] = []
    var start: Int64 = 0
    while start < file.size {
      // A last piece of less than half a split is not worth its own.
      let rest = file.size - start
      let length = rest <= RecordLayout.splitSize * 3 / 2 ? rest : RecordLayout.splitSize
      splits.append(LineSplit(reader: self, file: file, from: start, to: start + length))
      start += length
    }
    return splits
  }
}

/// Some records of a file.
struct LineSplit: InputSplit {
  let reader: LineFormatReader
  let file: InputFile
  let from: Int64
  /// Records that start here or later belong to the next split.
  let to: Int64

  var description: String {
    to == .max ? file.path : "\(file.path), bytes \(from) to \(to)"
  }

  func open(_ request: ReadRequest) throws -> any BatchStream {
    let lines = RecordLines(file, reader.layout)
    let decoder = try reader.makeDecoder(
      request.columns.map { reader.schema.fields[$0] }, request, file, from == 0)
    if reader.layout.isWholeFile {
      return DecodedFile(try WholeFile(file, reader.layout).block(), decoder, request, lines)
    }
    let blocks = try LineBlocks(file, reader.layout, from: from, to: to)
    return DecodedLines(blocks, decoder, request, lines)
  }
}

/// The batches of a split.
final class DecodedLines: BatchStream {
  private let blocks: LineBlocks
  private let decoder: any RecordDecoder
  private let batchRows: Int
  private let lines: RecordLines
  private var block: LineBlock?

  init(
    _ blocks: LineBlocks, _ decoder: any RecordDecoder, _ request: ReadRequest, _ lines: RecordLines
  ) {
    self.blocks = blocks
    self.decoder = decoder
    batchRows = request.batchRows
    self.lines = lines
    decoder.refuse(request, { [unowned self] in block }, lines)
  }

  func next() throws -> Batch? {
    while decoder.count < batchRows {
      if block == nil {
        guard let next = try blocks.next() else { break }
        block = next
        decoder.begin(next)
      }
      if let current = block, try read(decoder, batchRows, current, lines) { block = nil }
    }
    return decoder.count == 0 ? nil : decoder.finish()
  }
}

/// The batches of a file that is one record.
final class DecodedFile: BatchStream {
  private let decoder: any RecordDecoder
  private let batchRows: Int
  private let lines: RecordLines
  private var block: LineBlock?

  init(
    _ block: LineBlock?, _ decoder: any RecordDecoder, _ request: ReadRequest, _ lines: RecordLines
  ) {
    self.block = block
    self.decoder = decoder
    batchRows = request.batchRows
    self.lines = lines
    if let block { decoder.begin(block) }
    decoder.refuse(request, { [unowned self] in self.block }, lines)
  }

  func next() throws -> Batch? {
    guard let current = block else { return nil }
    if try read(decoder, batchRows, current, lines) { block = nil }
    return decoder.count == 0 ? nil : decoder.finish()
  }
}

/// Says where a record lies that inference refuses.
func naming<T>(_ place: @autoclosure () -> String, _ body: () throws -> T) throws -> T {
  do { return try body() } catch let failure as Failure {
    throw Failure(
      failure.condition, "\(failure.message), in \(place())", hint: failure.hint,
      details: failure.details, cause: failure.cause)
  }
}

/// Reads, and says where a record that was refused lies.
private func read(
  _ decoder: any RecordDecoder, _ limit: Int, _ block: LineBlock, _ lines: RecordLines
) throws -> Bool {
  do {
    return try decoder.read(limit: limit)
  } catch let error as MalformedRecordError {
    throw error.failure(at: lines.place(of: block.fileOffset(of: error.range.lowerBound)))
  }
}

/// A file's whole text as one record.
struct WholeFile {
  let file: InputFile
  private let layout: RecordLayout

  init(_ file: InputFile, _ layout: RecordLayout) {
    self.file = file
    self.layout = layout
  }

  /// The text with a line feed behind it; nil for an empty file.
  func block() throws -> LineBlock? {
    do { return try decoded() } catch let failure as Failure {
      if layout.ignores(failure) { return nil }
      throw failure
    }
  }

  private func decoded() throws -> LineBlock? {
    let found = try block(layout.encoding)
    guard let block = found, layout.findsEncoding, layout.encoding == nil else { return found }
    let start = UnsafeRawBufferPointer(
      start: block.buffer.pointer, count: min(block.range.count - 1, 4))
    guard let encoding = TextEncoding.ofJSON(start) else { return block }
    return try self.block(encoding)
  }

  private func block(_ encoding: TextEncoding?) throws -> LineBlock? {
    let source = try file.text(encoding: encoding)
    var buffer = Buffer(capacity: max(Int(min(file.size, Int64(Limits.recordBytes))), 4096) + 1)
    var count = 0
    while true {
      if count + 1 >= buffer.capacity {
        guard buffer.capacity <= Limits.recordBytes else {
          throw Failure(
            "RECORD_TOO_LONG", "the file \(file.path) is longer than \(Limits.recordBytes) bytes",
            hint: "As one record (`multiLine`, `wholetext`) a file must fit that")
        }
        let wider = Buffer(capacity: min(buffer.capacity * 2, Limits.recordBytes + 2))
        wider.pointer.copyMemory(from: buffer.pointer, byteCount: count)
        buffer = wider
      }
      let read = try source.read(
        into: buffer.pointer + count, capacity: buffer.capacity - count - 1)
      if read == 0 { break }
      count += read
    }
    if count == 0 { return nil }
    buffer.typed(UInt8.self)[count] = 0x0A
    return LineBlock(
      buffer: buffer, range: 0..<(count + 1), fileOffset: 0, ends: [count], separatorExcess: 0)
  }
}

extension Options {
  /// The option `lineSep` as bytes.
  func lineSeparator() throws -> [UInt8]? {
    guard let text = self["lineSep"] else { return nil }
    guard !text.isEmpty else {
      throw Failure("INVALID_OPTION_VALUE", "the option `lineSep` cannot be empty")
    }
    return Array(text.utf8)
  }
}
