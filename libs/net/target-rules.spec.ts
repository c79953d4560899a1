import { addressKind, TargetRules, targetRuleProblem } from './target-rules.js';

describe('targets', () => {
  it.each([
    ['8.8.8.8', 'public'],
    ['10.1.2.3', 'private'],
    ['172.31.0.1', 'private'],
    ['172.32.0.1', 'public'],
    ['100.64.0.1', 'private'],
    ['127.9.9.9', 'loopback'],
    ['169.254.1.1', 'link-local'],
    ['169.254.169.254', 'metadata'],
    ['100.100.100.200', 'metadata'],
    ['0.0.0.0', 'no host'],
    ['255.255.255.255', 'no host'],
    ['::1', 'loopback'],
    ['::', 'no host'],
    ['fe80::1%eth0', 'link-local'],
    ['fd00:ec2::254', 'metadata'],
    ['fd12::1', 'private'],
    ['2a00:1450::1', 'public'],
    ['::ffff:169.254.169.254', 'metadata'],
    ['::ffff:a9fe:a9fe', 'metadata'],
    ['64:ff9b::169.254.169.254', 'metadata'],
    ['2002:a9fe:a9fe::1', 'metadata'],
    ['[::ffff:10.0.0.1]', 'private'],
  ])('%s is %s', (address, kind) => {
    expect(addressKind(address)).toBe(kind);
  });

  it('refuses link-local and metadata addresses also behind an allowed name', () => {
    const rules = new TargetRules({ allowed: ['*.example.com'], publicOnly: false });
    expect(rules.addressProblem('api.example.com', '10.0.0.1')).toBeNull();
    expect(rules.addressProblem('API.example.com.', '10.0.0.1')).toBeNull();
    expect(rules.addressProblem('api.example.com', '169.254.169.254')).toBe(
      'api.example.com leads to 169.254.169.254, which is the metadata server of a cloud',
    );
    expect(rules.addressProblem('api.example.org', '10.0.0.1')).toContain('not among the targets');
    expect(rules.hostProblem('10.0.0.1')).toContain('not among the targets');
  });

  it('lets everything else through where nothing is named', () => {
    const rules = new TargetRules({ allowed: null, publicOnly: false });
    expect([rules.hostProblem('localhost'), rules.hostProblem('127.0.0.1'), rules.hostProblem('10.0.0.1')]).toEqual([
      null,
      null,
      null,
    ]);
    expect(rules.hostProblem('metadata.google.internal')).toContain('metadata');
    expect(rules.hostProblem('[fe80::1]')).toContain('link-local');
    const strict = new TargetRules({ allowed: null, publicOnly: true });
    expect(strict.addressProblem('api.example.com', '192.168.1.1')).toContain('private');
    expect(strict.addressProblem('api.example.com', '9.9.9.9')).toBeNull();
  });

  it('lets through what is named as an address', () => {
    const rules = new TargetRules({ allowed: ['169.254.7.0/24', '10.0.0.1'], publicOnly: true });
    expect(rules.hostProblem('169.254.7.9')).toBeNull();
    expect(rules.hostProblem('169.254.8.9')).toContain('link-local');
    expect(rules.addressProblem('any.example.com', '10.0.0.1')).toBeNull();
    expect(rules.addressProblem('any.example.com', '10.0.0.2')).toContain('not among');
  });

  it.each([
    ['*.example.com', null],
    ['*', null],
    ['10.0.0.0/8', null],
    ['fd00::/8', null],
    ['10.0.0.0/33', '10.0.0.0/33: /0 to /32'],
    ['example.com/x', 'example.com/x is no address: write 10.1.0.0/16 or fd00::/8'],
    ['a*b', 'a*b is no host: write api.example.com, *.example.com, * or an address'],
  ])('%s is a rule or not', (rule, problem) => {
    expect(targetRuleProblem(rule)).toBe(problem);
  });
});
