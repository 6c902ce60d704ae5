import assert from 'node:assert/strict';
import type { DescMessage, MessageInitShape, MessageShape } from '@bufbuild/protobuf';
import { type Any, anyUnpack } from '@bufbuild/protobuf/wkt';
import type { Operation } from '@parleykit/proto/longrunning';
import {
  type Document,
  DocumentSchema,
  Documents,
  type KnowledgeBase,
  type KnowledgeBaseSchema,
  KnowledgeBases,
  Document_KnowledgeType as KnowledgeType,
} from '@parleykit/proto/v2beta1';
import { newProject } from '../target.ts';
import type { Wire } from '../wires.ts';
import { finished } from './scene.ts';

export type KnowledgeBaseInit = Exclude<MessageInitShape<typeof KnowledgeBaseSchema>, KnowledgeBase>;
export type DocumentInit = Exclude<MessageInitShape<typeof DocumentSchema>, Document>;

export function createBase(
  wire: Wire,
  parent = `projects/${newProject()}`,
  knowledgeBase: KnowledgeBaseInit = {},
): Promise<KnowledgeBase> {
  return wire.call(KnowledgeBases.method.createKnowledgeBase, {
    parent,
    knowledgeBase: { displayName: 'a knowledge base', ...knowledgeBase },
  });
}

/** A document with its content in it, a list of questions and answers unless it says otherwise. */
export function faq(content = 'Where are you?,In Berne.\n', more: DocumentInit = {}): DocumentInit {
  return {
    displayName: 'a document',
    mimeType: 'text/csv',
    knowledgeTypes: [KnowledgeType.FAQ],
    source: { case: 'rawContent', value: Buffer.from(content) },
    ...more,
  };
}

/** Begins to create a document. */
export function beginDocument(wire: Wire, parent: string, document = faq()): Promise<Operation> {
  return wire.call(Documents.method.createDocument, { parent, document });
}

/** A document that is active. */
export async function createDocument(wire: Wire, parent: string, document = faq()): Promise<Document> {
  const { name } = await beginDocument(wire, parent, document);
  return responseOf(await finished(wire, name), DocumentSchema);
}

/** What an operation that succeeded answers. */
export function responseOf<Desc extends DescMessage>(operation: Operation, schema: Desc): MessageShape<Desc> {
  const { result } = operation;
  assert.equal(result.case, 'response', JSON.stringify(result.value?.valueOf()));
  return unpacked(result.value as Any, schema);
}

export function unpacked<Desc extends DescMessage>(any: Any | undefined, schema: Desc): MessageShape<Desc> {
  const message = any && anyUnpack(any, schema);
  assert.ok(message, `${any?.typeUrl} is no ${schema.typeName}`);
  return message;
}

/** What an operation that failed ends with: its code and what it says. */
export function errorOf({ result }: Operation): { readonly code: number; readonly message: string } {
  assert.equal(result.case, 'error');
  const { code, message } = result.value as { readonly code: number; readonly message: string };
  return { code, message };
}
