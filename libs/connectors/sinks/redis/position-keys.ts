import type { TopicPartition } from '#pipeline/sink';

/**
 * The position of a topic-partition in Redis: a hash with `epoch` (its owner) and `next` (the next offset; absent before the first
 * record). The scripts run in Redis in one step each (Redis documentation, "Scripting with Lua", Atomicity).
 */
export function positionKey(prefix: string, sink: string, at: TopicPartition, tag: string | null): string {
  const place = tag === null ? '' : `{${tag}}:`;
  return `${prefix}:${place}${sink}:${at.topic}:${at.partition}`;
}

/** Takes the partition over. ARGV: the lease's epoch. Gives the new epoch and the next offset or an empty text. */
export const claimScript = `
local epoch = math.max(tonumber(redis.call('HGET', KEYS[1], 'epoch') or '-1') + 1, tonumber(ARGV[1]))
redis.call('HSET', KEYS[1], 'epoch', string.format('%.0f', epoch))
return {string.format('%.0f', epoch), redis.call('HGET', KEYS[1], 'next') or ''}`;

/** Answers of the write script, in the first element. */
export const writeAnswers = { done: 'done', fenced: 'fenced', moved: 'moved', refused: 'refused' } as const;

/**
 * ARGV: epoch, expected position (empty = none), position afterwards, then for each call its offset, the number of its words, its words. A
 * call that fails ends it: what came before counts, and the position is at the record that failed. A server without memory or rights to
 * write refuses the first write of a script and with it all of them.
 */
export const writeScript = `
local is = redis.call('HMGET', KEYS[1], 'epoch', 'next')
if is[1] ~= ARGV[1] then return {'fenced', is[1] or ''} end
if (is[2] or '') ~= ARGV[2] then return {'moved', is[2] or ''} end
local at, last = 4, #ARGV
while at < last do
  local count = tonumber(ARGV[at + 1])
  local answer = redis.pcall(unpack(ARGV, at + 2, at + 1 + count))
  if type(answer) == 'table' and answer.err then
    redis.call('HSET', KEYS[1], 'next', ARGV[at])
    return {'refused', ARGV[at], answer.err}
  end
  at = at + 2 + count
end
redis.call('HSET', KEYS[1], 'next', ARGV[3])
return {'done'}`;

/** Moves the position past a dead letter. ARGV: epoch, the position. */
export const skipScript = `
local is = redis.call('HMGET', KEYS[1], 'epoch', 'next')
if is[1] ~= ARGV[1] then return {'fenced', is[1] or ''} end
if tonumber(is[2] or '-1') < tonumber(ARGV[2]) then redis.call('HSET', KEYS[1], 'next', ARGV[2]) end
return {'done'}`;

/** Sets it from outside, empty = none. Whoever owns the partition has lost it. */
export const alterScript = `
redis.call('HINCRBY', KEYS[1], 'epoch', 1)
if ARGV[1] == '' then redis.call('HDEL', KEYS[1], 'next') else redis.call('HSET', KEYS[1], 'next', ARGV[1]) end
return {'done'}`;
