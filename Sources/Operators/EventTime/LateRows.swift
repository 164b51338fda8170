import Columns
import Expressions

extension BatchRun {
  /// These rows without those whose event time is behind the watermark of the batch before; they
  /// are counted. `rows` are the columns as the plan knows them, which say what is event time.
  func withoutLate(
    _ partitions: [Partition], of rows: [Attribute], operatorId: String
  ) -> [Partition] {
    guard let lateUs = watermarks[operatorId]?.lateUs,
      let place = rows.firstIndex(where: { $0.watermarkDelayUs != nil })
    else { return partitions }
    let rowGuard = RowGuard(rows)
    return partitions.map { partition in
      partition.through { [metrics] input, task in
        var seen = 0
        return GeneratedStream {
          guard let batch = try input.next() else { return nil }
          defer { seen += batch.count }
          let times = KeyExpiry.times(batch.column(place))
          let kept = Selection.identity(batch.count).filtered { times[$0] > lateUs }
          if kept.count == batch.count { return batch }
          if task.badRows?.takesLateRows == true {
            let late = (0..<batch.count).filter { times[$0] <= lateUs }
            rowGuard.putLate(batch, late, task: task, firstRow: seen)
          }
          let dropped = Int64(batch.count - kept.count)
          metrics.update(operatorId) { $0.rowsDroppedByWatermark += dropped }
          return batch.selecting(kept)
        }
      }
    }
  }
}
