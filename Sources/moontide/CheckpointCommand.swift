import Contract
import Script
import Streaming

extension Command {
  static let checkpoint = Command(
    name: "checkpoint", usage: "checkpoint DIRECTORY [--json] | checkpoint DIRECTORY rewind --to N",
    summary: "inspect, verify or rewind a query's checkpoint",
    text: """
      Shows what a checkpoint holds (the query, its last run, batches with offsets and watermarks,
      how much state each operator keeps) and verifies every checksum: of the batch log, the
      sources' logs, the state files, and the sink's log and files where they can be reached.
      Nothing is changed; the query may be running.

        --json           the same as JSON, with every batch and every run
        rewind --to N    forget what came after batch N (-1: everything), so that the next run does
                         it again. The query must be stopped. What a file sink wrote in the batches
                         that go is removed; a rewinding that was cut off is finished by the same
                         command.

      Exit status: 0 when all is sound, 1 when something is damaged (each problem names the file,
      the place in it and what to do) or the rewinding was refused.
      """,
    run: { arguments in
      var rest = arguments[...]
      guard let path = rest.popFirst(), !path.hasPrefix("-") else {
        return refuse("`checkpoint` needs a directory")
      }
      switch rest.popFirst() {
      case nil: return inspect(path, asJSON: false)
      case "--json" where rest.isEmpty: return inspect(path, asJSON: true)
      case "rewind":
        guard rest.count == 2, rest.first == "--to", let batch = rest.last.flatMap({ Int64($0) })
        else { return refuse("`rewind` needs the batch to go back to: `rewind --to N`") }
        return rewind(path, to: batch)
      case let other?: return refuse("`checkpoint` has no argument `\(other)`")
      }
    })

  private static func refuse(_ text: String) -> Int32 {
    CommandLineTool.refuse(text + ". See `moontide help checkpoint`.")
  }

  private static func inspect(_ path: String, asJSON: Bool) -> Int32 {
    guarded {
      let report = try CheckpointReport.of(
        path, storage: PosixStorage(), sinks: Session.standard().connectors)
      Output.standardOutput(asJSON ? report.json.pretty + "\n" : report.text)
      return report.isSound ? 0 : 1
    }
  }

  private static func rewind(_ path: String, to batch: Int64) -> Int32 {
    guarded {
      let done = try CheckpointRewind.run(
        path, to: batch, storage: PosixStorage(), sinks: Session.standard().connectors)
      Output.standardOutput(done.text)
      return 0
    }
  }
}
