import type { Agent } from '@parleykit/proto/v2beta1';

/**
 * The language of an agent in which a query is answered: the one that is asked for, else the one at its root ("pt" of
 * "pt-BR"), else the agent's default.
 */
export function chooseLanguage(
  { defaultLanguageCode, supportedLanguageCodes }: Agent,
  requested: string,
): string {
  const known = [defaultLanguageCode, ...supportedLanguageCodes];
  const wanted = requested.toLowerCase().replaceAll('_', '-');
  const [root] = wanted.split('-');
  const find = (language: string | undefined) => known.find((code) => code.toLowerCase() === language);
  return find(wanted) ?? find(root) ?? defaultLanguageCode;
}
