import { defineOptions, type OptionProblem } from '#config/options';
import { verifyConnector, withProblems, type Verification } from '#pipeline/connector-verification';
import type { ConfigInfos } from '#pipeline/connector-validation';
import { ownOptions } from '#pipeline/own-options';
import { SimulatedClock } from '#pipeline/sink-task.testkit';

const options = defineOptions({
  'store.url': { type: 'string', aliases: ['connection.url'], doc: '' },
  'store.password': { type: 'password', doc: '' },
});

type Verify = (options: Readonly<Record<string, string>>) => Promise<readonly OptionProblem[]>;

function verifyWith(
  config: Record<string, string>,
  verify: Verify | undefined,
  clock = new SimulatedClock(),
): Promise<Verification> {
  const environment = { STORE_PASSWORD: 'open-sesame' };
  return verifyConnector({ type: { options, verify }, options, environment, clock }, config);
}

describe('the verification of a connector', () => {
  it('asks the store with what references stand for, and shows nothing of that', async () => {
    const seen: unknown[] = [];
    const config = { 'store.url': 'http://there', 'store.password': '${env:STORE_PASSWORD}' };
    const { isDone, problems } = await verifyWith(config, (given) => {
      seen.push(given['store.password']);
      return Promise.resolve([{ name: 'store.password', value: 'open-sesame', message: 'open-sesame is wrong' }]);
    });
    expect(seen).toEqual(['open-sesame']);
    expect(isDone).toBe(true);
    expect(problems).toEqual([{ name: 'store.password', value: '${env:STORE_PASSWORD}', message: '*** is wrong' }]);
  });

  it('does not judge what only the worker knows', async () => {
    const config = { 'store.password': '${env:NOT_HERE}' };
    const verified = await verifyWith(config, () => Promise.reject(new Error('it was asked')));
    expect(verified).toMatchObject({ isDone: false, problems: [] });
    expect(verified.reason).toBe('store.password: ${env:NOT_HERE} names nothing that is set here');
  });

  it('is nothing for a sink that has no way to look', async () => {
    expect(await verifyWith({}, undefined)).toMatchObject({ isDone: false, problems: [] });
  });

  it('waits ten seconds at most', async () => {
    const clock = new SimulatedClock();
    let verified: Verification | null = null;
    void verifyWith({}, () => new Promise(() => undefined), clock).then((answer) => (verified = answer));
    await clock.advance(9900);
    expect(verified).toBeNull();
    await clock.advance(200);
    expect(verified).toMatchObject({
      isDone: true,
      problems: [{ name: 'connector.class', message: 'The store did not answer within 10000 ms' }],
    });
  });

  it('makes a problem of an error', async () => {
    const { problems } = await verifyWith({ 'store.password': 'open-sesame' }, () =>
      Promise.reject(new Error('no login with open-sesame')),
    );
    expect(problems[0]?.message).toBe('The store could not be asked: no login with ***');
  });

  it('puts each problem under its option, also by another name of it, and counts them', () => {
    const value = { value: null, recommended_values: [], errors: [], visible: true };
    const infos: ConfigInfos = {
      name: 'fake',
      error_count: 0,
      groups: [],
      configs: [{ definition: null, value: { name: 'store.url', ...value } }],
    };
    const { error_count: count, configs } = withProblems(infos, options, [
      { name: 'connection.url', value: null, message: 'nobody answers' },
      { name: 'elsewhere', value: null, message: 'odd' },
    ]);
    expect(count).toBe(2);
    expect(configs.map(({ value: { name, errors } }) => [name, errors])).toEqual([
      ['elsewhere', ['odd']],
      ['store.url', ['nobody answers']],
    ]);
  });
});

describe('the options of a well-known connector', () => {
  const type = {
    name: 'fake',
    translate: (className: string, given: Readonly<Record<string, string>>) => ({ ...given, by: className }),
  };

  it.each([
    ['fake', undefined],
    [' Fake', undefined],
    ['org.example.FakeSinkConnector', 'org.example.FakeSinkConnector'],
  ])('named %s are translated by %s', (written, by) => {
    expect(ownOptions(type, { 'connector.class': written })['by']).toBe(by);
  });
});
