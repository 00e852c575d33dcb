/**
 * @file A text field whose marked places show through: behind the transparent field lies the same text with the marks,
 * in the same cell of a grid, which also makes the field as tall as its text.
 */
import type { Ref } from 'preact';
import type { Span } from '../../server/wire.js';

/** A marked place. */
export interface Mark {
  readonly span: Span;
  readonly severity: 'hard' | 'soft';
  readonly active: boolean;
}

interface Props {
  readonly id: string;
  readonly label: string;
  readonly value: string;
  readonly placeholder?: string;
  readonly marks?: readonly Mark[];
  readonly busy?: boolean;
  readonly small?: boolean;
  readonly field?: Ref<HTMLTextAreaElement>;
  readonly onInput: (value: string) => void;
  readonly onPaste?: (event: ClipboardEvent) => void;
  readonly onKeyDown?: (event: KeyboardEvent) => void;
  readonly onCaret?: (place: number) => void;
}

/** The text cut at the marks; a later one that overlaps an earlier one is left out, except the active one. */
const pieces = (text: string, marks: readonly Mark[]): { text: string; mark?: Mark }[] => {
  const order = [...marks].sort((a, b) => Number(b.active) - Number(a.active) || a.span.start - b.span.start);
  const chosen: Mark[] = [];
  for (const mark of order) {
    const { start, end } = mark.span;
    const fits = end <= text.length && chosen.every(({ span }) => end <= span.start || start >= span.end);
    if (fits && start < end) chosen.push(mark);
  }
  chosen.sort((a, b) => a.span.start - b.span.start);
  const result: { text: string; mark?: Mark }[] = [];
  let at = 0;
  for (const mark of chosen) {
    result.push({ text: text.slice(at, mark.span.start) }, { text: text.slice(mark.span.start, mark.span.end), mark });
    at = mark.span.end;
  }
  return [...result, { text: text.slice(at) }];
};

export const MarkedText = (props: Props) => {
  const { id, label, value, placeholder, marks = [], busy, small, field, onInput, onPaste, onKeyDown, onCaret } = props;
  return (
    <div class={`marked ${small ? 'small' : ''} ${busy ? 'busy' : ''}`}>
      <div class="behind" aria-hidden="true">
        {pieces(value, marks).map(({ text, mark }, index) =>
          mark === undefined ? (
            text
          ) : (
            <mark key={index} class={`${mark.severity} ${mark.active ? 'active' : ''}`}>
              {text}
            </mark>
          ),
        )}
        {busy && <span class="caret" />}
        {'\n'}
      </div>
      <textarea
        id={id}
        ref={field}
        aria-label={label}
        aria-busy={busy}
        value={value}
        placeholder={placeholder}
        readOnly={busy}
        spellcheck={true}
        rows={small ? 2 : 6}
        onInput={(event) => onInput(event.currentTarget.value)}
        onPaste={onPaste}
        onKeyDown={onKeyDown}
        onSelect={(event) => onCaret?.(event.currentTarget.selectionStart)}
      />
    </div>
  );
};
