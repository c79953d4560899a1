// Writes the access log of a made-up shop: 50 lines a second, JSON, and one line in 500 cut short, as a full disk or a
// crash would leave it.
import { appendFileSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const linesPerSecond = 50;
const linesPerMalformed = 500;
const tickMs = 200;
const fileBytesMax = 16 * 1024 * 1024;
const filesKept = 3;

const paths = ['/', '/basket', '/checkout', '/search?q=mill', '/items/1041', '/items/2210', '/items/77', '/help'];
const agents = ['Mozilla/5.0 (X11; Linux x86_64)', 'Mozilla/5.0 (iPhone)', 'curl/8.5', 'Googlebot/2.1'];
const statuses = [200, 200, 200, 200, 200, 200, 304, 301, 404, 500];

/** Starts writing below `folder` (the data folder); gives a function that stops it. */
export function start(folder) {
  const directory = join(folder, 'logs', 'site');
  mkdirSync(directory, { recursive: true });
  let file = nextFile(directory);
  let bytes = 0;
  let count = 0;
  const timer = setInterval(() => {
    let text = '';
    for (let line = 0; line < (linesPerSecond * tickMs) / 1000; line += 1) {
      count += 1;
      const whole = JSON.stringify(request(count));
      text += `${count % linesPerMalformed === 0 ? whole.slice(0, 40) : whole}\n`;
    }
    appendFileSync(file, text);
    bytes += text.length;
    if (bytes > fileBytesMax) {
      file = nextFile(directory);
      bytes = 0;
    }
  }, tickMs);
  return () => clearInterval(timer);
}

/** A new file name, as a rotating server would choose; the oldest files go. */
function nextFile(directory) {
  for (const name of readdirSync(directory).sort().slice(0, -filesKept)) rmSync(join(directory, name));
  return join(directory, `access-${new Date().toISOString().replaceAll(/[:.]/g, '')}.log`);
}

function request(count) {
  const pick = (list) => list[Math.floor(Math.random() * list.length)];
  return {
    time: new Date().toISOString(),
    remote: `192.0.2.${1 + Math.floor(Math.random() * 254)}`,
    method: count % 9 === 0 ? 'POST' : 'GET',
    path: pick(paths),
    status: pick(statuses),
    bytes: 200 + Math.floor(Math.random() * 20000),
    duration_ms: Math.round(Math.random() * 2500) / 10,
    agent: pick(agents),
  };
}
