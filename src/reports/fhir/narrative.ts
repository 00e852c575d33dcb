/** @file From XHTML and HTML, as FHIR narratives and presented forms have it, to plain text with lines. */

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ' };

/** Ends of these elements end a line. */
const BLOCK = /<\/?(?:p|div|br|li|ul|ol|tr|table|h[1-6]|section|pre|dt|dd|hr)\b[^>]*>/gi;

/**
 * @example narrativeText('<div><p>FINDINGS: Clear &amp; dry.</p></div>') // 'FINDINGS: Clear & dry.'
 */
export const narrativeText = (html: string): string =>
  html
    .replace(/<!--.*?-->|<(script|style)\b.*?<\/\1>/gis, '')
    // Source line breaks are blanks in HTML, but senders of `pre` mean them; headers need them either way.
    .replace(BLOCK, '\n')
    .replace(/<[^>]*>/g, '')
    .replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|(\w+));/gi, (whole, decimal, hex, name) => {
      if (name !== undefined) return ENTITIES[String(name).toLowerCase()] ?? whole;
      const code = decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal);
      return code > 0 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff) ? String.fromCodePoint(code) : ' ';
    })
    .replace(/[ \t]+/g, ' ')
    .replace(/ ?\n ?/g, '\n')
    .replace(/\n{2,}/g, '\n')
    .trim();
