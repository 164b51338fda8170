import Testing
@testable import Contract
@Suite struct Placeholder { @Test func one() { #expect(1 == 1) } }
