import Contract
import Streaming

// When the script's end is reached, its queries go on: the script serves them until all have ended.

extension Driver {
  /// Asks all queries to stop; false where there is none. Callable from any thread.
  public var stopRequest: @Sendable () -> Bool {
    let running = queries
    return { running.requestStop() }
  }

  /// Waits until every query has ended; false if one failed whose error the script never saw.
  public func waitForQueries(report: (Failure) -> Void) throws -> Bool {
    var succeeded = true
    func reportFailures() {
      for query in queries.takeFailures() {
        guard let failure = query.exception else { continue }
        report(failure)
        succeeded = false
        if session.settings[text: "moontide.onFailure"] == "stop" { _ = queries.requestStop() }
      }
    }
    _ = try callbacks.serve(state) {
      reportFailures()
      return queries.active.isEmpty
    }
    callbacks.serveWaiting(state)
    reportFailures()
    return succeeded
  }

  /// The script has failed: its queries finish their batches and stop.
  public func stopQueries() throws {
    _ = queries.requestStop()
    _ = try callbacks.serve(state) { queries.active.isEmpty }
    callbacks.close()
  }

  /// `os.exit` stops the queries first, as SIGTERM does.
  func replaceExit() throws {
    try state.run(
      """
      local engine, exit = require "moontide.engine", os.exit
      os.exit = function(...)
        engine.stopAll()
        exit(...)
      end
      """, name: "=moontide.exit")
  }
}
