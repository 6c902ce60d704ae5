import { normalizeText } from '../text/normalization.ts';

/** What people say to one another beside the matter, by language; a name may follow each of it. */
const COURTESIES = [
  // English
  `hello, hi, hey, hiya, howdy, hello there, hi there, hey there, greetings, good morning, good afternoon, good evening,
  good day, morning, evening, dear customer, welcome, welcome back, hi again, thanks, thank you, thank you so much, thank you very much,
  thanks so much, thanks a lot, thanks a million, many thanks, thx, ty, tysm, cheers, much appreciated, i appreciate it,
  i appreciate that, i appreciate your help, thanks for your help, thank you for your help, thanks for the help,
  thanks for helping, thank you for your time, thanks for your time, thank you for your patience, thanks for your patience,
  thank you for waiting, thanks for waiting, thank you for holding, thank you for contacting us, thank you for reaching out,
  thanks for reaching out, thank you for calling, thank you for your call, thank you for chatting with us, bye, bye bye,
  goodbye, good bye, see you, see ya, see you later, see you soon, take care, have a nice day, have a great day,
  have a good day, have a good one, have a great one, have a nice one, have a wonderful day, have a lovely day,
  have a nice evening, have a great evening, have a good evening, have a good night, good night, have a nice weekend,
  have a great weekend, have a great rest of your day, you too, same to you, and you, you as well, talk to you soon`,
  // German
  `hallo, hi, servus, moin, gruss gott, guten tag, guten morgen, guten abend, gute nacht, danke, danke schon, dankeschon,
  vielen dank, besten dank, herzlichen dank, danke sehr, tausend dank, danke fur ihre hilfe, vielen dank fur ihre hilfe,
  danke fur die hilfe, tschuss, auf wiedersehen, auf wiederhoren, bis bald, bis dann, schonen tag, schonen tag noch,
  einen schonen tag, einen schonen tag noch, ich wunsche ihnen einen schonen tag, schonen abend, schonen abend noch,
  schones wochenende, ebenso, gleichfalls, ihnen auch, mit freundlichen grussen, freundliche grusse, liebe grusse`,
  // French
  `bonjour, bonsoir, salut, coucou, merci, merci beaucoup, merci bien, mille mercis, un grand merci, merci pour votre aide,
  merci beaucoup pour votre aide, merci d avance, au revoir, a bientot, bonne journee, bonne soiree, bonne nuit,
  bon week end, a vous aussi, vous aussi, de meme, cordialement`,
  // Spanish
  `hola, buenas, buenos dias, buenas tardes, buenas noches, muy buenas, gracias, muchas gracias, mil gracias,
  muchisimas gracias, gracias por su ayuda, gracias por tu ayuda, gracias por la ayuda, adios, hasta luego, hasta pronto,
  hasta manana, chao, que tenga un buen dia, que tenga buen dia, buen dia, igualmente, saludos, a usted`,
  // Italian
  `ciao, salve, buongiorno, buonasera, buona giornata, buona serata, buonanotte, grazie, grazie mille, molte grazie,
  tante grazie, grazie per l aiuto, arrivederci, a presto, altrettanto, cordiali saluti, prego`,
  // Portuguese
  `ola, oi, bom dia, boa tarde, boa noite, obrigado, obrigada, muito obrigado, muito obrigada, obrigado pela ajuda,
  obrigada pela ajuda, adeus, tchau, ate logo, ate breve, tenha um bom dia, um bom dia, igualmente`,
  // Dutch
  `hallo, hoi, goedemorgen, goedemiddag, goedenavond, goedendag, dank je, dank je wel, dank u, dank u wel, dankjewel, dankuwel,
  bedankt, hartelijk dank, bedankt voor de hulp, bedankt voor uw hulp, doei, dag, tot ziens, fijne dag, fijne dag nog,
  fijne avond, insgelijks, graag gedaan`,
  // Swedish, Danish, Norwegian, Finnish
  `hej, hejsan, hei, god morgon, god morgen, god dag, god kvall, god aften, god kveld, tack, tack sa mycket, tack for hjalpen,
  tusen tack, tak, mange tak, tak for hjaelpen, takk, tusen takk, mange takk, takk for hjelpen, hej da, farvel, ha det,
  ha det bra, ha en bra dag, ha en god dag, ha en fin dag, moi, terve, paivaa, kiitos, kiitos paljon, kiitos avusta, nakemiin,
  hyvaa paivaa, hyvaa huomenta, hyvaa paivanjatkoa, moikka`,
  // Polish, Czech
  `czesc, witam, dzien dobry, dobry wieczor, dziekuje, dziekuje bardzo, dzieki, dziekuje za pomoc, do widzenia, milego dnia,
  ahoj, dobry den, dobre rano, dekuji, dekuji moc, diky, na shledanou, hezky den`,
  // Russian, Ukrainian
  `привет, здравствуйте, добрый день, доброе утро, добрый вечер, спасибо, большое спасибо, спасибо большое,
  спасибо за помощь, до свидания, всего доброго, всего хорошего, хорошего дня, привіт, вітаю, добрий день, доброго дня,
  добрий ранок, дякую, щиро дякую, дуже дякую, до побачення, гарного дня`,
  // Turkish, Greek
  `merhaba, selam, gunaydin, iyi gunler, iyi aksamlar, tesekkurler, tesekkur ederim, cok tesekkurler, cok tesekkur ederim,
  sag olun, gorusuruz, hosca kalin, γεια, γεια σας, καλημερα, καλησπερα, ευχαριστω, ευχαριστω πολυ, αντιο, καλη συνεχεια`,
  // Arabic, Hebrew, Hindi
  `مرحبا, السلام عليكم, وعليكم السلام, صباح الخير, مساء الخير, شكرا, شكرا جزيلا, شكرا لك, مع السلامة, שלום, בוקר טוב, ערב טוב,
  תודה, תודה רבה, להתראות, יום טוב, नमस्ते, नमस्कार, धन्यवाद, बहुत धन्यवाद, शुक्रिया, बहुत शुक्रिया, अलविदा`,
  // Indonesian, Vietnamese, Thai
  `halo, hai, selamat pagi, selamat siang, selamat sore, selamat malam, terima kasih, terima kasih banyak, makasih,
  sampai jumpa, xin chao, chao, chao ban, cam on, cam on ban, cam on nhieu, tam biet, สวัสดี, สวัสดีครับ, สวัสดีค่ะ, ขอบคุณ,
  ขอบคุณครับ, ขอบคุณค่ะ, ขอบคุณมาก, ขอบคุณมากครับ, ขอบคุณมากค่ะ, ลาก่อน`,
  // Chinese, Japanese, Korean
  `你好, 您好, 早上好, 下午好, 晚上好, 早安, 晚安, 谢谢, 谢谢你, 谢谢您, 多谢, 非常感谢, 感谢, 不客气, 再见, 拜拜, 謝謝, 謝謝你,
  謝謝您, 多謝, 再見, こんにちは, おはよう, おはようございます, こんばんは, もしもし, ありがとう, ありがとうございます,
  ありがとうございました, どうもありがとう, どうもありがとうございます, どうもありがとうございました, どうも, さようなら,
  失礼します, 失礼いたします, お疲れ様です, よろしくお願いします, よろしくお願いいたします, 안녕하세요, 안녕, 감사합니다, 고맙습니다,
  감사해요, 고마워요, 안녕히 계세요, 수고하세요, 좋은 하루 되세요`,
];

/** What answers without saying anything, and what is asked without being about anything. */
const FILLERS = [
  `yes, yeah, yep, yup, yes please, no, nope, nah, no thanks, no thank you, please, ok, okay, okey, k, kk, okie, ok then, alright,
  all right, all good, sure, sure thing, of course, certainly, absolutely, definitely, exactly, right, correct, thats right, that is right,
  thats correct, that is correct, i see, i understand, understood, got it, gotcha, makes sense, that makes sense, great, perfect, excellent,
  awesome, wonderful, fantastic, amazing, brilliant, lovely, super, nice, cool, good, fine, very good, very well, sounds good,
  sounds great, that sounds good, that sounds great, thats great, thats perfect, thats fine, thats all, that is all, that will be all,
  thatll be all, thats it, that is it, thats everything, nothing else, no problem, not a problem, no worries, youre welcome, you are welcome,
  youre very welcome, you are very welcome, my pleasure, its my pleasure, anytime, any time, happy to help, glad to help,
  glad i could help, happy to assist, im happy to help, i am happy to help, id be happy to help, i would be happy to help,
  ill be happy to help, im glad to hear that, glad to hear that, great to hear, good to hear, nice to meet you, how are you,
  how are you doing, how are you doing today, how are you today, im fine, i am fine, im good, i am good, im well, i am well, im doing well, i am doing well, im doing fine, i am doing fine,
  doing well, not bad, how about you, what about you, how about yourself, and yourself,
  how can i help, how can i help you, how can i help you today, how can i assist you, how can i assist you today, how may i help,
  how may i help you, how may i help you today, how may i assist you, how may i assist you today, what can i do for you,
  what can i do for you today, what can i help you with, what can i help you with today, how can we help, how can we help you,
  is there anything else, is there anything else i can help you with, is there anything else i can help you with today,
  is there anything else i can do for you, is there anything else i can assist you with, anything else,
  anything else i can help you with, anything else i can do for you, can i help you with anything else,
  would there be anything else, will that be all, are you there, are you still there, im here, one moment, one moment please,
  just a moment, just a moment please, one second, just a second, one sec, please wait, please hold, please hold on, hold on,
  bear with me, please bear with me, give me a moment, give me a second, let me check, let me see, take your time, oh, ah, hmm, hm, mm,
  mhm, uh, um, wow, haha, lol, well, so, then, and, very much, so much, again, today, for now, sir, madam, maam, miss, everyone, all, guys,
  sorry, im sorry, i am sorry, apologies, my apologies, excuse me, pardon, sorry about that, sorry to hear that, im sorry to hear that,
  i am sorry to hear that, im so sorry to hear that, i hope that helps, hope that helps, i understand your frustration`,
  `ja, nein, ja bitte, nein danke, bitte, bitte schon, bitte sehr, gerne, gern, sehr gerne, gern geschehen, in ordnung, alles klar, klar,
  genau, richtig, stimmt, verstehe, ich verstehe, verstanden, okay, gut, sehr gut, super, toll, prima, perfekt, wunderbar, passt,
  das passt, das ist alles, das war alles, kein problem, keine ursache, wie gehts, wie geht es ihnen, wie kann ich helfen,
  wie kann ich ihnen helfen, was kann ich fur sie tun, kann ich sonst noch etwas fur sie tun, sonst noch etwas, noch etwas,
  einen moment, einen moment bitte, einen augenblick, einen augenblick bitte, entschuldigung, tut mir leid, es tut mir leid, aha, na ja,
  na gut, also`,
  `oui, non, oui merci, non merci, s il vous plait, svp, d accord, ok, tres bien, bien, parfait, super, genial, excellent, entendu, compris,
  je comprends, je vois, exactement, c est ca, c est tout, ce sera tout, de rien, je vous en prie, avec plaisir, pas de probleme,
  pas de souci, comment allez vous, ca va, comment puis je vous aider, en quoi puis je vous aider, que puis je faire pour vous, autre chose,
  puis je vous aider pour autre chose, un instant, un instant s il vous plait, un moment, desole, desolee, je suis desole,
  je suis desolee, pardon, bien sur, et, et vous`,
  `si, no, si gracias, no gracias, por favor, vale, de acuerdo, claro, claro que si, por supuesto, perfecto, muy bien, bien, genial, excelente,
  estupendo, entiendo, entendido, ya veo, exacto, eso es todo, nada mas, de nada, con gusto, con mucho gusto, no hay problema,
  no hay de que, como esta, como estas, que tal, en que puedo ayudarle, en que le puedo ayudar, en que puedo ayudarte, como puedo ayudarle,
  algo mas, hay algo mas en que pueda ayudarle, un momento, un momento por favor, lo siento, disculpe, perdon, y usted`,
  `si, no, si grazie, no grazie, per favore, va bene, d accordo, certo, certamente, perfetto, benissimo, molto bene, bene, ottimo, capisco,
  capito, esatto, e tutto, nient altro, di niente, di nulla, figurati, si figuri, nessun problema, come sta, come va, come posso aiutarla,
  come posso aiutarti, in cosa posso aiutarla, altro, un momento, un attimo, un attimo per favore, mi dispiace, mi scusi, scusi`,
  `sim, nao, sim obrigado, nao obrigado, nao obrigada, por favor, esta bem, ta bom, tudo bem, claro, com certeza, perfeito, otimo, muito bem, bom,
  entendi, entendo, certo, exato, isso mesmo, e so isso, so isso, mais nada, de nada, imagina, sem problemas, como posso ajudar,
  como posso ajuda lo, em que posso ajudar, mais alguma coisa, posso ajudar em mais alguma coisa, um momento,
  um momento por favor, desculpe, sinto muito`,
  `ja, nee, ja graag, nee bedankt, nee dank je, alsjeblieft, alstublieft, oke, prima, goed, heel goed, perfect, mooi, top, fijn, begrepen,
  ik begrijp het, precies, dat klopt, dat is alles, dat was alles, geen probleem, geen dank, hoe gaat het, waarmee kan ik helpen,
  waarmee kan ik u helpen, hoe kan ik u helpen, kan ik u nog ergens mee helpen, een moment, een momentje, sorry, het spijt me`,
  `nej, jo, ja tack, nej tack, javisst, bra, fint, okej, perfekt, inga problem, varsagod, ja tak, nej tak, selv tak, det er fint,
  ja takk, nei, nei takk, greit, bare hyggelig, kylla, joo, ei, ei kiitos, selva, hyva, ole hyva, kiva`,
  `tak, nie, nie dziekuje, prosze, dobrze, jasne, swietnie, super, rozumiem, oczywiscie, to wszystko, nie ma za co, ano, ne, prosim, dobre, jasne,
  vyborne, rozumim`,
  `да, нет, нет спасибо, пожалуйста, хорошо, ладно, понятно, понял, поняла, ясно, отлично, конечно, ок, окей, это все, не за что,
  так, ні, ні дякую, будь ласка, добре, зрозуміло, чудово, гаразд, звичайно, чем могу помочь, чим можу допомогти`,
  `evet, hayir, hayir tesekkurler, lutfen, tamam, peki, olur, anladim, harika, super, rica ederim, nasil yardimci olabilirim, ναι, οχι,
  παρακαλω, ενταξει, καταλαβα, τελεια, ωραια`,
  `نعم, لا, لا شكرا, من فضلك, حسنا, تمام, ممتاز, فهمت, عفوا, כן, לא, לא תודה, בבקשה, בסדר, מצוין, הבנתי, हां, हाँ, जी, जी हां, नहीं, ठीक है, अच्छा,
  कृपया, समझ गया, समझ गई`,
  `ya, iya, tidak, baik, oke, siap, sama sama, mengerti, da, vang, khong, duoc, duoc roi, khong co gi, ใช่, ไม่, ครับ, ค่ะ, คะ, โอเค, ได้, ตกลง, เข้าใจแล้ว,
  ไม่เป็นไร`,
  `是, 是的, 对, 对的, 不, 不用, 不用了, 没有, 没有了, 好, 好的, 好吧, 行, 可以, 嗯, 哦, 明白, 明白了, 知道了, 了解, 没问题, 没关系, 请,
  请问有什么可以帮您, 有什么可以帮您, 還有嗎, 對, 對的, 沒有, 沒問題, 了, 的, はい, ええ, うん, いいえ, いえ, 大丈夫です, わかりました, 分かりました, 承知しました,
  かしこまりました, 了解です, 了解しました, なるほど, そうです, そうですね, お願いします, すみません, どういたしまして, 少々お待ちください, 네, 예, 아니요, 아니오,
  괜찮습니다, 괜찮아요, 알겠습니다, 알겠어요, 좋아요, 좋습니다, 맞습니다, 맞아요, 죄송합니다, 천만에요, 무엇을 도와드릴까요, 잠시만요,
  잠시만 기다려 주세요`,
];

/** Longer texts say something. In characters. */
const LENGTH_MAX = 160;
/** As it is written, with what an apostrophe joins. */
const WRITTEN_WORD = /[\p{L}\p{M}\p{N}]+(?:['’][\p{L}\p{M}]+)*/gu;
/** A word that begins as names do, in scripts that have capitals. */
const NAME = /^\p{Lu}[\p{Ll}\p{M}]+$/u;
/** Scripts without spaces: there a phrase may begin and end at any letter. */
const UNSPACED = /[\p{scx=Han}\p{scx=Hira}\p{scx=Kana}\p{scx=Thai}][\p{M}]*/gu;
const STRETCHED = /(\p{L})\1{2,}/gu;

const courtesies = readPhrases(COURTESIES);
const fillers = readPhrases(FILLERS);
const phraseLengthMax = Math.max(...[...courtesies, ...fillers].map(({ length }) => length));

/** A word of a text, without the spaces and marks around it. */
interface Word {
  readonly key: string;
  readonly isName: boolean;
}

/**
 * Whether a text is nothing but greetings, thanks, goodbyes and confirmations, in any of two dozen languages: nothing to
 * look an answer up for, and nothing of what a conversation was about. Nothing at all is small talk, too; a number
 * or a name of its own is not.
 */
export function isSmallTalk(text: string): boolean {
  const trimmed = text.trim();
  if (trimmed.length > LENGTH_MAX) return false;
  const words = splitText(trimmed);
  // What was said up to each word: nothing, a filler, or a courtesy, which a name may follow.
  const reached: (false | 'filler' | 'courtesy')[] = ['filler'];
  for (let from = 0; from < words.length; from++) {
    const before = reached[from];
    if (!before) continue;
    if (before === 'courtesy' && words[from]?.isName === true) reached[from + 1] ??= 'filler';
    let key = '';
    for (let end = from; end < words.length && key.length <= phraseLengthMax; end++) {
      key += words[end]?.key ?? '';
      if (courtesies.has(key)) reached[end + 1] = 'courtesy';
      else if (fillers.has(key)) reached[end + 1] ??= 'filler';
    }
  }
  return Boolean(reached[words.length]);
}

function splitText(text: string): Word[] {
  return (text.match(WRITTEN_WORD) ?? []).flatMap((written) => {
    const isName = NAME.test(written);
    return keysOf(written).map((key) => ({ key, isName }));
  });
}

/** A word as phrases have it: without capitals, marks and apostrophes, and each letter of its own in scripts without spaces. */
function keysOf(written: string): string[] {
  const plain = normalizeText(written).replace(/[^\p{L}\p{M}\p{N}]/gu, '');
  const parts = plain.replace(STRETCHED, '$1').replace(UNSPACED, ' $& ').split(' ');
  return parts.filter((part) => part !== '');
}

function readPhrases(lists: readonly string[]): Set<string> {
  const phrases = lists.flatMap((list) => list.split(','));
  return new Set(phrases.map((phrase) => splitText(phrase).reduce((key, word) => key + word.key, '')));
}
