import CSystem
import Columns
import Contract
import Glibc

/// Bytes that are read once, from front to back.
protocol ByteSource: AnyObject {
  /// Reads up to `capacity` bytes; 0 at the end.
  func read(into target: UnsafeMutableRawPointer, capacity: Int) throws -> Int
}

/// A range of a file, as the source's log knows the file: what was appended since is not seen, what
/// is missing is an error.
final class FileBytes: ByteSource {
  private let path: String
  private let descriptor: Int32
  private var position: Int64
  private let end: Int64

  init(_ file: InputFile, from start: Int64 = 0) throws {
    path = file.path
    descriptor = open(file.path, O_RDONLY | O_CLOEXEC)
    position = start
    end = file.size
    if descriptor < 0 { throw Self.failure(file.path, errno) }
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  func read(into target: UnsafeMutableRawPointer, capacity: Int) throws -> Int {
    let wanted = Int(min(Int64(capacity), end - position))
    if wanted <= 0 { return 0 }
    while true {
      let count = pread(descriptor, target, wanted, off_t(position))
      if count > 0 {
        position += Int64(count)
        return count
      }
      if count == 0 {
        throw Failure(
          Self.changed,
          "the file \(path) ends at byte \(position), but had \(end) bytes when it was listed",
          hint: "Files of a source must not change: write them elsewhere and rename them into place"
        )
      }
      if errno != EINTR { throw Self.failure(path, errno) }
    }
  }

  static let missing = "FAILED_READ_FILE.FILE_NOT_EXIST"
  static let changed = "FAILED_READ_FILE.FILE_CHANGED"
  static let unreadable = "FAILED_READ_FILE.NO_HINT"

  static func failure(_ path: String, _ code: Int32) -> Failure {
    if code == ENOENT {
      return Failure(
        missing, "the file \(path) was listed and is gone",
        hint: "Keep a source's files until the batches that read them are committed")
    }
    return Failure(
      unreadable,
      "the file \(path) cannot be read: \(String(cString: strerror(code)))")
  }
}

/// The compressions of text files.
enum Compression: Int32, CaseIterable {
  case gzip = 1
  case zstd = 2
  case bzip2 = 3
  case deflate = 4

  static let names = ["none", "gzip", "zstd", "bzip2", "deflate"]
  /// What other systems compress files with, by the ends of their names.
  private static let unknown = [".lz4", ".snappy", ".xz", ".lzo", ".Z", ".br"]

  /// As in `part-0.json.gz`.
  var fileExtension: String {
    switch self {
    case .gzip: ".gz"
    case .zstd: ".zst"
    case .bzip2: ".bz2"
    case .deflate: ".deflate"
    }
  }

  /// By the end of a file's name; nil: none.
  static func of(path: String) throws -> Compression? {
    if let found = allCases.first(where: { path.hasSuffix($0.fileExtension) }) { return found }
    guard let end = unknown.first(where: { path.hasSuffix($0) }) else { return nil }
    throw Failure(
      "CODEC_NOT_AVAILABLE.WITH_AVAILABLE_CODECS_SUGGESTION",
      "the file \(path) is compressed in a way (\(end)) that is not known here",
      hint: "Known are "
        + allCases.map { "`\($0.fileExtension)`" }.joined(separator: ", "))
  }

  /// What the option `compression` of a writer says; nil: none.
  static func option(_ options: Options) throws -> Compression? {
    guard let name = options["compression"] else { return nil }
    switch name.lowercased() {
    case "none", "uncompressed": return nil
    case "gzip", "gz": return .gzip
    case "zstd", "zstandard": return .zstd
    case "bzip2", "bz2": return .bzip2
    case "deflate": return .deflate
    default:
      throw Failure(
        "CODEC_NOT_AVAILABLE.WITH_AVAILABLE_CODECS_SUGGESTION",
        "there is no compression `\(name)`; there are \(names.joined(separator: ", "))",
        hint: Suggestion.sentence(for: name, among: names))
    }
  }
}

/// The decoded bytes of a compressed file.
final class DecompressedBytes: ByteSource {
  private let source: any ByteSource
  private let path: String
  private let decoder: OpaquePointer
  private let input = Buffer(capacity: 1 << 16)
  private var available = 0..<0
  /// Whether the last member was read to its end.
  private var isWhole = true

  init(_ source: any ByteSource, _ compression: Compression, path: String) throws {
    self.source = source
    self.path = path
    guard let decoder = moontide_decompressor_create(compression.rawValue) else {
      throw Failure("OUT_OF_MEMORY", "no memory to decompress \(path)")
    }
    self.decoder = decoder
  }

  deinit { moontide_decompressor_free(decoder) }

  func read(into target: UnsafeMutableRawPointer, capacity: Int) throws -> Int {
    while true {
      if available.isEmpty {
        let count = try source.read(into: input.pointer, capacity: input.capacity)
        if count == 0 {
          if isWhole { return 0 }
          throw Failure(
            FileBytes.unreadable, "the compressed file \(path) ends in the middle",
            hint: "It may have been cut short when it was written or copied")
        }
        available = 0..<count
      }
      var taken = available.count
      var written = capacity
      let status = moontide_decompressor_run(
        decoder, input.typed(UInt8.self) + available.lowerBound, &taken,
        target.assumingMemoryBound(to: UInt8.self), &written)
      if status < 0 {
        throw Failure(FileBytes.unreadable, "the compressed file \(path) is damaged")
      }
      available = (available.lowerBound + taken)..<available.upperBound
      isWhole = status == 1
      if written > 0 { return written }
      if taken == 0, status == 0 {
        throw Failure(FileBytes.unreadable, "the compressed file \(path) is damaged")
      }
    }
  }
}

extension InputFile {
  /// A file as it is now.
  init(path: String) throws {
    var status = stat()
    guard stat(path, &status) == 0 else { throw FileBytes.failure(path, errno) }
    self.init(path: path, size: Int64(status.st_size), modifiedUs: 0)
  }

  /// The file's text from some byte on, decompressed by its name and as UTF-8; only from 0 where
  /// one of the two is work.
  func text(from start: Int64 = 0, encoding: TextEncoding? = nil) throws -> any ByteSource {
    let compression = try Compression.of(path: path)
    var bytes: any ByteSource = try FileBytes(self, from: start)
    if let compression { bytes = try DecompressedBytes(bytes, compression, path: path) }
    if let encoding { bytes = TranscodedBytes(bytes, encoding) }
    return bytes
  }
}
