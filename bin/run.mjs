// Runs a script of this project on the Node that came with the install, whatever Node started npm.
// Plain old JavaScript on purpose: it has to parse on a Node that is too old, to say so in one sentence.
import { spawn } from 'node:child_process';
import { bundledNode, nodeMissing } from './node-path.mjs';

const node = bundledNode();
if (node === null) {
  console.error(nodeMissing);
  process.exit(1);
}
const child = spawn(node, ['--enable-source-maps'].concat(process.argv.slice(2)), { stdio: 'inherit' });
['SIGINT', 'SIGTERM', 'SIGHUP'].forEach(function (signal) {
  process.on(signal, function () {
    child.kill(signal);
  });
});
child.on('exit', function (code, signal) {
  if (signal === null) process.exit(code === null ? 1 : code);
  process.exit(128 + (signal === 'SIGINT' ? 2 : signal === 'SIGTERM' ? 15 : 9));
});
