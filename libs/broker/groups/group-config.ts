import type { BrokerConfig } from '#broker/broker-options';

/** The settings of the broker that groups look at. */
export type GroupConfig = Pick<
  BrokerConfig,
  | 'group.initial.rebalance.delay.ms'
  | 'group.min.session.timeout.ms'
  | 'group.max.session.timeout.ms'
  | 'group.max.size'
  | 'group.consumer.session.timeout.ms'
  | 'group.consumer.heartbeat.interval.ms'
  | 'group.consumer.max.size'
  | 'group.consumer.assignors'
  | 'group.consumer.migration.policy'
  | 'offset.metadata.max.bytes'
  | 'offsets.retention.minutes'
  | 'offsets.retention.check.interval.ms'
>;
