import Contract

/// When a query runs its next batch.
public enum Trigger: Sendable, Hashable {
  /// At every multiple of an interval since the epoch; 0: as soon as there is something to do.
  case processingTime(intervalUs: Int64)
  /// One batch with everything there is, then the end.
  case once
  /// All that is there now, in as many batches as the sources' limits make, then the end.
  case availableNow

  /// As soon as there is something to do.
  public static let asSoonAsPossible = Trigger.processingTime(intervalUs: 0)

  /// Between two triggers; 0: none is waited for.
  var intervalUs: Int64 {
    if case .processingTime(let intervalUs) = self { intervalUs } else { 0 }
  }

  /// Reads what the script gave: exactly one of the four words of `trigger{…}`.
  public static func read(_ arguments: [(name: String, value: JSON)]) throws -> Trigger {
    let words = ["processingTime", "once", "availableNow", "continuous"]
    for argument in arguments where !words.contains(argument.name) {
      throw Failure(
        "INVALID_TRIGGER", "there is no trigger `\(argument.name)`",
        hint: Suggestion.sentence(for: argument.name, among: words))
    }
    guard arguments.count == 1, let (name, value) = arguments.first else {
      throw Failure(
        "INVALID_TRIGGER", "a trigger takes exactly one of \(words.joined(separator: ", "))")
    }
    switch name {
    case "processingTime":
      guard case .text(let text) = value, let us = DurationText.microseconds(text) else {
        throw Failure(
          "INVALID_TRIGGER", "`processingTime` wants a duration such as `10 seconds`, not \(value)")
      }
      return .processingTime(intervalUs: us)
    case "continuous":
      throw Failure(
        "UNSUPPORTED_FEATURE.CONTINUOUS_TRIGGER", "continuous processing is not supported",
        hint: "Use `processingTime = \"0 seconds\"`: a batch starts as soon as rows are there")
    default:
      guard value == .boolean(true) else {
        throw Failure("INVALID_TRIGGER", "`\(name)` can only be true")
      }
      return name == "once" ? .once : .availableNow
    }
  }
}
