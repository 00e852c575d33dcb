/**
 * @file Invented reports in many styles, for property tests: each finding has several wordings for the findings and for
 * the impression, and the whole is set as different hospitals write: portable films with `___`, numbered lists, capitals,
 * run-on sentences, British spelling. The wordings are the authors' own; no report was copied.
 */
import fc from 'fast-check';

/** One invented finding with its two texts, in which `{side}` stands for the side. */
interface Wording {
  readonly name: string;
  readonly critical: boolean;
  readonly sided: boolean;
  readonly findings: readonly string[];
  readonly impression: readonly string[];
  /** What the findings say when it is not there. */
  readonly normal: readonly string[];
}

const wordings: readonly Wording[] = [
  {
    name: 'pneumothorax',
    critical: true,
    sided: true,
    findings: [
      'There is a small {side} apical pneumothorax.',
      'A small pneumothorax is seen at the {side} apex.',
      'Interval development of a small {side} pneumothorax.',
      'Small {side}-sided pneumothorax is noted, without mediastinal shift.',
    ],
    impression: [
      'Small {side} pneumothorax.',
      'Small {side} apical pneumothorax.',
      'New small pneumothorax on the {side}.',
    ],
    normal: ['No pneumothorax.', 'There is no pneumothorax.', 'No pneumothorax is identified.'],
  },
  {
    name: 'effusion',
    critical: true,
    sided: true,
    findings: [
      'There is a moderate {side} pleural effusion.',
      'Moderate {side}-sided pleural effusion has increased since ___.',
      'A moderate layering effusion is present on the {side}.',
      'Moderate pleural effusion at the {side} base.',
    ],
    impression: [
      'Moderate {side} pleural effusion.',
      'Moderate {side}-sided effusion.',
      'Moderate pleural effusion on the {side}.',
    ],
    normal: ['No pleural effusion.', 'There is no effusion.', 'The costophrenic angles are sharp.'],
  },
  {
    name: 'pneumonia',
    critical: true,
    sided: true,
    findings: [
      'There is a new consolidation in the {side} lower lobe.',
      'Focal {side} lower lobe airspace opacity, concerning for pneumonia.',
      'Confluent opacity at the {side} lung base.',
      'Increased opacification of the {side} lower lung is compatible with pneumonia.',
    ],
    impression: [
      '{side} lower lobe pneumonia.',
      'Findings consistent with {side} lower lobe pneumonia.',
      '{side} basilar consolidation, concerning for pneumonia.',
      '{side} lower lobe opacity, compatible with infection in the appropriate clinical setting.',
    ],
    normal: ['No focal consolidation.', 'The lungs are clear.', 'There is no focal airspace opacity.'],
  },
  {
    name: 'nodule',
    critical: true,
    sided: true,
    findings: [
      'A 14 mm nodule projects over the {side} upper lobe.',
      'There is a 1.4 cm nodule in the {side} upper lung zone.',
      '{side} upper lobe pulmonary nodule measures 14 mm.',
    ],
    impression: [
      '14 mm {side} upper lobe nodule.',
      '1.4 cm nodule in the {side} upper lobe, for which chest CT is recommended.',
      'Pulmonary nodule in the {side} upper lobe measuring 14 mm.',
    ],
    normal: ['No nodule or mass.', 'No suspicious pulmonary nodule.'],
  },
  {
    name: 'fracture',
    critical: true,
    sided: true,
    findings: [
      'Acute displaced fracture of the {side} 7th rib.',
      'There is an acute fracture of the lateral {side} seventh rib.',
      'Displaced {side} seventh rib fracture.',
    ],
    impression: ['Acute {side} 7th rib fracture.', 'Displaced fracture of the {side} seventh rib.'],
    normal: ['No acute osseous abnormality.', 'The visualized bones are intact.', 'No displaced fracture.'],
  },
  {
    name: 'edema',
    critical: true,
    sided: false,
    findings: [
      'There is mild interstitial pulmonary edema.',
      'Perihilar haziness and vascular indistinctness, consistent with mild pulmonary edema.',
      'Mild pulmonary edema is new since ___.',
    ],
    impression: ['Mild pulmonary edema.', 'Mild interstitial edema.'],
    normal: ['No pulmonary edema.', 'Pulmonary vascularity is normal.', 'No evidence of vascular congestion or edema.'],
  },
  {
    name: 'free air',
    critical: true,
    sided: false,
    findings: [
      'Free air is seen beneath the diaphragm.',
      'Lucency under the diaphragm is consistent with pneumoperitoneum.',
    ],
    impression: ['Pneumoperitoneum.', 'Free intraperitoneal air.'],
    normal: ['No free air below the diaphragm.', 'There is no free intraperitoneal air.'],
  },
  {
    name: 'cardiomegaly',
    critical: false,
    sided: false,
    findings: [
      'The heart is moderately enlarged.',
      'Moderate cardiomegaly.',
      'The cardiac silhouette is moderately enlarged.',
    ],
    impression: ['Moderate cardiomegaly.', 'Moderate enlargement of the heart.'],
    normal: ['Heart size is normal.', 'The cardiomediastinal silhouette is within normal limits.'],
  },
];

/** What is wrong in an impression, and a word for it. */
export interface InventedReport {
  readonly findings: string;
  readonly impression: string;
  readonly background: string;
  /** The impression with one error each; absent where the report has no place for it. */
  readonly sideTurned?: string;
  readonly denied?: string;
  readonly dropped?: string;
  readonly numberChanged?: string;
  readonly added?: string;
}

type Side = 'left' | 'right';
const other: Readonly<Record<Side, Side>> = { left: 'right', right: 'left' };

const fill = (text: string, side: Side): string => {
  const filled = text.replaceAll('{side}', side);
  return filled.charAt(0).toUpperCase() + filled.slice(1);
};

/** How a list of sentences is set. */
const settings: Readonly<Record<string, (sentences: readonly string[]) => string>> = {
  plain: (sentences) => sentences.join(' '),
  numbered: (sentences) => sentences.map((sentence, index) => `${index + 1}. ${sentence}`).join(' '),
  lines: (sentences) => sentences.map((sentence, index) => `${index + 1}.  ${sentence}`).join('\n'),
  capitals: (sentences) => sentences.join(' ').toUpperCase(),
  british: (sentences) =>
    sentences
      .join(' ')
      .replaceAll('edema', 'oedema')
      .replaceAll('Edema', 'Oedema')
      .replaceAll('visualized', 'visualised'),
  wrapped: (sentences) => sentences.join(' ').replace(/(.{40,60}) /g, '$1\n '),
  dashes: (sentences) => sentences.map((sentence) => `- ${sentence}`).join('\n'),
};

const settingNames = Object.keys(settings);
const openings: readonly string[] = [
  'AP portable upright view of the chest.',
  'Single frontal view of the chest was obtained.',
  'In comparison with the study of ___, there is little overall change in technique.',
  'PA and lateral views. Lung volumes are low.',
  '',
];

/** Swaps two sentences' order by a seed, so that findings and impression are ordered differently. */
const reordered = <Item>(items: readonly Item[], by: number): Item[] => [
  ...items.slice(by % items.length),
  ...items.slice(0, by % items.length),
];

/** Invented reports with their errors. */
export const inventedReports: fc.Arbitrary<InventedReport> = fc
  .record({
    picked: fc.shuffledSubarray(
      wordings.map((_, index) => index),
      { minLength: 1, maxLength: 4 },
    ),
    sides: fc.array(fc.constantFrom<Side>('left', 'right'), { minLength: wordings.length, maxLength: wordings.length }),
    words: fc.array(fc.nat(11), { minLength: 3 * wordings.length, maxLength: 3 * wordings.length }),
    setting: fc.constantFrom(...settingNames),
    opening: fc.constantFrom(...openings),
    turn: fc.nat(6),
  })
  .map(({ picked, sides, words, setting, opening, turn }) => {
    const choose = (texts: readonly string[], at: number): string => texts[words[at] % texts.length];
    const present = picked.map((index) => ({
      wording: wordings[index],
      findings: fill(choose(wordings[index].findings, index), sides[index]),
      impression: (side: Side) => fill(choose(wordings[index].impression, index + wordings.length), side),
      side: sides[index],
    }));
    const absent = wordings.flatMap((wording, index) =>
      // Clear lungs are not said beside what lies in them.
      picked.includes(index) ? [] : [{ wording, text: wording.normal[words[index] % wording.normal.length] }],
    );
    const lungs = new Set(['pneumonia', 'nodule', 'edema']);
    const calm = absent.filter(
      ({ text, wording }) =>
        (!/clear|vascular|focal/.test(text) || !present.some(({ wording: { name } }) => lungs.has(name))) &&
        !(wording.name === 'effusion' && /angles/.test(text)),
    );
    const set = settings[setting];
    const findings = set(
      [opening, ...reordered([...present.map((one) => one.findings), ...calm.map(({ text }) => text)], turn)].filter(
        (text) => text !== '',
      ),
    );
    const lines = present.map(({ impression, side }) => impression(side));
    const whole = (changed: readonly string[]): string => set(reordered(changed, turn));
    const sidedAt = present.findIndex(({ wording }) => wording.sided);
    const numberAt = lines.findIndex((line) => /\d+ mm|\d\.\d cm/.test(line));
    const criticalAt = present.findIndex(({ wording }) => wording.critical);
    const rest = lines.filter((_, index) => index !== criticalAt);
    const missing = calm.find(({ wording }) => wording.critical);
    const replaceAt = (at: number, line: string): string =>
      whole(lines.map((old, index) => (index === at ? line : old)));
    return {
      findings,
      impression: whole(lines),
      background: 'Indication: ___ year old with dyspnea. Comparison: ___.',
      sideTurned:
        sidedAt < 0 ? undefined : replaceAt(sidedAt, present[sidedAt].impression(other[present[sidedAt].side])),
      denied:
        criticalAt < 0
          ? undefined
          : replaceAt(criticalAt, `No ${lines[criticalAt].charAt(0).toLowerCase()}${lines[criticalAt].slice(1)}`),
      dropped: criticalAt < 0 ? undefined : whole(rest.length > 0 ? rest : ['No acute cardiopulmonary process.']),
      numberChanged:
        numberAt < 0
          ? undefined
          : replaceAt(numberAt, lines[numberAt].replace('14 mm', '41 mm').replace('1.4 cm', '14 cm')),
      added:
        missing === undefined
          ? undefined
          : whole([...lines, fill(missing.wording.impression[words[0] % missing.wording.impression.length], 'left')]),
    };
  });
