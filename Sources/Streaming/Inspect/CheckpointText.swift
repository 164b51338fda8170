import Contract

extension CheckpointReport {
  /// For a person.
  public var text: String {
    var lines = ["checkpoint \(contents.path)"]
    func row(_ name: String, _ value: String) {
      lines.append("  " + name + String(repeating: " ", count: max(1, 14 - name.count)) + value)
    }
    row("query", contents.queryId)
    row("state", holder.map { "running (\($0))" } ?? "stopped")
    if let run = contents.runs.last { describe(run, row) }
    lines.append("")
    lines += batchLines
    if !operators.isEmpty { lines += [""] + operatorLines }
    if !stateFiles.isEmpty || sink != nil { lines += [""] + fileLines }
    for note in notes { lines += ["", "note: " + note] }
    lines.append("")
    if problems.isEmpty {
      lines.append("all checksums are right")
    } else {
      lines.append("\(problems.count) \(problems.count == 1 ? "problem" : "problems"):")
      for problem in problems {
        lines += problem.description.split(separator: "\n").map { "  " + $0 }
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private func describe(_ run: RunRecord, _ row: (String, String) -> Void) {
    row("last run", run.runId)
    row("script", run.script.isEmpty ? "none" : run.script)
    for function in run.functions {
      row("function", "\(function.name) \(function.value.text ?? "")")
    }
    for (index, source) in run.sources.enumerated() { row("source \(index)", source) }
    row("sink", "\(run.sink.format), \(run.outputMode): \(run.sink.description)")
    for setting in run.settings { row("fixed", "\(setting.name) = \(setting.value.text ?? "")") }
  }

  /// Of many batches the last few.
  private var batchLines: [String] {
    let batches = contents.batches
    guard let first = batches.first else { return ["no batches yet"] }
    let shown = batches.suffix(20)
    var lines = [
      "batches \(first.offsets.batchId) to \(batches[batches.count - 1].offsets.batchId)"
    ]
    if shown.count < batches.count { lines[0] += ", the last \(shown.count):" }
    for batch in shown {
      let offsets = batch.offsets
      var line = "  \(offsets.batchId)  \(Self.time(offsets.batchTimeUs))"
      line += batch.commit == nil ? "  not committed" : "  committed"
      line += "  watermark \(Self.time(offsets.watermarkMs * 1000))"
      if let next = batch.commit?.nextWatermarkMs, next != offsets.watermarkMs {
        line += ", then \(Self.time(next * 1000))"
      }
      lines.append(line)
      for (index, range) in offsets.ranges.enumerated() where !range.isEmpty {
        lines.append(
          "      source \(index): \(range.start?.json ?? "beginning") … \(range.end?.json ?? "")")
      }
    }
    return lines
  }

  private var operatorLines: [String] {
    ["state after batch \(contents.lastCommitted?.offsets.batchId ?? -1)"]
      + operators.enumerated().map { index, kept in
        "  \(index)  \(kept.record.layout.name)  \(kept.rowCount) rows, \(kept.byteCount) bytes, "
          + "\(kept.record.layout.partitionCount) partitions  (\(kept.record.id))"
      }
  }

  private var fileLines: [String] {
    var lines = ["files"]
    lines.append("  batches.log  \(contents.byteCount) bytes")
    for file in stateFiles {
      var line = "  state/\(file.name)  \(file.byteCount) bytes"
      if let version = file.lastVersion { line += ", through batch \(version - 1)" }
      if file.damage != nil { line += ", DAMAGED" }
      lines.append(line)
    }
    if let sink {
      lines.append(
        "  \(sink.path)  through batch \(sink.lastBatch): \(sink.fileCount) files, "
          + "\(sink.byteCount) bytes")
    }
    return lines
  }

  static func time(_ us: Int64) -> String {
    TimeText.iso(us: us)
  }

  /// For tools.
  public var json: JSON {
    .of([
      "path": .text(contents.path), "id": .text(contents.queryId),
      "running": holder.map { .text($0) } ?? .null,
      "runs": .array(contents.runs.map(\.json)),
      "batches": .array(contents.batches.map(Self.json)),
      "operators": .array(
        operators.enumerated().map { index, kept in
          .of([
            "operatorId": .integer(Int64(index)), "id": .text(kept.record.id),
            "name": .text(kept.record.layout.name), "rows": .integer(Int64(kept.rowCount)),
            "bytes": .integer(Int64(kept.byteCount)),
            "partitions": .integer(Int64(kept.record.layout.partitionCount)),
          ])
        }),
      "stateFiles": .array(
        stateFiles.map { file in
          .of([
            "name": .text(file.name), "bytes": .integer(Int64(file.byteCount)),
            "soundBytes": .integer(Int64(file.soundByteCount)),
            "throughBatch": file.lastVersion.map { .integer($0 - 1) } ?? .null,
            "isUncommitted": .boolean(file.isUncommitted),
            "isDamaged": .boolean(file.damage != nil),
          ])
        }),
      "sinkLog": sink.map { sink in
        .of([
          "path": .text(sink.path), "throughBatch": .integer(sink.lastBatch),
          "files": .integer(Int64(sink.fileCount)), "bytes": .integer(sink.byteCount),
        ])
      } ?? .null,
      "notes": .array(notes.map { .text($0) }),
      "problems": .array(
        problems.map { problem in
          .of([
            "class": .text(problem.condition), "message": .text(problem.message),
            "hint": problem.hint.map { .text($0) } ?? .null,
          ])
        }),
    ])
  }

  private static func json(_ batch: CheckpointContents.Batch) -> JSON {
    var members = batch.offsets.json.members ?? []
    members.removeAll { $0.name == "record" }
    members.append(JSONMember("batchTime", .text(time(batch.offsets.batchTimeUs))))
    members.append(JSONMember("isCommitted", .boolean(batch.commit != nil)))
    if let commit = batch.commit {
      members.append(JSONMember("nextWatermarkMs", .integer(commit.nextWatermarkMs)))
      members.append(JSONMember("state", commit.stateMark.map { .text($0) } ?? .null))
    }
    return .object(members)
  }
}
