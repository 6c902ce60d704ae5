import { create, type DescFile, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import {
  type ServerReflectionRequest,
  ServerReflectionRequestSchema,
  ServerReflectionResponseSchema,
} from '@parleykit/proto/reflection';
import { Code } from '@parleykit/proto/rpc';
import { requestUndecodable } from '../errors.ts';
import { DescriptorIndex } from './descriptor-index.ts';
import type { GrpcMethod } from './grpc-call.ts';

type Answer = NonNullable<MessageInitShape<typeof ServerReflectionResponseSchema>['messageResponse']>;

/**
 * grpc.reflection: what there is to call, for clients that have no .proto files. v1 and v1alpha are the same on the
 * wire but for their names. https://github.com/grpc/grpc/blob/master/doc/server-reflection.md
 */
export class ReflectionService {
  readonly #services: readonly string[];
  readonly #files: readonly DescFile[];
  #index: DescriptorIndex | undefined;

  constructor(services: Iterable<string>, files: Iterable<DescFile>) {
    this.#services = [...services].sort();
    this.#files = [...files];
  }

  readonly method: GrpcMethod = {
    kind: 'stream',
    requestStream: true,
    lasting: true,
    answer: (requests) => this.#talk(requests),
  };

  /** Answers in the order of the questions. */
  async *#talk(requests: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    const sent = new Set<DescFile>();
    for await (const bytes of requests) {
      const request = decode(bytes);
      const response = create(ServerReflectionResponseSchema, {
        validHost: request.host,
        originalRequest: request,
        messageResponse: this.#answer(request, sent),
      });
      yield toBinary(ServerReflectionResponseSchema, response);
    }
  }

  #answer({ messageRequest: asked }: ServerReflectionRequest, sent: Set<DescFile>): Answer {
    // Made at the first question: most servers are never asked.
    this.#index ??= new DescriptorIndex(this.#files);
    switch (asked.case) {
      case 'listServices': {
        const service = this.#services.map((name) => ({ name }));
        return { case: 'listServicesResponse', value: { service } };
      }
      case 'fileByFilename':
        return this.#answerFile(this.#index, this.#index.file(asked.value), sent);
      case 'fileContainingSymbol':
        return this.#answerFile(this.#index, this.#index.fileOfSymbol(asked.value), sent);
      case 'fileContainingExtension': {
        const { containingType, extensionNumber } = asked.value;
        const file = this.#index.fileOfExtension(containingType, extensionNumber);
        return this.#answerFile(this.#index, file, sent);
      }
      case 'allExtensionNumbersOfType': {
        const extensionNumber = this.#index.extensionNumbers(asked.value);
        if (extensionNumber === undefined) return answerError(Code.NOT_FOUND, 'there is no such type');
        const value = { baseTypeName: asked.value, extensionNumber };
        return { case: 'allExtensionNumbersResponse', value };
      }
      default:
        return answerError(Code.INVALID_ARGUMENT, 'the request asks for nothing');
    }
  }

  /** The file, and those that it imports and that were not sent on this stream before. */
  #answerFile(index: DescriptorIndex, file: DescFile | undefined, sent: Set<DescFile>): Answer {
    if (file === undefined) return answerError(Code.NOT_FOUND, 'there is no such file or symbol');
    const answered = new Set([file]);
    for (const each of answered) {
      sent.add(each);
      for (const dependency of each.dependencies) if (!sent.has(dependency)) answered.add(dependency);
    }
    const fileDescriptorProto = [...answered].map((each) => index.encode(each));
    return { case: 'fileDescriptorResponse', value: { fileDescriptorProto } };
  }
}

function decode(bytes: Uint8Array): ServerReflectionRequest {
  try {
    return fromBinary(ServerReflectionRequestSchema, bytes);
  } catch (error) {
    throw requestUndecodable(ServerReflectionRequestSchema.typeName, error);
  }
}

function answerError(errorCode: Code, errorMessage: string): Answer {
  return { case: 'errorResponse', value: { errorCode, errorMessage } };
}
