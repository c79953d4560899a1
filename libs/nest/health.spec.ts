import { checkHealth } from './health.js';

describe('health', () => {
  it('is ready when every check passes, and tells what each says', async () => {
    const report = await checkHealth([
      { name: 'quiet', check: () => Promise.resolve() },
      { name: 'talking', check: () => Promise.resolve('two of them') },
    ]);
    expect(report).toMatchObject({
      status: 'ready',
      checks: [
        { name: 'quiet', ok: true, message: null },
        { name: 'talking', ok: true, message: 'two of them' },
      ],
    });
  });

  it('is not ready when one fails or never answers', async () => {
    const report = await checkHealth([
      { name: 'broken', check: () => Promise.reject(new Error('away')) },
      { name: 'silent', check: () => new Promise(() => {}) },
      { name: 'fine', check: () => Promise.resolve() },
    ]);
    expect(report.status).toBe('not ready');
    expect(report.checks.map(({ ok, message }) => [ok, message])).toEqual([
      [false, 'away'],
      [false, 'no answer within 2000 ms'],
      [true, null],
    ]);
  });
});
