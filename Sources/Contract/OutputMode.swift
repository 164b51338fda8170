/// What a batch does to what the sink already holds.
public enum OutputMode: String, Sendable, CaseIterable {
  case append, update, complete
}
