/**
 * HTTP/JSON transcoding by `google.api.http` rules: which method a request line calls, its request message from
 * path, query and body, and the JSON of its reply or error. It takes methods and rules, and knows no API.
 */

export { encodeReply, replyFormat } from './reply.ts';
export { encodeReplyStream, type ReplyStreamOptions } from './reply-stream.ts';
export { decodeRequest } from './request.ts';
export { type Binding, createRouter, type Match, type Router, type Variable } from './router.ts';
export { type ErrorDetail, type ErrorStatus, errorBody, httpStatusOf } from './status-json.ts';
export { TranscodingError, type Violation } from './transcoding-error.ts';
export { type WireJsonOptions, wireToJson } from './wire-json.ts';
