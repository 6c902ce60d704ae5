/**
 * Reads server-sent events and gives the data of each as soon as it is whole: https://html.spec.whatwg.org/#parsing-an-event-stream
 * Names, ids and times to reconnect after are passed over. What is not whole at the end is no event.
 */
export class EventStream {
  readonly #decoder = new TextDecoder();
  /** The line that has not ended yet, in the parts that it came in. */
  #line: string[] = [];
  #data: string[] = [];
  #endsWithReturn = false;

  /** The data of the events that end within these bytes. */
  feed(bytes: Uint8Array): string[] {
    let text = this.#decoder.decode(bytes, { stream: true });
    if (text === '') return [];
    // The other half of a CR LF, whose line has ended already.
    if (this.#endsWithReturn && text.startsWith('\n')) text = text.slice(1);
    this.#endsWithReturn = text.endsWith('\r');
    const [first = '', ...rest] = text.split(/\r\n|\n|\r/u);
    this.#line.push(first);
    const events: string[] = [];
    for (const next of rest) {
      this.#endLine(this.#line.join(''), events);
      this.#line = [next];
    }
    return events;
  }

  #endLine(line: string, events: string[]): void {
    if (line === '') {
      if (this.#data.length > 0) events.push(this.#data.join('\n'));
      this.#data = [];
      return;
    }
    const data = /^data(?::[ ]?(.*))?$/su.exec(line);
    if (data !== null) this.#data.push(data[1] ?? '');
  }
}
