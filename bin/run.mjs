// Runs a script of this project on the Node that came with the install, whatever Node started npm.
// Plain old JavaScript on purpose: it has to parse on a Node that is too old, to say so in one sentence.
import { spawn } from 'node:child_process';
import { bundledNode, nodeMissing } from './node-path.mjs';

const node = bundledNode();
if (node === null) {
  console.error(nodeMissing);
  process.exit(1);
}
// A small heap at first would be collected again and again under a produce load: a third more CPU.
const flags = ['--enable-source-maps', '--initial-heap-size=256'];
const child = spawn(node, flags.concat(process.argv.slice(2)), { stdio: 'inherit' });
['SIGINT', 'SIGTERM', 'SIGHUP'].forEach(function (signal) {
  process.on(signal, function () {
    child.kill(signal);
  });
});
child.on('exit', function (code, signal) {
  if (signal === null) process.exit(code === null ? 1 : code);
  process.exit(128 + (signal === 'SIGINT' ? 2 : signal === 'SIGTERM' ? 15 : 9));
});
