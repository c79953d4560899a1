import { messageOf, MillraceError } from '#std/errors';
import { brokerErrors } from '../errors.js';
import { controllerIndex, type PeerCallName, type PeerCalls, type PeerMessage } from './peer-calls.js';

interface Waiting {
  readonly to: number;
  resolve(answer: unknown): void;
  reject(error: Error): void;
}

const idsPerIncarnation = 2 ** 32;

type Serve = (request: unknown, from: number) => Promise<unknown>;

/**
 * One end of the calls between nodes: asks, and answers what it serves. Messages between two ends keep their order. Both ends run
 * the same build, so what comes is taken for what was declared.
 */
export class Peers {
  private readonly served = new Map<PeerCallName, Serve>();
  private readonly waiting = new Map<number, Waiting>();
  private nextId: number;

  /** `incarnation` is another one each time that the same node starts: what was meant for the one before is not taken for its own. */
  constructor(
    private readonly index: number,
    private readonly send: (message: PeerMessage) => void,
    incarnation = 0,
  ) {
    this.nextId = incarnation * idsPerIncarnation + 1;
  }

  serve<Name extends PeerCallName>(
    name: Name,
    work: (request: PeerCalls[Name]['request'], from: number) => Promise<PeerCalls[Name]['answer']>,
  ): void {
    this.served.set(name, (request, from) => work(request as PeerCalls[Name]['request'], from));
  }

  /** Rejects with the error of the other side, or with `broker.node.away` where it is not there or goes before it answers. */
  call<Name extends PeerCallName>(
    to: number,
    name: Name,
    request: PeerCalls[Name]['request'],
  ): Promise<PeerCalls[Name]['answer']> {
    const id = this.nextId;
    this.nextId += 1;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { to, resolve: (answer) => resolve(answer as PeerCalls[Name]['answer']), reject });
      this.send({ kind: 'call', id, from: this.index, to, name, request });
    });
  }

  take(message: PeerMessage): void {
    switch (message.kind) {
      case 'call':
        void this.answer(message);
        break;
      case 'answer':
        this.settled(message.id)?.resolve(message.answer);
        break;
      case 'failure': {
        const { error, message: text } = message;
        this.settled(message.id)?.reject(error === null ? new Error(text) : new MillraceError(error, text));
        break;
      }
      case 'lost':
        this.lost(message.node);
        break;
    }
  }

  /** Who waits for an answer of the node is told that it is away. */
  lost(node: number): void {
    for (const [id, waiting] of this.waiting) {
      if (waiting.to !== node) continue;
      this.waiting.delete(id);
      waiting.reject(nodeAway(node));
    }
  }

  private settled(id: number): Waiting | undefined {
    const waiting = this.waiting.get(id);
    this.waiting.delete(id);
    return waiting;
  }

  private async answer({ id, from, to, name, request }: PeerMessage & { kind: 'call' }): Promise<void> {
    const envelope = { id, from: to, to: from };
    try {
      const serve = this.served.get(name);
      if (serve === undefined) throw nodeAway(to);
      this.send({ ...envelope, kind: 'answer', answer: await serve(request, from) });
    } catch (error) {
      const kind = error instanceof MillraceError ? error.kind : null;
      this.send({ ...envelope, kind: 'failure', error: kind, message: messageOf(error) });
    }
  }
}

export function nodeAway(node: number): MillraceError {
  const who = node === controllerIndex ? 'The controller of the nodes' : `The node with index ${node}`;
  return new MillraceError(brokerErrors.nodeAway, `${who} is not there at the moment; try again.`);
}
