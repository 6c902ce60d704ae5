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
    table = { name, methods: methodTables(name, types, methods) };
    tables.set(definition, table);
  }
  return table;
}

/** Each is made when it is asked for first: programs call few of the methods that they load. */
function methodTables(service: string, types: Types, methods: ServiceDefinition[2]): ServiceTable['methods'] {
  const made: Record<string, MethodTable> = {};
  for (const definition of methods) {
    const [name] = definition;
    const localName = name.charAt(0).toLowerCase() + name.slice(1);
    const property = { enumerable: true, configurable: true };
    const get = (): MethodTable => {
      const value = methodTable(service, types, localName, definition);
      Object.defineProperty(made, localName, { ...property, value });
      return value;
    };
    Object.defineProperty(made, localName, { ...property, get });
  }
  return made;
}

function methodTable(
  service: string,
  types: Types,
  localName: string,
  definition: MethodDefinition,
): MethodTable {
  const [name, input, output, http, routing, flattened = '', pagedField = '', kind = ''] = definition;
  return {
    name,
    localName,
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
