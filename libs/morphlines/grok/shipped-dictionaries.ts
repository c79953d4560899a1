import { grokPatterns } from './dictionaries/grok-patterns.js';
import { nagiosPatterns } from './dictionaries/nagios-patterns.js';
import {
  firewallPatterns,
  javaPatterns,
  linuxSyslogPatterns,
  mcollectivePatterns,
  postgresqlPatterns,
  redisPatterns,
  rubyPatterns,
} from './dictionaries/product-patterns.js';

/** The dictionaries that come with us, by the names that Kite's and Logstash's users know, in the order in which they build on each other. */
export const shippedDictionaries: ReadonlyMap<string, string> = new Map([
  ['grok-patterns', grokPatterns],
  ['firewalls', firewallPatterns],
  ['java', javaPatterns],
  ['linux-syslog', linuxSyslogPatterns],
  ['mcollective', mcollectivePatterns],
  ['mcollective-patterns', mcollectivePatterns],
  ['nagios', nagiosPatterns],
  ['postgresql', postgresqlPatterns],
  ['redis', redisPatterns],
  ['ruby', rubyPatterns],
]);
