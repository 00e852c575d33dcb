import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { openDatabase } from '../../src/server/audit/database.js';
import { verify } from '../../src/server/audit/verify.js';
import { impressionist } from '../cli/impressionist.js';
import { leaningModel } from '../server/leaning-model.js';
import { FINDINGS, type Json, type Running, serve, temporaryFolder } from '../server/running.js';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const QUIET = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

let browser: Browser;
let server: Running;
let audit: string;
let context: BrowserContext;
let page: Page;
/** What the page said on its console, and requests to anywhere else. */
let complaints: string[];

beforeAll(async () => {
  audit = join(await temporaryFolder(), 'audit.db');
  [browser, server] = await Promise.all([
    chromium.launch({ executablePath: inject('chromium'), args: QUIET }),
    serve('--audit', audit, '--evaluations', join(import.meta.dirname, '..', 'fixtures', 'workbench')),
  ]);
});
afterAll(async () => {
  await browser.close();
  await server.stop();
});

const open = async (url = server.url, options: Parameters<Browser['newContext']>[0] = {}): Promise<void> => {
  context = await browser.newContext({ ...options, bypassCSP: false });
  await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: url });
  page = await context.newPage();
  complaints = [];
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('request', (request) => {
    if (!request.url().startsWith(url) && !request.url().startsWith('data:')) complaints.push(request.url());
  });
  await page.goto(url);
  await page.waitForSelector('.status.ready, .dialog');
};
beforeEach(() => open());
afterEach(() => context.close());

const impression = (): Promise<string> => page.inputValue('#impression');
const drafted = async (): Promise<string> => {
  await page.waitForFunction(() => {
    const field = (globalThis as Json).document.querySelector('#impression');
    return field.value !== '' && field.getAttribute('aria-busy') !== 'true';
  });
  return impression();
};
const paste = async (text: string): Promise<void> => {
  await page.evaluate((content) => (globalThis as Json).navigator.clipboard.writeText(content), text);
  await page.focus('#findings');
  await page.keyboard.press('Control+V');
};
const button = (name: string) => page.getByRole('button', { name, exact: true });
const feedbackOf = (draft?: string): Json[] => {
  const log = openDatabase(audit);
  const bodies = [...log.records()].filter(({ kind }) => kind === 'feedback').map(({ body }) => JSON.parse(body));
  expect(verify(log).faults).toEqual([]);
  log.close();
  return draft === undefined ? bodies : bodies.filter((body) => body.draft === draft);
};

describe('the whole path', () => {
  it('a report is pasted, drafted, flagged, acknowledged, edited, accepted, and stands in the audit log', async () => {
    await paste(`EXAM: Chest\nINDICATION: Cough.\n\nFINDINGS:\n${FINDINGS}\n\nIMPRESSION:\nNone yet.`);
    await expect.poll(() => page.inputValue('#findings')).toBe(FINDINGS);
    expect(await page.inputValue('#background')).toBe('EXAM: Chest INDICATION: Cough.');

    const draft = await drafted();
    await page.waitForSelector('.flag.hard');
    expect(await page.textContent('.behind mark.hard')).toContain('effusion');
    expect(await button('Accept').isDisabled()).toBe(true);
    expect(await button('Copy').isDisabled()).toBe(true);

    while ((await button('Acknowledge').count()) > 0) await button('Acknowledge').first().click();
    expect(await button('Copy').isEnabled()).toBe(true);

    await page.fill('#impression', `${draft} Large left pleural effusion.`);
    await page.waitForSelector('.difference ins');
    expect(await page.textContent('.difference ins')).toContain('Large left pleural effusion.');
    await expect.poll(async () => page.locator('.flag.hard:not(.done)').count()).toBe(0);
    await expect.poll(() => button('Accept').isEnabled()).toBe(true);
    await button('Accept').click();
    await page.waitForSelector('p.accepted');

    const accepted = feedbackOf().at(-1);
    expect(accepted).toMatchObject({ action: 'accept', user: 'local', editedWords: 4 });
    expect(feedbackOf(accepted.draft).map(({ action }) => action)).toContain('acknowledge');
    expect(complaints).toEqual([]);
  });

  it('the draft is written while one looks', async () => {
    // The stream is the server's own, but comes a message at a time: this model is faster than a screen.
    await page.addInitScript(() => {
      const page = globalThis as Json;
      const fetch = page.fetch.bind(page);
      page.fetch = async (...args: Json[]) => {
        const response = await fetch(...args);
        if (!response.headers.get('content-type')?.startsWith('text/event-stream')) return response;
        const messages = (await response.text()).split(/(?<=\n\n)/);
        const body = new ReadableStream({
          pull: async (controller: Json) => {
            await new Promise((resolve) => setTimeout(resolve, 40));
            if (messages.length === 0) controller.close();
            else controller.enqueue(new TextEncoder().encode(messages.shift()));
          },
        });
        return new page.Response(body, { headers: response.headers });
      };
    });
    await page.reload();
    await page.waitForSelector('.status.ready');
    const seen = new Set<string>();
    await page.fill('#findings', FINDINGS);
    await page.waitForSelector('.marked.busy');
    while ((await page.locator('.marked.busy').count()) > 0) seen.add(await impression());
    const draft = await impression();
    const grown = [...seen].filter((text) => text !== '' && text !== draft);
    expect(grown.length).toBeGreaterThan(1);
    for (const text of grown) expect(draft.startsWith(text)).toBe(true);
  });

  it('with the keyboard alone', async () => {
    await page.keyboard.type(FINDINGS);
    await page.keyboard.press('Control+Enter');
    const draft = await drafted();
    for (let left = await page.locator('.flag.hard').count(); left > 0; left--) await page.keyboard.press('Alt+K');
    await expect.poll(() => page.locator('.flag.hard:not(.done)').count()).toBe(0);
    await page.keyboard.press('Alt+C');
    await expect.poll(() => page.evaluate(() => (globalThis as Json).navigator.clipboard.readText())).toBe(draft);

    await page.keyboard.press('Alt+I');
    await page.keyboard.press('Control+End');
    await page.keyboard.type(' Effusion on the left.');
    expect(await impression()).toBe(`${draft} Effusion on the left.`);
    for (let step = 0; step < 12 && (await impression()) !== draft; step++) await page.keyboard.press('Control+Z');
    expect(await impression()).toBe(draft);

    await page.keyboard.press('Alt+L');
    await page.waitForSelector('.alternatives');
    await page.keyboard.press('Alt+2');
    expect(await impression()).toBe(await page.locator('.alternatives label.chosen span').textContent());
    await expect.poll(() => page.locator('.flag').count()).toBeGreaterThan(0);
    for (let tries = 0; tries < 40 && (await page.locator('p.accepted').count()) === 0; tries++) {
      await page.keyboard.press('Alt+K');
      await page.keyboard.press('Alt+A');
      await page.waitForTimeout(100);
    }
    expect(await page.locator('p.accepted').count()).toBe(1);
    await page.keyboard.press('Alt+N');
    expect(await page.inputValue('#findings')).toBe('');
    expect(await page.evaluate(() => (globalThis as Json).document.activeElement.id)).toBe('findings');
    await page.locator('.history button').first().click();
    expect(await page.inputValue('#findings')).toBe(FINDINGS);
  });

  it('a flag leads to its places in both texts', async () => {
    await page.fill('#findings', 'Small left pleural effusion. Heart size is normal.');
    await drafted();
    await page.fill('#impression', 'Small right pleural effusion.');
    const flag = page.locator('.flag', { hasText: 'Side' });
    await flag.waitFor();
    await flag.locator('.place').last().click();
    const selected = (id: string) =>
      page.evaluate((name) => {
        const field = (globalThis as Json).document.getElementById(name);
        return field.value.slice(field.selectionStart, field.selectionEnd);
      }, id);
    expect(await selected('impression')).toBe('right');
    expect(await page.locator('mark.active').allTextContents()).toEqual(['left', 'right']);
  });

  it('an alternative that is another report’s impression says so', async () => {
    const leaning = await serve('--model', await leaningModel(await temporaryFolder()));
    try {
      await context.close();
      await open(leaning.url);
      await page.fill('#findings', FINDINGS);
      await drafted();
      await page.keyboard.press('Alt+L');
      await page.waitForSelector('.alternatives');
      const shown = await page.locator('.alternatives label').allTextContents();
      expect(shown[0]).toMatch(/Large left pleural effusion\. Another patient’s impression, from a similar report$/);
      expect(shown[2]).not.toContain('Another patient');
      expect(await impression()).toBe('Large left pleural effusion.');
      expect(complaints).toEqual([]);
    } finally {
      await leaning.stop();
    }
  });

  it('no line leaves its panel, wide or narrow', async () => {
    await page.fill('#findings', FINDINGS);
    await drafted();
    await page.fill('#impression', 'A long sentence about the chest. '.repeat(20));
    await page.keyboard.press('Alt+N');
    await page.fill('#findings', FINDINGS.repeat(3));
    await drafted();
    for (const width of [1400, 1000, 700, 380]) {
      await page.setViewportSize({ width, height: 800 });
      const beyond = await page.evaluate(() => {
        const { document, innerWidth } = globalThis as Json;
        const right = document.querySelector('.history').parentElement.getBoundingClientRect().right;
        return [
          document.documentElement.scrollWidth > innerWidth,
          ...[...document.querySelectorAll('.history button')].map(
            (each) => each.getBoundingClientRect().right > right,
          ),
        ];
      });
      expect(beyond, `at ${width} pixels`).not.toContain(true);
      expect(beyond.length).toBeGreaterThan(1);
    }
  });

  it('findings that change later never overwrite what was edited', async () => {
    await page.fill('#findings', FINDINGS);
    await drafted();
    await page.fill('#impression', 'My own words.');
    await page.fill('#findings', `${FINDINGS} More.`);
    await page.waitForTimeout(1500);
    expect(await impression()).toBe('My own words.');
    expect(await page.textContent('.notice')).toContain('changed since this draft');
  });
});

describe('the page', () => {
  it.each(['light', 'dark'] as const)('has no serious accessibility fault in %s, on any view', async (colorScheme) => {
    await context.close();
    // The checker is put into the page as a script, which the page's own policy rightly refuses.
    context = await browser.newContext({ colorScheme, bypassCSP: true });
    page = await context.newPage();
    await page.goto(server.url);
    await page.waitForSelector('.status.ready');
    await page.fill('#findings', FINDINGS);
    const draft = await drafted();
    await page.fill('#impression', `${draft} Large right effusion.`);
    await page.waitForSelector('.difference');
    await page.keyboard.press('Alt+L');
    await page.waitForSelector('.alternatives');
    for (const path of ['/', '/model', '/evaluations', '/docs']) {
      if (path !== '/') {
        await page.goto(server.url + path);
        await page.waitForSelector('.loaded');
      }
      await page.evaluate(AXE);
      const { violations } = (await page.evaluate(() => (globalThis as Json).axe.run())) as Json;
      const found = violations.map(({ id, impact, nodes }: Json) => [id, impact, nodes[0].html]);
      expect(found.filter(([, impact]: Json) => impact === 'serious' || impact === 'critical')).toEqual([]);
    }
  });

  it('is under 200 kB compressed and paints within a second', async () => {
    const { bytes, paint } = await page.evaluate(() => {
      const { performance } = globalThis as Json;
      const all = [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')];
      return {
        bytes: all.reduce((sum: number, { transferSize }: Json) => sum + transferSize, 0),
        paint: performance.getEntriesByName('first-contentful-paint')[0]?.startTime,
      };
    });
    expect(bytes).toBeGreaterThan(5000);
    expect(bytes).toBeLessThan(200_000);
    expect(paint).toBeLessThan(1000);
  });

  it('shows the model with its curve, and evaluations with their baselines', async () => {
    await page.getByRole('link', { name: 'Model' }).click();
    await page.waitForSelector('.facts');
    expect(await page.textContent('.facts')).toContain('t5-text');
    await page.getByRole('link', { name: 'Evaluations' }).click();
    await page.waitForSelector('table');
    expect(await page.textContent('table')).toMatch(/predictions[\s\S]*\[[\d.]+, [\d.]+\]/);
    expect(complaints).toEqual([]);
  });

  it('asks for a token where the server does', async () => {
    const tokens = join(await temporaryFolder(), 'tokens.json');
    const token = (await impressionist('token', 'add', 'reader', '--tokens', tokens)).stdout.trim();
    const guarded = await serve('--tokens', tokens);
    try {
      await context.close();
      await open(guarded.url);
      await page.getByRole('textbox', { name: 'Token' }).fill(token);
      await button('Use it').click();
      await page.waitForSelector('.status.ready');
      await page.fill('#findings', FINDINGS);
      expect((await drafted()).length).toBeGreaterThan(0);
    } finally {
      await guarded.stop();
    }
  });
});
