// Stands in for curl in the commands of the documentation, so that tests need only Node; fails where the server refuses.
import { parseArgs } from 'node:util';

const { values, positionals } = parseArgs({
  options: {
    silent: { type: 'boolean', short: 's' },
    fail: { type: 'boolean', short: 'f' },
    request: { type: 'string', short: 'X' },
    header: { type: 'string', short: 'H', multiple: true, default: [] },
    data: { type: 'string', short: 'd', multiple: true, default: [] },
    'data-urlencode': { type: 'string', multiple: true, default: [] },
    get: { type: 'boolean', short: 'G' },
    'no-buffer': { type: 'boolean', short: 'N' },
    'max-time': { type: 'string' },
  },
  allowPositionals: true,
});
const headers = values.header.map((text) => text.split(/:\s*/, 2));
const encoded = values['data-urlencode'].map((text) => {
  const at = text.indexOf('=');
  return text.slice(0, at + 1) + encodeURIComponent(text.slice(at + 1));
});
const data = [...values.data, ...encoded].join('&');
const body = values.get || data === '' ? undefined : data;
// As curl: a body as a form where nothing else is said, and http where no scheme is.
const isSilentOnType = body !== undefined && headers.every(([name]) => name.toLowerCase() !== 'content-type');
if (isSilentOnType) headers.push(['content-type', 'application/x-www-form-urlencoded']);
const method = values.request ?? (body === undefined ? 'GET' : 'POST');
const given = /^https?:/.test(positionals[0]) ? positionals[0] : `http://${positionals[0]}`;
const url = values.get && data !== '' ? `${given}?${data}` : given;
const seconds = values['max-time'];
const signal = seconds === undefined ? {} : { signal: AbortSignal.timeout(Number(seconds) * 1000) };
try {
  const response = await fetch(url, { method, headers, body, ...signal });
  for await (const piece of response.body ?? []) process.stdout.write(piece);
  process.exitCode = response.ok ? 0 : 22;
} catch (error) {
  // curl's exit code of a time that is up.
  if (error.name !== 'TimeoutError') throw error;
  process.exitCode = 28;
}
