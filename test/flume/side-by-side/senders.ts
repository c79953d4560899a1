import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import { answers, sleep } from '../../peers/child.js';

/** Waits until something listens. */
export async function listening(port: number): Promise<void> {
  const deadline = Date.now() + 40_000;
  while (!(await answers(port))) {
    if (Date.now() > deadline) throw new Error(`nothing listens on port ${port}`);
    await sleep(50);
  }
}

/** Sends text over one connection and waits until the other side has taken it; gives what it answered. */
export async function sendTcp(port: number, text: string | Buffer, answerLines = 0): Promise<string> {
  await listening(port);
  const socket = connect(port, '127.0.0.1');
  socket.setEncoding('utf8');
  let answer = '';
  socket.on('data', (chunk: string) => (answer += chunk));
  await once(socket, 'connect');
  socket.write(text);
  const deadline = Date.now() + 40_000;
  while (answer.split('\n').length - 1 < answerLines && Date.now() < deadline) await sleep(10);
  socket.end();
  await Promise.race([once(socket, 'close'), sleep(1000)]);
  socket.destroy();
  return answer;
}

export async function sendUdp(port: number, datagrams: readonly (string | Buffer)[]): Promise<void> {
  const socket = createSocket('udp4');
  for (const datagram of datagrams) {
    await new Promise<void>((resolve, reject) => {
      socket.send(datagram, port, '127.0.0.1', (error) => (error === null ? resolve() : reject(error)));
    });
    await sleep(5);
  }
  socket.close();
}

/** Posts a body; gives the status. */
export async function post(
  port: number,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<number> {
  await listening(port);
  const answer = await fetch(`http://127.0.0.1:${port}/`, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json; charset=UTF-8', ...headers },
  });
  await answer.text();
  return answer.status;
}
