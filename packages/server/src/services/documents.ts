import { clone, create, fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  type CreateDocumentRequest,
  type DeleteDocumentRequest,
  type Document,
  DocumentSchema,
  type Documents,
  type GetDocumentRequest,
  type ImportDocumentsRequest,
  ImportDocumentTemplateSchema,
  Document_KnowledgeType as KnowledgeType,
  type ListDocumentsRequest,
  type ReloadDocumentRequest,
  Document_State as State,
  type UpdateDocumentRequest,
} from '@parleykit/proto/v2beta1';
import { cloudStorageUnsupported, fieldInvalid, fieldsRequired, operationInProgress } from '../errors.ts';
import type { DocumentLoader } from '../knowledge/document-loader.ts';
import type { FoundDocument, KnowledgeContents } from '../knowledge/knowledge-contents.ts';
import { knowledgeName } from '../knowledge/knowledge-names.ts';
import { MIME_TYPES, mimeTypesOf, readMimeType } from '../knowledge/reading/document-kind.ts';
import {
  DOCUMENT_BYTES_MAX,
  DOCUMENT_METADATA_BYTES_MAX,
  DOCUMENT_SETTINGS_BYTES_MAX,
  IMPORT_DOCUMENTS_MAX,
} from '../limits.ts';
import type { Locations } from '../locations.ts';
import type { ResourceName } from '../resource-names.ts';
import type { CallContext } from '../rpc/call-context.ts';
import type { ServiceHandlers } from '../rpc/dispatcher.ts';
import type { Store } from '../storage/store.ts';
import { DOCUMENTS } from './collections.ts';
import { checkDisplayNameUpdate } from './display-name-update.ts';
import type { DocumentOperations } from './document-operations.ts';
import { checkDisplayName } from './knowledge-bases.ts';
import { readDocumentFilter } from './list-filters.ts';
import { namedReply, ResourceCollection } from './resource-collection.ts';

export interface DocumentsParts {
  readonly store: Store;
  readonly locations: Locations;
  readonly contents: KnowledgeContents;
  readonly loader: DocumentLoader;
  readonly operations: DocumentOperations;
}

/** google.cloud.dialogflow.v2beta1.Documents. What is sent as the content of a document is not answered again. */
export class DocumentsService implements ServiceHandlers<typeof Documents> {
  readonly #locations: Locations;
  readonly #contents: KnowledgeContents;
  readonly #loader: DocumentLoader;
  readonly #operations: DocumentOperations;
  readonly #documents: ResourceCollection;

  constructor({ store, locations, contents, loader, operations }: DocumentsParts) {
    this.#locations = locations;
    this.#contents = contents;
    this.#loader = loader;
    this.#operations = operations;
    this.#documents = new ResourceCollection(store, DOCUMENTS);
  }

  /** The documents of a knowledge base, in order of creation. */
  async listDocuments(request: ListDocumentsRequest, { resource: parent }: CallContext) {
    const passes = readDocumentFilter(request.filter);
    const accepts = passes && ((body: Uint8Array) => passes(fromBinary(DocumentSchema, body)));
    await this.#contents.requireBase(parent);
    return this.#documents.list(parent, request, undefined, { accepts, stored: knowledgeName(parent) });
  }

  async getDocument(_request: GetDocumentRequest, { resource: name }: CallContext) {
    const { document } = await this.#contents.load(name);
    return namedReply(name, toBinary(DocumentSchema, document));
  }

  /** Stores a document and has it read, as an operation. One that cannot be read is not kept. */
  async createDocument(request: CreateDocumentRequest, call: CallContext) {
    const { resource: parent } = call;
    const { document: from = create(DocumentSchema), importGcsCustomMetadata } = request;
    this.#locations.require(parent);
    if (importGcsCustomMetadata) throw gcsMetadataInvalid();
    const document = clone(DocumentSchema, from);
    const content = this.#takeContent(document);
    checkDocument('document', document);
    await this.#contents.requireBase(parent);
    return this.#operations.create(parent, document, content, call);
  }

  /** Fetches pages, and makes a document of each, as an operation. What cannot be read is told in its warnings. */
  async importDocuments(request: ImportDocumentsRequest, call: CallContext) {
    const { resource: parent } = call;
    const { source, documentTemplate: template = create(ImportDocumentTemplateSchema) } = request;
    this.#locations.require(parent);
    if (request.importGcsCustomMetadata) throw gcsMetadataInvalid();
    const uris = source.value?.uris ?? [];
    if (uris.length === 0) throw fieldsRequired(['gcs_source.uris']);
    if (uris.length > IMPORT_DOCUMENTS_MAX) {
      throw fieldInvalid(
        'gcs_source.uris',
        `names ${uris.length} files; at most ${IMPORT_DOCUMENTS_MAX} are allowed`,
      );
    }
    const { mimeType, knowledgeTypes, metadata } = template;
    const documents = uris.map((uri, index) => {
      this.#checkUri(`gcs_source.uris[${index}]`, uri);
      const displayName = fileNameOf(uri);
      const contentUri = { case: 'contentUri', value: uri } as const;
      return create(DocumentSchema, { displayName, mimeType, knowledgeTypes, metadata, source: contentUri });
    });
    for (const document of documents) checkDocument('document_template', document);
    await this.#contents.requireBase(parent);
    return this.#operations.import(parent, documents, call);
  }

  async deleteDocument(_request: DeleteDocumentRequest, call: CallContext) {
    return this.#operations.delete(call.resource, () => this.#loadActive(call.resource), call);
  }

  /** Changes what a document is called, as an operation. */
  async updateDocument(request: UpdateDocumentRequest, call: CallContext) {
    const { resource: name } = call;
    const { document: from = create(DocumentSchema), updateMask } = request;
    checkDisplayName('document.display_name', from.displayName);
    const load = async (): Promise<FoundDocument> => {
      const found = await this.#loadActive(name);
      checkDisplayNameUpdate(DocumentSchema, { from, updateMask }, found.document);
      return found;
    };
    return this.#operations.update(name, load, from.displayName, call);
  }

  /** Reads a document again, from where it came. One that then cannot be read stays as it was. */
  async reloadDocument(request: ReloadDocumentRequest, call: CallContext) {
    const { resource: name } = call;
    if (request.source.case === 'gcsSource') {
      throw cloudStorageUnsupported('gcs_source', 'none: a document is read again from where it came');
    }
    if (request.importGcsCustomMetadata) throw gcsMetadataInvalid();
    const load = async (): Promise<FoundDocument> => {
      const found = await this.#loadActive(name);
      if (found.document.source.case === 'contentUri') this.#loader.requireUris('document.content_uri');
      return found;
    };
    return this.#operations.reload(name, load, call);
  }

  /** Throws ABORTED where another operation is about it. */
  async #loadActive(name: ResourceName): Promise<FoundDocument> {
    const found = await this.#contents.load(name);
    if (found.document.state !== State.ACTIVE) throw operationInProgress(knowledgeName(name).key);
    return found;
  }

  /** What was sent with a document, which then has it no more. Throws where there is nothing, or what is not fetched. */
  #takeContent(document: Document): Uint8Array {
    const { source } = document;
    if (source.case === 'contentUri') {
      this.#checkUri('document.content_uri', source.value);
      return new Uint8Array();
    }
    document.source = { case: undefined };
    const content = typeof source.value === 'string' ? Buffer.from(source.value) : source.value;
    if (content === undefined || content.byteLength === 0) throw fieldsRequired(['document.raw_content']);
    if (content.byteLength > DOCUMENT_BYTES_MAX) {
      throw fieldInvalid('document.raw_content', `is larger than ${DOCUMENT_BYTES_MAX} bytes`);
    }
    return content;
  }

  #checkUri(field: string, uri: string): void {
    if (/^gs:/iu.test(uri)) throw cloudStorageUnsupported(field, 'raw_content, or an http(s) address');
    const url = URL.canParse(uri) ? new URL(uri) : undefined;
    if (url === undefined || !/^https?:$/u.test(url.protocol)) {
      throw fieldInvalid(field, 'is not an address that begins with http:// or https://');
    }
    if (url.username !== '' || url.password !== '') {
      throw fieldInvalid(field, 'must hold no user name and no password');
    }
    this.#loader.requireUris(field);
  }
}

function gcsMetadataInvalid(): Error {
  return fieldInvalid(
    'import_gcs_custom_metadata',
    'is only for documents in Cloud Storage, which are not read',
  );
}

/** What is behind the last slash, or all of it. */
function fileNameOf(uri: string): string {
  const { pathname, host } = new URL(uri);
  return decodeOr(pathname.split('/').findLast((segment) => segment !== '') ?? host)
    .slice(0, 256)
    .toWellFormed();
}

function decodeOr(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function checkDocument(field: string, document: Document): void {
  const { displayName, mimeType, knowledgeTypes, metadata } = document;
  checkDisplayName(`${field}.display_name`, displayName);
  const type = readMimeType(mimeType);
  if (type === undefined) throw fieldInvalid(`${field}.mime_type`, `is none of ${MIME_TYPES.join(', ')}`);
  for (const [index, knowledgeType] of knowledgeTypes.entries()) {
    const at = `${field}.knowledge_types[${index}]`;
    const types = mimeTypesOf(knowledgeType);
    if (types === undefined) throw fieldInvalid(at, 'is not a known type of knowledge');
    if (!types.includes(type)) {
      throw fieldInvalid(
        at,
        `${KnowledgeType[knowledgeType]} is read from ${types.join(', ')}, not from ${type}`,
      );
    }
  }
  for (const [key, value] of Object.entries(metadata)) {
    if (Math.max(Buffer.byteLength(key), Buffer.byteLength(value)) > DOCUMENT_METADATA_BYTES_MAX) {
      throw fieldInvalid(
        `${field}.metadata`,
        `has a key or a value of more than ${DOCUMENT_METADATA_BYTES_MAX} bytes`,
      );
    }
  }
  if (toBinary(DocumentSchema, document).byteLength > DOCUMENT_SETTINGS_BYTES_MAX) {
    throw fieldInvalid(field, `is larger than ${DOCUMENT_SETTINGS_BYTES_MAX} bytes beside its content`);
  }
}
