/** @file The little Markdown that model cards use, as elements: headings, lists, tables, code, paragraphs, emphasis. */
import type { ComponentChildren } from 'preact';

const inline = (text: string): ComponentChildren =>
  text
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .split(/(\*\*[^*]+\*\*|`[^`]+`)/)
    .map((piece) => {
      if (piece.startsWith('**')) return <strong>{piece.slice(2, -2)}</strong>;
      return piece.startsWith('`') ? <code>{piece.slice(1, -1)}</code> : piece;
    });

const cells = (line: string): string[] =>
  line
    .replace(/^\||\|$/g, '')
    .split('|')
    .map((cell) => cell.trim());

const block = (lines: readonly string[]): ComponentChildren => {
  const [first] = lines;
  const heading = /^(#{1,6}) (.*)/.exec(first);
  if (heading !== null) {
    const rest = lines.slice(1);
    return (
      <>
        {heading[1].length === 1 ? <h2>{inline(heading[2])}</h2> : <h3>{inline(heading[2])}</h3>}
        {rest.length > 0 && block(rest)}
      </>
    );
  }
  if (/^[-*] /.test(first))
    return (
      <ul>
        {lines.map((line) => (
          <li key={line}>{inline(line.replace(/^[-*] /, ''))}</li>
        ))}
      </ul>
    );
  if (first.startsWith('|') && /^\|[-| :]+\|?$/.test(lines[1] ?? '')) {
    return (
      <table>
        <thead>
          <tr>
            {cells(first).map((cell) => (
              <th key={cell}>{inline(cell)}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {lines.slice(2).map((line) => (
            <tr key={line}>
              {cells(line).map((cell, index) => (
                <td key={`${index}${cell}`}>{inline(cell)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    );
  }
  return <p>{inline(lines.join(' '))}</p>;
};

export const Markdown = ({ text }: { text: string }) => (
  <div class="prose">
    {text
      .replace(/^---\n[\s\S]*?\n---\n/, '')
      .split(/(```[\s\S]*?```)/)
      .flatMap((part) =>
        part.startsWith('```')
          ? [<pre key={part}>{part.replace(/^```.*\n|```$/g, '')}</pre>]
          : part
              .split(/\n{2,}/)
              .filter((each) => each.trim() !== '')
              .map((each) => <div key={each}>{block(each.trim().split('\n'))}</div>),
      )}
  </div>
);
