import Connectors
import Contract

/// The exactly-once argument in one file: which step follows which. Events in, one action out;
/// nothing here reads a clock, a file or a source.
///
/// A batch is: read offsets → write them to the log → release what the batch before has read → run
/// →
/// make the state durable → commit the sink → write the commit. Whatever stops it in between, a new
/// run finds in the log either no trace of the batch (it is planned anew from the same start), or
/// its offsets without a commit: then the same batch id runs again with the same offsets, clock,
/// seed and watermarks, over the state of the batch before, into a sink that knows by the id
/// whether it has the batch.
public struct MicroBatchMachine: Sendable {
  /// What a query is, as far as its steps depend on it.
  public struct Definition: Sendable {
    public let runId: String
    public let trigger: Trigger
    public let sourceCount: Int
    /// `moontide.streaming.noDataMicroBatches.enabled`.
    public let runsWithoutData: Bool

    public init(runId: String, trigger: Trigger, sourceCount: Int, runsWithoutData: Bool) {
      self.runId = runId
      self.trigger = trigger
      self.sourceCount = sourceCount
      self.runsWithoutData = runsWithoutData
    }
  }

  /// What happened.
  public enum Event: Sendable {
    /// The time has come to look for something to do. `seed` is random.
    case triggered(nowUs: Int64, seed: UInt64)
    /// What each source could give, and whether an operator asks for a batch without rows.
    case offsetsRead([SourceOffset?], operatorsWantBatch: Bool)
    case offsetsAppended
    case sourcesReleased
    /// All rows are with the sink, uncommitted. The greatest event time that each watermark node
    /// saw.
    case batchRan(maximaUs: [Int: Int64])
    case stateCommitted
    case sinkWritten
    case committed
    case failed(Failure)
  }

  /// What is to be done next.
  public enum Action: Sendable {
    case readOffsets(OffsetsQuestion)
    case appendOffsets(OffsetsRecord)
    /// Batches up to these offsets are done; batches before `keep` may be forgotten.
    case releaseSources([SourceOffset?], after: Int64)
    /// `isRepeat`: a batch that an earlier run logged and did not commit.
    case runBatch(OffsetsRecord, isRepeat: Bool)
    case commitState(OffsetsRecord)
    case commitSink(OffsetsRecord)
    case appendCommit(CommitRecord)
    /// Then comes `triggered`.
    case wait(Wait)
    case stop(Failure?)

    /// As fault plans name the step.
    var name: String {
      switch self {
      case .readOffsets: "readOffsets"
      case .appendOffsets: "appendOffsets"
      case .releaseSources: "releaseSources"
      case .runBatch: "runBatch"
      case .commitState: "commitState"
      case .commitSink: "commitSink"
      case .appendCommit: "appendCommit"
      case .wait: "wait"
      case .stop: "stop"
      }
    }
  }

  /// What a trigger asks.
  public struct OffsetsQuestion: Sendable {
    public let starts: [SourceOffset?]
    public let limit: ReadLimit
    /// The batch that would come next.
    public let batchId: Int64
    public let watermarkMs: Int64
    public let lateWatermarkMs: Int64
    public let batchTimeUs: Int64
  }

  /// Why and how long to wait.
  public enum Wait: Sendable, Hashable {
    /// Nothing at all: the next batch may begin.
    case none
    /// Nothing was found; look again soon.
    case forData
    /// Until this wall-clock time. `foundNothing`: there was nothing to do at this trigger.
    case untilUs(Int64, foundNothing: Bool)
  }

  private enum Step: Sendable {
    case beforeTrigger
    case readingOffsets(OffsetsQuestion, seed: UInt64)
    case appendingOffsets(OffsetsRecord)
    case releasingSources(OffsetsRecord)
    case running(OffsetsRecord)
    case committingState(OffsetsRecord)
    case committingSink(OffsetsRecord)
    case committing(OffsetsRecord)
    case stopped
  }

  private let definition: Definition
  public private(set) var watermark: WatermarkTracker
  private var step = Step.beforeTrigger
  /// Logged by an earlier run and not committed.
  private var unfinished: OffsetsRecord?
  private var nextBatchId: Int64 = 0
  private var starts: [SourceOffset?]
  /// Where the last committed batch ended, until the sources have been told.
  private var unreleased: [SourceOffset?]?
  private var lateWatermarkMs: Int64 = 0
  private var lastBatchTimeUs: Int64 = Int64.min
  private var isRepeat = false
  private var nextTriggerUs: Int64 = 0
  private var isStopping = false
  private var isAbandoned = false

  /// Goes on where the log ends. `progress.lastOffsets` has one range for each source.
  public init(
    _ definition: Definition, watermark: WatermarkTracker, progress: LoggedProgress
  ) {
    self.definition = definition
    starts = Array(repeating: nil, count: definition.sourceCount)
    self.watermark = watermark
    guard let last = progress.lastOffsets else { return }
    precondition(last.ranges.count == definition.sourceCount, "the log has another source count")
    lastBatchTimeUs = last.batchTimeUs
    if let commit = progress.lastCommit, commit.batchId == last.batchId {
      nextBatchId = last.batchId + 1
      starts = last.ranges.map(\.end)
      unreleased = starts
      lateWatermarkMs = last.watermarkMs
      self.watermark = watermark.resumed(
        at: max(last.watermarkMs, commit.nextWatermarkMs), progress.cutShort?.nodeWatermarksMs)
    } else {
      unfinished = last
      nextBatchId = last.batchId
      self.watermark = watermark.resumed(at: last.watermarkMs, progress.cutShort?.nodeWatermarksMs)
    }
  }

  /// The batch that runs, or would run next.
  public var batchId: Int64 { nextBatchId }

  /// The query is to end after the batch at hand; `abandoning`: without its commit.
  public mutating func requestStop(abandoning: Bool = false) {
    isStopping = true
    isAbandoned = isAbandoned || abandoning
  }

  /// Takes what happened and says what comes next.
  public mutating func handle(_ event: Event) -> Action {
    if case .failed(let failure) = event {
      step = .stopped
      return .stop(failure)
    }
    if isAbandoned { return stop() }
    switch (step, event) {
    case (.beforeTrigger, .triggered(let nowUs, let seed)):
      return isStopping ? stop() : begin(nowUs, seed)
    case (.readingOffsets(let question, let seed), .offsetsRead(let ends, let wantsBatch)):
      return isStopping ? stop() : plan(question, seed, ends, wantsBatch)
    case (.appendingOffsets(let record), .offsetsAppended):
      step = .releasingSources(record)
      let ends = unreleased
      unreleased = nil
      return .releaseSources(
        ends ?? Array(repeating: nil, count: definition.sourceCount), after: record.batchId - 1)
    case (.releasingSources(let record), .sourcesReleased):
      step = .running(record)
      return .runBatch(record, isRepeat: isRepeat)
    case (.running(let record), .batchRan(let maximaUs)):
      watermark.advance(maximaUs: maximaUs)
      step = .committingState(record)
      return .commitState(record)
    case (.committingState(let record), .stateCommitted):
      step = .committingSink(record)
      return .commitSink(record)
    case (.committingSink(let record), .sinkWritten):
      step = .committing(record)
      return .appendCommit(
        CommitRecord(
          batchId: record.batchId, runId: definition.runId,
          nextWatermarkMs: watermark.watermarkMs, nodeWatermarksMs: watermark.nodeWatermarksMs))
    case (.committing(let record), .committed):
      return finish(record)
    default:
      preconditionFailure("the event \(event) does not belong to the step \(step)")
    }
  }

  private mutating func stop() -> Action {
    step = .stopped
    return .stop(nil)
  }

  /// A trigger fires.
  private mutating func begin(_ nowUs: Int64, _ seed: UInt64) -> Action {
    if case .processingTime(let intervalUs) = definition.trigger, intervalUs > 0 {
      nextTriggerUs = nowUs / intervalUs * intervalUs + intervalUs
    }
    if let record = unfinished {
      isRepeat = true
      let again = record.rerun(by: definition.runId)
      step = .appendingOffsets(again)
      return .appendOffsets(again)
    }
    let question = OffsetsQuestion(
      starts: starts, limit: definition.trigger == .once ? .everything : .asConfigured,
      batchId: nextBatchId, watermarkMs: watermark.watermarkMs, lateWatermarkMs: lateWatermarkMs,
      // Milliseconds, as Spark's batch clock; and a clock that was set back does not go back here.
      batchTimeUs: max(nowUs.flooredToMs * 1000, lastBatchTimeUs))
    step = .readingOffsets(question, seed: seed)
    return .readOffsets(question)
  }

  /// The sources have answered.
  private mutating func plan(
    _ question: OffsetsQuestion, _ seed: UInt64, _ ends: [SourceOffset?], _ wantsBatch: Bool
  ) -> Action {
    precondition(ends.count == starts.count, "an answer for each source")
    let ranges = zip(starts, ends).map { OffsetsRecord.Range(start: $0, end: $1 ?? $0) }
    let mayRunEmpty = definition.runsWithoutData && definition.trigger != .once
    guard ranges.contains(where: { !$0.isEmpty }) || (wantsBatch && mayRunEmpty) else {
      step = .beforeTrigger
      switch definition.trigger {
      case .once, .availableNow: return stop()
      case .processingTime(0): return .wait(.forData)
      case .processingTime: return .wait(.untilUs(nextTriggerUs, foundNothing: true))
      }
    }
    let record = OffsetsRecord(
      batchId: nextBatchId, runId: definition.runId, ranges: ranges,
      watermarkMs: question.watermarkMs, lateWatermarkMs: question.lateWatermarkMs,
      batchTimeUs: question.batchTimeUs, seed: seed)
    isRepeat = false
    step = .appendingOffsets(record)
    return .appendOffsets(record)
  }

  /// The batch is committed.
  private mutating func finish(_ record: OffsetsRecord) -> Action {
    unfinished = nil
    nextBatchId = record.batchId + 1
    starts = record.ranges.map(\.end)
    unreleased = starts
    lateWatermarkMs = record.watermarkMs
    lastBatchTimeUs = record.batchTimeUs
    step = .beforeTrigger
    if isStopping { return stop() }
    switch definition.trigger {
    case .once: return stop()
    case .availableNow, .processingTime(0): return .wait(.none)
    case .processingTime: return .wait(.untilUs(nextTriggerUs, foundNothing: false))
    }
  }
}
