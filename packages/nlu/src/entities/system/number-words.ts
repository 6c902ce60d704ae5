import { normalizeText } from '../../text/normalization.ts';
import { PhraseTrie } from '../phrase-trie.ts';
import { tokenWords } from '../tokens.ts';
import { baseLanguage } from './query.ts';

/** What a number word does: stands for a number below a thousand, multiplies what comes before it, or counts a place. */
export interface NumberWord {
  readonly kind: 'number' | 'scale' | 'ordinal';
  readonly value: number;
}

/** The number words of a language. */
export interface NumberWords {
  readonly words: PhraseTrie<NumberWord>;
  /** What is left of words that are run together, "fünfundzwanzig", is looked up here. */
  readonly parts: ReadonlyMap<string, NumberWord> | undefined;
  /** "and" in "a hundred and five". */
  readonly and: ReadonlySet<string>;
  /** It stands between tens and ones too: "treinta y cinco". */
  readonly andBeforeOnes: boolean;
  /** "soixante-dix": sixty and eighty go on to nineteen. */
  readonly scores: boolean;
  /** "point" in "two point five". */
  readonly point: ReadonlySet<string>;
  /** "and a half". */
  readonly half: PhraseTrie<true>;
  /** Articles that are "one" before a scale and before a unit: "a million", "an hour". */
  readonly articles: ReadonlySet<string>;
  /** What comes after the digits of an ordinal: "th". */
  readonly ordinalEnding: RegExp;
}

interface Table {
  /** Words in order from zero, with other forms after "|". */
  readonly ones: string;
  /** From ten on, in tens. */
  readonly tens: string;
  /** Numbers that follow no order, as "100=cent|cents". */
  readonly more?: string;
  readonly scales: string;
  /** Words in order from first. */
  readonly ordinals: string;
  readonly moreOrdinals?: string;
  readonly and: string;
  readonly andBeforeOnes?: boolean;
  readonly scores?: boolean;
  readonly point: string;
  readonly half: string;
  readonly articles: string;
  readonly ordinalEnding: RegExp;
  readonly runTogether?: boolean;
}

/** Their numerals are signs: `han-numerals.ts` reads them. */
const HAN_LANGUAGES: ReadonlySet<string> = new Set(['ja', 'zh']);

const TABLES: Readonly<Record<string, Table>> = {
  de: {
    ones:
      'null eins|ein|eine zwei|zwo drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn ' +
      'sechzehn siebzehn achtzehn neunzehn',
    tens: 'zehn zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig',
    scales: '12=dutzend 100=hundert 1000=tausend 1000000=million|millionen 1000000000=milliarde|milliarden',
    ordinals:
      'erste|ersten|erster|erstes zweite|zweiten|zweiter|zweites dritte|dritten|dritter|drittes vierte|vierten|vierter ' +
      'fünfte|fünften|fünfter sechste|sechsten|sechster siebte|siebten|siebter achte|achten|achter ' +
      'neunte|neunten|neunter zehnte|zehnten|zehnter elfte|elften|elfter zwölfte|zwölften|zwölfter',
    and: 'und',
    point: 'komma',
    half: 'einhalb',
    articles: 'ein eine einen einer einem',
    ordinalEnding: /^\.(?=\s\p{L})/u,
    runTogether: true,
  },
  en: {
    ones:
      'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen ' +
      'seventeen eighteen nineteen',
    tens: 'ten twenty thirty forty|fourty fifty sixty seventy eighty ninety',
    scales:
      '12=dozen 100=hundred 1000=thousand 1000000=million 1000000000=billion 1000000000000=trillion 100000=lakh|lakhs 10000000=crore|crores',
    ordinals:
      'first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth ' +
      'fifteenth sixteenth seventeenth eighteenth nineteenth twentieth',
    moreOrdinals: '30=thirtieth 40=fortieth 50=fiftieth 100=hundredth',
    and: 'and',
    point: 'point',
    half: 'and_a_half|and_one_half',
    articles: 'a an',
    ordinalEnding: /^(?:st|nd|rd|th)(?![\p{L}\p{N}])/iu,
  },
  es: {
    ones:
      'cero uno|un|una dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciséis ' +
      'diecisiete dieciocho diecinueve veinte veintiuno|veintiún|veintiuna veintidós veintitrés veinticuatro ' +
      'veinticinco veintiséis veintisiete veintiocho veintinueve',
    tens: 'diez veinte treinta cuarenta cincuenta sesenta setenta ochenta noventa',
    more:
      '100=cien|ciento 200=doscientos|doscientas 300=trescientos|trescientas 400=cuatrocientos|cuatrocientas ' +
      '500=quinientos|quinientas 600=seiscientos|seiscientas 700=setecientos|setecientas ' +
      '800=ochocientos|ochocientas 900=novecientos|novecientas',
    scales: '12=docena 1000=mil 1000000=millón|millones',
    ordinals:
      'primero|primera|primer segundo|segunda tercero|tercera|tercer cuarto|cuarta quinto|quinta sexto|sexta ' +
      'séptimo|séptima octavo|octava noveno|novena décimo|décima',
    and: 'y',
    andBeforeOnes: true,
    point: 'coma punto',
    half: 'y_medio|y_media',
    articles: 'un una uno',
    ordinalEnding: /^\.?[ºª°](?!\p{L})/u,
  },
  fr: {
    ones:
      'zéro un|une deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize dix_sept ' +
      'dix_huit dix_neuf',
    tens: 'dix vingt trente quarante cinquante soixante septante quatre_vingt|quatre_vingts nonante',
    scales: '12=douzaine 100=cent|cents 1000=mille 1000000=million|millions 1000000000=milliard|milliards',
    ordinals:
      'premier|première deuxième|second|seconde troisième quatrième cinquième sixième septième huitième neuvième ' +
      'dixième onzième douzième',
    and: 'et',
    andBeforeOnes: true,
    scores: true,
    point: 'virgule',
    half: 'et_demi|et_demie',
    articles: 'un une',
    ordinalEnding: /^(?:er|ère|re|e|ème|è|nd|nde)(?![\p{L}\p{N}])/iu,
  },
  it: {
    ones:
      'zero uno|un|una|un due tre quattro cinque sei sette otto nove dieci undici dodici tredici quattordici quindici ' +
      'sedici diciassette diciotto diciannove',
    tens: 'dieci venti|vent trenta|trent quaranta|quarant cinquanta|cinquant sessanta|sessant settanta|settant ottanta|ottant novanta|novant',
    more: '3=tré',
    scales: '12=dozzina 100=cento 1000=mille|mila 1000000=milione|milioni 1000000000=miliardo|miliardi',
    ordinals:
      'primo|prima secondo|seconda terzo|terza quarto|quarta quinto|quinta sesto|sesta settimo|settima ottavo|ottava ' +
      'nono|nona decimo|decima',
    and: 'e',
    point: 'virgola',
    half: 'e_mezzo|e_mezza',
    articles: 'un una uno',
    ordinalEnding: /^[º°ª](?!\p{L})/u,
    runTogether: true,
  },
  nl: {
    ones:
      'nul een|één twee drie vier vijf zes zeven acht negen tien elf twaalf dertien veertien vijftien zestien ' +
      'zeventien achttien negentien',
    tens: 'tien twintig dertig veertig vijftig zestig zeventig tachtig negentig',
    scales: '12=dozijn 100=honderd 1000=duizend 1000000=miljoen 1000000000=miljard',
    ordinals: 'eerste tweede derde vierde vijfde zesde zevende achtste negende tiende elfde twaalfde',
    and: 'en',
    point: 'komma',
    half: 'en_een_half|en_half',
    articles: 'een',
    ordinalEnding: /^(?:e|de|ste)(?![\p{L}\p{N}])/iu,
    runTogether: true,
  },
  pt: {
    ones:
      'zero um|uma dois|duas três quatro cinco seis sete oito nove dez onze doze treze catorze|quatorze quinze ' +
      'dezesseis|dezasseis dezessete|dezassete dezoito dezenove|dezanove',
    tens: 'dez vinte trinta quarenta cinquenta sessenta setenta oitenta noventa',
    more:
      '100=cem|cento 200=duzentos|duzentas 300=trezentos|trezentas 400=quatrocentos|quatrocentas ' +
      '500=quinhentos|quinhentas 600=seiscentos|seiscentas 700=setecentos|setecentas 800=oitocentos|oitocentas ' +
      '900=novecentos|novecentas',
    scales: '12=dúzia 1000=mil 1000000=milhão|milhões 1000000000=bilhão|bilhões',
    ordinals:
      'primeiro|primeira segundo|segunda terceiro|terceira quarto|quarta quinto|quinta sexto|sexta sétimo|sétima ' +
      'oitavo|oitava nono|nona décimo|décima',
    and: 'e',
    andBeforeOnes: true,
    point: 'vírgula ponto',
    half: 'e_meio|e_meia',
    articles: 'um uma',
    ordinalEnding: /^\.?[ºª°](?!\p{L})/u,
  },
};

/** Whether number words are read in a language, not digits alone. */
export function readsNumberWords(language: string): boolean {
  return baseLanguage(language) in TABLES || HAN_LANGUAGES.has(baseLanguage(language));
}

/** The number words of a language ("de", "en", ...), if they are known. */
export function numberWordsOf(language: string): NumberWords | undefined {
  const table = TABLES[language];
  if (table === undefined) return undefined;
  const words = new PhraseTrie<NumberWord>();
  const parts = new Map<string, NumberWord>();
  for (const [forms, word] of entriesOf(table)) {
    for (const form of forms.split('|')) {
      const [first = '', ...rest] = tokenWords(form.replaceAll('_', ' '));
      words.add([first, ...rest], word);
      if (rest.length === 0 && !parts.has(first)) parts.set(first, word);
    }
  }
  const half = new PhraseTrie<true>();
  for (const form of table.half.split('|')) half.add(tokenWords(form.replaceAll('_', ' ')), true);
  const compared = (list: string): ReadonlySet<string> => new Set(normalizeText(list).split(' '));
  return {
    words,
    parts: table.runTogether ? parts : undefined,
    and: compared(table.and),
    andBeforeOnes: table.andBeforeOnes ?? false,
    scores: table.scores ?? false,
    point: compared(table.point),
    half,
    articles: compared(table.articles),
    ordinalEnding: table.ordinalEnding,
  };
}

function* entriesOf(table: Table): Generator<readonly [forms: string, word: NumberWord]> {
  for (const [value, forms] of table.ones.split(' ').entries()) yield [forms, { kind: 'number', value }];
  for (const [at, forms] of table.tens.split(' ').entries())
    yield [forms, { kind: 'number', value: 10 * (at + 1) }];
  for (const [at, forms] of table.ordinals.split(' ').entries())
    yield [forms, { kind: 'ordinal', value: at + 1 }];
  for (const [kind, list] of [
    ['number', table.more],
    ['scale', table.scales],
    ['ordinal', table.moreOrdinals],
  ] as const) {
    for (const entry of list?.split(' ') ?? []) {
      const [value, forms = ''] = entry.split('=');
      yield [forms, { kind, value: Number(value) }];
    }
  }
}
