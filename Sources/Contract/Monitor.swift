import Glibc

/// A value behind a lock, on whose changes any number of threads may wait.
public final class Monitor<Value: Sendable>: @unchecked Sendable {
  // Border: `value` is touched only under the mutex; mutex and condition only by pthread calls.
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private var value: Value

  public init(_ value: Value) {
    self.value = value
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

  /// Reads the value under the lock.
  public func read<T>(_ body: (Value) -> T) -> T {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return body(value)
  }

  /// Changes the value under the lock and wakes those who wait.
  public func change(_ body: (inout Value) -> Void) {
    pthread_mutex_lock(mutex)
    body(&value)
    pthread_cond_broadcast(condition)
    pthread_mutex_unlock(mutex)
  }

  /// Waits until the value is so; false: the time is over first. nil: without a limit.
  public func wait(timeoutNs: Int64?, until isSo: (Value) -> Bool) -> Bool {
    let now = SystemClock().monotonicNs
    let deadlineNs = timeoutNs.map { now.addingReportingOverflow($0).partialValue } ?? .max / 2
    return wait(untilNs: deadlineNs, until: isSo) { _ in }
  }

  /// The same, at most until a monotonic time; then changes the value before others see it.
  @discardableResult
  func wait(
    untilNs deadlineNs: Int64, until isSo: (Value) -> Bool, then change: (inout Value) -> Void
  ) -> Bool {
    var deadline = timespec(
      tv_sec: Int(deadlineNs / 1_000_000_000), tv_nsec: Int(deadlineNs % 1_000_000_000))
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    defer { change(&value) }
    while !isSo(value) {
      if pthread_cond_timedwait(condition, mutex, &deadline) == ETIMEDOUT { return isSo(value) }
    }
    return true
  }
}
