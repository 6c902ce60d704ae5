import { create, fromBinary } from '@bufbuild/protobuf';
import {
  type Administration,
  type FeatureReport,
  FeatureReportSchema,
  type ReportSuggestionsRequest,
  ReportSuggestionsResponseSchema,
} from '@parleykit/proto/admin';
import {
  AnswerRecordSchema,
  AnswerFeedback_CorrectnessLevel as Correctness,
  SuggestionFeature_Type as FeatureType,
} from '@parleykit/proto/v2beta1';
import { toMicroseconds } from '../clock.ts';
import { fieldInvalid } from '../errors.ts';
import { PAGE_BYTES_MAX, PAGE_SIZE_MAX } from '../limits.ts';
import type { CallContext } from '../rpc/call-context.ts';
import type { ServiceHandlers } from '../rpc/dispatcher.ts';
import type { ResourceCursor, Store } from '../storage/store.ts';
import { ANSWER_RECORDS, GENERATED, recordKeyOf } from '../suggestion/answer-records.ts';

/** What of parley.admin.v1.Administration is about what became of suggestions. */
export class SuggestionReportService implements ServiceHandlers<typeof Administration> {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Counts by reading every record, a page at a time: it takes as long as there are many. */
  async reportSuggestions({ startTime, endTime }: ReportSuggestionsRequest, call: CallContext) {
    const start = startTime === undefined ? 0 : toMicroseconds(startTime);
    const end = endTime === undefined ? Number.POSITIVE_INFINITY : toMicroseconds(endTime);
    if (end < start) throw fieldInvalid('end_time', 'is earlier than start_time');
    const reports = new Map<number, FeatureReport>();
    const collection = `${call.resource.key}/${ANSWER_RECORDS}`;
    for (let after: ResourceCursor | undefined, isOver = false; !isOver; ) {
      call.signal.throwIfAborted();
      const range = { after, limit: PAGE_SIZE_MAX, bytes: PAGE_BYTES_MAX };
      const { items, more } = await this.#store.list(collection, 'ordering', range);
      for (const row of items) {
        const { ordering = 0, state } = row;
        after = { id: row.id, ordering };
        // The latest come first.
        isOver ||= ordering < start;
        if (isOver || ordering >= end) continue;
        const stored = await this.#store.get(recordKeyOf(row));
        if (stored !== undefined) count(reportOf(reports, state), stored.body);
      }
      isOver ||= !more;
    }
    const features = [...reports.values()].toSorted((one, other) => (one.feature < other.feature ? -1 : 1));
    return create(ReportSuggestionsResponseSchema, { features });
  }
}

function reportOf(reports: Map<number, FeatureReport>, kind: number): FeatureReport {
  let report = reports.get(kind);
  if (report === undefined) {
    const feature = kind === GENERATED ? 'GENERATOR' : (FeatureType[kind] ?? String(kind));
    report = create(FeatureReportSchema, { feature });
    reports.set(kind, report);
  }
  return report;
}

function count(report: FeatureReport, record: Uint8Array): void {
  const { answerFeedback: feedback } = fromBinary(AnswerRecordSchema, record);
  report.answerCount++;
  if (feedback === undefined) return;
  if (feedback.displayed) report.displayedCount++;
  if (feedback.clicked) report.clickedCount++;
  switch (feedback.correctnessLevel) {
    case Correctness.FULLY_CORRECT:
      report.fullyCorrectCount++;
      break;
    case Correctness.PARTIALLY_CORRECT:
      report.partiallyCorrectCount++;
      break;
    case Correctness.NOT_CORRECT:
      report.notCorrectCount++;
      break;
  }
}
