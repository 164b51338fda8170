import Columns
import Contract

/// An aggregate function whose types are settled: what each family's binding makes.
struct TypedAggregate: AggregateFunction {
  let name: String
  let resultType: DataType
  let isNullable: Bool
  let stateTypes: [DataType]
  private let make: @Sendable () -> any Accumulator

  init(
    _ name: String, _ resultType: DataType, isNullable: Bool = true, states: [DataType],
    make: @escaping @Sendable () -> any Accumulator
  ) {
    self.name = name
    self.resultType = resultType
    self.isNullable = isNullable
    stateTypes = states
    self.make = make
  }

  func makeAccumulator() -> any Accumulator { make() }
}
