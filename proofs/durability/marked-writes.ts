/**
 * Writes that leave marks: bytes that come into the log by this call and by no other, so that the trace shows where
 * the call was written down. Each call knows the socket on which its reply must come.
 */
import { once } from 'node:events';
import { request as openRequest } from 'node:http';
import { type ClientHttp2Session, connect } from 'node:http2';
import { text } from 'node:stream/consumers';
import {
  create,
  type DescMessage,
  type DescMethodUnary,
  fromBinary,
  fromJson,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf';
import { TimestampSchema } from '@bufbuild/protobuf/wkt';
import { registry } from '@parleykit/proto';
import { Conversations, Participants, Participant_Role as Role } from '@parleykit/proto/v2beta1';
import { requestOf, send } from '../../conformance/grpc-raw.ts';
import { httpRequest } from '../../conformance/wires.ts';
import type { Address, WireName } from '../crash/client.ts';
import { PARENT } from '../crash/writes.ts';
import type { Effect } from './effects.ts';

const PROFILE = `${PARENT}/locations/global/conversationProfiles/demo`;
/** Send times of marked messages, from here on. */
const FIRST_SECOND = 1_700_000_000n;

export interface MarkedCall {
  readonly what: string;
  readonly effect: Effect;
  readonly marks: readonly Buffer[];
  /** Of the client's end of the connection. */
  readonly port: number;
  /** Of HTTP/2; undefined where the connection carried one reply alone. */
  readonly stream: number | undefined;
}

interface Place {
  readonly port: number;
  readonly stream: number | undefined;
}

/** Gives out marks, each once. */
export class Marks {
  #last = 0;

  next(): string {
    return `mark-${String(++this.#last).padStart(6, '0')}`;
  }
}

/** Makes one call after the other over a wire; all of them succeed. */
export class MarkedWriter {
  readonly #wire: CountedWire;
  readonly #marks: Marks;
  readonly #calls: MarkedCall[];

  private constructor(wire: CountedWire, marks: Marks, calls: MarkedCall[]) {
    this.#wire = wire;
    this.#marks = marks;
    this.#calls = calls;
  }

  /** Adds what it does to `calls`, in the order of the replies. */
  static async open(
    name: WireName,
    server: Address,
    marks: Marks,
    calls: MarkedCall[],
  ): Promise<MarkedWriter> {
    const wire = name === 'gRPC' ? await CountedGrpc.open(server) : new CountedRest(server);
    return new MarkedWriter(wire, marks, calls);
  }

  /** Answers its name. */
  async createConversation(): Promise<string> {
    const mark = this.#marks.next();
    const request = { parent: PARENT, conversationId: mark, conversation: { conversationProfile: PROFILE } };
    const { reply, place } = await this.#wire.call(Conversations.method.createConversation, request);
    this.#file('CreateConversation', place, [mark], { kind: 'conversation', conversation: reply.name });
    return reply.name;
  }

  /** Answers its name. */
  async createParticipant(conversation: string): Promise<string> {
    const mark = this.#marks.next();
    const participant = { role: Role.END_USER, obfuscatedExternalUserId: mark };
    const request = { parent: conversation, participant };
    const { reply, place } = await this.#wire.call(Participants.method.createParticipant, request);
    this.#file('CreateParticipant', place, [mark], { kind: 'participant', conversation, userId: mark });
    return reply.name;
  }

  /** Answers what it sent, for `repeatBatch`. */
  async createBatch(conversation: string, participant: string, size: number): Promise<string[]> {
    const marks = Array.from({ length: size }, () => this.#marks.next());
    const place = await this.#sendBatch(conversation, participant, marks);
    this.#file(`BatchCreateMessages of ${size}`, place, marks, {
      kind: 'batch',
      conversation,
      contents: marks,
    });
    return marks;
  }

  /** The same messages again: nothing new is written, and yet it is acknowledged. */
  async repeatBatch(conversation: string, participant: string, marks: readonly string[]): Promise<void> {
    const place = await this.#sendBatch(conversation, participant, marks);
    this.#file(`BatchCreateMessages of ${marks.length}, again`, place, marks, { kind: 'none' });
  }

  async completeConversation(conversation: string): Promise<void> {
    const method = Conversations.method.completeConversation;
    const { reply, place } = await this.#wire.call(method, { name: conversation });
    if (reply.endTime === undefined) throw new Error(`${conversation} has no end`);
    // To the microsecond, nothing else has this time.
    const mark = Buffer.from(toBinary(TimestampSchema, reply.endTime));
    this.#file('CompleteConversation', place, [mark], { kind: 'completion', conversation });
  }

  close(): void {
    this.#wire.close();
  }

  async #sendBatch(conversation: string, participant: string, marks: readonly string[]): Promise<Place> {
    const requests = marks.map((content) => {
      const seconds = FIRST_SECOND + BigInt(content.slice('mark-'.length));
      return { parent: conversation, message: { participant, content, sendTime: { seconds, nanos: 1 } } };
    });
    const { place } = await this.#wire.call(Conversations.method.batchCreateMessages, {
      parent: conversation,
      requests,
    });
    return place;
  }

  #file(what: string, place: Place, marks: readonly (string | Buffer)[], effect: Effect): void {
    this.#calls.push({ what, effect, marks: marks.map((mark) => Buffer.from(mark)), ...place });
  }
}

interface CountedWire {
  call<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    request: MessageInitShape<I>,
  ): Promise<{ reply: MessageShape<O>; place: Place }>;
  close(): void;
}

/** One connection with one call after the other, so that the numbers of its streams are known. */
class CountedGrpc implements CountedWire {
  readonly #session: ClientHttp2Session;
  readonly #port: number;
  #nextStream = 1;

  private constructor(session: ClientHttp2Session) {
    this.#session = session;
    this.#port = session.socket?.localPort ?? 0;
  }

  static async open({ url }: Address): Promise<CountedGrpc> {
    const session = connect(url);
    await once(session, 'connect');
    session.on('error', () => {});
    return new CountedGrpc(session);
  }

  async call<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    request: MessageInitShape<I>,
  ): Promise<{ reply: MessageShape<O>; place: Place }> {
    const place = { port: this.#port, stream: this.#nextStream };
    this.#nextStream += 2;
    const { code, message, messages } = await send(this.#session, requestOf(method, request));
    const [bytes] = messages;
    if (code !== 0 || bytes === undefined) throw new Error(`${method.name} was answered ${code}: ${message}`);
    return { reply: fromBinary(method.output, bytes), place };
  }

  close(): void {
    this.#session.destroy();
  }
}

/** A connection for each call. */
class CountedRest implements CountedWire {
  readonly #server: Address;

  constructor(server: Address) {
    this.#server = server;
  }

  async call<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    request: MessageInitShape<I>,
  ): Promise<{ reply: MessageShape<O>; place: Place }> {
    const { verb, path, headers, body = '' } = httpRequest(method, create(method.input, request));
    const { host, port } = this.#server;
    const outgoing = openRequest({ host, port, method: verb, path, headers, agent: false });
    const local = Promise.withResolvers<number>();
    outgoing.on('socket', (socket) => {
      socket.once('connect', () => local.resolve(socket.localPort ?? 0));
    });
    outgoing.end(body);
    const [incoming] = await once(outgoing, 'response');
    const answer = await text(incoming);
    if (incoming.statusCode !== 200) throw new Error(`${method.name} was answered ${answer}`);
    const reply = fromJson(method.output, JSON.parse(answer), { registry });
    return { reply, place: { port: await local.promise, stream: undefined } };
  }

  close(): void {}
}
