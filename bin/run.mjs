// Runs a script of this project on the Node that came with the install, whatever Node started npm.
// Plain old JavaScript on purpose: it has to parse on a Node that is too old, to say so in one sentence.
import { spawn } from 'node:child_process';
import { bundledNode, nodeMajorMin } from './node-path.mjs';

const node = bundledNode();
if (node === null) {
  console.error(
    'Millrace needs Node ' +
      nodeMajorMin +
      ' or newer, and this is ' +
      process.version +
      '. Install it with "npm ci" (npm 10 or newer brings the right Node along), or put a newer Node on the PATH.',
  );
  process.exit(1);
}
const child = spawn(node, ['--enable-source-maps', ...process.argv.slice(2)], { stdio: 'inherit' });
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => {
  if (signal === null) process.exit(code === null ? 1 : code);
  else process.exit(128 + (signal === 'SIGINT' ? 2 : signal === 'SIGTERM' ? 15 : 9));
});
