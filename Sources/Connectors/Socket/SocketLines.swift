import Contract
import Glibc
import Synchronization

/// The lines that a reader thread has taken from a socket.
final class SocketLines: Sendable {
  struct Line: Sendable {
    let bytes: [UInt8]
    let timeUs: Int64
  }

  private struct State {
    var lines: [Line] = []
    /// Lines that were here and are gone.
    var forgotten = 0
    var isClosed = false
    var descriptor: CInt = -1
    var failure: Failure?
  }

  /// A longer line is an error.
  static let lineLimit = 1 << 20
  /// With more lines waiting nothing is read.
  static let waitingLimit = 100_000

  private let state = Mutex(State())
  private let clock: any Clock
  private let room = WakeUp()

  init(clock: any Clock) { self.clock = clock }

  /// Lines that have come so far.
  var end: Int { state.withLock { $0.forgotten + $0.lines.count } }
  var failure: Failure? { state.withLock { $0.failure } }

  func lines(_ range: Range<Int>) -> [Line] {
    state.withLock { state in
      let first = max(range.lowerBound - state.forgotten, 0)
      let last = min(range.upperBound - state.forgotten, state.lines.count)
      return first < last ? Array(state.lines[first..<last]) : []
    }
  }

  func forget(before number: Int) {
    state.withLock { state in
      let count = min(max(number - state.forgotten, 0), state.lines.count)
      state.lines.removeFirst(count)
      state.forgotten += count
    }
    room.ring()
  }

  func close() {
    state.withLock { state in
      state.isClosed = true
      if state.descriptor >= 0 { shutdown(state.descriptor, CInt(SHUT_RDWR)) }
    }
    room.ring()
  }

  /// Starts the thread that reads until the server ends or `close` is called.
  func start(_ descriptor: CInt) {
    state.withLock { $0.descriptor = descriptor }
    var thread = pthread_t()
    let context = Unmanaged.passRetained(self).toOpaque()
    let code = pthread_create(
      &thread, nil,
      { pointer in
        if let pointer { Unmanaged<SocketLines>.fromOpaque(pointer).takeRetainedValue().read() }
        return nil
      }, context)
    precondition(code == 0, "no thread could be started: error \(code)")
    pthread_detach(thread)
  }

  private func read() {
    let descriptor = state.withLock { $0.descriptor }
    defer {
      state.withLock { $0.descriptor = -1 }
      Glibc.close(descriptor)
    }
    var rest: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      while state.withLock({ $0.lines.count >= Self.waitingLimit && !$0.isClosed }) {
        room.wait(untilMonotonicNs: SystemClock().monotonicNs + 1_000_000_000)
      }
      let count = Glibc.read(descriptor, &buffer, buffer.count)
      if count < 0 && errno == EINTR { continue }
      if count <= 0 { break }
      rest += buffer[..<count]
      take(&rest)
      if rest.count > Self.lineLimit {
        let failure = Failure(
          "RECORD_TOO_LONG", "a line from the socket is longer than \(Self.lineLimit) bytes")
        state.withLock { $0.failure = failure }
        return
      }
    }
    if !rest.isEmpty {
      rest.append(10)
      take(&rest)
    }
  }

  private func take(_ rest: inout [UInt8]) {
    var found: [Line] = []
    var start = 0
    let now = clock.nowUs / 1000 * 1000
    while let end = rest[start...].firstIndex(of: 10) {
      let hasReturn = end > start && rest[end - 1] == 13
      found.append(Line(bytes: Array(rest[start..<(hasReturn ? end - 1 : end)]), timeUs: now))
      start = end + 1
    }
    guard start > 0 else { return }
    rest.removeFirst(start)
    state.withLock { $0.lines += found }
  }
}
