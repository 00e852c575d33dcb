/** @file Where words go: news to standard error, results to standard output, so that a program can read them. */

/** Tells the user something on the way. */
export const news = (text: string): void => console.error(text);

/** Prints a result: JSON for programs, else text. */
export const result = (json: boolean | undefined, value: unknown, text: string): void => {
  console.log(json ? JSON.stringify(value, undefined, 2) : text);
};
