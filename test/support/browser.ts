// Debian's Chromium on the dashboard of a real server, as a person at it: logged in by the login URL. Whatever the page says on its console, and
// whatever its policy forbids, fails the test.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { defer } from './defer.ts';
import type { Cleanup } from './engine.ts';

export interface Dashboard {
  readonly page: Page;
  /** What the page complained about so far, and was not forgiven. */
  readonly complaints: readonly string[];
  /**
   * Accepts complaints that the test causes, such as a refused request. `pattern` is for the words of the complaint; if `path` is given, the URL path of
   * the request has to match it too.
   */
  forgive(pattern: RegExp, path?: RegExp): void;
  /** Goes to a place by its link, `#/map`, as by a click. */
  goTo(link: string): Promise<void>;
  /** Fails where axe finds a violation on what is shown now. */
  checkAccessibility(what: string): Promise<void>;
}

/** `path` is the URL path of the request or script that the browser names, or empty. It stays apart from the words: a path may hold any number. */
interface Complaint {
  readonly text: string;
  readonly path: string;
}

interface Forgiven {
  readonly pattern: RegExp;
  readonly path?: RegExp | undefined;
}

/** For {@link Dashboard.forgive}: while an engine refuses connections, the routes that ask it answer 503. */
export const engineIsAway = [
  /status of 503 /,
  /^\/api\/v1\/(containers|engines|labs|namespaces|networks|reachability)(\/|$)/,
] as const;

interface OpenOptions {
  /** Where to be after the login. */
  readonly link?: string;
  readonly context?: BrowserContextOptions;
  /** Default true; false shows the login form. */
  readonly logIn?: boolean;
}

/** What runs in pages is text here: this file knows no DOM, because it is compiled with what has none. */
const tellViolations = `document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) =>
  console.error('policy: ' + violatedDirective + ' forbids ' + blockedURI))`;

/** Where a server is, and who may ask it for a login URL. */
interface Served {
  readonly url: string;
  readonly headers: { readonly authorization: string };
}

/**
 * What Chromium is kept from. It fills a window's address bar with two pages of its own, which costs each window more than ours does; the rest is what
 * Playwright turns off and we count on, said again because only the last list counts: other loads, and questions to the network.
 */
const turnedOff = [
  'WebUIOmniboxPopup',
  'WebUIOmniboxAimPopup',
  'AimEnabled',
  'DestroyProfileOnBrowserClose',
  'HttpsFirstBalancedModeAutoEnable',
  'HttpsUpgrades',
  'LensOverlay',
  'MediaRouter',
  'NetworkTimeServiceQuerying',
  'OptimizationHints',
  'PaintHolding',
  'PreconnectToSearch',
  'ThirdPartyStoragePartitioning',
];

/** One browser for a test file, closed with it. The sandbox is off: tests run as root in containers, where it has no way to work. */
export async function startBrowser(cleanup: Cleanup): Promise<Browser> {
  const browser = await chromium.launch({
    executablePath: process.env.TERRARIUM_CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-dev-shm-usage', `--disable-features=${turnedOff.join(',')}`],
  });
  defer(cleanup, () => browser.close());
  return browser;
}

/** A new browser profile on the dashboard; at its end it fails where the page complained. */
export async function openDashboard(
  cleanup: Cleanup,
  browser: Browser,
  server: Served,
  { link = '', context: wanted = {}, logIn = true }: OpenOptions = {},
): Promise<Dashboard> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: 'en-GB', ...wanted });
  context.setDefaultTimeout(20_000);
  const page = await context.newPage();
  const complaints: Complaint[] = [];
  // A server of the test that ends before the page is no fault of the page's; nor that Chromium gives up what it is connecting when a veth comes or goes.
  const forgiven: Forgiven[] = [
    { pattern: /net::ERR_CONNECTION_(REFUSED|RESET|CLOSED)/ },
    { pattern: /net::ERR_NETWORK_CHANGED/ },
  ];
  const complain = (complaint: Complaint) => {
    if (!forgiven.some((one) => covers(one, complaint))) complaints.push(complaint);
  };
  page.on('console', (message) => {
    const { url } = message.location();
    const path = URL.canParse(url) ? new URL(url).pathname : '';
    if (['error', 'warning'].includes(message.type())) complain({ text: `${message.type()}: ${message.text()}`, path });
  });
  page.on('pageerror', (error) => complain({ text: `thrown: ${error.stack ?? error.message}`, path: '' }));
  await page.addInitScript(tellViolations);
  defer(cleanup, async () => {
    await context.close();
    assert.deepEqual(complaints.map(format), [], 'the page complained');
  });
  if (logIn) {
    await page.goto(await askLoginUrl(server));
    await page.getByRole('navigation').waitFor();
  } else await page.goto(`${server.url}/${link}`);
  const dashboard: Dashboard = {
    page,
    get complaints() {
      return complaints.map(format);
    },
    forgive(pattern, path) {
      const added = { pattern, path };
      forgiven.push(added);
      complaints.splice(0, complaints.length, ...complaints.filter((one) => !covers(added, one)));
    },
    async goTo(to) {
      await page.evaluate(`location.hash = ${JSON.stringify(to)}`);
    },
    checkAccessibility: (what) => checkAccessibility(page, what),
  };
  if (logIn && link !== '') await dashboard.goTo(link);
  return dashboard;
}

function covers({ pattern, path }: Forgiven, complaint: Complaint): boolean {
  return pattern.test(complaint.text) && (path === undefined || path.test(complaint.path));
}

function format({ text, path }: Complaint): string {
  return path === '' ? text : `${text} [${path}]`;
}

/** The single-use URL that logs a browser in. */
export async function askLoginUrl({ url, headers }: Served): Promise<string> {
  const answer = await fetch(`${url}/api/v1/login-codes`, { method: 'POST', headers });
  assert.equal(answer.status, 201);
  return ((await answer.json()) as { url: string }).url;
}

let axeSource: string | undefined;

interface AxeResult {
  readonly violations: readonly {
    readonly id: string;
    readonly help: string;
    readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
  }[];
}

async function checkAccessibility(page: Page, what: string): Promise<void> {
  axeSource ??= await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
  // By the debugger, which no content security policy concerns.
  await page.evaluate(axeSource);
  // It would read the style sheets once more, from a server that a test may have ended.
  const { violations } = await page.evaluate<AxeResult>('axe.run({ preload: false })');
  const told = violations.map(
    ({ id, help, nodes }) =>
      `${id}: ${help}\n${nodes.map(({ html, failureSummary }) => `  ${html}\n  ${failureSummary}`).join('\n')}`,
  );
  assert.deepEqual(told, [], `axe on ${what}`);
}
