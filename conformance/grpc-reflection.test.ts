import assert from 'node:assert/strict';
import type { ClientHttp2Session, IncomingHttpHeaders } from 'node:http2';
import { after, before, describe, it } from 'node:test';
import {
  create,
  createFileRegistry,
  type DescMessage,
  type DescService,
  type FileRegistry,
  fromBinary,
  getOption,
  type MessageInitShape,
  toBinary,
} from '@bufbuild/protobuf';
import {
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
} from '@bufbuild/protobuf/wkt';
import { registry, services } from '@parleykit/proto';
import { http } from '@parleykit/proto/api';
import {
  ServerReflection,
  type ServerReflectionRequestSchema,
  type ServerReflectionResponse,
} from '@parleykit/proto/reflection';
import { ServerReflection as ServerReflectionAlpha } from '@parleykit/proto/reflection-v1alpha';
import { Code } from '@parleykit/proto/rpc';
import { frame, openSession, send } from './grpc-raw.ts';
import { openTarget, type Target } from './target.ts';
import { pathOf } from './wires.ts';

type Question = NonNullable<MessageInitShape<typeof ServerReflectionRequestSchema>['messageRequest']>;

for (const { method } of [ServerReflection, ServerReflectionAlpha]) {
  const { serverReflectionInfo } = method;
  describe(serverReflectionInfo.parent.typeName, () => {
    let target: Target;
    let session: ClientHttp2Session & AsyncDisposable;
    before(async () => {
      target = await openTarget();
      session = await openSession(target);
    });
    after(async () => {
      await session[Symbol.asyncDispose]();
      await target[Symbol.asyncDispose]();
    });

    /** The answers to questions that are asked on one stream. */
    const ask = async (...questions: readonly Question[]): Promise<ServerReflectionResponse[]> => {
      const schema: DescMessage = serverReflectionInfo.input;
      const chunks = questions.map((messageRequest) =>
        frame(toBinary(schema, create(schema, { host: 'here', messageRequest } as never))),
      );
      const { code, messages } = await send(session, { path: pathOf(serverReflectionInfo), chunks });
      assert.equal(code, Code.OK);
      return messages.map(
        (bytes) => fromBinary(serverReflectionInfo.output as DescMessage, bytes) as ServerReflectionResponse,
      );
    };
    const askFiles = async (question: Question): Promise<FileDescriptorProto[]> => {
      const [answer] = await ask(question);
      return filesOf(answer);
    };

    it('lists every service, itself included', async () => {
      const [answer] = await ask({ case: 'listServices', value: '*' });
      assert.equal(answer?.messageResponse.case, 'listServicesResponse');
      const names = answer.messageResponse.value.service.map(({ name }) => name);
      const want = [
        ...services.map(({ typeName }) => typeName),
        'grpc.health.v1.Health',
        'grpc.reflection.v1.ServerReflection',
        'grpc.reflection.v1alpha.ServerReflection',
      ];
      assert.deepEqual(names, want.sort());
    });

    it('describes every service that it lists, with all that it needs', async () => {
      const [list] = await ask({ case: 'listServices', value: '' });
      assert.equal(list?.messageResponse.case, 'listServicesResponse');
      for (const { name } of list.messageResponse.value.service) {
        const file = await askFiles({ case: 'fileContainingSymbol', value: name });
        const described = registryOf(file);
        assert.notEqual(described.getService(name), undefined, name);
      }
    });

    it('keeps options, such as HTTP bindings', async () => {
      const symbol = 'google.cloud.dialogflow.v2beta1.Conversations';
      const file = await askFiles({ case: 'fileContainingSymbol', value: symbol });
      const described = registryOf(file);
      const complete = (service: DescService | undefined) =>
        service?.methods.find(({ name }) => name === 'CompleteConversation');
      const got = complete(described.getService(symbol));
      const want = complete(registry.getService(symbol));
      assert.ok(got !== undefined && want !== undefined);
      assert.deepEqual(getOption(got, http), getOption(want, http));
    });

    const conversation = 'google/cloud/dialogflow/v2beta1/conversation.proto';
    for (const [symbol, path] of [
      ['google.cloud.dialogflow.v2beta1.Conversation', conversation],
      ['google.cloud.dialogflow.v2beta1.Conversation.name', conversation],
      ['google.cloud.dialogflow.v2beta1.Conversation.LifecycleState', conversation],
      ['google.cloud.dialogflow.v2beta1.Conversation.IN_PROGRESS', conversation],
      ['google.cloud.dialogflow.v2beta1.Conversations.GetConversation', conversation],
      ['google.rpc.ErrorInfo', 'google/rpc/error_details.proto'],
      ['google.rpc.NOT_FOUND', 'google/rpc/code.proto'],
      ['google.api.HttpRule.pattern', 'google/api/http.proto'],
      ['google.api.http', 'google/api/annotations.proto'],
      ['google.protobuf.Timestamp', 'google/protobuf/timestamp.proto'],
      ['grpc.health.v1.Health.Check', 'grpc/health/v1/health.proto'],
    ] as const) {
      it(`finds ${symbol}`, async () => {
        const [file] = await askFiles({ case: 'fileContainingSymbol', value: symbol });
        assert.equal(file?.name, path);
        const [same] = await askFiles({ case: 'fileByFilename', value: path });
        assert.equal(same?.name, path);
      });
    }

    it('finds extensions by their numbers', async () => {
      const extendee = 'google.protobuf.MethodOptions';
      const [file] = await askFiles({
        case: 'fileContainingExtension',
        value: { containingType: extendee, extensionNumber: http.number },
      });
      assert.equal(file?.name, 'google/api/annotations.proto');
      const [numbers, none] = await ask(
        { case: 'allExtensionNumbersOfType', value: extendee },
        { case: 'allExtensionNumbersOfType', value: 'google.protobuf.Timestamp' },
      );
      assert.equal(numbers?.messageResponse.case, 'allExtensionNumbersResponse');
      assert.equal(numbers.messageResponse.value.baseTypeName, extendee);
      assert.ok(numbers.messageResponse.value.extensionNumber.includes(http.number));
      assert.equal(none?.messageResponse.case, 'allExtensionNumbersResponse');
      assert.deepEqual(none.messageResponse.value.extensionNumber, []);
    });

    it('sends no file twice on one stream, but the one that is asked for', async () => {
      const question = { case: 'fileByFilename', value: conversation } as const;
      const [first, second] = (await ask(question, question)).map(filesOf);
      assert.ok(first !== undefined && first.length > 10);
      assert.equal(new Set(first.map(({ name }) => name)).size, first.length);
      assert.deepEqual(
        second?.map(({ name }) => name),
        [conversation],
      );
    });

    it('answers what is not there with an error, and goes on', async () => {
      const answers = await ask(
        { case: 'fileByFilename', value: 'absent.proto' },
        { case: 'fileContainingSymbol', value: 'absent' },
        { case: 'fileContainingSymbol', value: '' },
        { case: 'fileContainingExtension', value: { containingType: 'absent', extensionNumber: 1 } },
        {
          case: 'fileContainingExtension',
          value: { containingType: 'google.protobuf.MethodOptions', extensionNumber: -1 },
        },
        { case: 'allExtensionNumbersOfType', value: 'absent' },
        { case: undefined },
      );
      const codes = answers.map(({ messageResponse }) => {
        assert.equal(messageResponse.case, 'errorResponse');
        return messageResponse.value.errorCode;
      });
      assert.deepEqual(codes, [...Array(6).fill(Code.NOT_FOUND), Code.INVALID_ARGUMENT]);
    });

    it('repeats the question with the answer', async () => {
      const [answer] = await ask({ case: 'fileByFilename', value: 'absent.proto' });
      assert.equal(answer?.validHost, 'here');
      assert.deepEqual(answer.originalRequest?.messageRequest, {
        case: 'fileByFilename',
        value: 'absent.proto',
      });
    });

    it('answers a thousand questions in their order', async () => {
      const questions = Array.from({ length: 1000 }, (_, index) => ({
        case: 'fileContainingSymbol' as const,
        value: index % 2 === 0 ? 'google.cloud.dialogflow.v2beta1.Agents' : `absent-${index}`,
      }));
      const answers = await ask(...questions);
      assert.deepEqual(
        answers.map(({ originalRequest }) => originalRequest?.messageRequest.value),
        questions.map(({ value }) => value),
      );
    });

    it('ends with an error at what is no question', async () => {
      const path = pathOf(serverReflectionInfo);
      const { code, reason } = await send(session, { path, chunks: [frame(Buffer.from([0x1a, 0x7f]))] });
      assert.deepEqual([code, reason], [Code.INVALID_ARGUMENT, 'REQUEST_UNDECODABLE']);
    });

    it('ends with an error at a message that is none, whatever was answered before', async () => {
      const stream = session.request(
        { ':method': 'POST', ':path': pathOf(serverReflectionInfo), 'content-type': 'application/grpc' },
        { endStream: false },
      );
      const trailers = new Promise<IncomingHttpHeaders>((resolve) => stream.once('trailers', resolve));
      const closed = new Promise<void>((resolve) => stream.once('close', () => resolve()));
      stream.write(frame(Buffer.from([0x3a, 0])));
      await new Promise((resolve) => stream.once('data', resolve));
      stream.resume().write(frame(Buffer.alloc(1), 1));
      assert.equal(Number((await trailers)['grpc-status']), Code.INVALID_ARGUMENT);
      await closed;
      assert.equal(stream.rstCode, 0);
    });

    it('ends without an answer where nothing is asked', async () => assert.deepEqual(await ask(), []));
  });
}

function filesOf(answer: ServerReflectionResponse | undefined): FileDescriptorProto[] {
  assert.equal(answer?.messageResponse.case, 'fileDescriptorResponse');
  return answer.messageResponse.value.fileDescriptorProto.map((bytes) =>
    fromBinary(FileDescriptorProtoSchema, bytes),
  );
}

/** Throws where one of them imports what is not among them. */
function registryOf(files: readonly FileDescriptorProto[]): FileRegistry {
  const ordered = new Set<FileDescriptorProto>();
  const add = (file: FileDescriptorProto): void => {
    for (const each of files) if (file.dependency.includes(each.name) && !ordered.has(each)) add(each);
    ordered.add(file);
  };
  for (const file of files) add(file);
  return createFileRegistry(create(FileDescriptorSetSchema, { file: [...ordered] }));
}
