import type { MethodDefinition, ServiceDefinition } from '../../gen/tables.js';
import { fullName, messageType } from './message-type.ts';
import type { HttpBinding, MethodTable, ServiceTable } from './tables.ts';

const KINDS: Readonly<Record<string, MethodTable['kind']>> = {
  '': 'unary',
  s: 'server_streaming',
  c: 'client_streaming',
  b: 'bidi_streaming',
};

const tables = new WeakMap<ServiceDefinition, ServiceTable>();

/** The table of a service of gen/tables.js, always the same for the same one. */
export function serviceTable(definition: ServiceDefinition): ServiceTable {
  let table = tables.get(definition);
  if (table === undefined) {
    const [shortName, methods] = definition;
    const name = fullName(shortName);
    const methodTables = methods().map((method) => methodTable(name, method));
    table = { name, methods: Object.fromEntries(methodTables.map((method) => [method.localName, method])) };
    tables.set(definition, table);
  }
  return table;
}

function methodTable(service: string, definition: MethodDefinition): MethodTable {
  const [name, input, output, http, routing, flattened = '', pagedField = '', kind = ''] = definition;
  return {
    name,
    localName: name.charAt(0).toLowerCase() + name.slice(1),
    service,
    kind: KINDS[kind] as MethodTable['kind'],
    input: messageType(input),
    output: messageType(output),
    http: listOf(http, '|').map(binding),
    routing: listOf(routing, ','),
    flattened: listOf(flattened, ','),
    pagedField: pagedField === '' ? undefined : pagedField,
  };
}

function listOf(text: string, separator: string): string[] {
  return text === '' ? [] : text.split(separator);
}

function binding(text: string): HttpBinding {
  const [verb, path = '', body] = text.split(' ');
  return { verb: verb as HttpBinding['verb'], path, body };
}
