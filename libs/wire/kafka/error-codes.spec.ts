import { isRetriable, kafkaError, kafkaErrorName } from './error-codes.js';

describe('error codes', () => {
  it.each([
    [kafkaError.NONE, 0, 'NONE', false],
    [kafkaError.UNKNOWN_SERVER_ERROR, -1, 'UNKNOWN_SERVER_ERROR', false],
    [kafkaError.UNKNOWN_TOPIC_OR_PARTITION, 3, 'UNKNOWN_TOPIC_OR_PARTITION', true],
    [kafkaError.NOT_COORDINATOR, 16, 'NOT_COORDINATOR', true],
    [kafkaError.ILLEGAL_GENERATION, 22, 'ILLEGAL_GENERATION', false],
    [kafkaError.REBALANCE_IN_PROGRESS, 27, 'REBALANCE_IN_PROGRESS', false],
    [kafkaError.MEMBER_ID_REQUIRED, 79, 'MEMBER_ID_REQUIRED', false],
    [kafkaError.INVALID_RECORD, 87, 'INVALID_RECORD', false],
    [kafkaError.UNKNOWN_TOPIC_ID, 100, 'UNKNOWN_TOPIC_ID', true],
  ])('%d is %d, %s, retriable: %s', (code, number, name, retriable) => {
    expect(code).toBe(number);
    expect(kafkaErrorName(code)).toBe(name);
    expect(isRetriable(code)).toBe(retriable);
  });

  it('have one name each, and a later one gets its number', () => {
    const codes = Object.values(kafkaError);
    expect(new Set(codes).size).toBe(codes.length);
    expect(kafkaErrorName(9999)).toBe('ERROR_9999');
    expect(isRetriable(9999)).toBe(false);
  });
});
