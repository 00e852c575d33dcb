/**
 * @file What is to be seen on an invented chest radiograph, drawn at random: the facts from which both the findings and
 * the impression are then written, so that the impression truly follows from the findings.
 */

const OPPOSITE = { left: 'right', right: 'left' };
const side = (chance) => chance.of(['left', 'right']);

const effusion = (chance) => ({
  where: chance.weighted([
    [3, 'left'],
    [3, 'right'],
    [3, 'bilateral'],
  ]),
  size: chance.weighted([
    [2, 'trace'],
    [5, 'small'],
    [3, 'moderate'],
    [1, 'large'],
  ]),
});

const pneumothorax = (chance) => ({
  where: side(chance),
  size: chance.weighted([
    [3, 'tiny'],
    [4, 'small'],
    [2, 'moderate'],
  ]),
});

const LOBES = [
  'right upper lobe',
  'right middle lobe',
  'right lower lobe',
  'left upper lobe',
  'left lower lobe',
  'lingula',
];

const consolidation = (chance) => ({ lobe: chance.of(LOBES) });

const edema = (chance) => ({
  grade: chance.weighted([
    [5, 'mild'],
    [3, 'moderate'],
    [1, 'severe'],
  ]),
});

const cardiomegaly = (chance) => ({
  grade: chance.weighted([
    [5, 'mild'],
    [3, 'moderate'],
    [1, 'severe'],
  ]),
});

const atelectasis = (chance) => ({ where: chance.of(['bibasilar', 'left basilar', 'right basilar']) });

const nodule = (chance) => ({ lobe: chance.of(LOBES.slice(0, 5)), millimetres: chance.between(4, 18) });

const RIBS = ['third', 'fourth', 'fifth', 'sixth', 'seventh', 'eighth', 'ninth'];

const fracture = (chance) => ({ where: side(chance), rib: chance.of(RIBS), acute: chance.is(0.6) });

const tube = (chance) => ({
  centimetres: chance.weighted([
    [6, chance.between(3, 6)],
    [2, chance.between(1, 2)],
    [2, chance.between(8, 9)],
  ]),
});

const line = (chance) =>
  chance.of([
    { kind: 'internal jugular central venous catheter', where: side(chance) },
    { kind: 'subclavian central venous catheter', where: side(chance) },
    { kind: 'PICC', where: side(chance) },
  ]);

const lineTip = (chance) =>
  chance.weighted([
    [5, 'low superior vena cava'],
    [3, 'mid superior vena cava'],
    [3, 'cavoatrial junction'],
    [2, 'right atrium'],
  ]);

/** How a finding compares with the earlier study; nothing when there is none. */
const change = (chance, compared) =>
  compared
    ? chance.weighted([
        [2, 'new'],
        [3, 'unchanged'],
        [2, 'increased'],
        [2, 'decreased'],
      ])
    : undefined;

/** With how likely each finding is there, by the kind of patient. */
const KINDS = {
  healthy: { atelectasis: 0.03, cardiomegaly: 0.03, hyperinflation: 0.04, degenerative: 0.15, nodule: 0.02 },
  infection: {
    consolidation: 0.7,
    effusion: 0.25,
    atelectasis: 0.2,
    cardiomegaly: 0.08,
    hyperinflation: 0.12,
    degenerative: 0.1,
  },
  failure: { edema: 0.75, effusion: 0.65, cardiomegaly: 0.85, atelectasis: 0.3, pacemaker: 0.35, degenerative: 0.1 },
  intensive: {
    tube: 0.7,
    line: 0.8,
    feeding: 0.5,
    effusion: 0.45,
    atelectasis: 0.4,
    edema: 0.3,
    consolidation: 0.25,
    pneumothorax: 0.1,
    cardiomegaly: 0.2,
  },
  trauma: { fracture: 0.6, pneumothorax: 0.4, effusion: 0.15, atelectasis: 0.2, chestTube: 0.25 },
  outpatient: {
    nodule: 0.45,
    hyperinflation: 0.35,
    degenerative: 0.4,
    atelectasis: 0.1,
    cardiomegaly: 0.15,
    pacemaker: 0.15,
    healedFracture: 0.15,
  },
};

/**
 * Draws the facts of one study.
 *
 * @returns `kind` of patient, `portable` or two views, `compared` with an earlier study, and each finding that is there.
 */
export const drawChest = (chance) => {
  const kind = chance.weighted([
    [34, 'healthy'],
    [16, 'infection'],
    [15, 'failure'],
    [15, 'intensive'],
    [9, 'trauma'],
    [11, 'outpatient'],
  ]);
  const odds = KINDS[kind];
  const has = (name) => chance.is(odds[name] ?? 0);
  const compared = chance.is(kind === 'healthy' ? 0.4 : 0.65);
  const chest = {
    kind,
    compared,
    portable: kind === 'intensive' || chance.is(kind === 'failure' || kind === 'trauma' ? 0.5 : 0.08),
    lowVolumes: chance.is(0.12),
  };
  const withChange = (finding) => ({ ...finding, change: change(chance, compared) });
  if (has('pneumothorax')) chest.pneumothorax = withChange(pneumothorax(chance));
  if (has('consolidation')) chest.consolidation = withChange(consolidation(chance));
  if (has('edema')) chest.edema = withChange(edema(chance));
  if (has('effusion')) chest.effusion = withChange(effusion(chance));
  if (has('nodule')) chest.nodule = { ...nodule(chance), stable: compared && chance.is(0.5) };
  if (has('cardiomegaly')) chest.cardiomegaly = cardiomegaly(chance);
  if (has('atelectasis')) chest.atelectasis = atelectasis(chance);
  if (has('hyperinflation') && !chest.lowVolumes) chest.hyperinflation = true;
  if (has('fracture')) chest.fracture = fracture(chance);
  if (has('healedFracture')) chest.fracture = { ...fracture(chance), acute: false };
  if (has('degenerative')) chest.degenerative = true;
  if (has('tube')) chest.tube = tube(chance);
  if (has('line')) chest.line = { ...line(chance), tip: lineTip(chance) };
  if (has('feeding')) chest.feeding = true;
  if (has('pacemaker'))
    chest.pacemaker = {
      where: side(chance),
      leads: chance.of(['right atrium and right ventricle', 'right ventricle']),
    };
  if (chest.pneumothorax !== undefined && has('chestTube')) chest.chestTube = { where: chest.pneumothorax.where };
  return chest;
};

/** The side without a one-sided finding, for what is said to be clear. */
export const otherSide = (where) => OPPOSITE[where];
