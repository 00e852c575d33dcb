/**
 * @file The names under which sections stand in MIMIC-CXR's reports, and what each counts as. Facts, not rules of
 * ours: the table of the MIMIC-CXR project (github.com/MIT-LCP/mimic-cxr, `txt/section_parser.py`) as MEDIQA 2021 uses it
 * (github.com/abachaa/MEDIQA2021, `Task3/section_parser.py`), misspellings that occur in the reports included.
 */

/** For each kind of section the exact names, in lower case, that mean it. */
export const SECTION_SPELLINGS: Readonly<Record<string, readonly string[]>> = {
  preamble: ['preamble'],
  impression: [
    'impression',
    'conclusion',
    'findings and impression',
    'findings/impression',
    'ndication',
    'impresson',
    'imprression',
    'imoression',
    'impressoin',
    'imprssion',
    'impresion',
    'imperssion',
    'mpression',
    'impession',
    'findings/ impression',
  ],
  comparison: [
    'comparison',
    'comparisons',
    'reference exam',
    'comparison exam',
    'comparison film',
    'comparision',
    'comparsion',
    'comparrison',
    'comparisions',
  ],
  indication: ['indication', 'reason for examination', 'reason for exam', 'clinical indication', 'idication'],
  findings: [
    'findings',
    'chest, two views',
    'finding',
    'findins',
    'findindgs',
    'findgings',
    'findngs',
    'findnings',
    'finidngs',
    'reference findings',
  ],
  examination: ['examination', 'exam', 'type of examination'],
  technique: ['technique'],
  history: ['history', 'clinical history', 'clinical information', 'patient history', 'pfi'],
  notification: ['notification'],
  recommendations: ['recommendation(s)', 'recommendations', 'recommendation'],
  addendum: ['addendum'],
  date: ['date'],
  comment: ['comment'],
  'wet read': ['wet read', 'wetread'],
};

/** A name that is none of the exact ones means the first of these that it contains. */
export const SECTION_CORES: readonly string[] = ['impression', 'findings', 'history', 'comparison', 'addendum'];

/** A name that contains none of those, but one of these ways to say which views were taken, heads the findings. */
export const VIEW_PHRASES: readonly string[] = [
  'chest',
  'portable',
  'pa and lateral',
  'lateral and pa',
  'ap and lateral',
  'lateral and ap',
  'frontal and',
  'two views',
  'frontal view',
  'pa view',
  'ap view',
  'one view',
  'lateral view',
  'bone window',
  'frontal upright',
  'frontal semi-upright',
  'ribs',
  'pa and lat',
];
