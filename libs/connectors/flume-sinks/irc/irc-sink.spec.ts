import { createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { events, startSink } from '../sink-context.testkit.js';
import { ircSink } from './irc-sink.js';

/** As much of a server as a client of one channel meets. */
describe('the irc sink', () => {
  let server: Server;
  let said: string[] = [];
  const sockets: Socket[] = [];

  beforeEach(async () => {
    said = [];
    server = createServer((socket) => {
      sockets.push(socket);
      socket.on('error', () => undefined);
      socket.on('data', (chunk) => {
        for (const line of chunk
          .toString()
          .split('\r\n')
          .filter((text) => text !== '')) {
          said.push(line);
          if (line.startsWith('USER')) socket.write(':irc.test 001 bot :Welcome\r\n');
          if (line.startsWith('JOIN')) socket.write(`:bot!b@h ${line}\r\nPING :are you there\r\n`);
          if (line.startsWith('PING')) socket.write(`:irc.test PONG irc.test ${line.slice(5)}\r\n`);
        }
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });

  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });

  it('joins its channel, says events there, and cannot be made to say anything else', async () => {
    const { port } = server.address() as AddressInfo;
    const sink = await startSink(ircSink, { hostname: '127.0.0.1', port: String(port), nick: 'bot', chan: 'logs' });
    await sink.write(events(['hello\r\nQUIT :bye']));
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => setTimeout(resolve, 20));
    await sink.write(events(['again']));
    await sink.stop();
    expect(said.filter((line) => !line.startsWith('PING'))).toEqual([
      'NICK bot',
      'USER bot 0 * :bot',
      'JOIN #logs',
      'PONG :are you there',
      'PRIVMSG #logs :hello QUIT :bye',
      'NICK bot',
      'USER bot 0 * :bot',
      'JOIN #logs',
      'PONG :are you there',
      'PRIVMSG #logs :again',
      ...said.filter((line) => line === 'QUIT'),
    ]);
  });
});
