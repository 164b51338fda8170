import Columns
import Contract
import Expressions
import Glibc
import Plan

/// Some of the rows, chosen by a seed: the same ones each time. Batch only.
///
/// Without replacement a row stays when its number lies from `lowerBound` up to `upperBound`. The
/// numbers are those of `rand(seed)`, so the rows are those that Spark picks, and samples whose
/// bounds meet have no row in common.
public struct Sample: OperatorNode {
  public let lowerBound: Double
  public let upperBound: Double
  public let withReplacement: Bool
  public let seed: Int64
  public let child: any PlanNode
  public let origin: Origin?

  public var name: String { "Sample" }
  public var children: [any PlanNode] { [child] }
  public var output: [Attribute] { child.output }
  public var expressions: [Expression] { [] }
  public var details: String {
    "\(lowerBound), \(upperBound), withReplacement=\(withReplacement), seed=\(seed)"
  }
  public var streaming: StreamingFacts {
    StreamingFacts(
      refusal: Failure(
        "_LEGACY_ERROR_TEMP_3102", "Sampling is not supported on streaming DataFrames/Datasets",
        hint: "A condition such as `where(\"rand() < 0.1\")` keeps about a tenth.",
        origin: origin))
  }

  public func with(children: [any PlanNode]) -> any PlanNode {
    Sample(
      lowerBound: lowerBound, upperBound: upperBound, withReplacement: withReplacement, seed: seed,
      child: children[0], origin: origin)
  }
  public func with(expressions: [Expression]) -> any PlanNode { self }

  public func lower(_ children: [any Operator], _ lowering: Lowering) throws -> any Operator {
    func operation(_ step: some RowStep) -> any Operator {
      RowByRowOperator(output: output, child: children[0], step: step)
    }
    if withReplacement {
      return operation(PoissonSample(mean: upperBound, seed: UInt64(bitPattern: seed)))
    }
    return operation(BernoulliSample(range: lowerBound..<upperBound, seed: seed))
  }
}

private struct BernoulliSample: RowStep {
  let range: Range<Double>
  let seed: Int64

  func apply(_ batch: Batch, _ context: EvaluationContext) throws -> Batch {
    var random = SparkRandom(seed &+ Int64(context.task.partition))
    random.skipDoubles(context.firstRow)
    return batch.selecting(
      Selection((0..<batch.count).filter { _ in range.contains(random.nextDouble()) }))
  }
}

/// A row may come several times: as often as a Poisson number says.
private struct PoissonSample: RowStep {
  let mean: Double
  let seed: UInt64

  func apply(_ batch: Batch, _ context: EvaluationContext) throws -> Batch {
    var rows: [Int] = []
    for row in 0..<batch.count {
      let place = UInt64(context.firstRow + row)
      var bits = mixed(seed ^ mixed(UInt64(context.task.partition) << 40 ^ place))
      func uniform() -> Double {
        bits = mixed(bits)
        return Double(bits >> 11) * 0x1p-53
      }
      // Knuth's way to a Poisson number.
      let limit = exp(-mean)
      var product = uniform()
      while product > limit {
        rows.append(row)
        product *= uniform()
      }
    }
    return batch.selecting(Selection(rows))
  }

  private func mixed(_ value: UInt64) -> UInt64 {
    var x = value &+ 0x9E37_79B9_7F4A_7C15
    x = (x ^ (x >> 30)) &* 0xBF58_476D_1CE4_E5B9
    x = (x ^ (x >> 27)) &* 0x94D0_49BB_1331_11EB
    return x ^ (x >> 31)
  }
}

/// `sample`; a part of `randomSplit` has a lower bound too.
func buildSample(_ call: OperatorCall) throws -> any PlanNode {
  let fraction = call.number("fraction")
  let withReplacement = call.boolean("withReplacement")
  guard fraction >= 0, withReplacement || fraction <= 1 else {
    throw Failure(
      "INVALID_SAMPLE_FRACTION",
      "`sample` wants a fraction from 0 to 1 (above 1 with replacement), not \(fraction)")
  }
  return Sample(
    lowerBound: call.has("lowerBound") ? call.number("lowerBound") : 0, upperBound: fraction,
    withReplacement: withReplacement,
    seed: call.has("seed") ? call.integer("seed") : .random(in: .min ... .max), child: call.child,
    origin: call.origin)
}
