import { benchConsume } from './consume.js';
import { benchProduce } from './produce.js';
import { benchTail } from './tail.js';

/** Each runs ours and the peer in turn, prints ratios and keeps the result in bench/results/. */
const benches: Readonly<Record<string, (args: readonly string[]) => Promise<void>>> = {
  produce: benchProduce,
  consume: benchConsume,
  tail: benchTail,
};

const [name = '', ...args] = process.argv.slice(2);
const bench = benches[name];
if (bench === undefined) {
  process.stderr.write(`npm run bench -- <${Object.keys(benches).join('|')}> [--records N] [--rounds N]\n`);
  process.exitCode = 2;
} else {
  await bench(args);
}
