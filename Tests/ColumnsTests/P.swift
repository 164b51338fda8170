import Testing
@testable import Columns
@Suite struct Placeholder { @Test func one() { #expect(1 == 1) } }
