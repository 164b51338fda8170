import Glibc
import Synchronization

/// The system calls of `PosixStorage` that change a disk or may fail.
public enum StorageCall: String, Sendable, CaseIterable {
  case open, read, write, sync, rename, unlink, mkdir, rmdir, truncate, lock, list, close
}

/// What a test wants to happen instead of a system call.
public enum StorageFault: Sendable {
  /// It fails with this errno.
  case error(CInt)
  /// A write leaves half of its bytes, then the process is gone.
  case torn
  /// The process is gone before the call.
  case kill
  /// A write takes one byte only (allowed; the caller must go on).
  case short
}

/// Where `PosixStorage` asks before each system call. A process that was "killed" makes no more
/// calls: every later one fails with `KILLED`.
public final class StorageFaults: Sendable {
  private struct State {
    var count = 0
    var isKilled = false
    var calls: [(call: StorageCall, path: String)] = []
  }

  /// Those of this process's `FaultPlan`; nil: none.
  static let ofProcess: StorageFaults? = FaultPlan.environment.map { StorageFaults($0) }

  private let state = Mutex(State())
  private let choose:
    @Sendable (_ number: Int, _ call: StorageCall, _ path: String) -> StorageFault?
  /// Whether a kill ends this process.
  private let isReal: Bool

  /// `choose` is asked with the number of the call, from 1.
  public init(_ choose: @escaping @Sendable (Int, StorageCall, String) -> StorageFault?) {
    self.choose = choose
    isReal = false
  }

  private init(_ plan: FaultPlan) {
    choose = { _, call, path in plan.fault(at: call, path) }
    isReal = true
  }

  /// One fault at the n-th call.
  public convenience init(at number: Int, _ fault: StorageFault) {
    self.init { count, _, _ in count == number ? fault : nil }
  }

  /// Calls so far.
  public var count: Int { state.withLock { $0.count } }
  public var isKilled: Bool { state.withLock { $0.isKilled } }
  /// The calls so far, in order.
  public var calls: [(call: StorageCall, path: String)] { state.withLock { $0.calls } }

  func next(_ call: StorageCall, _ path: String) throws -> StorageFault? {
    if isReal { return choose(0, call, path) }
    let (number, isKilled) = state.withLock { state in
      state.count += 1
      state.calls.append((call, path))
      return (state.count, state.isKilled)
    }
    if isKilled { throw Self.killed }
    let fault = choose(number, call, path)
    if case .kill = fault { throw kill() }
    return fault
  }

  func kill() -> Failure {
    if isReal { FaultPlan.die() }
    state.withLock { $0.isKilled = true }
    return Self.killed
  }

  private static let killed = Failure("KILLED", "a test stopped this process here")
}
