/// What is read out of Lua 5.4's bytecode, whose format is the same for all of 5.4.
enum Bytecode {
  /// The names of globals that a dumped function and those inside it use, by the upvalue that
  /// holds the globals. Empty where the bytes are not what they should be.
  static func globals(of code: [UInt8], environment: Int) -> [[UInt8]] {
    var reader = Reader(bytes: code, at: header)
    reader.function(environment: environment)
    return reader.names
  }

  /// Stripped code without the lines where functions begin and end, for hashing.
  static func withoutLines(_ code: [UInt8]) -> [UInt8] {
    var reader = Reader(bytes: code, at: header)
    reader.function(environment: nil)
    var result = code
    for range in reader.lines.reversed() { result.removeSubrange(range) }
    return result
  }

  /// Signature, version, format, conversions check, three sizes, an integer, a number, upvalues.
  private static let header = 4 + 1 + 1 + 6 + 3 + 8 + 8 + 1

  private struct Reader {
    let bytes: [UInt8]
    var at: Int
    var names: [[UInt8]] = []
    /// Where the line numbers of the functions stand.
    var lines: [Range<Int>] = []

    private mutating func byte() -> UInt8 {
      guard at < bytes.count else { return 0x80 }
      defer { at += 1 }
      return bytes[at]
    }

    /// Seven bits a byte, the last marked by the eighth.
    private mutating func size() -> Int {
      var value = 0
      while true {
        let next = byte()
        value = value << 7 | Int(next & 0x7F)
        if next & 0x80 != 0 || value > bytes.count { return value }
      }
    }

    private mutating func string() -> [UInt8] {
      let count = size() - 1
      guard count > 0, at + count <= bytes.count else { return [] }
      defer { at += count }
      return Array(bytes[at..<at + count])
    }

    mutating func function(environment: Int?) {
      _ = string()
      let start = at
      _ = (size(), size())
      lines.append(start..<at)
      at += 3
      let instructions = size()
      let first = at
      at += instructions * 4
      let constants = (0..<size()).map { _ in constant() }
      if let environment { collect(first, instructions, constants, environment) }
      at += 3 * size()
      for _ in 0..<size() { function(environment: environment.flatMap(inner)) }
      debugInformation()
    }

    /// The nested function at `at` says itself which of its upvalues is the enclosing one's
    /// environment; it is found on a copy, since its upvalues come after its code.
    private func inner(_ environment: Int) -> Int? {
      var ahead = self
      _ = ahead.string()
      _ = (ahead.size(), ahead.size(), ahead.byte(), ahead.byte(), ahead.byte())
      ahead.at += ahead.size() * 4
      for _ in 0..<ahead.size() { _ = ahead.constant() }
      let upvalues = (0..<ahead.size()).map { _ in
        (inStack: ahead.byte() != 0, index: Int(ahead.byte()), kind: ahead.byte())
      }
      return upvalues.firstIndex { !$0.inStack && $0.index == environment }
    }

    private mutating func constant() -> [UInt8]? {
      switch byte() {
      case 0x03, 0x13: at += 8
      case 0x04, 0x14: return string()
      default: break
      }
      return nil
    }

    /// The names in GETTABUP and SETTABUP of the environment; where it is used as a value (a name
    /// beyond the 255th constant, `_ENV[x]`), any constant may be a name.
    private mutating func collect(
      _ first: Int, _ instructions: Int, _ constants: [[UInt8]?], _ environment: Int
    ) {
      guard first + instructions * 4 <= bytes.count else { return }
      for index in 0..<instructions {
        let word = bytes.withUnsafeBytes {
          $0.loadUnaligned(fromByteOffset: first + index * 4, as: UInt32.self)
        }
        let (opcode, a) = (word & 0x7F, Int(word >> 7 & 0xFF))
        let (b, c) = (Int(word >> 16 & 0xFF), Int(word >> 24))
        let found: [UInt8]?
        switch opcode {
        case 9 where b == environment:
          names += constants.compactMap { $0 }
          found = nil
        case 11 where b == environment && c < constants.count: found = constants[c]
        case 15 where a == environment && b < constants.count: found = constants[b]
        default: found = nil
        }
        if let found { names.append(found) }
      }
    }

    private mutating func debugInformation() {
      at += size()
      for _ in 0..<size() { _ = (size(), size()) }
      for _ in 0..<size() { _ = (string(), size(), size()) }
      for _ in 0..<size() { _ = string() }
    }
  }
}
