import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type DescFile, fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import { http } from '@parleykit/proto/api';
import { files } from '@parleykit/proto/files';
import { DescriptorIndex } from './descriptor-index.ts';

const index = new DescriptorIndex(files);

describe('DescriptorIndex', () => {
  it('finds the file of every service, method, message, field, oneof, enum and extension', () => {
    for (const file of files) {
      const names = [
        ...file.services.flatMap(({ typeName, methods }) => [
          typeName,
          ...methods.map(({ name }) => `${typeName}.${name}`),
        ]),
        ...file.messages.flatMap(({ typeName, fields, oneofs, nestedEnums, nestedMessages }) => [
          typeName,
          ...[...fields, ...oneofs].map(({ name }) => `${typeName}.${name}`),
          ...[...nestedEnums, ...nestedMessages].map((nested) => nested.typeName),
        ]),
        ...[...file.enums, ...file.extensions].map(({ typeName }) => typeName),
      ];
      for (const name of names) assert.equal(index.fileOfSymbol(name), file, name);
    }
  });

  it('finds the files that these import', () => {
    const imported = (file: DescFile): DescFile[] => [file, ...file.dependencies.flatMap(imported)];
    for (const file of files.flatMap(imported)) assert.equal(index.file(file.proto.name), file);
  });

  it('finds enum values beside their enum', () => {
    const file = index.file('google/rpc/code.proto');
    assert.ok(file !== undefined);
    assert.equal(index.fileOfSymbol('google.rpc.NOT_FOUND'), file);
    assert.equal(index.fileOfSymbol('google.rpc.Code.NOT_FOUND'), undefined);
  });

  it('knows extensions by the message that they extend', () => {
    const { extendee, number } = http;
    assert.equal(index.fileOfExtension(extendee.typeName, number), http.file);
    assert.equal(index.fileOfExtension(extendee.typeName, 1), undefined);
    const numbers = index.extensionNumbers(extendee.typeName) ?? [];
    assert.ok(numbers.includes(number));
    assert.deepEqual(
      numbers,
      numbers.toSorted((a, b) => a - b),
    );
    assert.deepEqual(index.extensionNumbers('google.protobuf.Timestamp'), []);
    assert.equal(index.extensionNumbers('absent'), undefined);
  });

  it('encodes files as they were', () => {
    for (const file of files) {
      assert.deepEqual(fromBinary(FileDescriptorProtoSchema, index.encode(file)), file.proto);
    }
  });
});
