import { create } from '@bufbuild/protobuf';
import { FieldMaskSchema } from '@bufbuild/protobuf/wkt';
import {
  type AnswerRecord,
  AnswerRecordSchema,
  type AnswerRecords,
  type GetAnswerRecordRequest,
  type ListAnswerRecordsRequest,
  ListAnswerRecordsResponseSchema,
  type UpdateAnswerRecordRequest,
} from '@parleykit/proto/v2beta1';
import { fieldInvalid, notFound } from '../errors.ts';
import { applyFieldMask, checkFieldMask } from '../field-mask.ts';
import { PAGE_BYTES_MAX, RESOURCE_BYTES_MAX } from '../limits.ts';
import { type ResourceName, readResourceName } from '../resource-names.ts';
import type { CallContext } from '../rpc/call-context.ts';
import type { ServiceHandlers } from '../rpc/dispatcher.ts';
import { decodeNamed, withoutName } from '../storage/named-message.ts';
import type { ResourceCursor, Store, StoredResource } from '../storage/store.ts';
import { ANSWER_RECORDS, recordKeyOf } from '../suggestion/answer-records.ts';
import { decide } from './decide.ts';
import { readAnswerRecordFilter } from './list-filters.ts';
import { Pagination } from './pagination.ts';
import { namedReply } from './resource-collection.ts';

/** Of a list of answer records: by default, and at most. */
const PAGE_SIZE = { default: 10, max: 100 } as const;

/** Where a record lies: its key, and what is stored under it. */
interface Located {
  readonly key: string;
  readonly stored: StoredResource;
}

/** google.cloud.dialogflow.v2beta1.AnswerRecords */
export class AnswerRecordsService implements ServiceHandlers<typeof AnswerRecords> {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  async getAnswerRecord(_request: GetAnswerRecordRequest, { resource: name }: CallContext) {
    const { stored } = await this.#load(name);
    return namedReply(name, stored.body);
  }

  /** What was suggested in a project or, by the filter, in one of its conversations: the latest first. */
  async listAnswerRecords(request: ListAnswerRecordsRequest, { resource: parent }: CallContext) {
    const { filter } = request;
    const conversation = readAnswerRecordFilter(filter);
    const within = conversation === undefined ? parent : parent.child('conversations', conversation);
    const collection = `${within.key}/${ANSWER_RECORDS}`;
    const pagination = new Pagination<ResourceCursor>(
      this.#store.secret,
      `${parent.key}/${ANSWER_RECORDS}`,
      filter,
    );
    const range = pagination.read({
      pageToken: request.pageToken,
      pageSize: request.pageSize === 0 ? PAGE_SIZE.default : Math.min(request.pageSize, PAGE_SIZE.max),
    });
    const page = await this.#store.list(collection, 'ordering', range);
    const answerRecords: AnswerRecord[] = [];
    let last: StoredResource | undefined;
    let bytes = 0;
    for (const row of page.items) {
      const stored = conversation === undefined ? await this.#store.get(recordKeyOf(row)) : row;
      // The project's rows are small, whatever their records are: the store has not counted those.
      bytes += stored?.body.byteLength ?? 0;
      if (last !== undefined && bytes > PAGE_BYTES_MAX) break;
      last = row;
      // What goes with its conversation just now is left out.
      if (stored === undefined) continue;
      const name = parent.child(ANSWER_RECORDS, row.id).toString();
      answerRecords.push(decodeNamed(AnswerRecordSchema, name, stored.body));
    }
    const isAll = !page.more && last === page.items.at(-1);
    const nextPageToken = isAll || last === undefined ? '' : pagination.tokenAfter(cursorOf(last));
    return create(ListAnswerRecordsResponseSchema, { answerRecords, nextPageToken });
  }

  /** Says what became of a suggestion: only the feedback can be changed. Without a mask all of it is. */
  async updateAnswerRecord(request: UpdateAnswerRecordRequest, call: CallContext) {
    const { resource: name } = call;
    const from = request.answerRecord ?? create(AnswerRecordSchema);
    const asked = request.updateMask?.paths ?? [];
    const isWhole = asked.length === 0 || asked.includes('*');
    const mask = create(FieldMaskSchema, { paths: isWhole ? ['answer_feedback'] : asked });
    checkFieldMask(AnswerRecordSchema, mask);
    const foreign = mask.paths.find((path) => path.split('.', 1)[0] !== 'answer_feedback');
    if (foreign !== undefined) {
      throw fieldInvalid('update_mask', `names ${foreign}: only answer_feedback can be changed`);
    }
    return decide(call, async () => {
      const { key, stored } = await this.#load(name);
      const record = decodeNamed(AnswerRecordSchema, '', stored.body);
      applyFieldMask(AnswerRecordSchema, mask, from, record);
      const body = withoutName(AnswerRecordSchema, record);
      if (body.byteLength > RESOURCE_BYTES_MAX) {
        throw fieldInvalid('answer_record', `is larger than ${RESOURCE_BYTES_MAX} bytes`);
      }
      await this.#store.commit({
        partition: conversationIn(key),
        expect: [{ name: key, version: stored.version }],
        put: [{ name: key, state: stored.state, body }],
      });
      return namedReply(name, body);
    });
  }

  async #load(name: ResourceName): Promise<Located> {
    const row = await this.#store.get(name.key);
    const key = row && recordKeyOf(row);
    const stored = key === undefined ? undefined : await this.#store.get(key);
    if (key === undefined || stored === undefined) throw notFound('AnswerRecord', name.toString());
    return { key, stored };
  }
}

function conversationIn(key: string): string {
  return readResourceName(key)?.ancestor('conversations').key ?? key;
}

function cursorOf({ id, ordering }: StoredResource): ResourceCursor {
  return ordering === undefined ? { id } : { id, ordering };
}
