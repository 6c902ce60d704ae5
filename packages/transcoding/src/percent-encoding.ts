/**
 * Undoes percent-encoding, or answers undefined where the text is malformed: a bare `%`, bytes that are not
 * UTF-8, or characters that may not stand in a URL (an HTTP server would hand them over as Latin-1, so taking
 * them as they are would quietly store other text than the caller meant).
 *
 * With `keepSlashes`, `%2F` stays as it is, as http.proto demands of variables with several segments: a decoded
 * one could not be told from the slash between two segments.
 * https://github.com/googleapis/googleapis/blob/master/google/api/http.proto
 */
export function decodePercent(text: string, options: { keepSlashes: boolean }): string | undefined {
  if (/[^\x21-\x7e]/.test(text)) return undefined;
  if (!text.includes('%')) return text;
  try {
    if (!options.keepSlashes) return decodeURIComponent(text);
    // The capturing group keeps the separators in the result, at the odd places.
    const parts = text.split(/(%2f)/i);
    return parts.map((part, place) => (place % 2 === 1 ? part : decodeURIComponent(part))).join('');
  } catch {
    return undefined;
  }
}
