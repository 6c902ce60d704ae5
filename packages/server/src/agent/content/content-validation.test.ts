import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { create } from '@bufbuild/protobuf';
import { StoredAgentSchema, StoredEntityTypeSchema, StoredIntentSchema } from '@parleykit/proto/stored';
import { ValidationError_Severity as Severity } from '@parleykit/proto/v2beta1';
import { VALIDATION_ERRORS_MAX } from '../../limits.ts';
import { ResourceName } from '../../resource-names.ts';
import type { AgentContent } from './agent-content.ts';
import { validateContent } from './content-validation.ts';

const agent = new ResourceName('p', 'us', 'agent');

const intent = (displayName: string, parentFollowupIntentName = '') =>
  create(StoredIntentSchema, { intent: { displayName, parentFollowupIntentName, isFallback: true } });

function validate(content: Partial<AgentContent>) {
  const settings = create(StoredAgentSchema, { agent: { defaultLanguageCode: 'en' } });
  const whole = { agent: settings, intents: new Map(), entityTypes: new Map(), ...content };
  return validateContent(whole, agent, 'en').validationErrors;
}

describe('validateContent()', () => {
  it('finds what only an import can bring: names that are there twice, and parents that are not there', () => {
    const fruit = create(StoredEntityTypeSchema, {
      entityType: { displayName: 'fruit' },
      languages: { en: { entities: [{ value: 'pear' }] } },
    });
    const errors = validate({
      intents: new Map([
        ['a', intent('same')],
        ['b', intent('same')],
        ['c', intent('orphan', 'intents/gone')],
        ['d', intent('child', 'intents/a')],
      ]),
      entityTypes: new Map([
        ['e', fruit],
        ['f', fruit],
      ]),
    });
    assert.deepEqual(
      errors.map(({ severity, entries, errorMessage }) => [severity, entries, errorMessage]),
      [
        [
          Severity.ERROR,
          [`${agent}/intents/c`],
          'Intent "orphan" follows up on an intent that does not exist.',
        ],
        [
          Severity.ERROR,
          [`${agent}/intents/a`, `${agent}/intents/b`],
          '2 intents have the display name "same".',
        ],
        [
          Severity.ERROR,
          [`${agent}/entities/e`, `${agent}/entities/f`],
          '2 entity types have the display name "fruit".',
        ],
      ],
    );
  });

  it('tells of no more than so many findings', () => {
    const names = Array.from({ length: VALIDATION_ERRORS_MAX + 10 }, (_, index) => `i${index}`);
    const errors = validate({ intents: new Map(names.map((id) => [id, intent(id, 'intents/gone')])) });
    assert.equal(errors.length, VALIDATION_ERRORS_MAX);
  });
});
