import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { dialogueActsOf } from './dialogue-acts.ts';

describe('dialogueActsOf()', () => {
  for (const [sentence, ...acts] of [
    ["My card doesn't work", 'request'],
    ['Can you cancel my order?', 'request', 'question'],
    ['I’ll send you a link', 'action'],
    ['Your order has been cancelled', 'result'],
    ['What is your name?', 'question'],
    ['Ich möchte mein Abo kündigen', 'request'],
    ['Ich werde das prüfen', 'action'],
    ['Ihr Termin ist gebucht', 'result'],
    ['Je voudrais changer de forfait', 'request'],
    ['Necesito un duplicado', 'request'],
    ['Lo siento, no es posible', 'result'],
    ['Ho bisogno di una fattura', 'request'],
    ['Preciso de ajuda', 'request'],
    ['Ik heb een nieuwe pas nodig', 'request', 'action'],
    ['Карта не работает', 'request'],
    ['我来为您查询', 'action'],
    ['已经解决了', 'result'],
    ['キャンセルしたいです', 'request'],
    ['ご注文はいつですか?', 'question'],
    ['The sky is blue', ...[]],
    ['wantonly', ...[]],
    ['', ...[]],
  ] as const) {
    it(`finds ${JSON.stringify(acts)} in ${JSON.stringify(sentence)}`, () => {
      assert.deepEqual([...dialogueActsOf(sentence)].toSorted(), acts.toSorted());
    });
  }
});
