/** A message type: what the codec knows of it. Opaque to all others. */
export interface MessageTable {
  /** Such as `google.cloud.dialogflow.v2beta1.Conversation`; `''` for what is never an answer by itself. */
  readonly typeName: string;
}

/** A binding of a method to HTTP: https://google.aip.dev/127 */
export interface HttpBinding {
  readonly verb: 'GET' | 'POST' | 'PATCH' | 'DELETE' | 'PUT';
  /** Such as `/v2beta1/{name=projects/*\/conversations/*}:complete`; variables by their names in the .proto file. */
  readonly path: string;
  /** Undefined for none, `*` for all that is not in the path, else the name of one field. */
  readonly body: string | undefined;
}

/** A method of a service. */
export interface MethodTable {
  /** As in the .proto file, such as `GetConversation`. */
  readonly name: string;
  /** As a member of a client, such as `getConversation`. */
  readonly localName: string;
  /** Such as `google.cloud.dialogflow.v2beta1.Conversations`. */
  readonly service: string;
  readonly kind: 'unary' | 'server_streaming' | 'client_streaming' | 'bidi_streaming';
  readonly input: MessageTable;
  readonly output: MessageTable;
  /** The primary one first; empty where it has none. */
  readonly http: readonly HttpBinding[];
  /** The fields whose values make up `x-goog-request-params`, by their paths in the .proto file: `name`, `participant.name`. */
  readonly routing: readonly string[];
  /** The fields that may be given flattened, in camelCase, in the order of the service's method signature. */
  readonly flattened: readonly string[];
  /** The repeated field of the answer, in camelCase, where the method lists in pages; else undefined. */
  readonly pagedField: string | undefined;
}

/** A service with its methods by their local names. */
export interface ServiceTable {
  readonly name: string;
  readonly methods: Readonly<Record<string, MethodTable>>;
}
