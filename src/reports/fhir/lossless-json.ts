/**
 * @file JSON that comes back as it was sent, numbers included: FHIR gives decimals their precision (`1.50` is not
 * `1.5`, https://hl7.org/fhir/datatypes.html#decimal), which JavaScript's numbers lose. Numbers that would change
 * travel as marked strings meanwhile.
 */

/** Marks a string that stands for a number; FHIR's strings may not contain it. */
const MARK = '\u0001number:';
const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/gs;
const MARKED = /"\\u0001number:([^"]+)"/g;

/**
 * Text whose numbers survive `JSON.parse`. Text that is no JSON stays none.
 *
 * @example stringifyLossless(JSON.parse(protectNumbers('{"value":1.50}'))) // '{"value":1.50}'
 */
export const protectNumbers = (json: string): string =>
  json.replace(TOKEN, (token) =>
    token.startsWith('"') || String(Number(token)) === token || Number.isNaN(Number(token))
      ? token
      : JSON.stringify(MARK + token),
  );

/** JSON with the numbers as they were. */
export const stringifyLossless = (value: unknown): string =>
  JSON.stringify(value).replace(MARKED, (_, number: string) => number);
