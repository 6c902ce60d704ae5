import { normalizeText } from '../text/normalization.ts';

/**
 * What a sentence does in a conversation, as far as single words tell.
 *
 * request   asks for something, or tells of what is wrong
 * action    offers, promises or tells of a step towards it
 * result    tells that it is done, or what came of it
 * question  ends as questions do
 */
export type DialogueAct = 'request' | 'action' | 'result' | 'question';

/** Beginnings of words and of rows of words, as `normalizeText` leaves them, by language. A `$` ends a word. */
const CUES: Readonly<Record<Exclude<DialogueAct, 'question'>, readonly string[]>> = {
  request: [
    `i need, i want, i would like, id like, i am looking for, im looking for, looking for, looking to, i am trying, im trying, i tried,
    trying to, can you, could you, can i$, could i$, would you, do you have, is it possible, is there a$, is there any$, how do i$, how can i$,
    where is, when will, why is, why did, i wish to, we need, help me, help with, problem, issue, trouble, error, doesnt, does not, didnt,
    did not, wont$, isnt, is not, not working, never arrived, broken, damaged, cannot, cant$, unable, wrong, missing, lost$, stolen, declined,
    charged, cancel$, refund, return$, complain, waiting for, still waiting, havent, have not, forgot, locked out`,
    `ich brauche, ich mochte, ich will, ich wurde gern, ich hatte gern, ich suche, konnen sie, konnten sie, kann ich, wo ist, wann kommt, wie kann,
    wie bekomme, problem, fehler, funktioniert nicht, geht nicht, klappt nicht, kaputt, defekt, falsch, fehlt, verloren, gestohlen, storn,
    kundig, erstatt, zuruckgeb, reklam, warte, nicht angekommen, vergessen`,
    `je voudrais, je veux, j ai besoin, je cherche, je souhaite, j aimerais, pouvez vous, pourriez vous, est ce que je peux, comment puis je, ou est,
    probleme, erreur, ne marche pas, ne fonctionne pas, casse, defectueux, perdu, vole$, annuler, rembours, retourner, je n arrive pas,
    pas recu, oublie`,
    `necesito, quiero, quisiera, me gustaria, busco, estoy buscando, puede$, podria, puedo, donde esta, como puedo, problema, error, no funciona,
    no puedo, roto, danado, perdi, robaron, cancelar, reembols, devol, no ha llegado, no llego, olvide`,
    `vorrei, voglio, ho bisogno, cerco, sto cercando, potete, puo$, potrebbe, posso, dov e, come posso, problema, errore, non funziona, non riesco,
    rotto, perso, rubat, annull, disdire, rimbors, restitu, non e arrivat, dimenticat`,
    `preciso, quero, gostaria, queria, procuro, estou procurando, pode$, poderia, posso, onde esta, como posso, como faco, problema, erro$,
    nao funciona, nao consigo, quebrad, perdi, roubad, cancelar, reembols, devol, nao chegou, esqueci`,
    `ik wil, ik zou graag, ik heb .* nodig, ik zoek, kunt u, kan ik, kun je, waar is, hoe kan, probleem, fout, werkt niet, lukt niet, kapot,
    verloren, gestolen, annuler, opzeg, terugbetal, retour, niet ontvangen, vergeten`,
    `мне нужно, я хочу, хотел бы, хотела бы, можете, можно ли, могу ли, где мой, как мне, проблема, ошибка, не работает, не могу, сломал, потерял,
    украли, отменить, вернуть, возврат, не пришел, не пришла, забыл`,
  ],
  action: [
    `i will, ill$, i have, ive, i can$, i am going to, im going to, i just, i checked, i see that, let me, lets, we will, we have, we can$, weve, please,
    you can$, you could, you will need, youll need, you need to, try$, i would suggest, i suggest, i recommend, i am sending, im sending,
    i am checking, im checking, i am looking into, im looking into, i looked, i found, i was able to`,
    `ich habe, ich werde, ich kann, ich schicke, ich prufe, ich sehe, lassen sie mich, wir haben, wir werden, wir konnen, bitte, sie konnen,
    sie mussen, versuchen sie`,
    `je vais, j ai, je peux, je vous envoie, je verifie, je vois, nous avons, nous allons, nous pouvons, veuillez, vous pouvez, vous devez, essayez`,
    `voy a, he enviado, he revisado, he comprobado, he cancelado, he encontrado, puedo, le envio, estoy verificando, veo que, vamos a, hemos, podemos, por favor, puede$, debe, intente`,
    `ho verificato, ho controllato, ho inviato, ho trovato, ho annullato, posso, le invio, sto verificando, vedo che, abbiamo, possiamo, per favore, puo$, deve, provi`,
    `vou$, eu tenho, posso, estou verificando, vejo que, vamos, podemos, por favor, voce pode, tente`,
    `ik heb, ik zal, ik kan, ik ga, ik stuur, ik zie, laat me, we hebben, we kunnen, u kunt, u moet, probeer`,
    `я проверю, я вижу, я могу, я отправ, я оформ, сейчас, давайте, мы можем, мы отправ, пожалуйста, вы можете, вам нужно, попробуйте`,
  ],
  result: [
    `done$, booked, confirmed, resolved, solved, fixed, refunded, sent$, sorted, works now, working now, it works, that works, it worked, completed,
    is complete, cancelled, canceled, scheduled, rescheduled, updated, reset$, activated, restored, credited, replaced, approved, registered,
    will receive, will be, youll receive, you should receive, should arrive, reference number, confirmation number, confirmation email,
    all set, is ready, has been, have been, was able, is now, are now, unfortunately, not possible, unable to, there is no, went through`,
    `erledigt, gebucht, bestatigt, gelost, behoben, erstattet, verschickt, geschickt, storniert, geandert, aktualisiert, zuruckgesetzt,
    freigeschaltet, funktioniert jetzt, funktioniert wieder, sie erhalten, leider, nicht moglich, ist jetzt`,
    `c est fait, reserve, confirme, resolu, rembourse, envoye, annule, modifie, mis a jour, reinitialise, fonctionne maintenant, ca marche,
    vous recevrez, malheureusement, pas possible, a ete`,
    `listo, hecho, reservad, confirmad, resuelt, solucionad, reembolsad, enviad, cancelad, actualizad, ya funciona, recibira,
    lamentablemente, no es posible, ha sido`,
    `fatto, prenotat, confermat, risolt, rimborsat, inviat, annullat, aggiornat, ora funziona, ricevera, purtroppo, non e possibile, e stat`,
    `pronto, feito, reservad, confirmad, resolvid, reembolsad, enviad, cancelad, atualizad, agora funciona, recebera, infelizmente,
    nao e possivel, foi$`,
    `geregeld, geboekt, bevestigd, opgelost, terugbetaald, verzonden, gestuurd, geannuleerd, gewijzigd, werkt nu, u ontvangt, helaas,
    niet mogelijk, is nu`,
    `готово, сделано, забронирован, подтвержден, решен, исправлен, возвращен, отправлен, отменен, обновлен, теперь работает, заработало,
    вы получите, к сожалению`,
  ],
};

/** Those of scripts without spaces, where a word begins anywhere. */
const UNSPACED_CUES: typeof CUES = {
  request: [
    '想, 需要, 帮我, 請問, 请问, 问题, 問題, 不能, 无法, 無法, 怎么, 退款, 取消, 丢, 坏, たい, できない, できません, ください, 困って, 届かない, 届きません, 壊れ, 紛失, 返金, キャンセル, 싶, 필요, 문제, 안 돼, 안 되, 환불, 취소, 분실',
  ],
  action: [
    '我来, 我会, 我可以, 您可以, 我帮您, 我们会, 正在, いたします, 確認し, お送りし, してみて, 해 드리, 해드리, 확인해, 보내 드리',
  ],
  result: [
    '已经, 已經, 已为您, 已為您, 完成, 成功, 好了, 解决了, 抱歉, しました, できました, 完了, 解決, 残念, 했습니다, 되었습니다, 됐습니다, 완료, 해결',
  ],
};

const cues = Object.entries(CUES).map(([act, lists]) => {
  const unspaced = UNSPACED_CUES[act as keyof typeof CUES];
  return { act: act as DialogueAct, spaced: readSpaced(lists), unspaced: readUnspaced(unspaced) };
});

const QUESTION = /[?？؟;]["'»”)\s]*$/u;

/** What a sentence does; nothing where no word of it tells. */
export function dialogueActsOf(sentence: string): ReadonlySet<DialogueAct> {
  const plain = normalizeText(sentence);
  const acts = new Set<DialogueAct>();
  for (const { act, spaced, unspaced } of cues) {
    if (spaced.test(plain) || unspaced.test(plain)) acts.add(act);
  }
  if (QUESTION.test(sentence)) acts.add('question');
  return acts;
}

function split(lists: readonly string[]): string[] {
  return lists.flatMap((list) => list.split(',').map((cue) => cue.trim().replace(/\s+/gu, ' ')));
}

function readSpaced(lists: readonly string[]): RegExp {
  const words = split(lists).map((cue) =>
    cue.replace(/ \.\* /u, ' (?:[\\p{L}\\p{M}\\p{N}]+ ){1,4}').replaceAll('$', '(?![\\p{L}\\p{M}\\p{N}])'),
  );
  return new RegExp(`(?<![\\p{L}\\p{M}\\p{N}])(?:${words.join('|')})`, 'u');
}

function readUnspaced(lists: readonly string[]): RegExp {
  return new RegExp(split(lists).join('|'), 'u');
}
