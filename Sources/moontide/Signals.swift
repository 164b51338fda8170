import CSystem
import Glibc
import Script
import Synchronization

/// SIGINT and SIGTERM: the first asks every query to stop after its current batch, the second ends
/// the process at once, which a checkpoint always survives.
enum Signals {
  private static let received = Atomic<Int32>(0)

  /// Handles the signals on a thread of their own, so that the handler may do anything.
  static func forward(to host: ScriptHost) {
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGINT)
    sigaddset(&signals, SIGTERM)
    // Blocked here, before other threads exist, and so in all of them.
    pthread_sigmask(SIG_BLOCK, &signals, nil)
    let stop = host.stopRequest
    ScriptHost.startThread {
      var waited = sigset_t()
      sigemptyset(&waited)
      sigaddset(&waited, SIGINT)
      sigaddset(&waited, SIGTERM)
      while true {
        var number: Int32 = 0
        guard sigwait(&waited, &number) == 0 else { continue }
        if received.load(ordering: .relaxed) != 0 || !stop() { _exit(128 + number) }
        received.store(number, ordering: .relaxed)
      }
    }
  }

  /// The exit status: the signal's, when one came.
  static func status(of scriptStatus: Int32) -> Int32 {
    let number = received.load(ordering: .relaxed)
    return number == 0 ? scriptStatus : 128 + number
  }
}

/// The first feature of the compiled-for processor that this one lacks.
func missingProcessorFeature() -> String? {
  #if arch(x86_64)
    if moontide_has_avx2() == 0 { return "AVX2" }
  #endif
  return nil
}
