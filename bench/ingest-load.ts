/** Sends events to a source over its own protocol, in a process of its own: `ingest-load.js syslog|http PORT COUNT`. */
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { connect } from 'node:net';

const bodyBytes = 200;
const eventsPerRequest = 100;
const connections = 4;
const text = 'GET /items/1041?from=search HTTP/1.1 200 5316 Mozilla/5.0 (X11; Linux x86_64) '.repeat(3);

const [kind = '', portText = '', countText = ''] = process.argv.slice(2);
const port = Number(portText);
const each = Math.ceil(Number(countText) / connections);
await Promise.all(Array.from({ length: connections }, () => (kind === 'http' ? sendHttp() : sendSyslog())));

async function sendSyslog(): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  const line = `${`<34>Oct 11 22:14:15 mymachine su: ${text}`.slice(0, bodyBytes - 1)}\n`;
  const chunk = line.repeat(100);
  for (let sent = 0; sent < each; sent += 100) {
    if (!socket.write(sent + 100 <= each ? chunk : line.repeat(each - sent))) await once(socket, 'drain');
  }
  socket.end();
  await once(socket, 'close');
}

async function sendHttp(): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const event = { headers: { host: 'mymachine', app: 'su' }, body: text.slice(0, bodyBytes) };
  const body = JSON.stringify(Array.from({ length: eventsPerRequest }, () => event));
  for (let sent = 0; sent < each; sent += eventsPerRequest) {
    const status = await post(agent, body);
    if (status !== 200) throw new Error(`answered ${status}`);
  }
  agent.destroy();
}

function post(agent: Agent, body: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json; charset=UTF-8', 'content-length': Buffer.byteLength(body) };
    const sending = request({ host: '127.0.0.1', port, method: 'POST', agent, headers }, (answer) => {
      answer.resume();
      answer.once('end', () => resolve(answer.statusCode ?? 0));
    });
    sending.once('error', reject);
    sending.end(body);
  });
}
