import { Agent } from 'node:http';
import { create, toBinary } from '@bufbuild/protobuf';
import { Conversations, ListMessagesRequestSchema } from '@parleykit/proto/v2beta1';
import type { Target } from '../../conformance/target.ts';
import { pathOf } from '../../conformance/wires.ts';
import { GrpcChannel } from './grpc-channel.ts';
import { getJson } from './http-get.ts';
import { scanMessages, type Visit } from './message-scan.ts';

export interface PageRequest {
  /** The name of the conversation. */
  readonly parent: string;
  readonly filter: string;
  readonly pageSize: number;
  readonly pageToken: string;
}

/** One way to read a page of ListMessages. */
export interface PageReader extends AsyncDisposable {
  readonly wire: 'gRPC' | 'REST';
  /** Visits the messages of the page as they come; answers the token of the next, empty where there is none. */
  read(request: PageRequest, visit: Visit): Promise<string>;
}

const LIST_MESSAGES = pathOf(Conversations.method.listMessages);

export async function openGrpcReader({ url }: Target): Promise<PageReader> {
  const channel = await GrpcChannel.open(url);
  return {
    wire: 'gRPC',
    async read(request, visit) {
      const message = create(ListMessagesRequestSchema, request);
      const reply = await channel.send(LIST_MESSAGES, toBinary(ListMessagesRequestSchema, message));
      return scanMessages(reply, visit);
    },
    [Symbol.asyncDispose]: () => channel[Symbol.asyncDispose](),
  };
}

interface JsonPage {
  readonly messages?: readonly { readonly content: string; readonly createTime: string }[];
  readonly nextPageToken?: string;
}

export function openRestReader(target: Target): PageReader {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  return {
    wire: 'REST',
    async read({ parent, filter, pageSize, pageToken }, visit) {
      const query = new URLSearchParams({ pageSize: String(pageSize) });
      if (filter !== '') query.set('filter', filter);
      if (pageToken !== '') query.set('pageToken', pageToken);
      const path = `/v2beta1/${parent}/messages?${query}`;
      const { messages = [], nextPageToken = '' } = (await getJson(target, path, agent)) as JsonPage;
      for (const { content, createTime } of messages) {
        visit(Number.parseInt(content, 10), microsecondsOf(createTime));
      }
      return nextPageToken;
    },
    async [Symbol.asyncDispose]() {
      agent.destroy();
    },
  };
}

/** `2026-01-31T12:00:00.123456Z`: proto3 JSON writes no digits, or three, six or nine. */
function microsecondsOf(time: string): number {
  const seconds = Date.parse(`${time.slice(0, 19)}Z`) / 1000;
  const fraction = time.slice(20, -1);
  if (time.length < 20 || !time.endsWith('Z') || !/^\d{0,6}$/u.test(fraction)) {
    throw new Error(`${time} is not a time in microseconds`);
  }
  return seconds * 1_000_000 + Number(fraction.padEnd(6, '0'));
}

/** Reads a whole conversation, oldest first in what `add` gets. `sizeOfPage` is asked before each page. */
export async function readAll(
  reader: PageReader,
  request: Pick<PageRequest, 'parent' | 'filter'>,
  sizeOfPage: () => number,
): Promise<{ numbers: number[]; createTimes: number[]; pages: number }> {
  const numbers: number[] = [];
  const createTimes: number[] = [];
  let pages = 0;
  let pageToken = '';
  do {
    pageToken = await reader.read({ ...request, pageSize: sizeOfPage(), pageToken }, (number, createTime) => {
      numbers.push(number);
      createTimes.push(createTime);
    });
    pages++;
  } while (pageToken !== '');
  return { numbers, createTimes, pages };
}
