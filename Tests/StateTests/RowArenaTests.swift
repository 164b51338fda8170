import Columns
import Testing

@testable import State

struct RowArenaTests {
  /// Rows come and go, some larger than a block; each keeps its bytes wherever it is moved to.
  @Test(arguments: [1, 2, 3])
  func rowsKeepTheirBytes(_ seed: UInt64) {
    let arena = RowArena()
    var rows: [UInt32: (row: UnsafeMutableRawPointer, count: Int)] = [:]
    var random = seed
    func next(_ bound: UInt64) -> Int {
      random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int((random >> 33) % bound)
    }
    func add(_ slot: UInt32, _ count: Int) {
      let row = arena.add(slot: slot, byteCount: count)
      for at in 0..<count {
        row.storeBytes(
          of: UInt8(truncatingIfNeeded: Int(slot) + at), toByteOffset: at, as: UInt8.self)
      }
      rows[slot] = (row, count)
    }
    func checkAndRemove(_ slot: UInt32) {
      guard let (row, count) = rows.removeValue(forKey: slot) else { return }
      let bytes = RowArena.bytes(of: row)
      #expect(bytes.count == count)
      let isSound = bytes.indices.allSatisfy {
        bytes[$0] == UInt8(truncatingIfNeeded: Int(slot) + $0)
      }
      #expect(isSound, "row \(slot)")
      arena.remove(row) { slot, row in rows[slot]?.row = row }
    }
    var slot: UInt32 = 0
    for _ in 0..<20 {
      for _ in 0..<next(2000) {
        add(slot, next(20) == 0 ? next(3000) : next(60))
        slot += 1
      }
      if next(4) == 0 {
        add(slot, 400_000)
        slot += 1
      }
      let isOldest = next(2) == 0
      for one in rows.keys.sorted().prefix(isOldest ? rows.count / 2 : .max)
      where isOldest || next(5) > 0 { checkAndRemove(one) }
    }
    #expect(arena.memoryBytes > 0)
    for one in rows.keys.sorted() { checkAndRemove(one) }
    #expect(arena.memoryBytes <= 1 << 18, "one block may be kept")
  }
}
