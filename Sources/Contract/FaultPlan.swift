import Glibc
import Synchronization

/// Faults that a test asks of a whole process, compiled in always so that the tested binary is the
/// one that is used: `MOONTIDE_FAULT=place:action:nth`, several separated by commas.
///
/// A place is a step of the micro-batch machine (`machine.appendCommit` before it,
/// `machine.appendCommit.done` after it, `machine` before any) or a system call of the storage
/// (`write`, `sync`, `rename`, …; `storage` for any that changes the disk), `@text` for those
/// whose path holds the text: `write@batches.log:torn:3`. `nth` counts from 1, the default;
/// `trace` acts every time. Where nothing is asked for, nothing is counted.
public final class FaultPlan: Sendable {
  /// What happens at a place.
  public enum Action: Sendable, Equatable {
    /// SIGKILL, before the call.
    case kill
    /// Half of a write, then SIGKILL; before any other call.
    case torn
    /// An end without any clean-up, with this status.
    case exit(CInt)
    /// SIGSTOP, until somebody continues the process.
    case stop
    /// The call fails with this errno.
    case error(CInt)
    /// A write takes one byte only.
    case short
    /// A line to standard error.
    case trace
  }

  private struct Fault: Sendable {
    let place: String
    let pathText: String?
    let action: Action
    let number: Int

    func covers(_ name: String, _ path: String) -> Bool {
      (place == name || place == FaultPlan.group(of: name))
        && (pathText.map { path.contains($0) } ?? true)
    }
  }

  private struct State {
    var counts: [Int]
    /// What the machine does now.
    var step = "opening"
  }

  /// The plan of this process; nil: none.
  public static let environment: FaultPlan? = getenv(variable).flatMap {
    FaultPlan(String(cString: $0))
  }

  /// Whether the variable is set to what is no plan.
  public static var isMisspelt: Bool { getenv(variable) != nil && environment == nil }

  public static let variable = "MOONTIDE_FAULT"

  private static let exitStatus: CInt = 70
  private let faults: [Fault]
  private let state: Mutex<State>

  init?(_ text: String) {
    var faults: [Fault] = []
    for one in text.split(separator: ",") {
      guard let fault = Self.fault(String(one)) else { return nil }
      faults.append(fault)
    }
    self.faults = faults
    state = Mutex(State(counts: Array(repeating: 0, count: faults.count)))
  }

  private static func fault(_ text: String) -> Fault? {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    guard (2...3).contains(parts.count), let action = action(parts[1]) else { return nil }
    let place = parts[0].split(separator: "@", maxSplits: 1).map(String.init)
    guard let name = place.first, isPlace(name) else { return nil }
    let number = parts.count == 3 ? Int(parts[2]) : 1
    guard let number, number > 0 else { return nil }
    return Fault(
      place: name, pathText: place.count == 2 ? place[1] : nil, action: action, number: number)
  }

  private static func isPlace(_ name: String) -> Bool {
    name == "storage" || name == "machine" || name.hasPrefix("machine.")
      || StorageCall(rawValue: name) != nil
  }

  private static func action(_ text: String) -> Action? {
    switch text {
    case "kill": .kill
    case "torn": .torn
    case "exit": .exit(exitStatus)
    case "stop": .stop
    case "short": .short
    case "trace": .trace
    case "EIO": .error(EIO)
    case "ENOSPC": .error(ENOSPC)
    case "EACCES": .error(EACCES)
    case "EROFS": .error(EROFS)
    case "EMFILE": .error(EMFILE)
    default: nil
    }
  }

  /// `storage` for calls that change the disk, `machine` for the moments before its steps.
  private static func group(of name: String) -> String? {
    if name.hasPrefix("machine.") { return name.hasSuffix(".done") ? nil : "machine" }
    switch StorageCall(rawValue: name) {
    case nil, .read, .list, .close: return nil
    default: return "storage"
    }
  }

  /// The machine is about to do something.
  public func begins(_ step: String) {
    state.withLock { $0.step = step }
    reach("machine." + step)
  }

  /// The machine has done something.
  public func finished(_ step: String) { reach("machine." + step + ".done") }

  private func reach(_ name: String) {
    if let action = next(name, "") { perform(action, name, "") }
  }

  /// What is to happen instead of a system call; does not return where the process ends.
  func fault(at call: StorageCall, _ path: String) -> StorageFault? {
    guard let action = next(call.rawValue, path) else { return nil }
    switch action {
    case .error(let code): return .error(code)
    case .short: return .short
    case .torn where call == .write:
      say(action, call.rawValue, path)
      return .torn
    default:
      perform(action, call.rawValue, path)
      return nil
    }
  }

  /// Counts, and gives the action whose turn it is.
  private func next(_ name: String, _ path: String) -> Action? {
    state.withLock { state in
      var due: Action?
      for (index, fault) in faults.enumerated() where fault.covers(name, path) {
        state.counts[index] += 1
        if fault.action == .trace || state.counts[index] == fault.number { due = fault.action }
      }
      return due
    }
  }

  private func perform(_ action: Action, _ name: String, _ path: String) {
    say(action, name, path)
    switch action {
    case .kill, .torn: Self.die()
    case .exit(let status): _exit(status)
    // To this thread: sent to the process, it may come when the thread has gone on a while.
    case .stop: pthread_kill(pthread_self(), SIGSTOP)
    case .error, .short, .trace: break
    }
  }

  /// The process is gone when this returns.
  static func die() { Glibc.kill(getpid(), SIGKILL) }

  /// One line, so that a test knows what it stopped.
  private func say(_ action: Action, _ name: String, _ path: String) {
    let step = state.withLock { $0.step }
    let line = "moontide fault: \(action) \(name) step=\(step) \(path)\n"
    _ = Array(line.utf8).withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
  }
}
