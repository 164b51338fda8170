import Contract
import Synchronization

/// What query threads ask of the script: `foreachBatch` functions and listeners run in the script's
/// own state, one at a time, while the script is inside a call to the engine.
///
/// A query thread asks and waits, or leaves a message; the script's thread serves.
public final class CallbackQueue: Sendable {
  /// How long a query waits for the script before it says so.
  public static let slowNs: Int64 = 10_000_000_000

  private struct Contents {
    var requests: [Request] = []
    var isClosed = false
    var isInterrupted = false
  }

  private let contents = Mutex(Contents())
  /// Rings when a request comes, or when what the script waits for may have happened.
  private let bell = WakeUp()
  private let clock: any Clock
  /// Read and written by the script's thread.
  private let depth = Mutex(0)

  public init(clock: any Clock = SystemClock()) { self.clock = clock }

  // MARK: On query threads

  /// Runs `body` in the script and waits for its answer. `whenSlow` is called once, if the script
  /// has not come to it within `slowNs`. Throws what the body throws, or when the script has ended.
  public func call<Answer: Sendable>(
    whenSlow: @Sendable () -> Void = {},
    _ body: @escaping @Sendable (LuaState) throws -> Answer
  ) throws -> Answer {
    let answer = Answering<Answer>()
    try put(
      Request(
        run: { state in answer.set(Result { try body(state) }) },
        refuse: { answer.set(.failure($0)) }))
    let deadline = clock.monotonicNs + Self.slowNs
    var told = false
    while true {
      if let result = answer.result { return try result.get() }
      if !told, clock.monotonicNs >= deadline {
        told = true
        whenSlow()
      }
      clock.wait(untilNs: told ? .max / 2 : deadline, or: answer.bell)
    }
  }

  /// Leaves `body` to be run in the script, in order with all others, and does not wait.
  public func post(_ body: @escaping @Sendable (LuaState) -> Void) {
    // A message to a script that has ended has nobody to read it.
    try? put(Request(run: body, refuse: { _ in }))
  }

  /// Lets the script look again whether what it waits for has happened.
  public func wake() { bell.ring() }

  /// Ends the wait that the script is in, if it is in one, with an error. From any thread.
  public func interrupt() {
    contents.withLock { $0.isInterrupted = true }
    bell.ring()
  }

  private func put(_ request: Request) throws {
    let isClosed = contents.withLock { contents in
      if !contents.isClosed { contents.requests.append(request) }
      return contents.isClosed
    }
    if isClosed { throw Self.ended }
    bell.ring()
  }

  private static let ended = Failure(
    "SCRIPT_ENDED", "The script has ended, and with it the function that the query calls.")

  // MARK: On the script's thread

  /// Whether the script is inside a callback.
  public var isInCallback: Bool { depth.withLock { $0 > 0 } }

  /// Refuses a call that would wait, inside a callback: what it waits for could never happen.
  public func refuseInCallback(_ call: String) throws {
    guard isInCallback else { return }
    throw Failure(
      "WAITING_IN_CALLBACK", "`\(call)` waits, and cannot be called inside a callback.",
      hint: "`query:stop()` only asks there, and returns at once.")
  }

  /// Serves requests until `isDone` says so, asked after each and when `wake` is called, or until
  /// the deadline; returns whether it was done.
  @discardableResult
  public func serve(
    _ state: LuaState, untilNs deadline: Int64 = .max / 2, _ isDone: () throws -> Bool
  ) throws -> Bool {
    contents.withLock { $0.isInterrupted = false }
    while true {
      if try isDone() { return true }
      if contents.withLock({ $0.isInterrupted }) {
        throw Failure("INTERRUPTED", "The wait was interrupted.")
      }
      if let request = take() {
        run(request, state)
      } else if clock.monotonicNs >= deadline {
        return false
      } else {
        clock.wait(untilNs: deadline, or: bell)
      }
    }
  }

  /// Runs what is there, and waits for nothing: for the prompt of the interactive script.
  public func serveWaiting(_ state: LuaState) {
    while let request = take() { run(request, state) }
  }

  /// From now on nobody serves: those who wait are told.
  public func close() {
    let waiting = contents.withLock { contents in
      defer { contents.requests = [] }
      contents.isClosed = true
      return contents.requests
    }
    for request in waiting { request.refuse(Self.ended) }
  }

  private func take() -> Request? {
    contents.withLock { $0.requests.isEmpty ? nil : $0.requests.removeFirst() }
  }

  private func run(_ request: Request, _ state: LuaState) {
    depth.withLock { $0 += 1 }
    defer { depth.withLock { $0 -= 1 } }
    request.run(state)
  }
}

/// A request: how to answer it, and how to turn it down.
private struct Request: Sendable {
  let run: @Sendable (LuaState) -> Void
  let refuse: @Sendable (any Error) -> Void
}

/// Where the answer to one request arrives.
private final class Answering<Answer: Sendable>: Sendable {
  private let stored = Mutex<Result<Answer, any Error>?>(nil)
  let bell = WakeUp()

  var result: Result<Answer, any Error>? { stored.withLock { $0 } }

  func set(_ result: Result<Answer, any Error>) {
    stored.withLock { $0 = result }
    bell.ring()
  }
}
