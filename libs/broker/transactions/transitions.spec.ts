import { kafkaErrorName } from '#wire/kafka/error-codes';
import { newTransaction, type ProducerSession, type Transaction, type TransactionState } from './transaction.js';
import {
  addToTransaction,
  complete,
  endTransaction,
  fence,
  initSession,
  needsProducerId,
  sessionAfter,
  type ProtocolVersion,
  type Verdict,
} from './transitions.js';

const nowMs = 5_000;
const open = new Set(['0 orders']);

function given(state: TransactionState, more: Partial<Transaction> = {}): Transaction {
  const isOpen = state === 'Ongoing' || state.startsWith('Prepare');
  const base = newTransaction(7, 60_000, 1_000);
  return { ...base, state, epoch: 5, lastEpoch: 4, startedAtMs: 900, partitions: isOpen ? open : new Set(), ...more };
}

/** `fenced` for PRODUCER_FENCED and so on; `Ongoing 5` for a change. */
function show(verdict: Verdict): string {
  if (verdict.kind === 'refuse') return kafkaErrorName(verdict.errorCode);
  return verdict.kind === 'done' ? 'done' : `${verdict.next.state} ${verdict.next.producerId}/${verdict.next.epoch}`;
}

describe('InitProducerId', () => {
  const before = (producerId: number, epoch: number): ProducerSession => ({ producerId, epoch });
  test.each([
    ['a new id', newTransaction(7, 1, 1), null, 'Empty 7/0'],
    ['a new id that the client had before', newTransaction(7, 1, 1), before(3, 9), 'Empty 7/0'],
    ['a new session', given('CompleteCommit'), null, 'Empty 7/6'],
    ['the same session goes on', given('CompleteAbort'), before(7, 5), 'Empty 7/6'],
    ['the same request again', given('Empty'), before(7, 4), 'Empty 7/5'],
    ['an older session', given('Empty'), before(7, 3), 'PRODUCER_FENCED'],
    ['another producer', given('Empty'), before(8, 5), 'PRODUCER_FENCED'],
    ['while it commits', given('PrepareCommit'), null, 'CONCURRENT_TRANSACTIONS'],
    ['another producer while it commits', given('PrepareCommit'), before(8, 5), 'PRODUCER_FENCED'],
    ['the last epoch', given('Empty', { epoch: 32_766 }), null, 'Empty 99/0'],
    ['the last epoch goes on', given('Empty', { epoch: 32_766 }), before(7, 32_766), 'Empty 99/0'],
    [
      'the last epoch goes on, again',
      given('Empty', { producerId: 99, previousProducerId: 7, epoch: 0, lastEpoch: 32_766 }),
      before(7, 32_766),
      'Empty 99/0',
    ],
  ])('%s', (_, transaction, expected, outcome) => {
    const request = { timeoutMs: 1_000, expected };
    const fresh = needsProducerId(transaction, request) ? 99 : null;
    const verdict = initSession(transaction, request, fresh, nowMs);
    expect(show(verdict)).toBe(outcome);
    if (verdict.kind === 'change') expect(verdict.next).toMatchObject({ timeoutMs: 1_000, startedAtMs: -1 });
  });

  test('a retry after a new session took over is fenced', () => {
    const first = initSession(given('Empty'), { timeoutMs: 1, expected: null }, null, nowMs);
    if (first.kind !== 'change') throw new Error('a change was due');
    expect(show(initSession(first.next, { timeoutMs: 1, expected: before(7, 5) }, null, nowMs))).toBe(
      'PRODUCER_FENCED',
    );
  });
});

describe('adding to a transaction', () => {
  test.each([
    ['Empty', 7, 5, '1 orders', 'Ongoing 7/5'],
    ['CompleteCommit', 7, 5, '1 orders', 'Ongoing 7/5'],
    ['Ongoing', 7, 5, '1 orders', 'Ongoing 7/5'],
    ['Ongoing', 7, 5, '0 orders', 'done'],
    ['Ongoing', 7, 4, '0 orders', 'PRODUCER_FENCED'],
    ['Ongoing', 7, 6, '0 orders', 'PRODUCER_FENCED'],
    ['Ongoing', 8, 5, '0 orders', 'INVALID_PRODUCER_ID_MAPPING'],
    ['PrepareCommit', 7, 5, '0 orders', 'CONCURRENT_TRANSACTIONS'],
    ['PrepareAbort', 99, 0, '0 orders', 'CONCURRENT_TRANSACTIONS'],
  ] as const)('%s, session %d/%d, %s', (state, producerId, epoch, partition, outcome) => {
    const additions = { partitions: [partition], groups: [] };
    expect(show(addToTransaction(given(state), { producerId, epoch }, additions, nowMs))).toBe(outcome);
  });

  test('keeps when it began, and what is in it', () => {
    const additions = { partitions: ['1 orders'], groups: ['g'] };
    const verdict = addToTransaction(given('Ongoing'), { producerId: 7, epoch: 5 }, additions, nowMs);
    expect(verdict).toMatchObject({ next: { startedAtMs: 900, updatedAtMs: nowMs, groups: new Set(['g']) } });
    expect(verdict).toMatchObject({ next: { partitions: new Set(['0 orders', '1 orders']) } });
    const first = addToTransaction(given('CompleteAbort'), { producerId: 7, epoch: 5 }, additions, nowMs);
    expect(first).toMatchObject({ next: { startedAtMs: nowMs, partitions: new Set(['1 orders']) } });
  });
});

describe('EndTxn', () => {
  const rows: readonly (readonly [ProtocolVersion, TransactionState, string, string, string, string, string])[] = [
    // protocol, state, epoch 5: commit, abort; epoch 4: commit, abort; epoch 6: commit
    [1, 'Ongoing', 'PrepareCommit 7/5', 'PrepareAbort 7/5', 'fenced', 'fenced', 'fenced'],
    [1, 'PrepareCommit', 'concurrent', 'invalid', 'fenced', 'fenced', 'fenced'],
    [1, 'PrepareAbort', 'invalid', 'concurrent', 'fenced', 'fenced', 'fenced'],
    [1, 'CompleteCommit', 'done', 'invalid', 'fenced', 'fenced', 'fenced'],
    [1, 'CompleteAbort', 'invalid', 'done', 'fenced', 'fenced', 'fenced'],
    [1, 'Empty', 'invalid', 'invalid', 'fenced', 'fenced', 'fenced'],
    [2, 'Ongoing', 'PrepareCommit 7/6', 'PrepareAbort 7/6', 'fenced', 'fenced', 'fenced'],
    [2, 'PrepareCommit', 'fenced', 'fenced', 'concurrent', 'invalid', 'fenced'],
    [2, 'PrepareAbort', 'fenced', 'fenced', 'invalid', 'concurrent', 'fenced'],
    [2, 'CompleteCommit', 'invalid', 'PrepareAbort 7/6', 'done', 'invalid', 'fenced'],
    [2, 'CompleteAbort', 'invalid', 'PrepareAbort 7/6', 'invalid', 'done', 'fenced'],
    [2, 'Empty', 'invalid', 'PrepareAbort 7/6', 'fenced', 'fenced', 'fenced'],
  ];
  const short: Readonly<Record<string, string>> = {
    PRODUCER_FENCED: 'fenced',
    INVALID_TXN_STATE: 'invalid',
    CONCURRENT_TRANSACTIONS: 'concurrent',
  };
  test.each(rows)('protocol %d, %s', (protocol, state, ...outcomes) => {
    const requests = [5, 4].flatMap((epoch) => [
      { epoch, outcome: 'commit' as const },
      { epoch, outcome: 'abort' as const },
    ]);
    const seen = [...requests, { epoch: 6, outcome: 'commit' as const }].map(({ epoch, outcome }) => {
      const shown = show(endTransaction(given(state), { producerId: 7, epoch }, outcome, protocol, null, nowMs));
      return short[shown] ?? shown;
    });
    expect(seen).toEqual(outcomes);
  });

  test('with another producer id is not for this transaction', () => {
    const verdict = endTransaction(given('Ongoing'), { producerId: 8, epoch: 5 }, 'commit', 2, null, nowMs);
    expect(show(verdict)).toBe('INVALID_PRODUCER_ID_MAPPING');
  });

  test('of the last epoch goes on with the next producer id', () => {
    const session = { producerId: 7, epoch: 32_766 };
    const verdict = endTransaction(given('Ongoing', { epoch: 32_766 }), session, 'commit', 2, 99, nowMs);
    if (verdict.kind !== 'change') throw new Error('a change was due');
    expect(verdict.next).toMatchObject({ state: 'PrepareCommit', producerId: 7, epoch: 32_767 });
    expect(sessionAfter(verdict.next)).toEqual({ producerId: 99, epoch: 0 });
    const completed = complete(verdict.next, nowMs);
    expect(completed).toMatchObject({ state: 'CompleteCommit', producerId: 99, epoch: 0 });
    expect(show(endTransaction(completed, session, 'commit', 2, null, nowMs))).toBe('done');
    expect(show(endTransaction(completed, session, 'abort', 2, null, nowMs))).toBe('INVALID_TXN_STATE');
    expect(sessionAfter(completed)).toEqual({ producerId: 99, epoch: 0 });
  });
});

describe('fencing', () => {
  test('raises the epoch over everybody who had it, and is aborted like any other', () => {
    const fenced = fence(given('Ongoing'), null, nowMs);
    expect(fenced).toMatchObject({ state: 'PrepareAbort', epoch: 6, lastEpoch: 5, partitions: open });
    expect(complete(fenced, nowMs)).toMatchObject({ state: 'CompleteAbort', epoch: 6, partitions: new Set() });
  });

  test('of the last epoch takes the next producer id', () => {
    const fenced = fence(given('Ongoing', { epoch: 32_766 }), 99, nowMs);
    expect(fenced).toMatchObject({ producerId: 7, epoch: 32_767 });
    expect(complete(fenced, nowMs)).toMatchObject({ producerId: 99, epoch: 0, previousProducerId: 7 });
  });
});
