import { shareOf, type WorkerLoad } from './task-share.js';

/** `2` has two tasks, `0+` has none and has just joined. The first is asked. */
function share(workers: string, free: number): string {
  const loads = workers.split(' ').map((text, index): WorkerLoad => ({
    id: String(index),
    tasks: Number.parseInt(text, 10),
    isNew: text.endsWith('+'),
  }));
  const { take, give } = shareOf('0', loads, free);
  return `takes ${take}, gives ${give}`;
}

describe('the share of a worker', () => {
  it.each([
    ['is all where it is alone', '0', 7, 'takes 7, gives 0'],
    ['is half where they are two', '0 0', 8, 'takes 4, gives 0'],
    ['is one more where the number does not divide', '0 0', 7, 'takes 4, gives 0'],
    ['is no more than the others leave', '4 0', 3, 'takes 0, gives 0'],
    ['leaves to others what they are short of', '1 0 0', 2, 'takes 0, gives 0'],
    ['is made up first where it is short', '0 4', 2, 'takes 2, gives 0'],
    ['stays where nothing is free', '3 0', 0, 'takes 0, gives 0'],
    ['makes room for one that has just joined', '4 0+', 0, 'takes 0, gives 2'],
    ['makes no more room than that one is short of', '3 0+', 0, 'takes 0, gives 1'],
    ['makes room as well as others do', '2 2 0+', 0, 'takes 0, gives 1'],
    ['makes no room where enough is free', '4 0+', 4, 'takes 0, gives 0'],
    ['makes no room below its own part', '1 4 0+', 0, 'takes 0, gives 0'],
    ['makes no room for one that is new and has its part', '2 1+', 0, 'takes 0, gives 0'],
  ])('%s', (_name, workers, free, expected) => {
    expect(share(workers, free)).toBe(expected);
  });
});
