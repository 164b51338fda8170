import Glibc
import Testing

@testable import Contract

@Suite struct FaultPlanTests {
  @Test(arguments: [
    "write", "write:kill:0", "write:kill:x", "writes:kill", "write:burn", "storage::1",
    "machine.x:kill:1:2",
  ])
  func refusesWhatIsNoPlan(_ text: String) {
    #expect(FaultPlan(text) == nil)
  }

  @Test func countsPerFaultAndByPath() throws {
    let plan = try #require(FaultPlan("write@log:EIO:2,storage:ENOSPC:4,sync:short"))
    func fault(_ call: StorageCall, _ path: String) -> String {
      plan.fault(at: call, path).map { "\($0)" } ?? "none"
    }
    #expect(fault(.write, "/a/log") == "none")
    #expect(fault(.write, "/a/data") == "none")
    #expect(fault(.write, "/b/log") == "error(\(EIO))")
    #expect(fault(.read, "/b/log") == "none", "a read changes nothing and is not counted")
    #expect(fault(.rename, "/b/x") == "error(\(ENOSPC))")
    #expect(fault(.sync, "/b/x") == "short")
    #expect(fault(.sync, "/b/x") == "none", "once")
  }
}
