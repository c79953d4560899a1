import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { accessibilityProblems, takePictures, type View } from './browser.js';
import { startConsole, type ConsoleProduct } from './console-product.js';

let bed: ConsoleProduct;
beforeAll(async () => {
  const config = {
    name: 'topics with access rules',
    topicService: {
      'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
      'super.users': 'User:ANONYMOUS',
    },
    topics: [{ name: 'access-log', partitions: 1 }],
  };
  bed = await startConsole({ topicsPort: 24_872, httpPort: 24_873, config });
}, 120_000);
afterAll(() => bed.stop());

const tabs: readonly (readonly [path: string, heading: string])[] = [
  ['', 'What I may do'],
  ['/users', 'Users'],
  ['/keys', 'API keys'],
  ['/roles', 'Roles'],
  ['/acls', 'ACLs'],
  ['/quotas', 'Quotas'],
  ['/audit', 'Audit'],
  ['/read-only', 'Read-only mode'],
];

const status = async (key: string): Promise<number> =>
  (await fetch(`${bed.product.url}/api/v1/me`, { headers: { authorization: `ApiKey ${key}` } })).status;

async function toast({ page }: View, text: string | RegExp): Promise<void> {
  await page.locator('.toasts').getByText(text).first().waitFor();
}

test.each(tabs)('Access%s is well made in light, in dark and at 320 pixels', async (path, heading) => {
  const name = `access${path.replace('/', '-')}`;
  const ready = (page: View['page']): Promise<void> => page.getByRole('heading', { level: 1, name: heading }).waitFor();
  expect(await takePictures(bed.browser, `/access${path}`, name, ready)).toEqual([]);
});

test('with keys alone: a user is added and tested against a rule that was added', async () => {
  const view = await bed.browser.open('/access/users');
  const { page, context, errors } = view;
  const press = async (role: 'button' | 'link' | 'menuitem', name: string): Promise<void> => {
    await page.getByRole(role, { name, exact: true }).focus();
    await page.keyboard.press('Enter');
  };
  await press('button', 'Add a user …');
  const dialog = page.getByRole('dialog', { name: 'Add a user' });
  await dialog.waitFor();
  expect(await accessibilityProblems(page)).toEqual([]);
  await dialog.getByLabel('Name').focus();
  await page.keyboard.type('alice');
  await page.keyboard.press('Tab');
  await page.keyboard.type('a password of alice');
  await page.keyboard.press('Enter');
  await dialog.waitFor({ state: 'detached' });
  await page.getByRole('row', { name: /alice/ }).waitFor();
  await press('link', 'ACLs');
  await page.getByRole('heading', { level: 1, name: 'ACLs' }).waitFor();
  await press('button', 'Add a rule …');
  const rule = page.getByRole('dialog', { name: 'Add a rule' });
  await rule.getByLabel('User').focus();
  await page.keyboard.type('alice');
  await rule.getByLabel('Name of the resource').focus();
  await page.keyboard.type('access-log');
  await page.keyboard.press('Enter');
  await page.getByRole('row', { name: /User:alice READ TOPIC access-log/ }).waitFor();
  const tester = page.getByRole('region', { name: 'Can a user do it?' });
  await tester.getByLabel('User').focus();
  await page.keyboard.type('alice');
  await tester.getByLabel('Name of the resource').focus();
  await page.keyboard.type('access-log');
  await page.keyboard.press('Enter');
  await tester.getByText('User:alice may READ on TOPIC access-log.').waitFor();
  await tester.getByLabel('Operation').selectOption('WRITE');
  await page.keyboard.press('Tab');
  await tester.getByRole('button', { name: 'Test' }).focus();
  await page.keyboard.press('Enter');
  await tester.getByText('none grants this').waitFor();
  expect(await accessibilityProblems(page)).toEqual([]);
  expect(errors).toEqual([]);
  await context.close();
});

test('a quota is set and removed', async () => {
  const view = await bed.browser.open('/access/quotas');
  const { page, context, errors } = view;
  await page.getByRole('button', { name: 'Set a quota …' }).click();
  const dialog = page.getByRole('dialog', { name: 'Set a quota' });
  await dialog.getByLabel('User').fill('alice');
  await dialog.getByLabel('Produce, bytes a second').fill('1048576');
  await dialog.getByRole('button', { name: 'Set' }).click();
  await page.getByRole('row', { name: /user alice 1.0 MiB\/s/ }).waitFor();
  await page.getByRole('button', { name: 'Actions of user alice' }).click();
  await page.getByRole('menuitem', { name: 'Remove …' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
  await page.getByText('No quotas').waitFor();
  expect(errors).toEqual([]);
  await context.close();
});

test('the first key logs its maker in; further keys are used, rotated and revoked; all is in the audit', async () => {
  const view = await bed.browser.open('/access/keys');
  const { page, context, errors } = view;
  const make = async (name: string, role: string): Promise<string> => {
    await page.getByRole('button', { name: 'Make a key …' }).click();
    const dialog = page.getByRole('dialog', { name: 'Make an API key' });
    await dialog.getByLabel('Name', { exact: true }).fill(name);
    await dialog.getByLabel('Role').selectOption(role);
    await dialog.getByRole('button', { name: 'Make', exact: true }).click();
    return secret(name);
  };
  const secret = async (name: string): Promise<string> => {
    const dialog = page.getByRole('dialog', { name: `The key ${name}` });
    const text = (await dialog.getByLabel('Secret').textContent()) ?? '';
    await dialog.getByRole('button', { name: 'Copy the key' }).click();
    await dialog.getByText('Copied').waitFor();
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe(text);
    expect(await accessibilityProblems(page)).toEqual([]);
    await dialog.getByRole('button', { name: 'I have it' }).click();
    return text;
  };
  const act = async (name: string, action: string): Promise<void> => {
    await page.getByRole('button', { name: `Actions of ${name}` }).click();
    await page.getByRole('menuitem', { name: action }).click();
  };
  const first = await make('first', 'admin');
  await page.getByRole('button', { name: 'Account ApiKey:first and settings' }).waitFor();
  expect(await status(first)).toBe(200);

  const key = await make('ci', 'viewer');
  expect(await status(key)).toBe(200);
  await act('ci', 'Rotate …');
  await page.getByRole('dialog').getByRole('button', { name: 'Rotate' }).click();
  const rotated = await secret('ci');
  expect([await status(key), await status(rotated)]).toEqual([401, 200]);
  await act('ci', 'Revoke …');
  const confirm = page.getByRole('dialog', { name: 'Revoke key ci' });
  expect(await confirm.getByRole('button', { name: 'Revoke' }).isDisabled()).toBe(true);
  await confirm.getByLabel('Type ci to go on').fill('ci');
  await confirm.getByRole('button', { name: 'Revoke' }).click();
  await toast(view, 'Key ci is revoked.');
  expect(await status(rotated)).toBe(401);

  await page.getByRole('link', { name: 'Roles' }).click();
  await page.getByRole('button', { name: 'Give a role …' }).click();
  const giving = page.getByRole('dialog', { name: 'Give a role' });
  await giving.getByLabel('To whom').fill('User:nobody');
  await giving.getByRole('button', { name: 'Give' }).click();
  await giving.getByText('there is no User:nobody').first().waitFor();
  await giving.getByLabel('To whom').fill('User:alice');
  await giving.getByLabel('Role').selectOption('operator');
  await giving.getByLabel('sinks').check();
  await giving.getByLabel('Only for names that begin with').fill('access-');
  await giving.getByRole('button', { name: 'Give' }).click();
  await page.getByRole('row', { name: /User:alice operator sinks access-…/ }).waitFor();

  await page.getByRole('link', { name: 'Audit' }).click();
  const audit = page.getByRole('table', { name: 'Audit' });
  await audit.getByRole('row', { name: /ApiKey:first POST \/api\/v1\/role-bindings .*done 201/ }).waitFor();
  await audit.getByRole('row', { name: /ApiKey:first POST \/api\/v1\/role-bindings .*failed 422/ }).waitFor();
  await page.getByLabel('Name of what was touched').fill('ci');
  await page.getByRole('button', { name: 'Filter' }).click();
  await audit.getByRole('row', { name: /POST \/api\/v1\/api-keys ci done 201/ }).waitFor();
  await audit.getByRole('row', { name: /DELETE \/api\/v1\/api-keys\/ci ci done 204/ }).click();
  await page.getByRole('dialog', { name: 'DELETE /api/v1/api-keys/ci' }).getByText('administer in security').waitFor();
  expect(new URL(page.url()).search).toBe('?name=ci');
  expect(errors.filter((error) => !/status of 422/.test(error))).toEqual([]);
  await context.close();

  const { page: other, context: another } = await bed.browser.open('/access/read-only');
  await other.getByLabel('With').selectOption({ label: 'API key' });
  await other.getByLabel('API key', { exact: true }).fill(first);
  await other.getByRole('button', { name: 'Log in' }).click();
  await other.getByRole('button', { name: 'Refuse changes …' }).click();
  const refuse = other.getByRole('dialog', { name: 'Refuse changes' });
  await refuse.getByLabel('Reason').fill('a migration');
  await refuse.getByRole('button', { name: 'Refuse' }).click();
  await other.getByText('Read-only: nothing can be changed now (a migration).').waitFor();
  await other.getByRole('button', { name: 'Allow changes again …' }).click();
  await other.getByRole('dialog').getByRole('button', { name: 'Allow', exact: true }).click();
  await other.getByText('Changes are possible again.').waitFor();
  await another.close();
}, 60_000);
