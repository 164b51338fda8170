import CSystem
import Columns
import Contract

/// Encodes files of a text format, compressed where that is asked for.
struct TextFormatWriter: FormatWriter {
  let fileExtension: String
  private let compression: Compression?
  private let encoding: TextEncoding?
  let makeRowEncoder: @Sendable () throws -> any BatchEncoder

  /// `kind`: `.json`, without the compression.
  init(
    _ kind: String, _ options: Options,
    _ makeRowEncoder: @escaping @Sendable () throws -> any BatchEncoder
  ) throws {
    compression = try Compression.option(options)
    encoding = try TextEncoding.option(options)
    fileExtension = kind + (compression?.fileExtension ?? "")
    self.makeRowEncoder = makeRowEncoder
  }

  func makeEncoder() throws -> any BatchEncoder {
    var rows = try makeRowEncoder()
    if let encoding { rows = try TranscodingEncoder(rows, encoding) }
    guard let compression else { return rows }
    return try CompressingEncoder(rows, compression)
  }
}

/// Compresses what another encoder writes.
final class CompressingEncoder: BatchEncoder {
  private let rows: any BatchEncoder
  private let encoder: OpaquePointer
  private var text: [UInt8] = []

  init(_ rows: any BatchEncoder, _ compression: Compression) throws {
    self.rows = rows
    guard let encoder = moontide_compressor_create(compression.rawValue) else {
      throw Failure("OUT_OF_MEMORY", "no memory to compress a file")
    }
    self.encoder = encoder
  }

  deinit { moontide_compressor_free(encoder) }

  func encode(_ batch: Batch, into output: inout [UInt8]) throws {
    text.removeAll(keepingCapacity: true)
    try rows.encode(batch, into: &text)
    compress(isLast: false, into: &output)
  }

  func finish(into output: inout [UInt8]) throws {
    text.removeAll(keepingCapacity: true)
    try rows.finish(into: &text)
    compress(isLast: true, into: &output)
  }

  private func compress(isLast: Bool, into output: inout [UInt8]) {
    text.withUnsafeBufferPointer { input in
      withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 1 << 14) { piece in
        guard let target = piece.baseAddress else { return }
        var at = 0
        while true {
          var taken = input.count - at
          var written = piece.count
          // An empty array has no address; the encoder then reads nothing.
          let status = moontide_compressor_run(
            encoder, (input.baseAddress ?? UnsafePointer(target)) + at, &taken, target, &written,
            isLast ? 1 : 0)
          precondition(status >= 0, "a compressor refuses to go on")
          at += taken
          output.append(contentsOf: UnsafeBufferPointer(rebasing: piece[0..<written]))
          if status == 1 || (!isLast && at == input.count && written < piece.count) { return }
        }
      }
    }
  }
}
