/** @file The report page in a real browser, opened from a file as a reader opens it. */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { evaluate } from '../../src/evaluation/evaluate.js';
import type { EvaluationItem } from '../../src/evaluation/item.js';
import { reportPage } from '../../src/evaluation/report-page.js';
import { checkImpression } from '../../src/guard/check.js';
import type { Json } from '../server/running.js';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const sides = ['left', 'right'];
const items: EvaluationItem[] = Array.from({ length: 120 }, (_, at) => {
  const side = sides[at % 2];
  const abnormal = at % 3 === 0;
  const reference = abnormal ? `Small ${side} pleural effusion.` : 'No acute cardiopulmonary abnormality.';
  return {
    studyId: `s${String(at).padStart(3, '0')}`,
    findings: abnormal
      ? `Small ${side} pleural effusion. No pneumothorax. The heart is normal in size.`
      : `The lungs are clear${at % 4 === 0 ? ' and well expanded' : ''}. No effusion or pneumothorax.`,
    background: '',
    reference,
    prediction: at % 9 === 0 ? `Small ${sides[(at + 1) % 2]} pleural effusion.` : at % 10 === 1 ? '' : reference,
  };
});
const flags = items.map(({ prediction, findings, background }) =>
  checkImpression({ impression: prediction, findings, background }),
);
const counts = flags.map((list) =>
  Object.fromEntries(
    list.map(({ kind }) => [
      kind,
      {
        hard: list.filter((flag) => flag.kind === kind && flag.severity === 'hard').length,
        soft: list.filter((flag) => flag.kind === kind && flag.severity === 'soft').length,
      },
    ]),
  ),
);
const against = { name: 'other', predictions: items.map(() => 'Normal.') };
const result = evaluate(items, { flags: counts, against, resamples: 200, randomisationSamples: 200 });

let browser: Browser;
let folder: string;
let context: BrowserContext;
let page: Page;
/** What the page said on its console, and everything it asked for besides itself. */
let complaints: string[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'report-'));
  await writeFile(join(folder, 'report.html'), reportPage({ title: 'drafts.jsonl', items, flags, ...result }));
  browser = await chromium.launch({
    executablePath: inject('chromium'),
    args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-sync'],
  });
});
afterAll(async () => {
  await browser.close();
  await rm(folder, { recursive: true });
});
afterEach(() => context.close());

const open = async (options: Parameters<Browser['newContext']>[0] = {}): Promise<void> => {
  context = await browser.newContext(options);
  page = await context.newPage();
  complaints = [];
  const url = pathToFileURL(join(folder, 'report.html')).href;
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('request', (request) => {
    if (request.url() !== url) complaints.push(request.url());
  });
  await page.goto(url);
  await page.waitForSelector('table.examples tbody tr');
};

/** A column of the table of examples as far as it is shown. */
const column = (index: number): Promise<string[]> =>
  page.locator(`table.examples tr.row td:nth-child(${index})`).allTextContents();
const rougeL = async (): Promise<number[]> => (await column(5)).map(Number);
const headOf = (key: string) => page.locator(`th[data-key=${key}]`);
const count = (): Promise<string | null> => page.textContent('#count');
const ascending = (values: readonly number[]): number[] => [...values].sort((a, b) => a - b);

describe('the report page in a browser', () => {
  it('opens from a file, asks for nothing and complains of nothing', async () => {
    await open();
    expect(await page.title()).toBe('drafts.jsonl · evaluation');
    expect(await page.locator('table.examples tr.row').count()).toBe(50);
    await page.getByRole('button', { name: 'show more' }).click();
    expect(await page.locator('table.examples tr.row').count()).toBe(100);
    expect(complaints).toEqual([]);
  });

  it('draws every interval and figure where the scale has them', async () => {
    await open();
    const drawn: Json[] = await page.evaluate(() => {
      const middle = (element: Json): number => {
        const { left, width } = element.getBoundingClientRect();
        return left + width / 2;
      };
      return [...(globalThis as Json).document.querySelectorAll('svg.plot g')].flatMap((group) => {
        const line = group.querySelector('line.whisker');
        if (line === null || line.getClientRects().length === 0) return [];
        const grid = [...group.parentElement.querySelectorAll('line.grid')].map(middle);
        const at = (x: number): number => (100 * (x - grid[0])) / (grid.at(-1)! - grid[0]);
        const { left, right } = line.getBoundingClientRect();
        const mark = group.querySelector('circle, rect, path');
        const said = group
          .querySelector('.value')
          .textContent.match(/[\d.]+/g)
          .map(Number);
        const colour = (globalThis as Json).getComputedStyle(line).stroke;
        return [{ said, seen: [at(middle(mark)), at(left), at(right)], colour }];
      });
    });
    expect(drawn.length).toBeGreaterThan(40);
    expect(drawn.some(({ said: [, low, high] }) => high - low > 10)).toBe(true);
    for (const { said, seen, colour } of drawn) {
      said.forEach((value: number, index: number) => {
        // A point of the scale is more than a pixel.
        expect(Math.abs(value - seen[index])).toBeLessThan(1);
      });
      expect(colour).toMatch(/^rgb/);
    }
  });

  it('sorts by a click, and back', async () => {
    await open();
    const first = await rougeL();
    expect(first).toEqual(ascending(first));
    expect(await headOf('rougeL').getAttribute('aria-sort')).toBe('ascending');
    await headOf('rougeL').getByRole('button').click();
    const second = await rougeL();
    expect(second).toEqual(ascending(second).reverse());
    expect(second[0]).toBeGreaterThan(first[0]);
    await headOf('flags').getByRole('button').click();
    const flagged = (await column(8)).map(Number);
    expect(flagged[0]).toBeGreaterThan(0);
    expect(flagged).toEqual(ascending(flagged).reverse());
    expect(await headOf('rougeL').getAttribute('aria-sort')).toBeNull();
  });

  it('sorts, filters and unfolds by the keyboard alone', async () => {
    await open();
    await headOf('id').getByRole('button').focus();
    await page.keyboard.press('Enter');
    expect((await column(1)).slice(0, 3)).toEqual(['s000', 's001', 's002']);
    await page.keyboard.press('Space');
    expect((await column(1))[0]).toBe('s119');

    await page.focus('#search');
    await page.keyboard.type('well expanded');
    await expect.poll(count).toBe('20 of 120');
    await page.keyboard.press('Tab');
    await page.keyboard.type('abn');
    await expect.poll(count).toBe('0 of 120');
    await page.keyboard.type('n');
    await page.selectOption('#stratum', 'normal');
    await expect.poll(count).toBe('20 of 120');

    const fold = page.locator('table.examples .fold').first();
    await fold.focus();
    await page.keyboard.press('Enter');
    expect(await fold.getAttribute('aria-expanded')).toBe('true');
    expect(await page.textContent('tr.unfolded')).toContain('well expanded');
    await page.keyboard.press('Enter');
    expect(await page.locator('tr.unfolded').count()).toBe(0);
    expect(complaints).toEqual([]);
  });

  it('filters by flags and stratum with the mouse', async () => {
    await open();
    const hard = flags.filter((list) => list.some(({ severity }) => severity === 'hard')).length;
    expect(hard).toBeGreaterThan(5);
    await page.selectOption('#flagged', 'hard');
    expect(await count()).toBe(`${hard} of 120`);
    await page.selectOption('#stratum', 'abnormal');
    expect(new Set(await column(3))).toEqual(new Set(['abnormal']));
  });

  for (const place of ['the table', 'the most flagged']) {
    it(`links flags with what they speak of both ways: ${place}`, async () => {
      await open();
      if (place === 'the table') {
        await page.selectOption('#flagged', 'hard');
        await page.locator('tr.row', { hasText: 'Small' }).first().click();
      }
      const detail =
        place === 'the table'
          ? page.locator('tr.unfolded .detail')
          : page
              .locator('section', { hasText: 'The most flagged' })
              .locator('.detail', { hasText: 'laterality' })
              .first();
      const flag = detail.locator('.flags button', { hasText: 'laterality' }).first();
      const number = await flag.getAttribute('data-flags');
      const marks = detail.locator(`mark[data-flags~="${number}"]`);
      expect(await marks.count()).toBeGreaterThanOrEqual(2);
      expect((await marks.allTextContents()).join(' ')).toMatch(/left.*right|right.*left/);
      const litMarks = (): Promise<number> => detail.locator(`mark.lit[data-flags~="${number}"]`).count();
      const background = (): Promise<string> =>
        marks.first().evaluate((mark) => (globalThis as Json).getComputedStyle(mark).backgroundColor);

      const before = await background();
      await flag.hover();
      expect(await litMarks()).toBe(await marks.count());
      expect(await background()).not.toBe(before);
      await page.mouse.move(0, 0);
      expect(await litMarks()).toBe(0);

      await marks.first().hover();
      expect(await flag.getAttribute('class')).toContain('lit');
      expect(await litMarks()).toBe(await marks.count());
      await page.mouse.move(0, 0);

      await marks.last().focus();
      expect(await flag.getAttribute('class')).toContain('lit');
      await flag.focus();
      expect(await litMarks()).toBe(await marks.count());
      await page.focus('#search');
      expect(await detail.locator('.lit').count()).toBe(0);
    });
  }

  it('shows one stemmer setting at a time', async () => {
    await open();
    const shown = (): Promise<string[]> =>
      page.locator('[data-setting]:visible th[scope=col]:first-child').allTextContents();
    expect(await shown()).toEqual(['F1, Porter-stemmed words']);
    await page.getByRole('button', { name: 'plain' }).click();
    expect(await shown()).toEqual(['F1, plain words']);
  });

  for (const colorScheme of ['light', 'dark'] as const) {
    it(`is accessible and follows the reader's colours: ${colorScheme}`, async () => {
      await open({ colorScheme });
      const [red] = (
        await page.evaluate(
          () => (globalThis as Json).getComputedStyle((globalThis as Json).document.body).backgroundColor,
        )
      )
        .match(/\d+/g)!
        .map(Number);
      expect(red > 128).toBe(colorScheme === 'light');
      await page.selectOption('#flagged', 'hard');
      await page.locator('tr.row').first().click();
      await page.locator('tr.unfolded .flags button').first().hover();
      await page.evaluate(AXE);
      const found = await page.evaluate(() => (globalThis as Json).axe.run());
      expect(
        found.violations.map(
          ({ id, impact, nodes: [{ html, failureSummary }] }: Json) => `${impact} ${id}: ${html} ${failureSummary}`,
        ),
      ).toEqual([]);
    });
  }

  it('fits a narrow window', async () => {
    await open({ viewport: { width: 390, height: 800 } });
    const width = await page.evaluate(() => (globalThis as Json).document.documentElement.scrollWidth);
    expect(width).toBeLessThanOrEqual(390);
    const one = (await page.locator('tr.row td:nth-child(4)').first().boundingBox())!;
    const next = (await page.locator('tr.row td:nth-child(5)').first().boundingBox())!;
    expect(one.x + one.width).toBeLessThanOrEqual(next.x + 1);
    expect(one.width).toBeGreaterThan(50);
  });
});
