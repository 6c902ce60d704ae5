import type { Match } from '../entity-type.ts';
import { PhraseTrie } from '../phrase-trie.ts';
import { tokenWords } from '../tokens.ts';
import { baseLanguage, intlLanguage, type SystemQuery } from './query.ts';

/** Finds the words of closed lists: colours, languages and countries. */
export interface VocabularyReader {
  find(query: SystemQuery, entityType: string): readonly Match[];
}

/** Colours, the forms of one together. The value is the form that was said: colours are mapped to no other. */
const COLORS: Readonly<Record<string, string>> = {
  de:
    'rot|rote|roter|rotes|roten,blau|blaue|blauer|blaues|blauen,grün|grüne|grüner|grünes|grünen,' +
    'gelb|gelbe|gelber|gelbes|gelben,schwarz|schwarze|schwarzer|schwarzes|schwarzen,' +
    'weiß|weiße|weißer|weißes|weißen,grau|graue|grauer|graues|grauen,braun|braune|brauner|braunes|braunen,' +
    'orange|orangene,rosa,lila,violett|violette,türkis,silber|silbern|silberne,gold|golden|goldene,beige,' +
    'dunkelblau,hellblau,dunkelgrün,hellgrün,dunkelrot,pink',
  en:
    'red,blue,green,yellow,black,white,gray|grey,brown,orange,pink,purple,violet,turquoise,silver,gold|golden,beige,' +
    'cyan,magenta,maroon,navy,navy blue,teal,olive,lime,indigo,ivory,khaki,lavender,lilac,mint,mauve,peach,plum,' +
    'salmon,scarlet,crimson,coral,aqua,amber,azure,burgundy,bronze,charcoal,chocolate,copper,cream,emerald,fuchsia,' +
    'rose,ruby,rust,sapphire,tan,taupe,terracotta,vermilion,sky blue,royal blue,baby blue,dark blue,light blue,' +
    'dark green,light green,forest green,dark red,dark gray|dark grey,light gray|light grey,hot pink',
  es:
    'rojo|roja|rojos|rojas,azul|azules,verde|verdes,amarillo|amarilla|amarillos|amarillas,negro|negra|negros|negras,' +
    'blanco|blanca|blancos|blancas,gris|grises,marrón|marrones,café,naranja|anaranjado,rosa|rosado|rosada,' +
    'morado|morada,violeta,turquesa,plateado|plateada,dorado|dorada,beige,celeste,azul marino',
  fr:
    'rouge|rouges,bleu|bleue|bleus|bleues,vert|verte|verts|vertes,jaune|jaunes,noir|noire|noirs|noires,' +
    'blanc|blanche|blancs|blanches,gris|grise|grises,marron|brun|brune,orange,rose|roses,violet|violette,turquoise,' +
    'argenté|argentée,doré|dorée,beige,bordeaux,bleu marine,bleu ciel',
  it:
    'rosso|rossa|rossi|rosse,blu,verde|verdi,giallo|gialla|gialli|gialle,nero|nera|neri|nere,' +
    'bianco|bianca|bianchi|bianche,grigio|grigia|grigi|grigie,marrone|marroni,arancione|arancioni,rosa,viola,' +
    'turchese,argento,oro,beige,azzurro|azzurra,celeste',
  nl:
    'rood|rode,blauw|blauwe,groen|groene,geel|gele,zwart|zwarte,wit|witte,grijs|grijze,bruin|bruine,oranje,roze,' +
    'paars|paarse,turkoois,zilver,goud,beige',
  pt:
    'vermelho|vermelha|vermelhos|vermelhas,azul|azuis,verde|verdes,amarelo|amarela|amarelos|amarelas,' +
    'preto|preta|pretos|pretas,branco|branca|brancos|brancas,cinza|cinzento,marrom|castanho,laranja,' +
    'rosa|cor-de-rosa,roxo|roxa,violeta,turquesa,prateado|prateada,dourado|dourada,bege,azul-marinho',
};

/** Whether the colours of a language are known. */
export function knowsColors(language: string): boolean {
  return baseLanguage(language) in COLORS;
}

const SAID_COUNTRIES: Readonly<Record<string, readonly (readonly [names: string, region: string])[]>> = {
  en: [
    ['usa|united states of america|the states|america', 'US'],
    ['great britain|britain|england', 'GB'],
    ['holland', 'NL'],
    ['uae|emirates', 'AE'],
    ['turkey', 'TR'],
    ['ivory coast', 'CI'],
    ['burma', 'MM'],
    ['czech republic', 'CZ'],
  ],
};
/** These count in capital letters alone: "us" is another word. */
const COUNTRY_ABBREVIATION = /(?<![\p{L}\p{N}])(?:U\.?S|U\.?K)(?![\p{L}\p{N}])\.?/gu;

/** Makes what finds colours, from own lists, and languages and countries, from the locale data. */
export function createVocabularyReader(language: string): VocabularyReader {
  const colors = new PhraseTrie<string>();
  for (const form of COLORS[baseLanguage(language)]?.split(/[,|]/u) ?? []) colors.add(tokenWords(form), form);
  const languages = languageNames(language);
  const countries = countryNames(language);
  return {
    find({ text, tokens }, entityType) {
      if (entityType === '@sys.color') return colors.find(tokens);
      if (entityType === '@sys.language') return languages.find(tokens);
      const isEnglish = baseLanguage(language) === 'en';
      return [...countries.find(tokens), ...(isEnglish ? abbreviatedCountries(text) : [])];
    },
  };
}

/** The names of all languages with a code of two letters. */
function languageNames(language: string): PhraseTrie<string> {
  const display = new Intl.DisplayNames(intlLanguage(language), { type: 'language', fallback: 'none' });
  const names = new PhraseTrie<string>();
  const letters = [...'abcdefghijklmnopqrstuvwxyz'];
  for (const code of [
    ...letters.flatMap((first) => letters.map((second) => first + second)),
    'fil',
    'yue',
    'haw',
  ]) {
    const name = display.of(code);
    if (name !== undefined) names.add(tokenWords(name), name);
  }
  return names;
}

function abbreviatedCountries(text: string): Match[] {
  return [...text.matchAll(COUNTRY_ABBREVIATION)].map(({ 0: written, index }) => ({
    start: index,
    end: index + written.length,
    value: written.replaceAll('.', '') === 'US' ? 'United States' : 'United Kingdom',
  }));
}

/** The names of the countries in a language, those that people say for them too. */
function countryNames(language: string): PhraseTrie<string> {
  const locale = intlLanguage(language);
  const names = new PhraseTrie<string>();
  const long = new Intl.DisplayNames(locale, { type: 'region', fallback: 'none' });
  const short = new Intl.DisplayNames(locale, { type: 'region', style: 'short', fallback: 'none' });
  for (const region of regions()) {
    const name = long.of(region);
    if (name === undefined) continue;
    names.add(tokenWords(name), name);
    const brief = short.of(region);
    if (brief !== undefined && brief.length > 2) names.add(tokenWords(brief), name);
  }
  for (const [said, region] of SAID_COUNTRIES[baseLanguage(language)] ?? []) {
    const name = long.of(region);
    if (name !== undefined) for (const other of said.split('|')) names.add(tokenWords(other), name);
  }
  return names;
}

/** Every code of two letters that may be a country's; groups of countries and private codes are none. */
function* regions(): Generator<string> {
  const letters = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ'];
  const none = new Set(['EU', 'EZ', 'QO', 'UN', 'XA', 'XB', 'ZZ']);
  for (const first of letters) {
    for (const second of letters) if (!none.has(first + second)) yield first + second;
  }
}
