import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import express from 'express';
import request from 'supertest';
import { consoleFiles } from './console-files.js';

const app = express();
app.use(consoleFiles());
app.use((_request, response) => response.status(418).send('not the console'));
const built = join(import.meta.dirname, '../../../../dist/console/assets');
const script = readdirSync(built).find((name) => /^index-.*\.js$/.test(name)) ?? '';

test('every path of the console answers with its page, which no cache keeps', async () => {
  for (const path of ['/console/', '/console/topics/access-log.dead-letters', '/console/topics/a%2Fb/records']) {
    const { status, headers, text } = await request(app).get(path);
    expect([path, status, headers['cache-control']]).toEqual([path, 200, 'no-cache']);
    expect(headers['content-security-policy']).toContain("default-src 'self'");
    expect(text).toContain('<div id="root">');
  }
});

test('scripts come compressed and are kept for a year', async () => {
  const { status, headers } = await request(app).get(`/console/assets/${script}`).set('Accept-Encoding', 'gzip');
  expect([status, headers['content-encoding']]).toEqual([200, 'gzip']);
  expect(headers['cache-control']).toBe('public, max-age=31536000, immutable');
  expect(headers['content-type']).toMatch(/javascript/);
});

test('a script of an older build, and what lies outside, is passed on', async () => {
  for (const path of [
    '/console/assets/index-gone.js',
    '/console/assets/..%2f..%2f..%2fpackage.json',
    '/consoles/',
    '/api/v1/me',
  ]) {
    const { status, text } = await request(app).get(path);
    expect([path, status]).toEqual([path, 418]);
    expect(text).toBe('not the console');
  }
});

test('a path that leads out of the folder gets no file from there', async () => {
  const { text } = await request(app).get('/console/..%2f..%2fpackage.json');
  expect(text).not.toContain('"dependencies"');
});

test('browsers are sent from the root to the console, programs and changes are not', async () => {
  const sent = await request(app).get('/').set('Accept', 'text/html,application/xhtml+xml');
  expect([sent.status, sent.headers['location']]).toEqual([302, '/console/']);
  expect((await request(app).get('/').set('Accept', 'application/json')).status).toBe(418);
  expect((await request(app).post('/console/')).status).toBe(418);
});
