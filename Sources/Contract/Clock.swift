import Glibc

/// Time as a parameter, so that a test turns it by hand.
public protocol Clock: Sendable {
  /// Wall-clock time in microseconds since the epoch. May jump.
  var nowUs: Int64 { get }
  /// Time since an arbitrary start, in nanoseconds. Never goes back.
  var monotonicNs: Int64 { get }
  /// Waits until `monotonicNs` reaches `deadlineNs`, or `wake` says so.
  func wait(untilNs deadlineNs: Int64, or wake: WakeUp)
}

/// The machine's clock.
public struct SystemClock: Clock {
  public init() {}

  public var nowUs: Int64 { Self.read(CLOCK_REALTIME) / 1000 }
  public var monotonicNs: Int64 { Self.read(CLOCK_MONOTONIC) }

  public func wait(untilNs deadlineNs: Int64, or wake: WakeUp) {
    wake.wait(untilMonotonicNs: deadlineNs)
  }

  private static func read(_ id: clockid_t) -> Int64 {
    var time = timespec()
    clock_gettime(id, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}

/// A bell that ends a wait early: one thread waits on it, any thread rings it. A ring that comes
/// before the wait is kept.
public final class WakeUp: Sendable {
  private let rung = Monitor(false)

  public init() {}

  /// Ends the present or the next wait.
  public func ring() { rung.change { $0 = true } }

  /// Waits for a ring, at most until the monotonic time given; takes the ring.
  public func wait(untilMonotonicNs deadlineNs: Int64) {
    rung.wait(untilNs: deadlineNs, until: { $0 }, then: { $0 = false })
  }
}
