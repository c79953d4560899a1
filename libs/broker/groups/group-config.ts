import type { BrokerConfig } from '#broker/broker-options';

/** The settings of the broker that groups look at. */
export type GroupConfig = Pick<
  BrokerConfig,
  | 'group.initial.rebalance.delay.ms'
  | 'group.min.session.timeout.ms'
  | 'group.max.session.timeout.ms'
  | 'group.max.size'
  | 'offset.metadata.max.bytes'
  | 'offsets.retention.minutes'
  | 'offsets.retention.check.interval.ms'
>;
