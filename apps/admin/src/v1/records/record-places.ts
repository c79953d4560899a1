/** Where reading of a topic goes on: the next offset of each partition, as `0:17,1:4`. Tokens of pages, of searches and of tails. */
import { BadRequestException } from '@nestjs/common';

export type Places = ReadonlyMap<number, number>;

const tokenShape = /^\d{1,10}:\d{1,16}(?:,\d{1,10}:\d{1,16})*$/;

export function tokenOfPlaces(places: Places): string {
  return [...places].map(([partition, offset]) => `${partition}:${offset}`).join(',');
}

/** Throws a 400 where it is no token of ours. */
export function placesOfToken(token: string): Places {
  if (!tokenShape.test(token)) {
    throw new BadRequestException(
      `"${token.slice(0, 100)}" is no place to go on from: give the token of an answer as it was, like 0:17,1:4.`,
    );
  }
  const pairs = token.split(',').map((pair) => pair.split(':').map(Number));
  return new Map(pairs.map(([partition = 0, offset = 0]) => [partition, offset]));
}
