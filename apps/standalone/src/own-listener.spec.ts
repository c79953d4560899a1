import { listenerConfigs } from '#broker/security/listener-config';
import { withOwnListener } from './own-listener.js';

describe('the listener of the roles of the all-in-one', () => {
  test('is the only one where none are set', () => {
    expect(withOwnListener({ 'num.partitions': '3' }, 9092)).toEqual({ 'num.partitions': '3' });
  });

  test('is one that is set, if it is where they look', () => {
    const config = { listeners: 'SSL://0.0.0.0:9093,PLAINTEXT://127.0.0.1:9092' };
    expect(withOwnListener(config, 9092)).toBe(config);
  });

  test('comes after those that are set elsewhere', () => {
    const config = { listeners: 'OUTSIDE://0.0.0.0:9093', 'listener.security.protocol.map': 'OUTSIDE:SSL' };
    const listeners = listenerConfigs(withOwnListener(config, 9092));
    expect(listeners.map(({ name, protocol, host, port }) => [name, protocol, host, port])).toEqual([
      ['OUTSIDE', 'SSL', '0.0.0.0', 9093],
      ['MILLRACE', 'PLAINTEXT', '127.0.0.1', 9092],
    ]);
  });
});
