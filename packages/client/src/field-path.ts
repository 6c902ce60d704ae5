/** The path of a field as the .proto file has it, `stateless_conversation.parent`, by the names that it has in objects. */
export function fieldPath(path: string): readonly string[] {
  return path.split('.').map(camelCase);
}

/** https://protobuf.dev/programming-guides/json/#field-representation */
export function camelCase(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** The value of a field; undefined where it, or what it is in, is missing. */
export function fieldAt(message: object, path: readonly string[]): unknown {
  let value: unknown = message;
  for (const name of path) value = (value as Readonly<Record<string, unknown>> | null | undefined)?.[name];
  return value;
}
