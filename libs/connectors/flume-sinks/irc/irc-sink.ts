import { connect, type Socket } from 'node:net';
import { defineOptions, requireOptions } from '#config/options';
import { channelSinkAsTask } from '#pipeline/channel-sink-task';
import type { ChannelSink, ComponentContext, ComponentType } from '#pipeline/collector';
import { RetriableSinkError } from '#pipeline/errors';
import type { EventBatch } from '#pipeline/event-batch';
import { messageOf } from '#std/errors';
import { IrcReplies } from './irc-replies.js';

const options = defineOptions({
  hostname: { type: 'string', required: true, doc: 'IRC server.' },
  port: { type: 'int', default: 6667, min: 1, max: 65_535, doc: 'Its port.' },
  nick: { type: 'string', required: true, check: wordProblem, doc: 'Nickname.' },
  user: { type: 'string', check: wordProblem, doc: 'User name. Absent: the nickname.' },
  password: { type: 'password', doc: 'Password of the connection.' },
  chan: {
    type: 'string',
    required: true,
    check: wordProblem,
    doc: 'Channel; a `#` is put before it where it is missing.',
  },
  name: { type: 'string', doc: 'Real name. Absent: the nickname.' },
  splitlines: {
    type: 'boolean',
    default: false,
    doc: 'A message for each line of a body; else line ends become blanks.',
  },
  splitchars: { type: 'string', default: '\n', doc: 'What ends a line then.' },
});

type Values = ReturnType<typeof requireValues>;

const answerMsMax = 15_000;
/** RFC 1459, section 2.3: 512 bytes with the command and the line end; a server puts the sender's name before it. */
const textBytesMax = 400;

/**
 * Says the body of each event in a channel (RFC 1459). A batch counts as said when the server has answered a PING that was sent behind it;
 * Flume counts it as soon as it is written.
 */
class IrcSink implements ChannelSink {
  readonly batchSize = 1;
  private context: ComponentContext | null = null;
  private socket: Socket | null = null;
  private replies = new IrcReplies();
  private pings = 0;

  constructor(private readonly values: Values) {}

  async start(context: ComponentContext): Promise<void> {
    this.context = context;
    await this.logIn();
  }

  stop(): Promise<void> {
    this.socket?.end('QUIT\r\n');
    this.socket = null;
    this.context = null;
    return Promise.resolve();
  }

  async write(batch: EventBatch): Promise<void> {
    const socket = this.socket ?? (await this.logIn());
    const channel = channelName(this.values.chan);
    for (let index = 0; index < batch.count; index += 1) {
      for (const text of this.textsOf(batch.body(index).toString())) socket.write(`PRIVMSG ${channel} :${text}\r\n`);
    }
    this.pings += 1;
    const word = `millrace-${this.pings}`;
    const answered = this.expect(
      `an answer to PING ${word}`,
      (reply) => reply.command === 'PONG' && reply.last === word,
    );
    socket.write(`PING :${word}\r\n`);
    await answered;
  }

  private async logIn(): Promise<Socket> {
    const { hostname, port, nick, user, name, password, chan } = this.values;
    const socket = connect({ host: hostname, port });
    const replies = new IrcReplies();
    this.replies = replies;
    socket.on('data', (chunk) => {
      for (const reply of replies.take(chunk)) if (reply.command === 'PING') socket.write(`PONG :${reply.last}\r\n`);
    });
    const gone = (error?: Error): void => {
      if (this.socket === socket) this.socket = null;
      replies.end(
        new RetriableSinkError(`The IRC server ${hostname}:${port} is away: ${messageOf(error ?? 'it hung up')}`),
      );
    };
    socket.once('error', gone);
    socket.once('close', () => gone());
    try {
      const welcome = this.expect('a welcome', ({ command }) => command === '001');
      if (password !== null) socket.write(`PASS ${password}\r\n`);
      socket.write(`NICK ${nick}\r\nUSER ${user ?? nick} 0 * :${plain(name ?? nick)}\r\n`);
      await welcome;
      const joined = this.expect(
        `to be in ${channelName(chan)}`,
        ({ command }) => command === 'JOIN' || command === '366',
      );
      socket.write(`JOIN ${channelName(chan)}\r\n`);
      await joined;
    } catch (error) {
      socket.destroy();
      throw error;
    }
    this.socket = socket;
    this.context?.count('ConnectionCreatedCount', 1);
    return socket;
  }

  private expect(what: string, wanted: Parameters<IrcReplies['expect']>[0]): Promise<void> {
    const clock = this.context?.clock;
    const expected = this.replies.expect(wanted);
    const timer = clock?.after(answerMsMax, () => {
      expected.fail(new RetriableSinkError(`The IRC server did not give ${what} within ${answerMsMax} ms.`));
    });
    return expected.done.finally(() => timer?.cancel());
  }

  private textsOf(body: string): string[] {
    const { splitlines, splitchars } = this.values;
    const lines = splitlines ? body.split(splitchars) : [body];
    return lines
      .map(plain)
      .filter((line) => line !== '')
      .flatMap(cut);
  }
}

/** What would end the command, and another begin. */
function plain(text: string): string {
  return text.replaceAll(/[\r\n\0]+/g, ' ').trim();
}

function cut(text: string): string[] {
  const bytes = Buffer.from(text);
  const parts: string[] = [];
  for (let from = 0; from < bytes.length;) {
    let to = Math.min(bytes.length, from + textBytesMax);
    while (to < bytes.length && to > from && ((bytes[to] ?? 0) & 0xc0) === 0x80) to -= 1;
    parts.push(bytes.toString('utf8', from, to));
    from = to;
  }
  return parts;
}

function channelName(chan: string): string {
  return chan.startsWith('#') ? chan : `#${chan}`;
}

function wordProblem(value: string): string | null {
  return /^[^\s,:\0]+$/.test(value) ? null : 'must be one word';
}

function requireValues(name: string, input: Readonly<Record<string, string>>) {
  return requireOptions(`sink ${name}`, options, input);
}

export const ircSink: ComponentType<ChannelSink> = {
  name: 'irc',
  classNames: ['org.apache.flume.sink.irc.IRCSink'],
  doc: 'Says events in an IRC channel.',
  options,
  create: (input) => new IrcSink(requireValues(input.name, input.options)),
  createTask: (input, context) => ({
    sink: channelSinkAsTask(new IrcSink(requireValues(input.name, input.options)), context),
    deadLetterTopic: null,
  }),
};
