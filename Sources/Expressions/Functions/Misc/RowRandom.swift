import Columns

/// Random numbers of one row: of the batch's seed, the partition, the row and the place of the call
/// in the plan, so that a replay of the batch repeats them.
struct RowRandom: RandomNumberGenerator {
  private var state: UInt64

  init(_ context: EvaluationContext, row: Int, salt: Int) {
    var state = context.task.seed
    for part in [context.task.partition, context.firstRow + row, salt] {
      state = XXHash64.long(UInt64(truncatingIfNeeded: part), seed: state)
    }
    self.state = state
  }

  mutating func next() -> UInt64 {
    // SplitMix64.
    state &+= 0x9E37_79B9_7F4A_7C15
    var value = state
    value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
    return value ^ value >> 31
  }
}
