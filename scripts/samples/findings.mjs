/** @file Findings in words: devices first, then lungs, pleura, heart, bones, with the negatives a radiologist dictates. */
import { otherSide } from './chest.mjs';

const PLACE = { left: 'on the left', right: 'on the right', bilateral: 'bilaterally' };

/** The words about change behind a finding; none without an earlier study. */
const since = (chance, change) => {
  switch (change) {
    case 'new':
      return chance.of([`, new since the prior study`, `, which is new`, `, not present on the prior study`]);
    case 'unchanged':
      return chance.of([`, unchanged`, `, stable compared to the prior study`, `, not significantly changed`]);
    case 'increased':
      return chance.of([`, increased from prior`, `, which has increased`, `, larger than on the prior study`]);
    case 'decreased':
      return chance.of([`, decreased from prior`, `, which has decreased`, `, smaller than on the prior study`]);
    default:
      return '';
  }
};

const devices = (chest, chance) => {
  const lines = [];
  if (chest.tube) {
    lines.push(
      chance.of([
        `An endotracheal tube terminates ${chest.tube.centimetres} cm above the carina.`,
        `The tip of the endotracheal tube is ${chest.tube.centimetres} cm above the carina.`,
        `Endotracheal tube is in place, ${chest.tube.centimetres} cm from the carina.`,
      ]),
    );
  }
  if (chest.line) {
    const { where, kind, tip } = chest.line;
    lines.push(
      chance.of([
        `A ${where} ${kind} terminates in the ${tip}.`,
        `The tip of a ${where} ${kind} projects over the ${tip}.`,
        `There is a ${where} ${kind} with its tip in the ${tip}.`,
      ]),
    );
  }
  if (chest.feeding) {
    lines.push(
      chance.of([
        'An enteric tube courses below the diaphragm with its tip in the stomach.',
        'The enteric tube ends in the stomach.',
        'Enteric tube tip is below the diaphragm and out of view.',
      ]),
    );
  }
  if (chest.chestTube) {
    lines.push(
      chance.of([
        `A ${chest.chestTube.where} chest tube is in place.`,
        `There is a ${chest.chestTube.where} apical chest tube.`,
      ]),
    );
  }
  if (chest.pacemaker) {
    const { where, leads } = chest.pacemaker;
    lines.push(
      chance.of([
        `A ${where} chest wall pacemaker has leads in the ${leads}.`,
        `${where === 'left' ? 'Left' : 'Right'}-sided pacemaker leads end in the ${leads}.`,
      ]),
    );
  }
  return lines;
};

const lungs = (chest, chance) => {
  const lines = [];
  if (chest.lowVolumes) {
    lines.push(
      chance.of([
        'Lung volumes are low.',
        'There are low lung volumes.',
        'Lung volumes are low, which accentuates the bronchovascular markings.',
      ]),
    );
  }
  if (chest.hyperinflation) {
    lines.push(
      chance.of([
        'The lungs are hyperinflated with flattening of the diaphragms.',
        'Hyperinflated lungs with increased retrosternal air.',
        'The lungs are hyperexpanded.',
      ]),
    );
  }
  if (chest.consolidation) {
    const { lobe, change } = chest.consolidation;
    const tail = since(chance, change);
    lines.push(
      chance.of([
        `There is a focal consolidation in the ${lobe}${tail}.`,
        `A patchy airspace opacity is present in the ${lobe}${tail}.`,
        `Dense opacification of the ${lobe} with air bronchograms${tail}.`,
        `There is an ill-defined opacity in the ${lobe}${tail}.`,
      ]),
    );
  } else if (!chest.edema) {
    lines.push(
      chance.of(
        chest.atelectasis || chest.nodule
          ? [
              'There is no focal consolidation.',
              'No focal consolidation is seen.',
              'No confluent consolidation is identified.',
            ]
          : [
              'The lungs are clear.',
              'Lungs are clear without focal consolidation.',
              'The lungs are well expanded and clear.',
              'There is no focal consolidation.',
              'No focal opacity is identified in either lung.',
            ],
      ),
    );
  }
  if (chest.nodule) {
    const { lobe, millimetres, stable } = chest.nodule;
    const tail = stable ? chance.of([', unchanged from prior', ', stable since the prior study']) : '';
    lines.push(
      chance.of([
        `A ${millimetres} mm nodule projects over the ${lobe}${tail}.`,
        `There is a ${millimetres} mm nodular opacity in the ${lobe}${tail}.`,
        `A rounded opacity in the ${lobe} measures ${millimetres} mm${tail}.`,
      ]),
    );
  }
  if (chest.edema) {
    const { grade, change } = chest.edema;
    const tail = since(chance, change);
    const signs = {
      mild: [
        'Mild interstitial prominence with indistinct vessels',
        'Pulmonary vessels are mildly engorged with mild interstitial edema',
        'There is mild interstitial pulmonary edema',
      ],
      moderate: [
        'Moderate perihilar haziness with septal lines',
        'There is moderate interstitial pulmonary edema',
        'Moderate pulmonary edema is present in both lungs',
      ],
      severe: [
        'There is severe alveolar pulmonary edema',
        'Extensive bilateral airspace opacities consistent with severe pulmonary edema',
      ],
    };
    lines.push(`${chance.of(signs[grade])}${tail}.`);
  }
  if (chest.atelectasis) {
    const { where } = chest.atelectasis;
    lines.push(
      chance.of([
        `There is mild ${where} atelectasis.`,
        `Streaky ${where} opacities are consistent with atelectasis.`,
        `Linear ${where} opacities likely reflect atelectasis.`,
      ]),
    );
  }
  return lines;
};

const pleura = (chest, chance) => {
  const { effusion, pneumothorax } = chest;
  if (!effusion && !pneumothorax) {
    return [
      chance.of([
        'There is no pleural effusion or pneumothorax.',
        'No pleural effusion or pneumothorax is seen.',
        'No effusion or pneumothorax.',
        'No pneumothorax or pleural effusion is identified.',
      ]),
    ];
  }
  const lines = [];
  if (effusion) {
    const { where, size, change } = effusion;
    const tail = since(chance, change);
    if (where === 'bilateral') {
      lines.push(
        chance.of([
          `There are ${size} bilateral pleural effusions${tail}.`,
          `${size[0].toUpperCase()}${size.slice(1)} pleural effusions are present bilaterally${tail}.`,
        ]),
      );
    } else {
      lines.push(
        chance.of([
          `There is a ${size} ${where} pleural effusion${tail}.`,
          `A ${size} pleural effusion is present ${PLACE[where]}${tail}.`,
          `Blunting of the ${where} costophrenic angle is due to a ${size} effusion${tail}.`,
        ]),
      );
      if (chance.is(0.4))
        lines.push(
          chance.of([
            `No ${otherSide(where)} pleural effusion.`,
            `The ${otherSide(where)} costophrenic angle is sharp.`,
          ]),
        );
    }
  } else lines.push(chance.of(['No pleural effusion.', 'There is no pleural effusion.']));
  if (pneumothorax) {
    const { where, size, change } = pneumothorax;
    const tail = since(chance, change);
    lines.push(
      chance.of([
        `There is a ${size} ${where} apical pneumothorax${tail}.`,
        `A ${size} pneumothorax is seen at the ${where} apex${tail}.`,
      ]),
    );
    lines.push(chance.of(['No mediastinal shift.', 'There is no evidence of tension.']));
  } else lines.push(chance.of(['No pneumothorax.', 'There is no pneumothorax.', 'No pneumothorax is seen.']));
  return lines;
};

const heart = (chest, chance) => {
  if (chest.cardiomegaly) {
    const { grade } = chest.cardiomegaly;
    const adverb = `${grade === 'mild' ? 'mildly' : `${grade}ly`}`;
    return [
      chance.of([
        `The heart is ${adverb} enlarged.`,
        `There is ${grade} cardiomegaly.`,
        `The cardiac silhouette is ${adverb} enlarged.`,
      ]),
    ];
  }
  return [
    chance.of([
      'The cardiomediastinal silhouette is normal.',
      'Heart size is normal.',
      'Cardiac and mediastinal contours are normal.',
      'The cardiomediastinal and hilar contours are within normal limits.',
      'The heart is not enlarged.',
    ]),
  ];
};

const bones = (chest, chance) => {
  const lines = [];
  if (chest.fracture) {
    const { where, rib, acute } = chest.fracture;
    lines.push(
      acute
        ? chance.of([
            `There is an acute fracture of the ${where} ${rib} rib.`,
            `An acute, minimally displaced fracture of the ${where} ${rib} rib is seen.`,
          ])
        : chance.of([
            `There is a healed fracture of the ${where} ${rib} rib.`,
            `An old ${where} ${rib} rib fracture is noted.`,
          ]),
    );
  }
  if (chest.degenerative) {
    lines.push(
      chance.of([
        'Degenerative changes are seen in the thoracic spine.',
        'There are mild degenerative changes of the spine.',
      ]),
    );
  } else if (!chest.fracture && chance.is(0.5)) {
    lines.push(
      chance.of([
        'No acute osseous abnormality.',
        'The osseous structures are intact.',
        'No displaced rib fracture is seen.',
        'Bony structures are unremarkable.',
      ]),
    );
  }
  return lines;
};

/** The findings of a study, a sentence an element. */
export const findings = (chest, chance) => [
  ...devices(chest, chance),
  ...lungs(chest, chance),
  ...pleura(chest, chance),
  ...heart(chest, chance),
  ...bones(chest, chance),
];
