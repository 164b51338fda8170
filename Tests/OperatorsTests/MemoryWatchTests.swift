import Contract
import Synchronization
import Testing

@testable import Operators

/// The limit of the process's memory, with a process whose memory is turned by hand.
@Suite struct MemoryWatchTests {
  @Test func nothingIsSaidBelowTheLimit() throws {
    let watch = MemoryWatch { 1 << 30 }
    try watch.check()
    watch.setLimit(bytes: 1 << 30)
    try watch.check()
  }

  @Test func theFailureSaysWhoHoldsWhat() throws {
    let watch = MemoryWatch { 300 << 20 }
    watch.setLimit(bytes: 200 << 20)
    watch.add { .init("Lua states", bytes: 40 << 20) }
    watch.add { .init("nothing worth a word", bytes: 100) }
    watch.note([.init("state of the operator `a`", bytes: 90 << 20)], of: "query `q`")
    watch.note([.init("state of the operator `b`", bytes: 90 << 20)], of: "query `r`")
    watch.note([], of: "query `r`")
    let failure = #expect(throws: Failure.self) { try watch.check() }
    #expect(failure?.condition == "MEMORY_LIMIT_EXCEEDED")
    #expect(failure?.message == "the process holds 300 MiB, and may hold 200 MiB")
    let held = failure?.details.filter { !$0.contains("columns") }
    #expect(
      held == [
        "90.0 MiB: state of the operator `a` of query `q`, after its last batch",
        "40.0 MiB: Lua states",
      ])
  }

  @Test func whatIsGivenBackInTimeStopsNothing() throws {
    let looks = Mutex(0)
    let watch = MemoryWatch {
      looks.withLock { looks in
        looks += 1
        return looks == 1 ? 300 << 20 : 100 << 20
      }
    }
    watch.setLimit(bytes: 200 << 20)
    try watch.check()
    #expect(looks.withLock { $0 } == 2)
  }

  @Test func theProcessSeesItsOwnMemory() {
    let before = ProcessMemory.heldBytes()
    let some = UnsafeMutableRawPointer.allocate(byteCount: 32 << 20, alignment: 64)
    defer { some.deallocate() }
    some.initializeMemory(as: UInt8.self, repeating: 1, count: 32 << 20)
    #expect(before > 1 << 20)
    #expect(ProcessMemory.heldBytes() > before + (16 << 20))
    #expect(MachineMemory.bytes > 64 << 20)
  }

  @Test(
    arguments: [
      ("256m", "256 MiB"), ("2g", "2 GiB"), ("1048576", "1 MiB"), ("80%", "80%"), ("1.5g", nil),
      ("0", "0"), ("3 KiB", "3 KiB"), ("101%", nil), ("0%", nil), ("", nil), ("12x", nil),
      ("99999999999t", nil),
    ] as [(String, String?)])
  func sizes(_ text: String, _ shown: String?) {
    #expect(ByteSize(text: text)?.description == shown)
  }
}
