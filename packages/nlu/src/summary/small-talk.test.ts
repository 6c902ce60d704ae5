import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { isSmallTalk } from './small-talk.ts';

const SMALL: readonly string[] = [
  '',
  '   ',
  '👍',
  '...!?',
  'Hi',
  'HELLO!!!',
  'hellooooo',
  'Hi Anna,',
  'Good morning, Mr',
  'thank you',
  'Thankyou so much!!',
  "You're welcome.",
  'You’re welcome, have a great day!',
  'ok great, thanks',
  'Yes, that’s correct.',
  'No, that is all. Thank you for your help!',
  'Hi there, how can I help you today?',
  'Is there anything else I can help you with?',
  'I am doing well, how about you?',
  'Okay, perfect. Bye!',
  'Guten Tag',
  'Alles klar, vielen Dank',
  'Danke schön!',
  'Tschüss, schönen Tag noch',
  'Grüß Gott',
  'Bonjour',
  "D'accord, merci beaucoup !",
  'Ça va ?',
  'Non merci, bonne journée',
  '¡Hola, buenos días!',
  'Sí, muchas gracias',
  'Perfetto, grazie mille. Arrivederci',
  'Olá, bom dia',
  'Não, obrigado',
  'Prima, bedankt!',
  'Tack så mycket!',
  'Dzień dobry',
  'Dziękuję bardzo',
  'Здравствуйте!',
  'Хорошо, спасибо большое',
  'Дякую, гарного дня',
  'Teşekkür ederim',
  'Γεια σας',
  'شكراً جزيلاً',
  'תודה רבה!',
  'धन्यवाद',
  'Terima kasih banyak',
  'Cảm ơn bạn',
  'ขอบคุณมากครับ',
  '你好',
  '好的,谢谢您!',
  '没问题',
  'はい、わかりました。ありがとうございます。',
  '네, 감사합니다',
];

const NOT_SMALL: readonly string[] = [
  '5',
  'Yes, 12 March',
  'Anna',
  'Paris',
  'I need a refund',
  'Hi, my card was declined',
  'thanks but it still does not work',
  'Can you help me with my order?',
  'ok so where is my parcel',
  'no internet',
  'yes, the blue one',
  'hello anna smith',
  'Hallo, ich habe meine Karte verloren',
  'Danke, aber das hilft nicht',
  'Bonjour, je voudrais annuler ma commande',
  'Hola, no puedo entrar en mi cuenta',
  'Grazie, ma non funziona',
  'Olá, preciso de ajuda com a fatura',
  'Hallo, waar is mijn pakket?',
  'Спасибо, но карта не работает',
  'Merhaba, siparişim nerede',
  '你好,我的卡丢了',
  'こんにちは、注文をキャンセルしたいです',
  '안녕하세요, 환불해 주세요',
  'مرحبا، أين طلبي؟',
  'thanks '.repeat(40),
];

describe('isSmallTalk()', () => {
  for (const text of SMALL) {
    it(`is true of ${JSON.stringify(text)}`, () => assert.equal(isSmallTalk(text), true));
  }
  for (const text of NOT_SMALL) {
    it(`is false of ${JSON.stringify(text.slice(0, 60))}`, () => assert.equal(isSmallTalk(text), false));
  }

  it('is the same in capitals and with marks around it, but for names', () => {
    for (const text of SMALL.filter((each) => !/Anna|Mr/u.test(each)))
      assert.equal(isSmallTalk(`  «${text.toUpperCase()}» …`), true, text);
  });

  it('takes any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        assert.equal(typeof isSmallTalk(text), 'boolean');
      }),
    );
  });
});
