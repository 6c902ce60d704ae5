/** An answer that is no message of its type: truncated, garbage, or against the rules of protobuf or of its JSON. */
export class CodecError extends Error {
  override readonly name = 'CodecError';
  /** Such as `google.cloud.dialogflow.v2beta1.Conversation`. */
  readonly typeName: string;
  /** The path of the field that is to blame, such as `messages[3].createTime`; `''` for the whole. */
  readonly field: string;

  constructor(message: string, more: { typeName: string; field?: string; cause?: unknown }) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause });
    this.typeName = more.typeName;
    this.field = more.field ?? '';
  }
}
