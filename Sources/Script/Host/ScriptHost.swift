import CLua
import CSystem
import Contract
import Glibc
import Operators
import Synchronization

/// One run of a user's script: the driver's Lua state with the engine behind it, from the first
/// line
/// until every query has ended.
public final class ScriptHost {
  /// What `start` does.
  public enum Mode: Sendable {
    case run
    /// Queries are analysed where they would start.
    case check
  }

  public struct Options: Sendable {
    public var mode = Mode.run
    /// Effect states are as closed as pure ones.
    public var isSealed = false

    public init() {}
  }

  private let options: Options
  private let state: LuaState
  private let driver: Driver

  public init(_ options: Options) throws {
    self.options = options
    state = try LuaState()
    driver = try Driver(
      state, session: .standard(), checksOnly: options.mode == .check, isSealed: options.isSealed)
  }

  /// Asks all queries to stop; false where there is nothing to wait for. Callable from any thread.
  /// A function that computes on for ten seconds is ended, whatever its deadline.
  public var stopRequest: @Sendable () -> Bool {
    let request = driver.stopRequest
    return {
      moontide_hurry(10_000_000_000)
      return request()
    }
  }

  /// Native stack of the script's thread: plans of thousands of steps are walked by recursion.
  /// Pages that are never touched cost nothing.
  private static let stackBytes = 512 << 20

  /// Runs the process's work on a thread with a deep stack and ends the process with its status.
  public static func runProcess(_ body: @escaping @Sendable () -> Int32) -> Never {
    moontide_map_large_blocks()
    // This thread takes no signals: they are for the thread that works.
    var all = sigset_t()
    var old = sigset_t()
    sigfillset(&all)
    pthread_sigmask(SIG_SETMASK, &all, &old)
    let mask = old
    let work: @Sendable () -> Void = {
      var mask = mask
      pthread_sigmask(SIG_SETMASK, &mask, nil)
      exit(body())
    }
    // Where address space is limited, this thread's own stack has to do.
    if WorkerPool.startThread(stackBytes: stackBytes, work) != 0 { work() }
    while true { pause() }
  }

  /// Starts a thread with a stack large enough for Lua.
  public static func startThread(_ body: @escaping @Sendable () -> Void) {
    WorkerPool.startThread(body)
  }

  /// Runs a script to its end and waits for its queries; gives the exit status.
  public func run(_ path: String, arguments: [String]) -> Int32 {
    do {
      let text = try Self.read(path)
      driver.scriptHash = Self.hash(text)
      try state.setGlobal("arg", Self.argumentTable(path, arguments))
      try state.call(
        try state.load(text, name: "@" + path), arguments.map { LuaValue.string($0) })
      return try driver.waitForQueries(report: Self.report) ? 0 : 1
    } catch {
      Self.report(error)
      do { try driver.stopQueries() } catch { Self.report(error) }
      return 1
    }
  }

  /// Reads and runs what the user types, until the end of input; gives the exit status.
  public func interact() -> Int32 {
    do {
      let status = try Repl(state, callbacks: driver.callbacks).run()
      try driver.stopQueries()
      return status
    } catch {
      Self.report(error)
      return 1
    }
  }

  private static func hash(_ text: String) -> String {
    let hash = Array(text.utf8).withUnsafeBytes {
      moontide_hash64($0.baseAddress, UInt($0.count), 0)
    }
    return String(hash, radix: 16)
  }

  /// As Lua's own interpreter sets `arg`: the script at 0, its arguments from 1, what stands before
  /// the script below 0.
  private static func argumentTable(_ path: String, _ arguments: [String]) -> LuaValue {
    let before = CommandLine.arguments.dropLast(arguments.count + 1).reversed()
    let others = [path] + before
    return .table(
      LuaTable(
        arguments.map { .string($0) },
        others: others.enumerated().map { place, text in
          (key: .integer(-Int64(place)), value: .string(text))
        }))
  }

  /// A script's text, its `#!` line made a comment.
  private static func read(_ path: String) throws -> String {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw unreadable(path) }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = Glibc.read(descriptor, &piece, piece.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw unreadable(path) }
      if count == 0 { break }
      bytes += piece[..<count]
    }
    if bytes.starts(with: [0x23]) { bytes.insert(contentsOf: [0x2D, 0x2D], at: 0) }
    return String(decoding: bytes, as: UTF8.self)
  }

  private static func unreadable(_ path: String) -> Failure {
    Failure("SCRIPT_NOT_FOUND", "cannot read `\(path)`: \(String(cString: strerror(errno)))")
  }

  /// An error that ends the script, for a person.
  private static func report(_ error: any Error) {
    var text = "\(error)\n"
    text.withUTF8 { _ = write(STDERR_FILENO, $0.baseAddress, $0.count) }
  }
}
