import Columns
import Contract
import Glibc

/// Lines of text from a TCP server. Not replayable: after a restart it reads only what arrives
/// then.
final class SocketSource: StreamSource {
  static let parameters = [
    Parameter("host", .text, "The server's name or address."),
    Parameter("port", .integer, "The server's port."),
    Parameter(
      "includeTimestamp", .boolean, default: "false",
      "Whether a column `timestamp` says when a line came."),
  ]

  static func spec(_ log: @escaping @Sendable (String, String) -> Void) -> SourceSpec {
    SourceSpec(
      Spec(
        .source, "socket", category: "tests", summary: "Lines of text from a TCP server.",
        parameters: parameters,
        notes: "Not replayable: after a restart only lines that arrive then are read."),
      schema: { try Address($0).schema },
      stream: { request, _ in
        try SocketSource(Address(request), clock: request.clock, log: log)
      })
  }

  struct Address {
    let host: String
    let port: Int64
    let includesTime: Bool

    init(_ request: SourceRequest) throws {
      let options = request.options
      try options.check(against: SocketSource.parameters, of: "socket")
      if request.schema != nil {
        throw Failure("SCHEMA_NOT_ALLOWED", "the source `socket` has a schema of its own")
      }
      guard let host = options["host"], let port = try options.integer("port", in: 1...65_535)
      else {
        throw Failure(
          "INVALID_OPTION_VALUE", "the source `socket` needs the options `host` and `port`")
      }
      self.host = host
      self.port = port
      includesTime = try options.boolean("includeTimestamp") ?? false
    }

    var schema: Schema {
      let value = Field("value", .string)
      return Schema(includesTime ? [value, Field("timestamp", .timestamp)] : [value])
    }
  }

  private let address: Address
  private let lines: SocketLines
  private let log: @Sendable (String, String) -> Void
  /// The offset of the last line before the first in `lines`; nil: not known yet.
  private var base: Int64?
  private var frozenCount: Int?

  init(
    _ address: Address, clock: any Clock, log: @escaping @Sendable (String, String) -> Void
  ) throws {
    self.address = address
    self.log = log
    lines = SocketLines(clock: clock)
    lines.start(try Self.connect(address))
  }

  var schema: Schema { address.schema }
  var description: String {
    "TextSocketV2[host: \(address.host), port: \(address.port)]"
  }

  func initialOffset() -> SourceOffset? { SourceOffset("-1") }

  private func number(_ offset: SourceOffset?) -> Int64 { offset.flatMap { Int64($0.json) } ?? -1 }

  func freezeForAvailableNow() { frozenCount = lines.end }

  func latestOffset(from start: SourceOffset?, limit: ReadLimit) throws -> SourceOffset? {
    if let failure = lines.failure { throw failure }
    let before = number(start)
    let base = self.base ?? before
    self.base = base
    return SourceOffset(String(max(before, base + Int64(frozenCount ?? lines.end))))
  }

  /// The lines of a batch of an earlier process are gone.
  func recover(from start: SourceOffset?, to end: SourceOffset) {
    base = number(end)
    log(
      "warn",
      "\(description): the lines \(number(start) + 1) to \(number(end)) came to an earlier "
        + "process and are lost; their batch is run without them")
  }

  func read(from start: SourceOffset?, to end: SourceOffset) -> [any InputSplit] {
    guard let base else { return [] }
    let first = Int(max(number(start) - base, 0))
    let last = Int(number(end) - base)
    guard first < last else { return [] }
    let found = lines.lines(first..<last)
    let text = VectorBuilder(.string, capacity: found.count)
    let time = VectorBuilder(.timestamp, capacity: found.count)
    for line in found {
      line.bytes.withUnsafeBytes { text.append(bytes: $0) }
      time.append(integer: line.timeUs)
    }
    let columns = address.includesTime ? [text.finish(), time.finish()] : [text.finish()]
    return [
      RowsSplit(rows: Batch(columns, count: found.count), description: description)
    ]
  }

  func commit(_ end: SourceOffset) {
    if let base { lines.forget(before: Int(number(end) - base)) }
  }

  func stop() { lines.close() }

  private static func connect(_ address: Address) throws -> CInt {
    var hints = addrinfo()
    hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
    var found: UnsafeMutablePointer<addrinfo>?
    let code = getaddrinfo(address.host, String(address.port), &hints, &found)
    defer { if let found { freeaddrinfo(found) } }
    guard code == 0 else {
      throw Failure(
        "SOCKET_NOT_CONNECTED",
        "the host `\(address.host)` is not known: \(String(cString: gai_strerror(code)))")
    }
    var problem = ECONNREFUSED
    var next = found
    while let info = next?.pointee {
      next = info.ai_next
      let descriptor = socket(
        info.ai_family, info.ai_socktype | CInt(SOCK_CLOEXEC.rawValue), info.ai_protocol)
      if descriptor < 0 { continue }
      if Glibc.connect(descriptor, info.ai_addr, info.ai_addrlen) == 0 { return descriptor }
      problem = errno
      close(descriptor)
    }
    throw Failure(
      "SOCKET_NOT_CONNECTED",
      "no connection to \(address.host):\(address.port): \(String(cString: strerror(problem)))",
      hint: "Start the server first, for example `nc -lk \(address.port)`")
  }
}
