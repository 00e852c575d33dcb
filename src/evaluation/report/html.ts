/** @file Text into HTML and data into a script, safely: report text may hold anything, `<script>` included. */

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/**
 * Text for an element's content or a quoted attribute.
 *
 * @example escapeHtml('<b>'); // '&lt;b&gt;'
 */
export const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (sign) => entities[sign]);

/**
 * Data for a `<script type="application/json">` element: JSON in which no `<` can end the element or open a comment.
 *
 * @example jsonForScript('</script>'); // '"\\u003c/script>"'
 */
export const jsonForScript = (data: unknown): string =>
  JSON.stringify(data).replaceAll('<', '\\u003c').replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029');

/** A table; cells are HTML already. The first column is the rows' head. */
export const htmlTable = (head: readonly string[], rows: readonly (readonly string[])[], kind = ''): string =>
  [
    `<div class="scroll"><table class="${kind}"><thead><tr>`,
    ...head.map((cell) => (cell === '' ? '<td></td>' : `<th scope="col">${cell}</th>`)),
    '</tr></thead><tbody>',
    ...rows.map(
      ([first, ...others]) =>
        `<tr><th scope="row">${first}</th>${others.map((cell) => `<td>${cell}</td>`).join('')}</tr>`,
    ),
    '</tbody></table></div>',
  ].join('');
