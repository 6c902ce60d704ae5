import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type DescMessage,
  fromBinary,
  fromJson as fromJsonByOracle,
  toBinary,
  toJsonString,
} from '@bufbuild/protobuf';
import { services as apiServices } from '@parleykit/proto';
import * as tables from '../../gen/tables.js';
import { hasDefinition, localName, reachableTypes, typesOf } from '../generator/definitions.ts';
import { CodecError, decodeMessage, encodeMessage, fromJson, messageTable, toJson } from './codec.ts';
import { kinds, kindTable } from './kinds.test.fixture.ts';
import { type Random, randomMessage, randomOf, registry } from './random-message.test.fixture.ts';
import type { MessageTable } from './tables.ts';

interface Subject {
  readonly desc: DescMessage;
  readonly table: MessageTable;
  readonly rounds: number;
}

const SERVICES = ['Conversations', 'ConversationProfiles', 'Participants', 'Operations', 'Locations'];
const { requests, answers } = typesOf(apiServices.filter(({ name }) => SERVICES.includes(name)));
const anyDescs = tables.anyTypes.flatMap((type) => registry.getMessage(messageTable(type).typeName) ?? []);
const named = [...answers, ...anyDescs];
const apiTypes = reachableTypes([...requests, ...named]);

const apiSubjects = apiTypes.flatMap((desc): Subject[] => {
  if (desc.kind !== 'message') return [];
  const definition = (tables as unknown as Record<string, tables.MessageDefinition>)[localName(desc)];
  assert.ok(definition, desc.typeName);
  return [{ desc, table: messageTable(definition), rounds: 12 }];
});

const kindSubjects = kinds.map((desc): Subject => ({ desc, table: kindTable(desc), rounds: 250 }));

const subjects = [...apiSubjects, ...kindSubjects];

/** What a round is about, so that one that fails can be had again. */
function eachRound(check: (subject: Subject, random: Random) => void): void {
  for (const subject of subjects) {
    for (let round = 1; round <= subject.rounds; round++) {
      try {
        check(subject, randomOf(round * 7919));
      } catch (error) {
        throw new Error(`${subject.desc.typeName}, round ${round}: ${String(error)}`, { cause: error });
      }
    }
  }
}

/** A message, or undefined for bytes that are none. */
function outcomeOf(table: MessageTable, bytes: Uint8Array): object | undefined {
  try {
    return decodeMessage(table, bytes);
  } catch (error) {
    assert.ok(error instanceof CodecError, String(error));
    assert.equal(error.cause, undefined, String(error));
    return undefined;
  }
}

describe('the codec, with protobuf-es as its judge', () => {
  it('knows every type that requests and answers consist of', () => {
    assert.ok(apiSubjects.length > 250);
    for (const { desc, table } of apiSubjects) {
      assert.equal(table.typeName, named.includes(desc) ? desc.typeName : '');
      assert.ok(hasDefinition(desc));
    }
  });

  it('gives equal answers over both wires', () => {
    eachRound(({ desc, table }, random) => {
      const message = randomMessage(desc, random);
      const overGrpc = decodeMessage(table, toBinary(desc, message));
      const text = toJsonString(desc, message, { registry });
      assert.deepStrictEqual(fromJson(table, JSON.parse(text)), overGrpc);
      // The same with defaults written out, enums as numbers and names as in the .proto file.
      const options = { registry, alwaysEmitImplicit: true, enumAsInteger: true, useProtoFieldName: true };
      assert.deepStrictEqual(fromJson(table, JSON.parse(toJsonString(desc, message, options))), overGrpc);
    });
  });

  it('sends what protobuf-es reads as the same message, over both wires', () => {
    eachRound(({ desc, table }, random) => {
      const message = randomMessage(desc, random);
      const answer = decodeMessage(table, toBinary(desc, message));
      const json = JSON.parse(JSON.stringify(toJson(table, answer)));
      for (const read of [
        fromBinary(desc, encodeMessage(table, answer)),
        fromJsonByOracle(desc, json, { registry }),
      ]) {
        assert.deepStrictEqual(
          decodeMessage(table, toBinary(desc, read, { writeUnknownFields: false })),
          answer,
        );
      }
    });
  });

  it('reads two messages in a row as protobuf merges them', () => {
    eachRound(({ desc, table }, random) => {
      const bytes = Buffer.concat([
        toBinary(desc, randomMessage(desc, random)),
        toBinary(desc, randomMessage(desc, random)),
        toBinary(desc, randomMessage(desc, random)),
      ]);
      const merged = toBinary(desc, fromBinary(desc, bytes));
      // Two valid Durations may make one that is none, with the seconds of the one and the nanoseconds of the other.
      assert.deepStrictEqual(outcomeOf(table, bytes), outcomeOf(table, merged));
    });
  });

  it('reads what is cut off or garbled as a message, or says that it is none', () => {
    eachRound(({ desc, table }, random) => {
      const bytes = toBinary(desc, randomMessage(desc, random));
      const garbled = Uint8Array.from(bytes);
      for (let flips = 0; flips < 3; flips++) {
        garbled[Math.floor(random() * garbled.length)] = Math.floor(random() * 256);
      }
      outcomeOf(table, bytes.subarray(0, Math.floor(random() * bytes.length)));
      outcomeOf(table, garbled);
    });
  });

  it('reads JSON of another type as a message, or says that it is none', () => {
    eachRound(({ desc, table }, random) => {
      const other = subjects[Math.floor(random() * subjects.length)]?.desc ?? desc;
      const foreign: unknown = JSON.parse(toJsonString(other, randomMessage(other, random), { registry }));
      try {
        assert.ok(fromJson(table, foreign));
      } catch (error) {
        assert.ok(error instanceof CodecError, String(error));
        assert.equal(error.cause, undefined, String(error));
      }
    });
  });
});
