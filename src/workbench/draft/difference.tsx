/** @file What the user changed, word by word. */
import { diffWordsWithSpace } from 'diff';
import { strings } from '../strings.js';

/** Runs of changes between a draft and its edited text. */
export const changesOf = (draft: string, text: string): number => {
  let [count, inside] = [0, false];
  for (const { added, removed } of diffWordsWithSpace(draft, text)) {
    const changed = added === true || removed === true;
    if (changed && !inside) count++;
    inside = changed;
  }
  return count;
};

export const Difference = ({ draft, text }: { draft: string; text: string }) => (
  <section class="difference" aria-label={strings.impression.difference}>
    <h3>{strings.impression.difference}</h3>
    <p>
      {diffWordsWithSpace(draft, text).map(({ added, removed, value }, index) => {
        if (added) return <ins key={index}>{value}</ins>;
        if (removed) return <del key={index}>{value}</del>;
        return value;
      })}
    </p>
  </section>
);
