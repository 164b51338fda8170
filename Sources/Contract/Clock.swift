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
public final class WakeUp: @unchecked Sendable {
  // Border: the mutex and the condition variable below are only touched through pthread calls,
  // and `rung` only under the mutex.
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private var rung = false

  public init() {
    pthread_mutex_init(mutex, nil)
    var attributes = pthread_condattr_t()
    pthread_condattr_init(&attributes)
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
    pthread_cond_init(condition, &attributes)
    pthread_condattr_destroy(&attributes)
  }

  deinit {
    pthread_cond_destroy(condition)
    pthread_mutex_destroy(mutex)
    condition.deallocate()
    mutex.deallocate()
  }

  /// Ends the present or the next wait.
  public func ring() {
    pthread_mutex_lock(mutex)
    rung = true
    pthread_cond_broadcast(condition)
    pthread_mutex_unlock(mutex)
  }

  /// Waits for a ring, at most until the monotonic time given; takes the ring.
  public func wait(untilMonotonicNs deadlineNs: Int64) {
    var deadline = timespec(
      tv_sec: Int(deadlineNs / 1_000_000_000), tv_nsec: Int(deadlineNs % 1_000_000_000))
    pthread_mutex_lock(mutex)
    while !rung {
      if pthread_cond_timedwait(condition, mutex, &deadline) == ETIMEDOUT { break }
    }
    rung = false
    pthread_mutex_unlock(mutex)
  }
}
