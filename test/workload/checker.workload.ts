import { findingsIn } from './checker.js';
import { History, type Outcome } from './history.js';

/** A checker is worth what it finds: each of these histories has one thing wrong, the first one has none. */
describe('the checker', () => {
  /** Writers a and b commit 1 2 to p@0 and 3 to p@3; c aborts 4 at p@5. */
  function sound(): History {
    const history = new History();
    const transact = (process: string, asked: Outcome, sends: [string, number[], number][]): void => {
      const transaction = history.begin(process);
      for (const [partition, values, offset] of sends) transaction.sends.push({ partition, values, offset });
      Object.assign(transaction, { asked, askedAt: history.now(), isAnswered: true });
    };
    transact('a', 'commit', [['p', [1, 2], 0]]);
    transact('b', 'commit', [
      ['p', [3], 3],
      ['q', [5], 0],
    ]);
    transact('c', 'abort', [['p', [4], 5]]);
    poll(history, 0, 3, [
      [0, 1],
      [1, 2],
    ]);
    poll(history, 3, 7, [[3, 3]]);
    history.final.set('p', [
      [0, 1],
      [1, 2],
      [3, 3],
    ]);
    history.final.set('q', [[0, 5]]);
    return history;
  }

  function poll(history: History, from: number, next: number, records: [number, number][], process = 'reader'): void {
    history.polls.push({ process, at: history.now(), partition: 'p', from, next, records });
  }

  const kinds = (history: History): string[] => [...new Set(findingsIn(history).map(({ kind }) => kind))];

  test('finds nothing where nothing is wrong', () => expect(kinds(sound())).toEqual([]));

  test.each<[string, (history: History) => void]>([
    ['aborted read', (history) => poll(history, 5, 6, [[5, 4]], 'other')],
    ['early read', (history) => Object.assign(history.transactions[0] ?? {}, { askedAt: history.now() })],
    ['unknown value', (history) => poll(history, 8, 9, [[8, 99]], 'other')],
    [
      'late write read',
      (history) => {
        history.late.add(50);
        poll(history, 8, 9, [[8, 50]], 'other');
      },
    ],
    ['offset with two values', (history) => poll(history, 3, 4, [[3, 5]], 'other')],
    ['value at two offsets', (history) => poll(history, 9, 10, [[9, 3]], 'other')],
    ['lost write', (history) => history.final.set('q', [])],
    [
      'half a transaction',
      (history) => {
        Object.assign(history.transactions[1] ?? {}, { isAnswered: false });
        history.final.set('q', []);
      },
    ],
    ['poll goes back', (history) => poll(history, 3, 4, [[3, 3]])],
    ['poll skips', (history) => poll(history, 0, 2, [[0, 1]], 'other')],
    ['poll skips', (history) => poll(history, 8, 9, [])],
    [
      'send goes back',
      (history) => {
        const sends = history.transactions[0]?.sends;
        history.transactions[0]?.sends.push(...(sends?.splice(0, 1) ?? []));
        sends?.unshift({ partition: 'p', values: [], offset: 4 });
      },
    ],
  ])('finds: %s', (kind, spoil) => {
    const history = sound();
    spoil(history);
    expect(kinds(history)).toContain(kind);
  });
});
