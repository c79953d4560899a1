import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { eventually } from '../flows/product.js';
import { accessibilityProblems, type View } from './browser.js';
import { startConsole, type ConsoleProduct } from './console-product.js';

const adminKey = 'the-first-key-of-this-test-0001';
let bed: ConsoleProduct;
beforeAll(async () => {
  bed = await startConsole({
    topicsPort: 24_870,
    httpPort: 24_871,
    env: { MILLRACE_ADMIN_KEY: adminKey },
  });
  for (const [name, role] of [
    ['vera', 'viewer'],
    ['otto', 'operator'],
    ['edda', 'editor'],
  ] as const) {
    await asRoot('POST', '/api/v1/users', { name, password: passwordOf(name) });
    await asRoot('POST', '/api/v1/role-bindings', { principal: `User:${name}`, role });
  }
}, 120_000);
afterAll(() => bed.stop());

const passwordOf = (name: string): string => `a password of ${name}`;

async function asRoot(method: string, path: string, body?: unknown): Promise<Response> {
  const response = await fetch(bed.product.url + path, {
    method,
    headers: { authorization: `ApiKey ${adminKey}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return response;
}

/** What a browser itself says of answers that are no errors of ours: a login was needed. */
function unexpected({ errors }: View): string[] {
  return errors.filter((error) => !/status of 401/.test(error));
}

async function logIn({ page }: View, name: string): Promise<void> {
  await page.getByLabel('User', { exact: true }).fill(name);
  await page.getByLabel('Password').fill(passwordOf(name));
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByRole('button', { name: `Account User:${name} and settings` }).waitFor();
}

test('with keys alone: a wrong password is told in words, the right one opens the page that was asked for', async () => {
  const view = await bed.browser.open('/topics?filter=access');
  const { page, context } = view;
  await page.getByRole('heading', { level: 1, name: 'Log in to Millrace' }).waitFor();
  expect(await accessibilityProblems(page)).toEqual([]);
  expect(await page.title()).toBe('Log in · Millrace');
  // The field for the name has the focus.
  await page.keyboard.type('vera');
  await page.keyboard.press('Tab');
  await page.keyboard.type('not her password');
  await page.keyboard.press('Enter');
  await page.getByRole('alert').getByText('The login is not good').waitFor();
  await page.getByText('An administrator can set a new password').waitFor();
  expect(await accessibilityProblems(page)).toEqual([]);
  await page.getByLabel('Password').focus();
  await page.keyboard.type(passwordOf('vera'));
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name: 'Topics' }).waitFor();
  expect(new URL(page.url()).search).toBe('?filter=access');
  const [cookie] = await context.cookies();
  expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Strict', path: '/' });
  expect(await page.evaluate('document.cookie')).toBe('');
  expect(unexpected(view)).toEqual([]);
  await context.close();
});

test('an API key logs in too, live data flows, and a logout shows nothing any more', async () => {
  const view = await bed.browser.open('/');
  const { page, context } = view;
  await page.getByLabel('With').selectOption({ label: 'API key' });
  await page.getByLabel('API key', { exact: true }).fill(adminKey);
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByRole('heading', { level: 1, name: 'Topology' }).waitFor();
  await page.locator('.badge', { hasText: 'live' }).waitFor();
  await page.getByRole('button', { name: /^Account ApiKey:/ }).click();
  await page.getByRole('menuitem', { name: 'Log out', exact: true }).click();
  await page.getByRole('heading', { level: 1, name: 'Log in to Millrace' }).waitFor();
  await page.reload();
  await page.getByRole('heading', { level: 1, name: 'Log in to Millrace' }).waitFor();
  expect(unexpected(view)).toEqual([]);
  await context.close();
});

test('a login that ends elsewhere brings the login page, and after it the same page', async () => {
  const view = await bed.browser.open('/sinks');
  const { page, context } = view;
  await logIn(view, 'otto');
  await page.locator('.badge', { hasText: 'live' }).waitFor();
  const cookie = (await context.cookies()).map(({ name, value }) => `${name}=${value}`).join('; ');
  const ended = await fetch(`${bed.product.url}/api/v1/session`, {
    method: 'DELETE',
    headers: { cookie, origin: bed.product.url },
  });
  expect(ended.status).toBe(204);
  await page.getByText('Your login has ended').waitFor();
  await logIn(view, 'otto');
  await page.getByRole('heading', { level: 1, name: 'Sinks' }).waitFor();
  await asRoot('PUT', '/api/v1/users/otto', { password: 'quite another one' });
  await page.getByText('Your login has ended').waitFor();
  await asRoot('PUT', '/api/v1/users/otto', { password: passwordOf('otto') });
  expect(unexpected(view).filter((error) => !/ERR_(INCOMPLETE|EMPTY)/.test(error))).toEqual([]);
  await context.close();
});

test('logins and logouts are in the audit', async () => {
  await eventually('entries of the audit', 5_000, async () => {
    const { data } = (await (await asRoot('GET', '/api/v1/audit?area=security&page_size=100')).json()) as {
      data: { method: string; path: string; principal: string; name: string | null; status: number }[];
    };
    const seen = data
      .filter(({ path }) => path === '/api/v1/session')
      .map(({ method, principal, name, status }) => [method, principal, name, status].join(' '));
    return (
      seen.includes('POST User:ANONYMOUS User:vera 401') &&
      seen.includes('POST User:vera User:vera 200') &&
      seen.some((line) => line.startsWith('DELETE ApiKey:MILLRACE_ADMIN_KEY') && line.endsWith('204'))
    );
  });
});
