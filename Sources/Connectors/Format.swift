import Columns
import Contract

/// A file format: bytes to batches and back. The one place that knows JSON from CSV.
public protocol FileFormat: Sendable {
  /// Name, options of reading, and examples.
  var spec: Spec { get }
  /// The options of writing.
  var writeParameters: [Parameter] { get }
  /// A reader for a schema. Checks the options.
  func reader(schema: Schema, options: Options, context: FormatContext) throws -> any FormatReader
  /// The schema found in some files, for batch reads without one.
  func inferSchema(files: [String], options: Options, context: FormatContext) throws -> Schema
  /// Checks the options and the schema.
  func writer(schema: Schema, options: Options, context: FormatContext) throws -> any FormatWriter
}

/// What formats need to know of the session.
public struct FormatContext: Sendable {
  public let timeZoneId: String
  public let isCaseSensitive: Bool

  public init(timeZoneId: String = "UTC", isCaseSensitive: Bool = false) {
    self.timeZoneId = timeZoneId
    self.isCaseSensitive = isCaseSensitive
  }
}

/// Decodes files of one format, schema and set of options.
public protocol FormatReader: Sendable {
  /// With the corrupt-record column where the user's schema has it.
  var schema: Schema { get }
  /// Cuts a file into pieces that can be read apart (one, where the format or a compression
  /// forbids cutting).
  func splits(of file: InputFile) throws -> [any InputSplit]
}

/// A file as the source's log names it.
public struct InputFile: Sendable, Hashable {
  /// Absolute.
  public let path: String
  /// Bytes, when it was listed.
  public let size: Int64
  public let modifiedUs: Int64

  public init(path: String, size: Int64, modifiedUs: Int64) {
    self.path = path
    self.size = size
    self.modifiedUs = modifiedUs
  }
}

/// Encodes batches as one file's bytes.
public protocol FormatWriter: Sendable {
  /// `.json`, `.csv.gz`.
  var fileExtension: String { get }
  func makeEncoder() throws -> any BatchEncoder
}

/// The bytes of one file, in pieces.
public protocol BatchEncoder: AnyObject {
  /// Appends the encoded rows to `output`.
  func encode(_ batch: Batch, into output: inout [UInt8]) throws
  /// Appends what ends the file.
  func finish(into output: inout [UInt8]) throws
}
