// What the tests of the try-it page share: a browser, the page in it, and hands on its faders.

import assert from 'node:assert/strict';
import { mkdir, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, type TestContext } from 'node:test';

import type { BrowserContext, BrowserContextOptions, CDPSession, Page } from 'playwright-core';

import { browse } from '../support/chromium.js';
import { Gateway } from '../support/gateway.js';

/** A public name, which leads to the gateway, and one of a local network. */
export const PUBLIC = 'gate.example.com';
export const LOCAL = 'gate.local';

const NAMES = `--host-resolver-rules=MAP ${PUBLIC} 127.0.0.1, MAP ${LOCAL} 127.0.0.1`;

/** How long anything on the page may take. */
const PATIENCE = 10_000;

export const DESKTOP: BrowserContextOptions = { viewport: { width: 1100, height: 720 } };

/** A phone held upright. */
export const PHONE: BrowserContextOptions = {
  viewport: { width: 390, height: 844 },
  hasTouch: true,
  isMobile: true,
  deviceScaleFactor: 2,
};

/** A gateway, and windows on its page. */
export interface Stage {
  gateway: Gateway;
  /** A window with a profile of its own, whose person has this name. */
  window: (name: string, options?: BrowserContextOptions) => Promise<Page>;
  /** One browser, for several windows of one profile. */
  profile: (options?: BrowserContextOptions) => Promise<BrowserContext>;
  /** Opens the page and waits until it knows all values. */
  open: (context: BrowserContext) => Promise<Page>;
}

/** One browser for all tests of a file; what is returned sets the stage of one test. */
export function stages(): (test: TestContext, show?: string) => Promise<Stage> {
  let browser: BrowserContext | undefined;
  const ends: (() => unknown)[] = [];
  before(async () => {
    browser = await browse({ after: (end) => ends.push(end) }, [NAMES]);
  });
  after(async () => {
    for (const end of ends) await end();
  });
  return async (test, show) => {
    const gateway = await Gateway.start(test, show);
    const profile = async (options: BrowserContextOptions = DESKTOP) => {
      const context = await browser?.browser()?.newContext(options);
      assert.ok(context !== undefined);
      context.setDefaultTimeout(PATIENCE);
      test.after(() => context.close());
      return context;
    };
    const open = (context: BrowserContext) => opened(context, `http://${gateway.http}/`);
    const window = async (name: string, options?: BrowserContextOptions) => {
      const context = await profile(options);
      await context.addInitScript((typed) => localStorage.setItem('oscgate.name', typed), name);
      return open(context);
    };
    return { gateway, window, profile, open };
  };
}

async function opened(context: BrowserContext, url: string): Promise<Page> {
  const page = await context.newPage();
  // What the page's own policy forbids, and what it throws, is a fault wherever it happens.
  page.on('pageerror', (error) => {
    throw error;
  });
  page.on('console', (message) => {
    if (/content security policy/i.test(message.text())) throw new Error(message.text());
  });
  await page.goto(url);
  await page.locator('[data-state=connected]').waitFor();
  await page.locator('#channel-8 .value', { hasText: /no value|%/ }).waitFor();
  return page;
}

/** The strip of a channel, as far as it is held so. */
export function strip(page: Page, channel: number, held?: 'free' | 'mine' | 'other') {
  return page.locator(`#channel-${channel}${held === undefined ? '' : `[data-held=${held}]`}`);
}

/** Waits until a part of a strip says this. */
export async function says(
  page: Page,
  channel: number,
  part: string,
  text: string | RegExp,
): Promise<void> {
  await strip(page, channel).locator(part, { hasText: text }).waitFor();
}

/** Waits until the fader of a channel stands here, in percent, as it is read out. */
export async function stands(page: Page, channel: number, percent: number): Promise<void> {
  await strip(page, channel).locator(`.fader[aria-valuenow="${percent}"]:not(.none)`).waitFor();
}

/** Waits until the page has read this out. */
export async function hears(page: Page, text: string | RegExp): Promise<void> {
  await page.locator('#announcer', { hasText: text }).waitFor({ state: 'attached' });
}

/** The middle of the cap of a fader, and how far the cap travels. */
export async function capOf(page: Page, channel: number) {
  const cap = await strip(page, channel).locator('.cap').boundingBox();
  const slot = await strip(page, channel).locator('.slot').boundingBox();
  assert.ok(cap !== null && slot !== null);
  return { x: cap.x + cap.width / 2, y: cap.y + cap.height / 2, travel: slot.height - cap.height };
}

/** Puts the mouse down on a fader. */
export async function press(page: Page, channel: number): Promise<void> {
  const { x, y } = await capOf(page, channel);
  await page.mouse.move(x, y);
  await page.mouse.down();
}

/** Moves the mouse that is down on a fader by a part of its travel; up is positive. */
export async function drag(page: Page, channel: number, part: number): Promise<void> {
  const { x, y, travel } = await capOf(page, channel);
  await page.mouse.move(x, y - part * travel, { steps: 8 });
}

/** Fingers on the glass of a window. */
export class Fingers {
  private readonly down = new Map<number, { x: number; y: number }>();

  private constructor(private readonly session: CDPSession) {}

  static async on(page: Page): Promise<Fingers> {
    return new Fingers(await page.context().newCDPSession(page));
  }

  /** Puts one more finger down. */
  async put(id: number, x: number, y: number): Promise<void> {
    this.down.set(id, { x, y });
    await this.send('touchStart');
  }

  /** Moves several fingers at once, in steps. */
  async move(ways: { id: number; dx?: number; dy: number }[], steps = 8): Promise<void> {
    for (let step = 0; step < steps; step += 1) {
      for (const { id, dx = 0, dy } of ways) {
        const { x, y } = this.down.get(id) ?? { x: 0, y: 0 };
        this.down.set(id, { x: x + dx / steps, y: y + dy / steps });
      }
      await this.send('touchMove');
    }
  }

  /** Takes a finger off. */
  async lift(id: number): Promise<void> {
    const off = this.down.get(id);
    if (off === undefined) return;
    this.down.delete(id);
    // The end of a touch names the fingers that leave, and not those that stay.
    await this.send('touchEnd', [[id, off]]);
  }

  private async send(
    type: 'touchStart' | 'touchMove' | 'touchEnd',
    points: Iterable<[number, { x: number; y: number }]> = this.down,
  ): Promise<void> {
    const touchPoints = [...points].map(([id, { x, y }]) => ({ id, x, y }));
    await this.session.send('Input.dispatchTouchEvent', { type, touchPoints });
  }
}

let shots: Promise<string> | undefined;

/** Keeps a picture, in the folder that OSCGATE_SCREENSHOTS names, else in a new one. */
export async function shoot(page: Page, name: string): Promise<void> {
  shots ??= folderOfShots();
  await page.screenshot({ path: join(await shots, `${name}.png`), animations: 'disabled' });
}

async function folderOfShots(): Promise<string> {
  const named = process.env.OSCGATE_SCREENSHOTS;
  if (named === undefined) {
    const made = await mkdtemp(join(tmpdir(), 'oscgate-page-'));
    console.log(`screenshots: ${made}`);
    return made;
  }
  await mkdir(named, { recursive: true });
  return named;
}
