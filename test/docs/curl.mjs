// Stands in for curl in the commands of the documentation, so that tests need only Node; fails where the server refuses.
import { parseArgs } from 'node:util';

const { values, positionals } = parseArgs({
  options: {
    silent: { type: 'boolean', short: 's' },
    request: { type: 'string', short: 'X', default: 'GET' },
    header: { type: 'string', short: 'H', multiple: true, default: [] },
    data: { type: 'string', short: 'd' },
  },
  allowPositionals: true,
});
const headers = values.header.map((text) => text.split(/:\s*/, 2));
const response = await fetch(positionals[0], { method: values.request, headers, body: values.data });
process.stdout.write(await response.text());
process.exitCode = response.ok ? 0 : 22;
