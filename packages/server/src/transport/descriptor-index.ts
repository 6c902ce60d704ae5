import type { DescEnum, DescExtension, DescFile, DescMessage, DescService } from '@bufbuild/protobuf';
import { toBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';

/** All that some files declare, with the files that they import, by the names under which it is asked for. */
export class DescriptorIndex {
  readonly #files = new Map<string, DescFile>();
  readonly #symbols = new Map<string, DescFile>();
  readonly #messages = new Set<string>();
  readonly #extensions = new Map<string, Map<number, DescFile>>();
  readonly #encoded = new Map<DescFile, Uint8Array>();

  constructor(files: Iterable<DescFile>) {
    for (const file of files) this.#addFile(file);
  }

  /** By its path, such as `google/api/http.proto`. */
  file(path: string): DescFile | undefined {
    return this.#files.get(path);
  }

  /** The file that declares a message, field, enum, enum value, extension, service or method, by its full name. */
  fileOfSymbol(name: string): DescFile | undefined {
    return this.#symbols.get(name);
  }

  fileOfExtension(messageType: string, number: number): DescFile | undefined {
    return this.#extensions.get(messageType)?.get(number);
  }

  /** In ascending order; undefined where there is no such message. */
  extensionNumbers(messageType: string): number[] | undefined {
    if (!this.#messages.has(messageType)) return undefined;
    return [...(this.#extensions.get(messageType)?.keys() ?? [])].sort((a, b) => a - b);
  }

  /** A `google.protobuf.FileDescriptorProto`. */
  encode(file: DescFile): Uint8Array {
    const bytes = this.#encoded.get(file) ?? toBinary(FileDescriptorProtoSchema, file.proto);
    this.#encoded.set(file, bytes);
    return bytes;
  }

  #addFile(file: DescFile): void {
    if (this.#files.has(file.proto.name)) return;
    this.#files.set(file.proto.name, file);
    for (const message of file.messages) this.#addMessage(message);
    for (const each of file.enums) this.#addEnum(each);
    for (const extension of file.extensions) this.#addExtension(extension);
    for (const service of file.services) this.#addService(service);
    for (const dependency of file.dependencies) this.#addFile(dependency);
  }

  #addMessage(message: DescMessage): void {
    const { file, typeName } = message;
    this.#symbols.set(typeName, file);
    this.#messages.add(typeName);
    for (const member of [...message.fields, ...message.oneofs]) {
      this.#symbols.set(`${typeName}.${member.name}`, file);
    }
    for (const nested of message.nestedMessages) this.#addMessage(nested);
    for (const each of message.nestedEnums) this.#addEnum(each);
    for (const extension of message.nestedExtensions) this.#addExtension(extension);
  }

  /** The values of an enum lie beside it, not in it. */
  #addEnum({ typeName, file, values }: DescEnum): void {
    this.#symbols.set(typeName, file);
    const scope = typeName.slice(0, typeName.lastIndexOf('.') + 1);
    for (const value of values) this.#symbols.set(`${scope}${value.name}`, file);
  }

  #addExtension({ typeName, extendee, number, file }: DescExtension): void {
    this.#symbols.set(typeName, file);
    const numbers = this.#extensions.get(extendee.typeName) ?? new Map<number, DescFile>();
    this.#extensions.set(extendee.typeName, numbers.set(number, file));
  }

  #addService({ typeName, methods, file }: DescService): void {
    this.#symbols.set(typeName, file);
    for (const method of methods) this.#symbols.set(`${typeName}.${method.name}`, file);
  }
}
