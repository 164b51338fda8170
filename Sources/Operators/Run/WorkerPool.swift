import Contract
import Glibc
import Synchronization

/// The threads that run partitions: one a core, with native stacks large enough for Lua.
///
/// Plain threads, not Swift tasks: Lua needs 8 MiB of native stack, and a worker's Lua states
/// belong
/// to it alone. A waiting caller does not help: `run` may be called from any thread that is not a
/// worker.
public final class WorkerPool: Sendable {
  /// Threads.
  public let count: Int
  private let queue = Queue()

  /// Native stack of each worker, bytes.
  public static let stackBytes = 8 << 20

  public init(count: Int) {
    precondition(count > 0, "a pool with no workers")
    self.count = count
    for worker in 0..<count { Self.startThread { [queue] in queue.serve(worker) } }
  }

  /// Ends the threads once the jobs at hand are done.
  public func shutDown() { queue.close() }

  /// Runs `job(0…jobs-1, worker)` on the workers and waits for all. The first failure, by job
  /// number,
  /// is thrown once no job runs any more; jobs not begun by then are left out.
  public func run(
    _ jobs: Int, _ job: @escaping @Sendable (_ job: Int, _ worker: Int) throws -> Void
  ) throws {
    if jobs == 0 { return }
    let group = Group(jobs)
    for index in 0..<jobs {
      queue.put { worker in
        if group.hasFailed { return group.finish() }
        do {
          try MemoryWatch.shared.check()
          try job(index, worker)
        } catch { group.fail(index, error) }
        group.finish()
      }
    }
    group.wait()
    if let error = group.firstError { throw error }
  }

  /// Runs `body` for each number and gives the results in order.
  public func map<T: Sendable>(
    _ jobs: Int, _ body: @escaping @Sendable (_ job: Int, _ worker: Int) throws -> T
  ) throws -> [T] {
    let results = Mutex([T?](repeating: nil, count: jobs))
    try run(jobs) { job, worker in
      let result = try body(job, worker)
      results.withLock { $0[job] = result }
    }
    return results.withLock { $0.compactMap { $0 } }
  }

  /// Starts a detached thread with a large stack.
  public static func startThread(_ body: @escaping @Sendable () -> Void) {
    let code = startThread(stackBytes: stackBytes, body)
    precondition(code == 0, "no thread could be started: error \(code)")
  }

  /// The same with a stack of any size; gives the system's error number, 0 for none.
  public static func startThread(
    stackBytes: Int, _ body: @escaping @Sendable () -> Void
  ) -> Int32 {
    final class Body: Sendable {
      let run: @Sendable () -> Void
      init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    pthread_attr_setstacksize(&attributes, stackBytes)
    pthread_attr_setdetachstate(&attributes, CInt(PTHREAD_CREATE_DETACHED))
    var thread = pthread_t()
    let context = Unmanaged.passRetained(Body(body)).toOpaque()
    let code = pthread_create(
      &thread, &attributes,
      { pointer in
        if let pointer { Unmanaged<Body>.fromOpaque(pointer).takeRetainedValue().run() }
        return nil
      }, context)
    pthread_attr_destroy(&attributes)
    if code != 0 { Unmanaged<Body>.fromOpaque(context).release() }
    return code
  }

  /// Jobs in order of arrival.
  private final class Queue: @unchecked Sendable {
    // Border: `jobs` and `isClosed` are touched only under the mutex.
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var jobs: [@Sendable (Int) -> Void] = []
    private var next = 0
    private var isClosed = false

    init() {
      pthread_mutex_init(mutex, nil)
      pthread_cond_init(condition, nil)
    }

    deinit {
      pthread_cond_destroy(condition)
      pthread_mutex_destroy(mutex)
      condition.deallocate()
      mutex.deallocate()
    }

    func put(_ job: @escaping @Sendable (Int) -> Void) {
      pthread_mutex_lock(mutex)
      jobs.append(job)
      pthread_cond_signal(condition)
      pthread_mutex_unlock(mutex)
    }

    func close() {
      pthread_mutex_lock(mutex)
      isClosed = true
      pthread_cond_broadcast(condition)
      pthread_mutex_unlock(mutex)
    }

    func serve(_ worker: Int) {
      while let job = take() { job(worker) }
    }

    private func take() -> (@Sendable (Int) -> Void)? {
      pthread_mutex_lock(mutex)
      defer { pthread_mutex_unlock(mutex) }
      while next == jobs.count {
        jobs.removeAll(keepingCapacity: true)
        next = 0
        if isClosed { return nil }
        pthread_cond_wait(condition, mutex)
      }
      let job = jobs[next]
      next += 1
      return job
    }
  }

  /// The jobs of one `run`.
  private final class Group: Sendable {
    private struct State {
      var left: Int
      var failure: (job: Int, error: any Error)?
    }

    private let state: Mutex<State>
    private let done = WakeUp()

    init(_ jobs: Int) { state = Mutex(State(left: jobs)) }

    var hasFailed: Bool { state.withLock { $0.failure != nil } }
    var firstError: (any Error)? { state.withLock { $0.failure?.error } }

    func fail(_ job: Int, _ error: any Error) {
      state.withLock { if $0.failure.map({ $0.job > job }) ?? true { $0.failure = (job, error) } }
    }

    func finish() {
      let isLast = state.withLock { state in
        state.left -= 1
        return state.left == 0
      }
      if isLast { done.ring() }
    }

    func wait() {
      while state.withLock({ $0.left > 0 }) { done.wait(untilMonotonicNs: .max / 2) }
    }
  }
}
