type Place =
  | 'before the list'
  | 'before an element'
  | 'in an element'
  | 'behind an element'
  | 'behind the list';

/**
 * Cuts a JSON array of objects, which is how a method that streams answers over HTTP, into the texts of its elements
 * while it is still arriving. Throws a SyntaxError for text that is no such array; what is inside of an element is
 * looked at no further than to find its end.
 */
export class JsonList {
  #place: Place = 'before the list';
  #isEmpty = true;
  #element = '';
  #depth = 0;
  #inString = false;
  #escaped = false;

  /** How much of an element is kept that has not ended yet. */
  get pending(): number {
    return this.#element.length;
  }

  /** The elements that end in this piece of the text. */
  push(text: string): string[] {
    const elements: string[] = [];
    let start = 0;
    for (let at = 0; at < text.length; at++) {
      if (this.#place === 'in an element') {
        if (!this.#endsAt(text.charCodeAt(at))) continue;
        elements.push(this.#element + text.slice(start, at + 1));
        this.#element = '';
        this.#place = 'behind an element';
      } else if (this.#step(text.charAt(at))) {
        start = at;
      }
    }
    if (this.#place === 'in an element') this.#element += text.slice(start);
    return elements;
  }

  /** Throws where the list has not ended. */
  end(): void {
    if (this.#place !== 'behind the list') throw new SyntaxError(`the text ends ${this.#place}`);
  }

  /** Between elements; whether one begins with this character. */
  #step(character: string): boolean {
    if (' \t\r\n'.includes(character)) return false;
    if (this.#place === 'before the list' && character === '[') {
      this.#place = 'before an element';
    } else if (this.#place === 'before an element' && character === '{') {
      this.#place = 'in an element';
      this.#isEmpty = false;
      this.#depth = 1;
      return true;
    } else if (this.#place === 'before an element' && this.#isEmpty && character === ']') {
      this.#place = 'behind the list';
    } else if (this.#place === 'behind an element' && character === ',') {
      this.#place = 'before an element';
    } else if (this.#place === 'behind an element' && character === ']') {
      this.#place = 'behind the list';
    } else {
      throw new SyntaxError(`unexpected ${JSON.stringify(character)} ${this.#place}`);
    }
    return false;
  }

  /** Inside of an element; whether it ends with this character. */
  #endsAt(code: number): boolean {
    if (this.#inString) {
      if (this.#escaped) this.#escaped = false;
      else if (code === 0x5c) this.#escaped = true;
      else if (code === 0x22) this.#inString = false;
      return false;
    }
    if (code === 0x22) this.#inString = true;
    else if (code === 0x7b || code === 0x5b) this.#depth++;
    else if (code === 0x7d || code === 0x5d) this.#depth--;
    return this.#depth === 0;
  }
}
