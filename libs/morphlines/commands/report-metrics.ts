import type { CommandType } from '../command.js';

const reporters = [
  ['startReportingMetricsToCSV', 'stdlib', ['outputDir', 'frequency', 'locale']],
  ['startReportingMetricsToJMX', 'stdlib', ['domain']],
  ['startReportingMetricsToSLF4J', 'stdlib', ['logger', 'marker', 'frequency']],
  ['startReportingMetricsToHTTP', 'metrics.servlets', ['port']],
  ['registerJVMMetrics', 'metrics.servlets', []],
] as const;

/** Accepted so that files keep working. Their metrics are among those of the collector, over REST and for Prometheus. */
export const reportMetrics: readonly CommandType[] = reporters.map(([name, group, names]) => ({
  name,
  className: `org.kitesdk.morphline.${group}.${name.charAt(0).toUpperCase()}${name.slice(1)}Builder`,
  create({ arguments: args, child, context }) {
    for (const known of [...names, 'defaultDurationUnit', 'defaultRateUnit']) args.optionalString(known);
    args.optionalObject('metricFilter');
    context.logger.warn(`The morphline command ${name} has no effect: see the metrics of the collector instead.`);
    return child;
  },
}));
