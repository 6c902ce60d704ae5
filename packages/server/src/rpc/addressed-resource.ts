import type { DescMessage, DescMethod, Message } from '@bufbuild/protobuf';
import { httpRules } from '@parleykit/proto';
import { fieldsRequired, resourceNameInvalid } from '../errors.ts';
import { type ResourceName, readResourceName } from '../resource-names.ts';

/** Finds the resource that a call addresses. Throws INVALID_ARGUMENT where its name is absent or malformed. */
export type AddressedResource = (request: Message) => ResourceName;

interface Candidate {
  readonly field: string;
  readonly path: readonly string[];
  readonly patterns: string[];
  readonly matchers: RegExp[];
}

/**
 * The addressed resource is what the method's HTTP paths carry, such as `{parent=projects/*}`: the same field and
 * the same patterns hold on both wires.
 */
export function compileAddressedResource(method: DescMethod): AddressedResource {
  const candidates = compileCandidates(method);
  return (request) => findAddressed(request, candidates, method);
}

/** The fields of a request that may carry the addressed resource, by their paths in proto spelling. */
export function addressedFields(method: DescMethod): ReadonlySet<string> {
  return new Set(compileCandidates(method).map(({ field }) => field));
}

/** A method without HTTP paths that streams what another one answers at once addresses what that does. */
function rulesOf(method: DescMethod): ReturnType<typeof httpRules> {
  const rules = httpRules(method);
  if (rules.length > 0) return rules;
  const unary = method.parent.methods.find(({ name }) => `Streaming${name}` === method.name);
  return unary === undefined ? [] : httpRules(unary);
}

function compileCandidates(method: DescMethod): readonly Candidate[] {
  const candidates = new Map<string, Candidate>();
  for (const { pattern } of rulesOf(method)) {
    if (typeof pattern.value !== 'string') continue;
    for (const [, field = '', template = ''] of pattern.value.matchAll(/\{([\w.]+)=([^}]+)\}/gu)) {
      let candidate = candidates.get(field);
      if (candidate === undefined) {
        candidate = { field, path: localPath(method.input, field), patterns: [], matchers: [] };
        candidates.set(field, candidate);
      }
      candidate.patterns.push(template);
      candidate.matchers.push(new RegExp(`^${template.replaceAll('*', '[^/]+')}$`, 'su'));
    }
  }
  return [...candidates.values()];
}

function findAddressed(request: Message, candidates: readonly Candidate[], method: DescMethod): ResourceName {
  let malformed: { candidate: Candidate; text: string } | undefined;
  for (const candidate of candidates) {
    const text = readText(request, candidate.path);
    if (text === '') continue;
    const name = candidate.matchers.some((matcher) => matcher.test(text))
      ? readResourceName(text)
      : undefined;
    if (name !== undefined) return name;
    malformed ??= { candidate, text };
  }
  if (malformed !== undefined) {
    throw resourceNameInvalid(malformed.candidate.field, malformed.text, malformed.candidate.patterns);
  }
  const [first] = candidates;
  if (first === undefined) throw new Error(`${method.parent.typeName}.${method.name} addresses nothing`);
  throw fieldsRequired([first.field]);
}

/** Proto field names to the property names of generated messages. */
function localPath(input: DescMessage, field: string): string[] {
  const path: string[] = [];
  let message: DescMessage | undefined = input;
  for (const name of field.split('.')) {
    const found: DescMessage['fields'][number] | undefined = message?.fields.find(
      (each) => each.name === name,
    );
    if (found === undefined || found.oneof !== undefined) {
      throw new Error(`${input.typeName} has no plain field ${field}`);
    }
    path.push(found.localName);
    message = found.message;
  }
  return path;
}

function readText(request: Message, path: readonly string[]): string {
  let value: unknown = request;
  for (const name of path) value = (value as Record<string, unknown> | undefined)?.[name];
  return typeof value === 'string' ? value : '';
}
