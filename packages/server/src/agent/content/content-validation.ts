import { create } from '@bufbuild/protobuf';
import {
  type EntityType,
  type Intent,
  EntityType_Kind as Kind,
  Intent_TrainingPhrase_Type as PhraseType,
  ValidationError_Severity as Severity,
  type ValidationResult,
  ValidationResultSchema,
  Intent_WebhookState as WebhookState,
} from '@parleykit/proto/v2beta1';
import { VALIDATION_ERRORS_MAX } from '../../limits.ts';
import type { ResourceName } from '../../resource-names.ts';
import { type AgentContent, idOf } from './agent-content.ts';
import { viewContent } from './content-view.ts';
import { isExpression } from './entity-type-edit.ts';

/**
 * What in an agent does not fit together, in one of its languages: what refers to nothing, what nothing leads to, what is
 * there twice. https://cloud.google.com/dialogflow/es/docs/agents-validation
 */
export function validateContent(
  content: AgentContent,
  agent: ResourceName,
  language: string,
): ValidationResult {
  const findings = new Findings();
  const view = viewContent(content, agent, language);
  const { intents } = view;
  const entityTypes = view.entityTypes.map((entityType) => ({
    entityType,
    // As the field's comment has it, which calls entity types so.
    name: agent.child('entities', idOf(entityType.name)).toString(),
  }));
  const known: Known = {
    entityTypes: new Set(entityTypes.map(({ entityType }) => entityType.displayName)),
    contexts: new Set(intents.flatMap(({ outputContexts }) => outputContexts.map(({ name }) => idOf(name)))),
    events: new Set(intents.flatMap(({ events }) => events.map((event) => event.toLowerCase()))),
    hasWebhook: content.agent.fulfillment?.enabled ?? false,
  };
  for (const intent of intents) {
    checkReach(intent, findings);
    checkParent(intent, content, findings);
    checkContexts(intent, known, findings);
    checkParameters(intent, known, findings);
    checkPhrases(intent, known, findings);
    checkResponses(intent, known, findings);
  }
  for (const { entityType, name } of entityTypes) checkEntityType(entityType, name, known, findings);
  checkTwins(
    'intents',
    intents.map(({ displayName, name }) => [displayName, name]),
    findings,
  );
  checkTwins(
    'entity types',
    entityTypes.map(({ entityType, name }) => [entityType.displayName, name]),
    findings,
  );
  checkSharedPhrases(intents, findings);
  if (!intents.some(({ isFallback }) => isFallback)) {
    findings.add(
      Severity.INFO,
      [agent.toString()],
      'No fallback intent answers what no other intent matches.',
    );
  }
  return findings.result;
}

/** What an agent has that its parts may refer to. */
interface Known {
  readonly entityTypes: ReadonlySet<string>;
  /** Ids of contexts that an intent sets. */
  readonly contexts: ReadonlySet<string>;
  readonly events: ReadonlySet<string>;
  readonly hasWebhook: boolean;
}

class Findings {
  readonly result = create(ValidationResultSchema);

  add(severity: Severity, entries: readonly string[], errorMessage: string): void {
    if (this.result.validationErrors.length >= VALIDATION_ERRORS_MAX) return;
    this.result.validationErrors.push({
      $typeName: 'google.cloud.dialogflow.v2beta1.ValidationError',
      severity,
      entries: [...entries],
      errorMessage,
    });
  }
}

/** Texts of the agent in the middle of a sentence, on one line and not too long. */
function quote(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text).toWellFormed();
}

function checkReach(intent: Intent, findings: Findings): void {
  const { name, displayName, isFallback, trainingPhrases, events, priority } = intent;
  if (priority < 0) {
    findings.add(
      Severity.INFO,
      [name],
      `Intent ${quote(displayName)} has a negative priority: it is never matched.`,
    );
  }
  if (isFallback || trainingPhrases.length > 0 || events.length > 0) return;
  const message = `Intent ${quote(displayName)} has neither training phrases nor events: nothing leads to it.`;
  findings.add(Severity.WARNING, [name], message);
}

function checkParent(intent: Intent, content: AgentContent, findings: Findings): void {
  const stored = content.intents.get(idOf(intent.name))?.intent;
  // What the view tells of parents are those that are there.
  if ((stored?.parentFollowupIntentName ?? '') === '' || intent.parentFollowupIntentName !== '') return;
  const message = `Intent ${quote(intent.displayName)} follows up on an intent that does not exist.`;
  findings.add(Severity.ERROR, [intent.name], message);
}

function checkContexts(intent: Intent, { contexts }: Known, findings: Findings): void {
  for (const context of intent.inputContextNames.map(idOf)) {
    if (contexts.has(context)) continue;
    const message = `Intent ${quote(intent.displayName)} waits for the context ${quote(context)}, which no intent sets.`;
    findings.add(Severity.WARNING, [intent.name], message);
  }
}

function isKnownType(reference: string, { entityTypes }: Known): boolean {
  return reference.startsWith('@sys.') || entityTypes.has(reference.slice(1));
}

function checkParameters(intent: Intent, known: Known, findings: Findings): void {
  for (const parameter of intent.parameters) {
    const { displayName, entityTypeDisplayName: type, mandatory, prompts, value, defaultValue } = parameter;
    const entry = [`${intent.name}/parameters/${parameter.name}`];
    const subject = `Parameter ${quote(displayName)} of intent ${quote(intent.displayName)}`;
    if (type !== '' && !isKnownType(type, known)) {
      findings.add(
        Severity.ERROR,
        entry,
        `${subject} is of the entity type ${quote(type)}, which does not exist.`,
      );
    }
    if (mandatory && type === '')
      findings.add(Severity.ERROR, entry, `${subject} is required and has no entity type.`);
    if (mandatory && prompts.length === 0) {
      findings.add(Severity.WARNING, entry, `${subject} is required and has no prompt to ask for it.`);
    }
    for (const text of [value, defaultValue])
      checkReferences(text, subject, { intent, known, entry, findings });
  }
}

function checkPhrases(intent: Intent, known: Known, findings: Findings): void {
  const types = new Map(
    intent.parameters.map(({ displayName, entityTypeDisplayName }) => [displayName, entityTypeDisplayName]),
  );
  for (const phrase of intent.trainingPhrases) {
    const entry = [`${intent.name}/trainingPhrases/${phrase.name}`];
    const subject = `A training phrase of intent ${quote(intent.displayName)}`;
    if (phrase.type === PhraseType.TEMPLATE) {
      findings.add(Severity.WARNING, entry, `${subject} is a template: it is passed over in training.`);
    }
    for (const { entityType, alias } of phrase.parts) {
      if (entityType === '' || entityType === '@sys.ignore') continue;
      if (!isKnownType(entityType, known)) {
        const message = `${subject} is annotated with the entity type ${quote(entityType)}, which does not exist.`;
        findings.add(Severity.ERROR, entry, message);
      }
      const type = types.get(alias);
      if (type === undefined) {
        const message = `${subject} is annotated with the parameter ${quote(alias)}, which the intent does not have.`;
        findings.add(Severity.WARNING, entry, message);
      } else if (type !== entityType) {
        const message = `${subject} annotates the parameter ${quote(alias)} with ${quote(entityType)}, but it is of ${quote(type)}.`;
        findings.add(Severity.WARNING, entry, message);
      }
    }
  }
}

function checkResponses(intent: Intent, known: Known, findings: Findings): void {
  const subject = `A response of intent ${quote(intent.displayName)}`;
  const entry = [intent.name];
  for (const { message } of intent.messages) {
    if (message.case !== 'text') continue;
    for (const text of message.value.text) checkReferences(text, subject, { intent, known, entry, findings });
  }
  if (intent.webhookState !== WebhookState.UNSPECIFIED && !known.hasWebhook) {
    const text = `Intent ${quote(intent.displayName)} calls the webhook, and the agent has none.`;
    findings.add(Severity.WARNING, entry, text);
  }
}

/** What texts refer to: `$parameter`, `#context.parameter`. */
function checkReferences(
  text: string,
  subject: string,
  at: { intent: Intent; known: Known; entry: readonly string[]; findings: Findings },
): void {
  const { intent, known, entry, findings } = at;
  const names = new Set(intent.parameters.map(({ displayName }) => displayName));
  const missing = new Set<string>();
  for (const [, name = ''] of text.matchAll(/\$([\p{L}_][\p{L}\p{N}_-]*)/gu)) {
    if (!names.has(name)) missing.add(`the parameter ${quote(name)}, which the intent does not have`);
  }
  for (const [, context = ''] of text.matchAll(/#([\p{L}\p{N}_%-]+)\.[\p{L}_]/gu)) {
    const id = context.toLowerCase();
    // Parameters of an event are read like those of a context.
    if (!known.contexts.has(id) && !known.events.has(id)) {
      missing.add(`the context ${quote(context)}, which no intent sets`);
    }
  }
  for (const what of missing) findings.add(Severity.WARNING, entry, `${subject} refers to ${what}.`);
}

function checkEntityType(entityType: EntityType, name: string, known: Known, findings: Findings): void {
  const subject = `Entity type ${quote(entityType.displayName)}`;
  if (entityType.entities.length === 0) {
    findings.add(Severity.WARNING, [name], `${subject} has no entities: nothing is found of it.`);
  }
  for (const { value, synonyms } of entityType.entities) {
    if (entityType.kind === Kind.REGEXP) {
      if (!isExpression(value)) {
        findings.add(
          Severity.ERROR,
          [name],
          `${subject} has ${quote(value)}, which is no regular expression.`,
        );
      }
      continue;
    }
    for (const synonym of new Set([value, ...synonyms])) {
      for (const [reference] of synonym.matchAll(/(?<![\p{L}\p{N}])@[\p{L}_][\p{L}\p{N}_.-]*/gu)) {
        if (isKnownType(reference, known)) continue;
        const message = `${subject} refers to the entity type ${quote(reference)}, which does not exist.`;
        findings.add(Severity.ERROR, [name], message);
      }
    }
  }
}

/** By display name and resource name. An import can bring what no call would make. */
function checkTwins(what: string, named: readonly (readonly [string, string])[], findings: Findings): void {
  for (const [displayName, twins] of Map.groupBy(named, ([each]) => each)) {
    if (twins.length === 1) continue;
    const message = `${twins.length} ${what} have the display name ${quote(displayName)}.`;
    findings.add(
      Severity.ERROR,
      twins.map(([, name]) => name),
      message,
    );
  }
}

/** The same words that lead to several intents, where the same contexts do. Those of fallback intents lead nowhere. */
function checkSharedPhrases(intents: readonly Intent[], findings: Findings): void {
  const said = intents
    .filter(({ isFallback, priority }) => !isFallback && priority >= 0)
    .flatMap((intent) => {
      const contexts = [...new Set(intent.inputContextNames.map(idOf))].sort().join(' ');
      const texts = intent.trainingPhrases.map(({ parts }) =>
        parts
          .map(({ text }) => text)
          .join('')
          .trim()
          .toLowerCase(),
      );
      return [...new Set(texts)].map((text) => ({ key: `${contexts}\n${text}`, text, intent }));
    });
  for (const shared of Map.groupBy(said, ({ key }) => key).values()) {
    const [first] = shared;
    if (shared.length === 1 || first === undefined) continue;
    const names = shared.map(({ intent }) => quote(intent.displayName)).join(', ');
    findings.add(
      Severity.WARNING,
      shared.map(({ intent }) => intent.name),
      `The training phrase ${quote(first.text)} leads to several intents: ${names}.`,
    );
  }
}
