import { MillraceError } from '#std/errors';
import { logErrors } from '#log/errors';
import { controllerIndex, type PeerMessage } from './peer-calls.js';
import { Peers } from './peers.js';

describe('calls between nodes', () => {
  let sent: PeerMessage[];
  let node: Peers;
  let controller: Peers;
  beforeEach(() => {
    sent = [];
    node = new Peers(2, (message) => {
      sent.push(message);
      controller.take(message);
    });
    controller = new Peers(controllerIndex, (message) => node.take(message));
  });

  test('are answered with what the other side gives', async () => {
    controller.serve('clusterId', () => Promise.resolve('the cluster'));
    expect(await node.call(controllerIndex, 'clusterId', null)).toBe('the cluster');
  });

  test('keep the kind of an error', async () => {
    controller.serve('deleteTopic', () => Promise.reject(new MillraceError(logErrors.topicUnknown, 'no such topic')));
    const failed = node.call(controllerIndex, 'deleteTopic', 'orders');
    await expect(failed).rejects.toMatchObject({ code: 'log.topic.unknown', message: 'no such topic' });
  });

  test('to somebody who is gone, or serves nothing, are refused as retriable', async () => {
    const unserved = node.call(controllerIndex, 'clusterId', null);
    await expect(unserved).rejects.toMatchObject({ code: 'broker.node.away', retriable: true });
    controller.serve('clusterId', () => new Promise(() => undefined));
    const waiting = node.call(controllerIndex, 'clusterId', null);
    node.take({ kind: 'lost', node: controllerIndex });
    await expect(waiting).rejects.toMatchObject({ code: 'broker.node.away' });
  });

  test('of a node that was started again have numbers of their own', () => {
    const again = new Peers(2, (message) => sent.push(message), 1);
    void node.call(controllerIndex, 'clusterId', null).catch(() => undefined);
    void again.call(controllerIndex, 'clusterId', null);
    const ids = sent.map((message) => (message.kind === 'call' ? message.id : null));
    expect(new Set(ids).size).toBe(2);
  });
});
