import type { MethodDefinition, ServiceDefinition, Types } from '../../gen/tables.js';
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
    const [shortName, types, methods] = definition;
    const name = fullName(shortName);
    const methodTables = methods.map((method) => methodTable(name, types, method));
    table = { name, methods: Object.fromEntries(methodTables.map((method) => [method.localName, method])) };
    tables.set(definition, table);
  }
  return table;
}

function methodTable(service: string, types: Types, definition: MethodDefinition): MethodTable {
  const [name, input, output, http, routing, flattened = '', pagedField = '', kind = ''] = definition;
  return {
    name,
    localName: name.charAt(0).toLowerCase() + name.slice(1),
    service,
    kind: KINDS[kind] as MethodTable['kind'],
    input: messageType(types, input),
    output: messageType(types, output),
    http: bindings(http),
    routing: listOf(routing),
    flattened: listOf(flattened),
    pagedField: pagedField === '' ? undefined : pagedField,
  };
}

function listOf(text: string): string[] {
  return text === '' ? [] : text.split(',');
}

/** See MethodDescription in src/generator. */
function bindings(texts: string): HttpBinding[] {
  let before = '';
  return (texts === '' ? [] : texts.split('|')).map((text) => {
    before = text === '' ? before.replace('projects/*', 'projects/*/locations/*') : text;
    const [verb, path = '', body] = before.split(' ');
    return {
      verb: verb as HttpBinding['verb'],
      path: path.startsWith('/') ? path : `/v2beta1/${path}`,
      body,
    };
  });
}
