/**
 * A JMS provider through a JVM of its own: `bin/JmsBridge.java` with the provider's jars, started for each connection. One batch is one JMS
 * transaction: the next is asked for when the channels have this one and the provider has committed it. The password goes over the
 * pipe, so that it is in no list of processes.
 */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ComponentContext } from '#pipeline/collector';
import { MillraceError } from '#std/errors';
import { brokerErrors, readCredentials } from '../broker-options.js';
import type { Broker, BrokerSession, SessionEvents } from '../broker-source.js';
import { BridgeReader, bridgeSettings, command, type BridgeFrame } from './bridge-frames.js';
import { bridgeClassPath, type JmsValues } from './jms-options.js';

/** A JVM has to start and the program be compiled before it connects, ms. */
const startMsMax = 60_000;
const endMsMax = 3000;
const lastWordsMax = 4000;

export class JmsBridge implements Broker<number> {
  readonly address: string;

  constructor(private readonly values: JmsValues) {
    this.address = `${values.providerURL} ${values.destinationName}`;
  }

  async connect(
    events: SessionEvents<number>,
    context: ComponentContext,
    signal: AbortSignal,
  ): Promise<BrokerSession<number>> {
    const { values } = this;
    const login = await readCredentials(values);
    const child = spawn(
      values['bridge.java'],
      [
        ...values['bridge.javaOptions'].split(/\s+/).filter((word) => word !== ''),
        ...['-cp', bridgeClassPath(values) ?? ''],
        bridgeProgram(),
      ],
      { stdio: ['pipe', 'pipe', 'pipe'] },
    );
    const session = new BridgeSession(child, values.batchSize, events, context);
    const settings: Record<string, string | null> = {
      initialContextFactory: values.initialContextFactory,
      providerURL: values.providerURL,
      connectionFactory: values.connectionFactory,
      destinationName: values.destinationName,
      destinationType: values.destinationType,
      destinationLocator: values.destinationLocator,
      messageSelector: values.messageSelector,
      pollTimeout: String(values.pollTimeout),
      errorThreshold: String(values.errorThreshold),
      charset: values['converter.charset'],
      clientId: values.clientId,
      durableSubscriptionName: values.createDurableSubscription ? values.durableSubscriptionName : null,
      user: login?.user ?? null,
      password: login?.password ?? null,
    };
    await session.open(bridgeSettings(settings), signal);
    return session;
  }
}

class BridgeSession implements BrokerSession<number> {
  readonly settlesSingly = false;
  private readonly reader: BridgeReader;
  private credit = 0;
  /** Messages of the open transaction that are not settled. */
  private unsettled = 0;
  /** How many of the next messages come one by one: those of a transaction that was rolled back, so that the rest goes on. */
  private alone = 0;
  private isAsking = false;
  private isOver = false;
  private lastWords = '';
  private readonly ended: Promise<void>;
  /** Gets the answer to a commit or rollback, and to the settings. */
  private answered: { resolve: () => void; reject: (error: Error) => void } | null = null;

  constructor(
    private readonly child: ChildProcessWithoutNullStreams,
    private readonly batchSize: number,
    private readonly events: SessionEvents<number>,
    private readonly context: ComponentContext,
  ) {
    this.reader = new BridgeReader();
    child.stdout.on('data', (piece: Buffer) => this.hear(piece));
    child.stderr.on('data', (piece: Buffer) => {
      this.lastWords = (this.lastWords + piece.toString()).slice(-lastWordsMax);
    });
    // What is written to a JVM that has ended is told by its end.
    child.stdin.on('error', () => undefined);
    this.ended = new Promise((resolve) => {
      child.once('error', (error) => {
        this.fail(`cannot be started (${error.message}); bridge.java names the JVM`);
        resolve();
      });
      child.once('close', (code) => {
        this.fail(`has ended with code ${code ?? 'none'}: ${this.lastWords.trim()}`);
        resolve();
      });
    });
  }

  async open(settings: Buffer, signal: AbortSignal): Promise<void> {
    const deadline = AbortSignal.any([signal, AbortSignal.timeout(startMsMax)]);
    const late = (): void => this.fail('has not connected in time');
    deadline.addEventListener('abort', late, { once: true });
    try {
      await this.ask(settings);
    } catch (error) {
      this.child.kill('SIGKILL');
      throw error;
    } finally {
      deadline.removeEventListener('abort', late);
    }
  }

  request(count: number): void {
    this.credit += count;
    this.askForMore();
  }

  async accept(tokens: readonly number[]): Promise<void> {
    this.unsettled -= tokens.length;
    if (this.unsettled === 0) await this.settle(command.commit);
  }

  async giveBack(): Promise<void> {
    this.alone = Math.max(this.alone, this.unsettled);
    this.unsettled = 0;
    await this.settle(command.rollback);
  }

  async close(): Promise<void> {
    this.isOver = true;
    this.child.stdin.end(Buffer.of(command.quit));
    const timer = this.context.clock.after(endMsMax, () => this.child.kill('SIGKILL'));
    await this.ended;
    timer.cancel();
  }

  private async settle(word: number): Promise<void> {
    await this.ask(Buffer.of(word));
    this.askForMore();
  }

  private ask(bytes: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      this.answered = { resolve, reject };
      this.child.stdin.write(bytes);
    });
  }

  private askForMore(): void {
    const count = Math.min(this.credit, this.alone > 0 ? 1 : this.batchSize);
    if (this.isOver || this.isAsking || this.unsettled > 0 || count <= 0) return;
    this.isAsking = true;
    const bytes = Buffer.alloc(5);
    bytes[0] = command.next;
    bytes.writeInt32BE(count, 1);
    this.child.stdin.write(bytes);
  }

  private hear(piece: Buffer): void {
    try {
      for (const frame of this.reader.read(piece)) this.handle(frame);
    } catch (error) {
      this.fail(`sends what cannot be read: ${(error as Error).message}`);
      this.child.kill('SIGKILL');
    }
  }

  private handle(frame: BridgeFrame): void {
    switch (frame.type) {
      case 'answer':
        this.answered?.resolve();
        this.answered = null;
        return;
      case 'batch':
        this.isAsking = false;
        this.unsettled = frame.messages.length;
        this.credit -= frame.messages.length;
        this.alone = Math.max(0, this.alone - frame.messages.length);
        if (!this.isOver) for (const message of frame.messages) this.events.onMessage({ ...message, token: 0 });
        this.askForMore();
        return;
      case 'warning':
        this.isAsking = false;
        this.context.count('EventReadFail', 1);
        this.context.logger.warn(`The JMS provider has failed and is asked again: ${frame.text}`);
        this.askForMore();
        return;
      case 'error':
        this.fail(`says: ${frame.text}`);
    }
  }

  private fail(what: string): void {
    const error = new MillraceError(brokerErrors.lost, `The JMS bridge ${what}`);
    this.answered?.reject(error);
    this.answered = null;
    if (this.isOver) return;
    this.isOver = true;
    this.events.onEnd(error);
  }
}

/** In the package's folder, which is some levels above this file in sources and in the build alike. */
function bridgeProgram(): string {
  for (let folder = import.meta.dirname; ; folder = dirname(folder)) {
    const path = join(folder, 'bin', 'JmsBridge.java');
    if (existsSync(path)) return path;
    if (folder === dirname(folder))
      throw new MillraceError(brokerErrors.refused, 'bin/JmsBridge.java is missing from this installation.');
  }
}
