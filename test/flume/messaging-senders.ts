import { once } from 'node:events';
import { connect } from 'node:net';
import mqtt from 'mqtt';
import rhea, { type Message } from 'rhea';
import { encodeFrame, FrameReader } from '#wire/stomp/frame';
import { brokerPassword, brokerUser } from '../peers/message-brokers.js';

const host = '127.0.0.1';

/** Resolves when the broker has accepted them. */
export async function sendAmqp(port: number, address: string, messages: readonly Message[]): Promise<void> {
  const connection = rhea.create_container().connect({
    host,
    port,
    username: brokerUser,
    password: brokerPassword,
    reconnect: false,
  });
  await new Promise<void>((resolve, reject) => {
    let sent = 0;
    let accepted = 0;
    for (const name of ['connection_error', 'disconnected', 'sender_error', 'rejected'])
      connection.on(name, (context) => reject(new Error(`${name}: ${String(context.error ?? context.sender?.error)}`)));
    const sender = connection.open_sender({ target: { address, capabilities: ['queue'] } });
    sender.on('sendable', () => {
      while (sent < messages.length && sender.sendable()) {
        const message = messages[sent];
        if (message !== undefined) sender.send({ durable: true, ...message });
        sent += 1;
      }
    });
    sender.on('accepted', () => {
      accepted += 1;
      if (accepted === messages.length) resolve();
    });
  });
  connection.removeAllListeners('disconnected');
  connection.close();
  await once(connection, 'connection_close');
}

export interface StompMessage {
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Resolves when the broker has them. */
export async function sendStomp(port: number, destination: string, messages: readonly StompMessage[]): Promise<void> {
  const socket = connect({ host, port });
  const reader = new FrameReader({ headBytesMax: 65_536, bodyBytesMax: 65_536 });
  const answers: string[] = [];
  socket.on('data', (piece: Buffer) => answers.push(...reader.read(piece).map(({ command }) => command)));
  socket.write(encodeFrame('CONNECT', { 'accept-version': '1.2', host, login: brokerUser, passcode: brokerPassword }));
  for (const { body, headers } of messages) {
    socket.write(encodeFrame('SEND', { destination, persistent: 'true', ...headers }, Buffer.from(body)));
  }
  socket.write(encodeFrame('DISCONNECT', { receipt: 'end' }));
  await once(socket, 'close');
  if (answers.join() !== 'CONNECTED,RECEIPT') throw new Error(`the broker answered ${answers.join()}`);
}

/** Resolves when the broker has them. */
export async function sendMqtt(
  port: number,
  topic: string,
  { bodies, qos }: { bodies: readonly string[]; qos: 1 | 2 },
): Promise<void> {
  const client = await mqtt.connectAsync(`mqtt://${host}:${port}`, {
    username: brokerUser,
    password: brokerPassword,
    protocolVersion: 4,
  });
  await Promise.all(bodies.map((body) => client.publishAsync(topic, body, { qos })));
  await client.endAsync();
}
