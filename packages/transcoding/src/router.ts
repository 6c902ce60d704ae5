import type { DescField, DescMessage, DescMethod } from '@bufbuild/protobuf';
import type { HttpRule } from '@parleykit/proto/api';
import { formatFieldPath, resolveFieldPath } from './field-path.ts';
import { findField } from './json-message.ts';
import { type PathTemplate, parsePathTemplate, type TemplateVariable } from './path-template.ts';
import { decodePercent } from './percent-encoding.ts';

/** A variable of a binding's path, with the request fields that it leads through. */
export interface Variable extends TemplateVariable {
  readonly fields: readonly DescField[];
  /** The names of these fields with dots between, whatever spelling the template has. */
  readonly path: string;
}

/** One HTTP rule of a method, resolved against its messages. */
export interface Binding {
  readonly method: DescMethod;
  /** The HTTP verb, or `*` for any. */
  readonly verb: string;
  readonly template: string;
  readonly variables: readonly Variable[];
  /** The request field that is the body, `*` for all that the path does not bind, undefined for no body. */
  readonly body: DescField | '*' | undefined;
  /** The reply field that is the body of the response, undefined for the whole reply. */
  readonly responseBody: DescField | undefined;
}

/** A request line that a binding answers for. */
export interface Match {
  readonly method: DescMethod;
  readonly binding: Binding;
  /** What each of the binding's variables captured, in their order and still percent-encoded. */
  readonly variables: readonly string[];
}

/** Finds the method for a verb and path. */
export interface Router {
  /**
   * The binding for a verb and a path, which comes without its query and still percent-encoded; or the verbs
   * that the path knows, where this is none of them (405); or undefined, where it knows none (404). It never
   * throws, and takes time in proportion to the length of the path.
   */
  match(verb: string, path: string): Match | { readonly allow: readonly string[] } | undefined;
}

/** A path cut into segments, each as it came and percent-decoded, with the verb behind the colon cut off. */
interface PathParts {
  /** All segments as they came, with the slash before each. */
  readonly text: string;
  readonly raw: readonly string[];
  readonly decoded: readonly string[];
  readonly suffix: string;
}

/**
 * A place in the tree of templates. A walk tries literals first, then `*`, then `**`, and turns back where that
 * leads nowhere. Since a node has one depth, no walk meets it twice: the size of the tree bounds the cost.
 */
class Node {
  readonly #literals = new Map<string, Node>();
  readonly #bindings = new Map<string, Map<string, Binding>>();
  #single: Node | undefined;
  #rest: Node | undefined;

  /** Adds a binding under its template; answers with the one that is there already, if any. */
  add(template: PathTemplate, binding: Binding): Binding | undefined {
    let node: Node = this;
    for (const segment of template.segments) {
      if (segment.kind === 'literal') node = node.#literal(segment.text);
      else if (segment.kind === 'single') node = node.#single ??= new Node();
      else node = node.#rest ??= new Node();
    }
    const suffix = template.verb ?? '';
    const byVerb = node.#bindings.get(suffix) ?? new Map<string, Binding>();
    node.#bindings.set(suffix, byVerb);
    const earlier = byVerb.get(binding.verb);
    if (earlier === undefined) byVerb.set(binding.verb, binding);
    return earlier;
  }

  /** The binding for a path from its segment `at` on; the verbs of those that fit but for theirs go to `allow`. */
  find(path: PathParts, at: number, verb: string, allow: string[]): Binding | undefined {
    if (at === path.raw.length) {
      return this.end(path, verb, allow) ?? this.#rest?.end(path, verb, allow);
    }
    // An empty segment is no name of anything, so `*` does not take it.
    const single = path.raw[at] === '' ? undefined : this.#single;
    return (
      this.#literals.get(path.decoded[at] ?? '')?.find(path, at + 1, verb, allow) ??
      single?.find(path, at + 1, verb, allow) ??
      this.#rest?.end(path, verb, allow)
    );
  }

  /** The binding that ends at this place; see {@link find}. */
  end(path: PathParts, verb: string, allow: string[]): Binding | undefined {
    const byVerb = this.#bindings.get(path.suffix);
    const found = byVerb?.get(verb) ?? byVerb?.get('*');
    if (!found && byVerb) allow.push(...byVerb.keys());
    return found;
  }

  #literal(text: string): Node {
    const node = this.#literals.get(text) ?? new Node();
    this.#literals.set(text, node);
    return node;
  }
}

/**
 * Compiles the HTTP rules of all methods into one router. Throws an Error that names the method and template
 * where a template is malformed, a field does not exist or cannot be bound, or two rules claim the same
 * requests: all of these are faults of the API's definition, and are better found at start-up.
 */
export function createRouter(
  methods: Iterable<DescMethod>,
  rulesOf: (method: DescMethod) => readonly HttpRule[],
): Router {
  const root = new Node();
  const suffixes = new Set<string>();
  for (const method of methods) {
    for (const rule of rulesOf(method)) {
      const { template, binding } = compileRule(method, rule);
      const earlier = root.add(template, binding);
      if (earlier) {
        throw new Error(`${where(binding)}: ${nameOf(earlier.method)} is bound to the same requests`);
      }
      if (template.verb !== undefined) suffixes.add(template.verb);
    }
  }
  return {
    match(verb, path) {
      if (!path.startsWith('/')) return undefined;
      // A path may end in a colon and a verb that some template has. Any other colon belongs to its segment, and
      // so does this one where no template with the verb fits.
      const colon = path.lastIndexOf(':');
      const suffix = colon > path.lastIndexOf('/') ? path.slice(colon + 1) : '';
      const found = suffixes.has(suffix)
        ? matchParts(root, verb, splitPath(path.slice(0, colon), suffix))
        : undefined;
      return found ?? matchParts(root, verb, splitPath(path, ''));
    },
  };
}

function matchParts(root: Node, verb: string, parts: PathParts): ReturnType<Router['match']> {
  const allow: string[] = [];
  const binding = root.find(parts, 0, verb, allow);
  if (binding) return { method: binding.method, binding, variables: capture(binding, parts) };
  return allow.length > 0 ? { allow: [...new Set(allow)].sort() } : undefined;
}

function splitPath(text: string, suffix: string): PathParts {
  const raw = text.slice(1).split('/');
  const decoded = text.includes('%')
    ? raw.map((segment) => decodePercent(segment, { keepSlashes: false }) ?? segment)
    : raw;
  return { text, raw, decoded, suffix };
}

function capture(binding: Binding, { text, raw }: PathParts): readonly string[] {
  return binding.variables.map(({ start, end, toEnd }) => {
    const from = lengthOf(raw, 0, start) + 1;
    return text.slice(from, toEnd ? undefined : from + lengthOf(raw, start, end) - 1);
  });
}

/** The length of some segments together, with the slash before each. */
function lengthOf(segments: readonly string[], start: number, end: number): number {
  let length = end - start;
  for (let index = start; index < end; index += 1) length += segments[index]?.length ?? 0;
  return length;
}

function compileRule(method: DescMethod, rule: HttpRule): { template: PathTemplate; binding: Binding } {
  const { verb, path } = patternOf(method, rule);
  const context = where({ method, verb, template: path });
  let template: PathTemplate;
  try {
    template = parsePathTemplate(path);
  } catch (cause) {
    throw new Error(`${context}: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
  const binding: Binding = {
    method,
    verb,
    template: path,
    variables: template.variables.map((variable) => resolveVariable(method, variable, context)),
    body: rule.body === '*' ? '*' : resolveBody(method.input, rule.body, context),
    responseBody: resolveBody(method.output, rule.responseBody, context),
  };
  return { template, binding };
}

function patternOf(method: DescMethod, rule: HttpRule): { verb: string; path: string } {
  const { pattern } = rule;
  if (pattern.case === undefined) throw new Error(`${nameOf(method)}: the HTTP rule has no pattern`);
  if (pattern.case === 'custom') return { verb: pattern.value.kind, path: pattern.value.path };
  return { verb: pattern.case.toUpperCase(), path: pattern.value };
}

function resolveVariable(method: DescMethod, variable: TemplateVariable, context: string): Variable {
  const path = resolveFieldPath(method.input, variable.fieldPath);
  if ('problem' in path) throw new Error(`${context}: ${variable.fieldPath}: ${path.problem}`);
  const kind = path.fields.at(-1)?.fieldKind;
  if (kind !== 'scalar' && kind !== 'enum') {
    throw new Error(`${context}: ${variable.fieldPath}: only a singular scalar can be bound by a path`);
  }
  return { ...variable, fields: path.fields, path: formatFieldPath(path.fields) };
}

function resolveBody(message: DescMessage, name: string, context: string): DescField | undefined {
  if (name === '') return undefined;
  const field = findField(message, name);
  if (field === undefined) throw new Error(`${context}: ${name}: unknown field in ${message.typeName}`);
  return field;
}

function where(binding: Pick<Binding, 'method' | 'verb' | 'template'>): string {
  return `${nameOf(binding.method)}: ${binding.verb} ${binding.template}`;
}

function nameOf(method: DescMethod): string {
  return `${method.parent.typeName}.${method.name}`;
}
