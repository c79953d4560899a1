import { parseAddress } from '#broker/security/listener-options';

type Settings = Readonly<Record<string, string>>;

const name = 'MILLRACE';

/**
 * The all-in-one's own roles reach the topics on loopback, without a login. Where `listeners` are set and none of them is there, one more
 * is: MILLRACE, on loopback only. With access rules on, its clients are User:ANONYMOUS and need rules as anybody does.
 */
export function withOwnListener(config: Settings, port: number): Settings {
  const { listeners } = config;
  if (listeners === undefined) return config;
  const isThere = listeners.split(/[\s,]+/).some((text) => {
    const address = parseAddress(text);
    return address?.port === port && address.name === 'PLAINTEXT';
  });
  if (isThere) return config;
  const map = config['listener.security.protocol.map'];
  return {
    ...config,
    listeners: `${listeners},${name}://127.0.0.1:${port}`,
    'listener.security.protocol.map': [...(map === undefined ? [] : [map]), `${name}:PLAINTEXT`].join(','),
  };
}
