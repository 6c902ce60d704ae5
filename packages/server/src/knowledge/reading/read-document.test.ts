import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DocumentPassages_Passage_Kind as PassageKind } from '@parleykit/proto/stored';
import { DOCUMENT_ANSWER_LENGTH_MAX, DOCUMENT_PASSAGES_MAX, DOCUMENT_TEXT_LENGTH_MAX } from '../../limits.ts';
import type { MimeType } from './document-kind.ts';
import { DocumentProblem } from './document-problem.ts';
import { readDocument } from './read-document.ts';

const { FAQ, TEXT, REPLY } = PassageKind;

async function read(mimeType: MimeType, kind: PassageKind, content: string | Uint8Array, charset?: string) {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  return readDocument({ bytes, mimeType, kinds: [kind], charset });
}

/** Questions with answers, or parts with what they stand under. */
async function pairs(mimeType: MimeType, kind: PassageKind, content: string | Uint8Array, charset?: string) {
  return (await read(mimeType, kind, content, charset)).map(({ title, text }) => [title, text]);
}

async function problem(mimeType: MimeType, kind: PassageKind, content: string | Uint8Array): Promise<string> {
  const error = await read(mimeType, kind, content).catch((thrown: unknown) => thrown);
  assert.ok(error instanceof DocumentProblem, String(error));
  return error.message;
}

describe('readDocument() of CSV', () => {
  it('reads questions and answers, quoted or not, with lines in them', async () => {
    const csv = '\ufeffWhere?,Here.\r\n"Who, then?","He said ""I"".\nHim."\n\n , \nWhen? , Now ,,\n';
    assert.deepEqual(await pairs('text/csv', FAQ, csv), [
      ['Where?', 'Here.'],
      ['Who, then?', 'He said "I".\nHim.'],
      ['When?', 'Now'],
    ]);
  });

  const problems: [name: string, csv: string, says: RegExp][] = [
    ['one column', 'a,b\nc\n', /line 2 has no answer: it takes two columns/],
    ['an answer without its question', 'a,b\n,c\n', /line 2 has no question/],
    ['three columns', 'a,b\nWho?,Yes, him\n', /line 2 has 3 columns/],
    ['a quote that nobody closes', 'a,b\n"c,d\n', /is no CSV/],
    ['quotes in the wrong place', 'a,b"c"\n', /is no CSV/],
    ['rows of nothing', ',\n,,\n', /no text/],
    ['nothing', '', /is empty/],
    ['a long answer', `a,${'x'.repeat(DOCUMENT_ANSWER_LENGTH_MAX + 1)}\n`, /an? answer in it is longer than/],
    ['too many rows', 'a,b\n'.repeat(DOCUMENT_PASSAGES_MAX + 1), /more than 20000 passages/],
    ['a row that never ends', `"${'x\n'.repeat(200_000)}`, /is no CSV/],
  ];
  for (const [name, csv, says] of problems) {
    it(`refuses ${name}`, async () => {
      assert.match(await problem('text/csv', FAQ, csv), says);
    });
  }

  it('reads replies from the first column, each once', async () => {
    const csv = 'Hello!,greeting\n"Bye, then"\nHello!\n,\n';
    assert.deepEqual(await pairs('text/csv', REPLY, csv), [
      ['', 'Hello!'],
      ['', 'Bye, then'],
    ]);
  });
});

describe('readDocument() of text', () => {
  it('puts paragraphs together to parts, and cuts long ones where a sentence ends', async () => {
    const sentence = 'This is a sentence of some forty letters. ';
    const long = sentence.repeat(60).trim();
    const passages = await pairs('text/plain', TEXT, `One.\r\n\r\nTwo\nlines.\n \n${long}`);
    assert.equal(passages[0]?.[1], 'One.\nTwo lines.');
    assert.ok(passages.length > 2);
    for (const [, text = ''] of passages) {
      assert.ok(text.length <= 1200, `${text.length}`);
      assert.match(text, /\.$/);
    }
    assert.equal(
      passages
        .slice(1)
        .map(([, text]) => text)
        .join(' '),
      long,
    );
  });

  it('cuts what has no sentences and no words, and no character in two', async () => {
    const passages = await pairs('text/plain', TEXT, '💬'.repeat(1000));
    for (const [, text = ''] of passages) assert.ok(text.isWellFormed());
    assert.equal(passages.map(([, text]) => text).join(''), '💬'.repeat(1000));
  });

  it('reads a reply in each line, each once', async () => {
    assert.deepEqual(await pairs('text/plain', REPLY, 'Hello!\r\n\n Bye!\nHello!'), [
      ['', 'Hello!'],
      ['', 'Bye!'],
    ]);
  });

  it('reads Markdown under its headings, without its marks', async () => {
    const markdown =
      '# Help #\n\nSee **[us](https://example.com)**.\n- one\n- two\n\n## More\n```\ncode\n```\n';
    assert.deepEqual(await pairs('text/markdown', TEXT, markdown), [
      ['Help', 'See us. one two'],
      ['More', 'code'],
    ]);
  });

  it('reads other encodings where they are named', async () => {
    const latin = Buffer.from('Grüße', 'latin1');
    assert.deepEqual(await pairs('text/plain', TEXT, latin, 'iso-8859-1'), [['', 'Grüße']]);
    const wide = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from('Grüße', 'utf16le')]);
    assert.deepEqual(await pairs('text/plain', TEXT, wide), [['', 'Grüße']]);
    const page = Buffer.from('<meta charset="windows-1252"><p>Grüße', 'latin1');
    assert.deepEqual(await pairs('text/html', TEXT, page), [['', 'Grüße']]);
  });

  const problems: [name: string, content: string | Uint8Array, says: RegExp][] = [
    ['blanks', ' \n\t\n', /no text in it/],
    ['another encoding', Buffer.from('Grüße', 'latin1'), /no text in utf-8: save it as UTF-8/],
    ['bytes', Buffer.from([0x50, 0x4b, 0, 0]), /holds NUL characters/],
    ['too much', 'x'.repeat(DOCUMENT_TEXT_LENGTH_MAX + 1), /more than 4000000 characters/],
  ];
  for (const [name, content, says] of problems) {
    it(`refuses ${name}`, async () => {
      assert.match(await problem('text/plain', TEXT, content), says);
    });
  }

  it('refuses an encoding that nobody knows', async () => {
    const error = await read('text/plain', TEXT, 'x', 'klingon').catch((thrown: unknown) => thrown);
    assert.match((error as Error).message, /"klingon" is not known/);
  });
});

describe('readDocument() of HTML', () => {
  it('reads what people read, under its headings', async () => {
    const html = `<!doctype html><title>No</title><style>p{}</style><nav>Menu</nav>
      <h1>Parcels &amp; letters</h1><p>We <b>send</b> them.<br>Daily.</p><script>alert("x")</script>
      <noscript>no</noscript><ul><li>one<li>two</ul><h2>Prices</h2><table><tr><td>5<td>EUR</table>`;
    assert.deepEqual(await pairs('text/html', TEXT, html), [
      ['Parcels & letters', 'We send them.\nDaily.\none\ntwo'],
      ['Prices', '5\nEUR'],
    ]);
  });

  const lists: [name: string, html: string][] = [
    ['a definition list', '<dl><dt>Where?</dt><dd><p>Here.</p></dd><dt>Open now<dd>Yes.</dl>'],
    [
      'details',
      '<details><summary>Where?</summary>Here.</details><details><summary>Open now</summary>Yes.</details>',
    ],
    ['headings', '<h1>FAQ</h1><h2>Where</h2><p>Here.<h2>Open now</h2><p>Yes.'],
  ];
  for (const [name, html] of lists) {
    it(`reads questions of ${name}`, async () => {
      const found = await pairs('text/html', FAQ, html);
      assert.deepEqual(
        found.map(([question = '', answer]) => [question.replace('?', ''), answer]),
        [
          ['Where', 'Here.'],
          ['Open now', 'Yes.'],
        ],
      );
    });
  }

  it('takes headings that ask for questions, and the others for what stands above them', async () => {
    const html = `<h1>FAQ</h1><p>Welcome.</p><h2>Us</h2><h3>Where are you?</h3><p>Here.</p><p>Or there?</p>
      <h2>Them</h2><p>Nothing.</p><h3>Who are they?</h3>Nobody.`;
    assert.deepEqual(await pairs('text/html', FAQ, html), [
      ['Where are you?', 'Here.\nOr there?'],
      ['Who are they?', 'Nobody.'],
    ]);
  });

  it('takes lines that ask for questions where no heading does', async () => {
    const html = '<p><b>Where are you?</b></p><p>Here.</p><p>When?<br>Now.<br>Or later.';
    assert.deepEqual(await pairs('text/html', FAQ, html), [
      ['Where are you?', 'Here.'],
      ['When?', 'Now.\nOr later.'],
    ]);
  });

  it('reads what a page tells search engines, and runs nothing', async () => {
    const answer = (text: string) => ({ '@type': 'Answer', text });
    const data = {
      '@type': 'FAQPage',
      mainEntity: [
        { '@type': 'Question', name: 'Where?', acceptedAnswer: answer('<p>Here.</p><script>x()</script>') },
        { '@type': 'Question', name: 'When?', acceptedAnswer: [answer('Now.')] },
        { '@type': 'Question', name: 'Why?' },
      ],
    };
    const html = `<script type="application/ld+json">{</script>
      <script type='application/ld+json'>${JSON.stringify(data).replaceAll('</', '<\\/')}</script><h2>Other?</h2><p>No.`;
    assert.deepEqual(await pairs('text/html', FAQ, html), [
      ['Where?', 'Here.'],
      ['When?', 'Now.'],
    ]);
  });

  it('refuses a page without questions, and one without text', async () => {
    assert.match(await problem('text/html', FAQ, '<p>Hello.'), /no questions with answers/);
    assert.match(await problem('text/html', FAQ, '<h2>Where?</h2>'), /no questions with answers/);
    assert.match(await problem('text/html', TEXT, '<script>x</script><img alt="y">'), /no text/);
  });
});
