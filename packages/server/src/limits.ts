/** Sizes, counts and times that the service promises or protects itself by. */

/** https://cloud.google.com/dialogflow/es/docs/reference/rpc/google.cloud.dialogflow.v2beta1 (each list RPC). */
export const PAGE_SIZE_DEFAULT = 100;
export const PAGE_SIZE_MAX = 1000;

/** BatchCreateMessages takes 300 messages a call today and took 1000 when the client of 2022 was written. */
export const BATCH_LIMIT_DEFAULT = 300;
export const BATCH_LIMIT_MAX = 1000;

/** Undocumented by the service; keeps one message from filling a page. In UTF-8 bytes. */
export const MESSAGE_CONTENT_BYTES_MAX = 65_536;

/** A whole message, with what its creator put into it beside the content, and any other resource. In bytes. */
export const MESSAGE_BYTES_MAX = 262_144;
export const RESOURCE_BYTES_MAX = 1_048_576;

/** `ConversationProfile.display_name`, in UTF-8 bytes. */
export const DISPLAY_NAME_BYTES_MAX = 1024;

/** `Participant.obfuscated_external_user_id`, in characters. */
export const EXTERNAL_USER_ID_LENGTH_MAX = 256;

/** `CreateConversationRequest.conversation_id`: 3 to 64 characters, a letter first. */
export const CUSTOM_ID_PATTERN = /^[a-zA-Z][a-zA-Z0-9_-]{2,63}$/u;

/** Longer names are refused before they are looked at; all others fit whole into an error. In UTF-8 bytes. */
export const RESOURCE_NAME_BYTES_MAX = 1024;

/** What one request may hold, on both wires. */
export const REQUEST_BYTES_MAX = 32 * 1024 * 1024;

/**
 * Fields and values that one request may hold, those of nested messages included: ten times what the largest batch
 * needs. To decode 32 MiB of the smallest ones would take seconds, in which nobody else is answered, and gigabytes.
 */
export const REQUEST_FIELDS_MAX = 100_000;

/**
 * A page ends early once it holds this much, so that clients with gRPC's usual limit of 4 MiB can read it.
 * The list methods promise no full pages: https://google.aip.dev/158
 */
export const PAGE_BYTES_MAX = 3 * 1024 * 1024;

/** Writes that wait for the disk before further ones are refused. */
export const WRITE_QUEUE_MAX = 20_000;
export const WRITE_QUEUE_BYTES_MAX = 256 * 1024 * 1024;

/** How often a call decides again when another one was faster. */
export const CONFLICT_ATTEMPTS = 256;

/** Filters beyond these are refused before they cost anything. In characters and in brackets. */
export const FILTER_LENGTH_MAX = 10_000;
export const FILTER_DEPTH_MAX = 50;

/** Codecs follow messages a hundred levels deep, and each level of a google.protobuf.Value is two or three of them. */
export const JSON_VALUE_DEPTH_MAX = 32;

/**
 * Metadata of one call. HTTP/2 compresses it so well that a few bytes become megabytes: what is larger is let go of
 * as soon as it is seen.
 */
export const METADATA_BYTES_MAX = 64 * 1024;

/** Calls that one HTTP/2 connection may have open; further ones are refused by the protocol. */
export const CONNECTION_CALLS_MAX = 1000;

/**
 * Bytes of requests and replies under way: of one connection, and of all. A call's first few are not counted, so
 * that what others hold keeps no small call out; the number of calls is their limit.
 */
export const CONNECTION_BYTES_MAX = 128 * 1024 * 1024;
export const TRANSPORT_BYTES_MAX = 512 * 1024 * 1024;
export const CALL_BYTES_UNCOUNTED = 16 * 1024;

/** A caller that neither sends the rest of its request nor takes its reply for this long has gone. */
export const STALL_MS = 60_000;

/** How often a connection is asked whether there still is somebody. */
export const KEEPALIVE_MS = 120_000;

/** `AnalyzeContentRequest.request_id`: printable ASCII. */
export const REQUEST_ID_PATTERN = /^[\x21-\x7e]{1,36}$/u;

/** How long a request is known by its id, in microseconds. */
export const REQUEST_ID_LIFE = 24 * 60 * 60 * 1_000_000;

/** What an automated agent takes: of a text in characters, of a stream's in UTF-8 bytes; and an event's name. */
export const AGENT_TEXT_LENGTH_MAX = 256;
export const EVENT_NAME_LENGTH_MAX = 150;

/** A language by its tag, which is a few letters: https://www.rfc-editor.org/rfc/rfc5646#section-4.4.1 */
export const LANGUAGE_CODE_LENGTH_MAX = 64;

/** How long events wait for who does not take them, and how many bytes of them. */
export const EVENTS_AGE_MAX_DEFAULT = '7d';
export const EVENTS_BYTES_MAX_DEFAULT = 1_000_000_000;

/** Events that were given up and are kept all the same, of all projects together: beyond it the oldest are forgotten. */
export const DEAD_EVENTS_MAX = 1_000_000;

/** How long a conversation is in progress at most, in microseconds. */
export const CONVERSATION_LIFE_MAX = 24 * 60 * 60 * 1_000_000;

/** What an agent holds at most: https://cloud.google.com/dialogflow/quotas#es-limits */
export const INTENTS_MAX = 2000;
export const ENTITY_TYPES_MAX = 250;
export const TRAINING_PHRASES_MAX = 2000;
export const TRAINING_PHRASE_LENGTH_MAX = 768;
export const INPUT_CONTEXTS_MAX = 5;
export const OUTPUT_CONTEXTS_MAX = 30;
export const PARAMETERS_MAX = 20;
export const ENTITIES_MAX = 30_000;
export const SYNONYMS_MAX = 200;

/**
 * Of an intent or an entity type in all its languages, so that it fits into one answer; and of all of an agent, which is
 * read as a whole to be trained. As they are stored, in bytes.
 */
export const AGENT_PART_BYTES_MAX = 3 * 1024 * 1024;
export const AGENT_BYTES_MAX = 64 * 1024 * 1024;

/**
 * Agents that are kept at hand to be edited: decoded they are several times as large. In bytes as they are stored; the last
 * one used always is.
 */
export const AGENTS_AT_HAND_BYTES_MAX = 8 * 1024 * 1024;

/** `Agent.description`, and those of its versions and environments, in characters. */
export const AGENT_DESCRIPTION_LENGTH_MAX = 500;

/** What is remembered of the versions that were loaded into an environment. */
export const ENVIRONMENT_HISTORY_MAX = 100;

/** `Environment.environment_id`, which no documentation tells the form of. */
export const ENVIRONMENT_ID_PATTERN = /^[a-zA-Z0-9][a-zA-Z0-9_-]{0,63}$/u;

/** The id of a context, in characters, which are bytes. */
export const CONTEXT_ID_LENGTH_MAX = 250;

/** How long what a session holds lasts after its last use, in microseconds. */
export const SESSION_LIFE = 20 * 60 * 1_000_000;

/** `Agent` itself, in bytes: a page holds a hundred of them. */
export const AGENT_SETTINGS_BYTES_MAX = 16 * 1024;

/** Findings of GetValidationResult: what is behind them shows when those are dealt with. */
export const VALIDATION_ERRORS_MAX = 1000;

/** Lists of knowledge bases and documents (the comments of their requests). */
export const KNOWLEDGE_PAGE_SIZE_DEFAULT = 10;
export const KNOWLEDGE_PAGE_SIZE_MAX = 100;

/** A key or a value of `Document.metadata`, in UTF-8 bytes; and a document without its content: a page holds a hundred. */
export const DOCUMENT_METADATA_BYTES_MAX = 1024;
export const DOCUMENT_SETTINGS_BYTES_MAX = 16 * 1024;

/** The content of a document, sent or fetched. */
export const DOCUMENT_BYTES_MAX = 16 * 1024 * 1024;

/** What is read of it: characters, passages, and pages of a PDF. Beyond it nothing is read at all. */
export const DOCUMENT_TEXT_LENGTH_MAX = 4_000_000;
export const DOCUMENT_PASSAGES_MAX = 20_000;
export const DOCUMENT_PAGES_MAX = 2000;

/** A question, an answer or a reply in a document, in characters. */
export const DOCUMENT_ANSWER_LENGTH_MAX = 20_000;

/** What reading one document may take. */
export const DOCUMENT_READING_MS_MAX = 30_000;
export const DOCUMENT_READING_MEMORY_MAX = 256 * 1024 * 1024;

/** Fetching a document: the time from the first call to the last byte, and how often it may be sent elsewhere. */
export const DOCUMENT_FETCH_MS_MAX = 30_000;
export const DOCUMENT_REDIRECTS_MAX = 5;

/** "Dialogflow supports up to 350 documents in each request" (the comment of ImportDocumentsRequest). */
export const IMPORT_DOCUMENTS_MAX = 350;

/**
 * What can be found in a knowledge base, and in all of those that are kept at hand to be searched: the last one used always
 * is. In bytes of text; in memory it is several times as much.
 */
export const KNOWLEDGE_BASE_BYTES_MAX = 32 * 1024 * 1024;
export const KNOWLEDGE_AT_HAND_BYTES_MAX = 32 * 1024 * 1024;

/** Fewer replies of human agents than these say nothing of the next one. */
export const REPLY_EXAMPLES_MIN = 10;

/** Of a conversation that is longer, the last messages are learned from: it is not to outweigh all others. */
export const REPLY_TRAINING_MESSAGES_MAX = 1000;

/** `ReplyModel.allowed_replies`, and each of them in characters. */
export const ALLOWED_REPLIES_MAX = 2000;
export const ALLOWED_REPLY_LENGTH_MAX = 600;

/** In so many bytes at a time a model of replies is stored, so that no other write waits for all of it. */
export const REPLY_MODEL_PART_BYTES = 1024 * 1024;

/**
 * Models of replies that are kept at hand: in memory they are two to three times as large. In bytes as they are stored; the
 * last one used always is.
 */
export const REPLY_MODELS_AT_HAND_BYTES_MAX = 64 * 1024 * 1024;

/** Clocks go no further, so that every time that follows from them can be written down. Microseconds since the epoch. */
export const CLOCK_TIME_MAX = Date.UTC(2100, 0, 1) * 1000;

/** How long a conversation can be kept after its end, where it is not for ever: 100 years. In microseconds. */
export const RETENTION_MAX = 36_500 * 24 * 60 * 60 * 1_000_000;

/** "Finished conversations are purged from the database after 30 days" (the comment of Conversation in the protos). */
export const RETENTION_DEFAULT = '30d';

/** How long an operation can be asked for once it is done, in microseconds. */
export const OPERATION_LIFE_MAX = 30 * 24 * 60 * 60 * 1_000_000;

/** `HoldConversationRequest.reason`, in UTF-8 bytes. */
export const HOLD_REASON_BYTES_MAX = 1024;

/** `SearchKnowledgeRequest.session_id`, in characters. */
export const SESSION_ID_LENGTH_MAX = 36;

/** How long a model may take for an answer: by default, and at most, which is longer than callers wait. */
export const MODEL_TIMEOUT_DEFAULT = '20s';
export const MODEL_TIMEOUT_MS_MAX = 600_000;

/** One text of a generator, in characters, and a generator as it is stored, in bytes: all of it is put to a model. */
export const GENERATOR_TEXT_LENGTH_MAX = 20_000;
export const GENERATOR_BYTES_MAX = 131_072;

/** What of a generator there may be many of. */
export const GENERATOR_SECTIONS_MAX = 50;
export const GENERATOR_EXAMPLES_MAX = 50;
export const GENERATOR_INSTRUCTIONS_MAX = 100;

/** `ListGeneratorsRequest.page_size`. */
export const GENERATORS_PAGE_SIZE_DEFAULT = 10;

/** Generators of one conversation that are run at the same time. */
export const GENERATORS_AT_ONCE = 4;

/** Messages that suggestions and summaries are made from, by default and at most. */
export const CONTEXT_SIZE_DEFAULT = 500;
export const CONTEXT_SIZE_MAX = 1000;

/** What a model reads of a conversation, of each thing said at most and in any case, and of references. In characters. */
export const TRANSCRIPT_LENGTH_MAX = 100_000;
export const TURN_LENGTH_MAX = 4000;
export const TURN_LENGTH_MIN = 50;
export const REFERENCES_LENGTH_MAX = 50_000;

/** What is ingested into a conversation: references, and all of them together as they are stored, in bytes. */
export const CONTEXT_REFERENCES_MAX = 100;
export const CONTEXT_REFERENCES_BYTES_MAX = 262_144;
