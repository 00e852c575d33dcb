/**
 * @file A report as MIMIC-CXR lays one out, with its oddities: a blank before every line, lines wrapped near 78
 * characters, headers in several spellings, numbered impressions, addenda, preliminary readings, empty titles.
 */

const RULE = '_'.repeat(78);
const TITLE = `${' '.repeat(33)}FINAL REPORT\n`;

/** Text in lines of at most `width` characters, each after a blank. */
const wrap = (text, width) => {
  const lines = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].map((text) => ` ${text}`).join('\n');
};

const section = (header, text, chance) => {
  const body = wrap(text, chance.of([76, 78, 78, 80]));
  return chance.weighted([
    [6, ` ${header}:  ${body.trimStart()}\n`],
    [3, ` ${header}: \n \n${body}\n`],
    [1, ` ${header}:\n${body}\n`],
  ]);
};

const paragraphs = (sentences, chance) => {
  const gap = () => (chance.is(0.05) ? '  ' : ' ');
  return sentences.reduce((text, sentence) => (text === '' ? sentence : text + gap() + sentence), '');
};

const opening = (chest, chance) =>
  chance.weighted([
    [16, () => TITLE],
    [
      2,
      () =>
        `${' '.repeat(26)}FINAL ADDENDUM\n ADDENDUM:  ${chance.of(['Clinical information was updated.', 'Prior studies were made available for comparison.'])}\n${RULE}\n${TITLE}`,
    ],
    [
      1,
      () =>
        ` WET READ: ___ ___ ___ ${chance.between(1, 12)}:${chance.between(10, 59)} ${chance.of(['AM', 'PM'])}\n  ${chest.kind === 'healthy' ? 'No acute process.' : 'Preliminary reading, see final report.'}\n${RULE}\n${TITLE}`,
    ],
    [2, () => ''],
  ])();

const findingsHeader = (chest, chance) =>
  chance.weighted([
    [30, 'FINDINGS'],
    [1, 'FINDNGS'],
    [1, 'FINDING'],
    [2, chest.portable ? 'PORTABLE CHEST' : 'CHEST, PA AND LATERAL'],
    [2, chest.portable ? 'AP VIEW OF THE CHEST' : 'FRONTAL AND LATERAL VIEWS OF THE CHEST'],
  ]);

const impressionHeader = (chance) =>
  chance.weighted([
    [30, 'IMPRESSION'],
    [2, 'CONCLUSION'],
    [1, 'IMPRESSON'],
    [1, 'IMPRESION'],
  ]);

const numbered = (statements) =>
  statements.length > 1 ? statements.map((statement, place) => `${place + 1}.  ${statement}`).join(' ') : statements[0];

/**
 * A whole report.
 *
 * @param parts `background` (pairs of header and text), `findings` and `impression` (sentences).
 */
export const layOut = (chest, { background, findings, impression }, chance) => {
  const parts = [opening(chest, chance)];
  if (chance.is(0.1)) parts.push(` ${chest.portable ? 'PORTABLE CHEST' : 'CHEST, PA AND LATERAL'}:\n \n`);
  for (const [header, text] of background)
    parts.push(section(header, text, chance), chance.of([' \n', ' \n', '\n', ' \n \n']));
  parts.push(section(findingsHeader(chest, chance), paragraphs(findings, chance), chance), ' \n');
  const statements = chance.is(0.6) ? numbered(impression) : impression.join(' ');
  parts.push(section(impressionHeader(chance), statements, chance));
  if (chest.pneumothorax && chest.pneumothorax.size === 'moderate') {
    parts.push(
      ' \n',
      section(
        'NOTIFICATION',
        'The findings were discussed with Dr. ___ by telephone at the time of discovery.',
        chance,
      ),
    );
  } else if (chance.is(0.04)) {
    parts.push(' \n', section(chance.of(['RECOMMENDATION(S)', 'COMMENT']), 'Clinical correlation is advised.', chance));
  }
  if (chance.is(0.02)) parts.push('\n IMPRESSION: \n \n');
  return parts.join('');
};
