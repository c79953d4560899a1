// Stands in for curl in the commands of the documentation, so that tests need only Node; fails where the server refuses.
import { parseArgs } from 'node:util';

const { values, positionals } = parseArgs({
  options: {
    silent: { type: 'boolean', short: 's' },
    fail: { type: 'boolean', short: 'f' },
    request: { type: 'string', short: 'X' },
    header: { type: 'string', short: 'H', multiple: true, default: [] },
    data: { type: 'string', short: 'd' },
  },
  allowPositionals: true,
});
const headers = values.header.map((text) => text.split(/:\s*/, 2));
// As curl: a body as a form where nothing else is said, and http where no scheme is.
const isSilentOnType = values.data !== undefined && headers.every(([name]) => name.toLowerCase() !== 'content-type');
if (isSilentOnType) headers.push(['content-type', 'application/x-www-form-urlencoded']);
const method = values.request ?? (values.data === undefined ? 'GET' : 'POST');
const url = /^https?:/.test(positionals[0]) ? positionals[0] : `http://${positionals[0]}`;
const response = await fetch(url, { method, headers, body: values.data });
process.stdout.write(await response.text());
process.exitCode = response.ok ? 0 : 22;
