/**
 * The elements of a JSON array as they arrive, in however small pieces.
 *
 * @param {AsyncIterable<string>} pieces
 * @returns {AsyncGenerator<any, void, undefined>}
 */
export async function* elementsOf(pieces) {
  let text = '';
  let start = -1;
  let at = 0;
  let depth = 0;
  let isString = false;
  for await (const piece of pieces) {
    text += piece;
    for (; at < text.length; at++) {
      const character = text[at];
      if (isString) {
        // What is escaped ends nothing; it may be in the next piece.
        if (character === '\\') at++;
        else if (character === '"') isString = false;
      } else if (character === '"') isString = true;
      else if (character === '{' || character === '[') {
        depth++;
        if (depth === 2) start = at;
      } else if (character === '}' || character === ']') {
        depth--;
        if (depth !== 1) continue;
        yield JSON.parse(text.slice(start, at + 1));
        text = text.slice(at + 1);
        at = -1;
      }
    }
  }
}
