import Columns
import Connectors
import Contract
import Expressions
import Operators
import Plan

// `df.write`: the rows of a batch, written once.

extension Driver {
  var writeFunctions: [String: LuaBody] {
    [
      "write": { [unowned self] call in
        let request = try call.table(2)
        let plan = try analyzed(call, willRun: true) { $0 }
        if plan.isStreaming {
          throw Failure(
            "CALL_ON_STREAMING_DATASET_UNSUPPORTED",
            "The method `write` can not be called on streaming Dataset/DataFrame.",
            hint: "`df.writeStream` writes one that streams.", origin: call.origin)
        }
        let query = try session.batchQuery(plan)
        try withOrigin(call.origin) {
          if checksOnly { return try session.checkWrite(request) }
          if let name = request["table"].string {
            try session.saveTable(name, mode: request["mode"].string, query)
          } else {
            try session.save(query, request)
          }
        }
        return 0
      }
    ]
  }
}

extension Session {
  /// What can be said of a write before anything is opened: its format, its mode, its options.
  fileprivate func checkWrite(_ request: LuaTable) throws {
    let format = request["table"].isNil ? request["format"].string ?? "parquet" : "memory"
    _ = try saveMode(request["mode"].string, of: format)
    guard request["table"].isNil else { return }
    let sink = try connectors.sink(format)
    try options(of: request).check(against: sink.spec.parameters, of: format)
  }

  private func options(of request: LuaTable) -> Options {
    Options(
      (request["options"].table?.fields ?? [:]).sorted { $0.key < $1.key }
        .map { ($0.key, $0.value.text ?? "") })
  }

  fileprivate func save(_ query: BatchQuery, _ request: LuaTable) throws {
    let format = request["format"].string ?? "parquet"
    let sink = try connectors.sink(format)
    guard let save = sink.save else {
      throw Failure(
        "UNSUPPORTED_BATCH_SINK", "the format `\(format)` is for streams only",
        hint: "`df.writeStream` writes it.")
    }
    var options = options(of: request)
    if let path = request["path"].string { options["path"] = path }
    let described = SinkRequest(
      format: format, schema: query.plan.schema, options: options,
      partitionColumns: request["partitionBy"].texts, settings: settings, context: formats,
      clock: SystemClock())
    let mode = try saveMode(request["mode"].string, of: format)
    guard let batch = try save(described, mode) else { return }
    try query.write(into: batch)
  }

  private func saveMode(_ name: String?, of format: String) throws -> SaveMode {
    if name == "errorIfExists" { return .error }
    guard let mode = SaveMode(rawValue: name ?? "error") else {
      // What `df.write:mode` lets through beside these is `update`.
      throw Failure(
        "UNSUPPORTED_SAVE_MODE", "the format `\(format)` has no save mode `\(name ?? "")`",
        hint:
          "`update` finds rows by their keys (`jdbc`, with the option `keyColumns`); `\(format)` "
          + "has: " + SaveMode.allCases.map(\.rawValue).joined(separator: ", ") + ".")
    }
    return mode
  }

  /// `saveAsTable`: a table of the session.
  fileprivate func saveTable(_ name: String, mode: String?, _ query: BatchQuery) throws {
    let schema = query.plan.schema
    guard let table = tables[name] else {
      return tables.create(name, schema: schema, rows: try query.batches())
    }
    switch try saveMode(mode, of: "memory") {
    case .ignore: return
    case .overwrite: tables.create(name, schema: schema, rows: try query.batches())
    case .append:
      guard table.schema.fields.map(\.type) == schema.fields.map(\.type) else {
        throw Failure(
          "INCOMPATIBLE_TABLE_SCHEMA", "the rows do not fit the table `\(name)`",
          details: ["table: \(table.schema.ddl)", "rows: \(schema.ddl)"])
      }
      tables.append(try query.batches(), to: name)
    case .error:
      throw Failure(
        "TABLE_OR_VIEW_ALREADY_EXISTS", "there is a table `\(name)` already",
        hint: "`:mode \"overwrite\"` replaces it, `:mode \"append\"` adds to it.")
    }
  }
}

extension BatchQuery {
  /// Writes every partition on the workers, and makes the rows visible once all are written.
  func write(into batch: any SinkBatch) throws {
    do {
      let (partitions, task) = try partitions()
      try pool.run(partitions.count) { job, worker in
        let writer = try batch.writer(partition: job)
        do {
          let stream = try partitions[job].open(
            task.with(partition: job, worker: worker, inputName: partitions[job].inputName))
          while let rows = try stream.next() { try writer.write(rows) }
        } catch {
          writer.abort(Failure.of(error))
          throw error
        }
        try writer.close()
      }
      try batch.commit()
    } catch {
      batch.abort(Failure.of(error))
      throw Failure.of(error)
    }
  }
}
