import Columns
import Glibc
import State
import Testing

/// Prints what keys and tables cost, where MOONTIDE_SPEED is set.
@Suite(.enabled(if: getenv("MOONTIDE_SPEED") != nil)) struct Speed {
  static func seconds(_ body: () -> Void) -> Double {
    var begin = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &begin)
    body()
    var end = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end)
    return Double(end.tv_sec - begin.tv_sec) + Double(end.tv_nsec - begin.tv_nsec) / 1e9
  }

  @Test func longKeys() {
    let rows = 8192
    for distinct in [1000, 100_000, 10_000_000] {
      let codec = RowKeyCodec([.long])
      let table = KeyTable(width: codec.width)
      let encoder = RowKeyEncoder(codec)
      let groups = Buffer(capacity: rows * 4)
      let total = 20_000_000
      var state: UInt64 = 1
      let values = Buffer(capacity: rows * 8)
      var encoding = 0.0
      var finding = 0.0
      for _ in 0..<(total / rows) {
        let out = values.typed(Int64.self)
        for row in 0..<rows {
          state = state &* 6_364_136_223_846_793_005 &+ 1
          out[row] = Int64((state >> 33) % UInt64(distinct))
        }
        let vector = Vector(.long, count: rows, values: values)
        var keys: RowKeys?
        encoding += Self.seconds { keys = encoder.encode([vector], count: rows) }
        finding += Self.seconds { table.findOrInsert(keys!, into: groups.typed(UInt32.self)) }
      }
      print(
        "\(distinct) keys: encode \(encoding / Double(total) * 1e9) ns, find",
        "\(finding / Double(total) * 1e9) ns, \(table.memoryBytes / table.count) bytes a key")
    }
  }

  @Test func words() {
    let rows = 8192
    for distinct in [1000, 100_000, 1_000_000] {
      let codec = RowKeyCodec([.string])
      let table = KeyTable(width: nil)
      let encoder = RowKeyEncoder(codec)
      let groups = Buffer(capacity: rows * 4)
      let total = 8_000_000
      var state: UInt64 = 1
      var encoding = 0.0
      var finding = 0.0
      for _ in 0..<(total / rows) {
        let builder = VectorBuilder(.string, capacity: rows)
        for _ in 0..<rows {
          state = state &* 6_364_136_223_846_793_005 &+ 1
          builder.append(text: "w\((state >> 33) % UInt64(distinct))")
        }
        let vector = builder.finish()
        var keys: RowKeys?
        encoding += Self.seconds { keys = encoder.encode([vector], count: rows) }
        finding += Self.seconds { table.findOrInsert(keys!, into: groups.typed(UInt32.self)) }
      }
      print(
        "\(distinct) words: encode \(encoding / Double(total) * 1e9) ns, find",
        "\(finding / Double(total) * 1e9) ns, \(table.memoryBytes / table.count) bytes a key")
    }
  }
}
