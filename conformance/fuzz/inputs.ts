import type { DescMethod } from '@bufbuild/protobuf';
import type { Corpus, Subject } from './corpus.ts';
import { addressedFields, draftRequest, methodName, type Scenario, valueAt } from './generators.ts';
import { encodeDraft, mutateBytes } from './protobuf-bytes.ts';
import { Random } from './random.ts';
import { buildRest, hasRoute, type RestRequest } from './rest-requests.ts';
import { oddText } from './texts.ts';

/** A gRPC request as it goes out: `body` holds the frames. */
export interface GrpcRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

interface AnyInput {
  readonly index: number;
  readonly method: DescMethod;
  /** Set where the request is what it seems: then its answer can be understood. */
  readonly subject: Subject | undefined;
  /** Whether the encoding is right and the call reaches its method; what the request says may still be refused. */
  readonly wellFormed: boolean;
  /** What of the protocol below the request was tampered with, if anything. */
  readonly protocol: 'kept' | 'framing' | 'headers' | 'path';
}

export interface GrpcInput extends AnyInput {
  readonly wire: 'gRPC';
  readonly request: GrpcRequest;
}

export interface RestInput extends AnyInput {
  readonly wire: 'REST';
  readonly request: RestRequest;
}

/** One call to the server, as its bytes. */
export type Input = GrpcInput | RestInput;

/** The methods to call: those that the server has, and those that it only knows. */
export interface Catalogue {
  readonly built: readonly DescMethod[];
  /** Of those that are built, the ones that are about the wire itself and look into no data. */
  readonly wire: readonly DescMethod[];
  readonly unbuilt: readonly DescMethod[];
}

/** Makes the input of an index. It depends on the seed, the index and what the corpus holds, and on nothing else. */
export function makeInput(seed: number, index: number, catalogue: Catalogue, corpus: Corpus): Input {
  const random = new Random(seed, index);
  const method = chooseMethod(random, catalogue);
  const { draft, scenario } = draftRequest(random, corpus, method);
  const subject = { method: methodName(method), ...subjectOf(draft, method) };
  if (!hasRoute(method) || random.chance(0.5)) return makeGrpc(index, scenario, draft, subject);
  const roll = random.next() / 2 ** 32;
  const damage = {
    values: roll < 0.2 ? random.pick([0.03, 0.1, 0.3]) : 0,
    text: roll > 0.19 && roll < 0.3,
    url: roll > 0.29 && roll < 0.48,
  };
  const { request, isRouted } = buildRest(draft, scenario, damage);
  const wellFormed = roll >= 0.48 && isRouted;
  return {
    wire: 'REST',
    index,
    method,
    request,
    wellFormed,
    protocol: 'kept',
    subject: damage.url ? undefined : subject,
  };
}

function chooseMethod(random: Random, { built, wire, unbuilt }: Catalogue): DescMethod {
  if (unbuilt.length > 0 && random.chance(0.1)) return random.pick(unbuilt);
  if (wire.length > 0 && random.chance(0.03)) return random.pick(wire);
  const first = random.pick(built);
  // What is stored comes back in many answers; what is asked for, in one.
  const method = /^(?:Get|List)/u.test(first.name) && random.chance(0.5) ? random.pick(built) : first;
  // What ends things is left alone mostly, or little would be there for the others.
  return /^(?:Complete|Delete)/u.test(method.name) && random.chance(0.85) ? random.pick(built) : method;
}

function subjectOf(draft: Parameters<typeof valueAt>[0], method: DescMethod): Omit<Subject, 'method'> {
  const [field = ''] = addressedFields(method).keys();
  return { resource: String(valueAt(draft, field) ?? ''), filter: String(valueAt(draft, 'filter') ?? '') };
}

function makeGrpc(
  index: number,
  { random, method, isDeep }: Scenario,
  draft: Parameters<typeof encodeDraft>[0],
  subject: Subject,
): GrpcInput {
  const roll = random.next() / 2 ** 32;
  const odd = roll < 0.25 ? random.pick([0.05, 0.2]) : 0;
  const broken = roll > 0.24 && roll < 0.38 ? random.pick([0.03, 0.1, 0.3]) : 0;
  let bytes = encodeDraft(draft, { random, odd, broken });
  const isMutated = roll >= 0.38 && roll < 0.52;
  if (isMutated)
    bytes = random.chance(0.1) ? Buffer.from(random.bytes(random.below(64))) : mutateBytes(random, bytes);
  const protocol = random.chance(0.97) ? 'kept' : random.pick(['framing', 'headers', 'path'] as const);
  const path = `/${methodName(method)}`;
  const request = {
    path: protocol === 'path' ? oddPath(random, path) : path,
    headers: protocol === 'headers' ? random.pick(oddHeaders) : {},
    body: protocol === 'framing' ? oddFraming(random, bytes) : frame(bytes),
  };
  const wellFormed = !isDeep && odd === 0 && broken === 0 && !isMutated && protocol === 'kept';
  return { wire: 'gRPC', index, method, request, wellFormed, protocol, subject };
}

/** A message in the frame of https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md */
export function frame(bytes: Uint8Array, flag = 0, length = bytes.length): Buffer {
  const header = Buffer.alloc(5);
  header[0] = flag;
  header.writeUInt32BE(length, 1);
  return Buffer.concat([header, bytes]);
}

function oddFraming(random: Random, bytes: Buffer): Buffer {
  return random.pick([
    () => Buffer.alloc(0),
    () => frame(bytes).subarray(0, random.below(5)),
    () => frame(bytes, 1),
    () => frame(bytes, random.between(2, 255)),
    () => frame(bytes, 0, bytes.length + random.between(1, 9)),
    () => frame(bytes, 0, 2 ** 32 - 1),
    () => frame(bytes, 0, Math.max(0, bytes.length - 1)),
    () => Buffer.concat([frame(bytes), frame(bytes)]),
    () => Buffer.concat([frame(bytes), Buffer.from([0])]),
  ])();
}

const oddHeaders: readonly Readonly<Record<string, string>>[] = [
  { 'grpc-timeout': '1n' },
  { 'grpc-timeout': '1m' },
  { 'grpc-timeout': '99999999H' },
  { 'grpc-timeout': '999999999S' },
  { 'grpc-timeout': '-1S' },
  { 'grpc-timeout': 'soon' },
  { 'grpc-timeout': '' },
  { 'grpc-encoding': 'gzip' },
  { 'grpc-encoding': 'nothing' },
  { 'grpc-accept-encoding': '\u00ff,,' },
  { 'content-type': 'application/grpc+json' },
  { 'content-type': 'application/grpc-web' },
  { 'content-type': 'application/json' },
  { 'x-odd-bin': '%%%' },
  { 'x-odd-bin': 'AAA' },
  { 'x-odd': '\u00ff'.repeat(100) },
  { 'x-odd': 'a'.repeat(6000) },
  { 'x-goog-request-params': 'parent=%zz&&&' },
  { authorization: 'Bearer ' },
  { 'user-agent': '' },
];

function oddPath(random: Random, path: string): string {
  const [, service, name] = path.split('/');
  return random.pick([
    `${path}/`,
    `//${service}/${name}`,
    `/${service}/${name?.toLowerCase()}`,
    `/${service}/${name}?a=b`,
    `/${service}/__proto__`,
    `/${service}/constructor`,
    `/${service}`,
    '/',
    `/grpc.health.v1.Health/Check`,
    `/${encodeURIComponent(oddText(random).toWellFormed())}/${name}`,
  ]);
}
