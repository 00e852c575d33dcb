/**
 * @file The impression that follows from the facts, always in the same words and order, as one radiologist would:
 * what needs action first, then what is acute, then tubes and lines, then what is chronic; what doesn't matter (old
 * fractures, a worn spine, low volumes) is left to the findings. It uses no chance, so it can be learned.
 */

const CHANGE = { new: ', new', unchanged: ', unchanged', increased: ', increased', decreased: ', decreased' };
const changed = ({ change }) => (change === undefined ? '' : CHANGE[change]);
const capital = (text) => text[0].toUpperCase() + text.slice(1);

const tubeAdvice = ({ centimetres }) => {
  if (centimetres < 3) return `Endotracheal tube ${centimetres} cm above the carina, recommend withdrawal by 2 cm.`;
  if (centimetres > 7) return `Endotracheal tube ${centimetres} cm above the carina, recommend advancement by 3 cm.`;
  return 'Endotracheal tube in standard position.';
};

const lineAdvice = ({ where, kind, tip }) => {
  const name = kind === 'PICC' ? `${where} PICC` : `${where} ${kind.replace(' central venous catheter', ' catheter')}`;
  return tip === 'right atrium'
    ? `${capital(name)} in the right atrium, recommend withdrawal by 2 cm.`
    : `${capital(name)} in standard position.`;
};

/**
 * The impression of a study, a statement an element.
 *
 * @example impression({ effusion: { where: 'left', size: 'small', change: 'new' } }) // ['Small left pleural effusion, new.']
 */
export const impression = (chest) => {
  const { pneumothorax, consolidation, edema, effusion, fracture, nodule } = chest;
  const acute = [];
  if (pneumothorax)
    acute.push(`${capital(pneumothorax.size)} ${pneumothorax.where} apical pneumothorax${changed(pneumothorax)}.`);
  if (consolidation) {
    const lobe = consolidation.lobe === 'lingula' ? 'Lingular' : capital(consolidation.lobe);
    const meaning = { decreased: 'consistent with resolving pneumonia', unchanged: 'consistent with pneumonia' };
    acute.push(
      `${lobe} consolidation${changed(consolidation)}, ${meaning[consolidation.change] ?? 'concerning for pneumonia'}.`,
    );
  }
  if (edema) acute.push(`${capital(edema.grade)} pulmonary edema${changed(edema)}.`);
  if (effusion) {
    const plural = effusion.where === 'bilateral' ? 's' : '';
    acute.push(`${capital(effusion.size)} ${effusion.where} pleural effusion${plural}${changed(effusion)}.`);
  }
  if (fracture?.acute)
    acute.push(`Acute ${fracture.where} ${fracture.rib} rib fracture${pneumothorax ? '' : ' without pneumothorax'}.`);

  const statements = [...acute];
  if (nodule) {
    statements.push(
      nodule.stable
        ? `Stable ${nodule.millimetres} mm ${nodule.lobe} nodule.`
        : `${nodule.millimetres} mm ${nodule.lobe} nodule, recommend chest CT.`,
    );
  }
  if (chest.tube) statements.push(tubeAdvice(chest.tube));
  if (chest.line) statements.push(lineAdvice(chest.line));
  if (chest.cardiomegaly) statements.push(`${capital(chest.cardiomegaly.grade)} cardiomegaly.`);
  if (chest.hyperinflation) statements.push('Hyperinflation, consistent with COPD.');
  if (chest.atelectasis && !consolidation) statements.push(`Mild ${chest.atelectasis.where} atelectasis.`);
  if (acute.length === 0) statements.push('No acute cardiopulmonary process.');
  return statements;
};
