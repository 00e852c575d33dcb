/**
 * @file From XHTML and HTML, as FHIR narratives and presented forms have it, to plain text with lines. One pass from
 * left to right, so that no markup, however broken, takes longer than its length.
 */

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ' };

/** Beginnings and ends of these elements end a line. */
const BLOCKS = new Set('p div br li ul ol tr table h1 h2 h3 h4 h5 h6 section pre dt dd hr'.split(' '));
/** What stands in these is no text. */
const SILENT = ['script', 'style'];

/** The text between the tags. */
const withoutTags = (html: string): string => {
  const lower = html.toLowerCase();
  const pieces: string[] = [];
  for (let at = 0; at < html.length; ) {
    const open = html.indexOf('<', at);
    if (open < 0) {
      pieces.push(html.slice(at));
      break;
    }
    pieces.push(html.slice(at, open));
    const comment = html.startsWith('<!--', open);
    const close = html.indexOf(comment ? '-->' : '>', open);
    // A tag that never ends is text; a comment that never ends hides the rest.
    if (close < 0) {
      if (!comment) pieces.push(html.slice(open));
      break;
    }
    at = close + (comment ? 3 : 1);
    if (comment) continue;
    const name = /^<\/?([a-z][a-z0-9]{0,10})/.exec(lower.slice(open, open + 13))?.[1] ?? '';
    if (BLOCKS.has(name)) pieces.push('\n');
    if (SILENT.includes(name) && lower[open + 1] !== '/') {
      const end = lower.indexOf(`</${name}`, at);
      if (end < 0) break;
      at = end;
    }
  }
  return pieces.join('');
};

/**
 * @example narrativeText('<div><p>FINDINGS: Clear &amp; dry.</p></div>') // 'FINDINGS: Clear & dry.'
 */
export const narrativeText = (html: string): string =>
  withoutTags(html)
    .replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|(\w{1,10}));/gi, (whole, decimal, hex, name) => {
      if (name !== undefined) return ENTITIES[String(name).toLowerCase()] ?? whole;
      const code = decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal);
      return code > 0 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff) ? String.fromCodePoint(code) : ' ';
    })
    .split('\n')
    .map((line) => line.replace(/[ \t]+/g, ' ').trim())
    .filter((line) => line !== '')
    .join('\n');
