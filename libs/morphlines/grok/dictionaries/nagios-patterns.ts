/** Lines of a Nagios log: `[epoch] KIND: field;field;…`. Built from the fields that each kind of line has. */
type Line = readonly [name: string, ...fields: string[]];

const lines: readonly Line[] = [
  ['CURRENT_SERVICE_STATE', 'hostname', 'service', 'state', 'statetype', 'statecode', 'message'],
  ['CURRENT_HOST_STATE', 'hostname', 'state', 'statetype', 'statecode', 'message'],
  ['SERVICE_NOTIFICATION', 'notifyname', 'hostname', 'service', 'state', 'contact', 'message'],
  ['HOST_NOTIFICATION', 'notifyname', 'hostname', 'state', 'contact', 'message'],
  ['SERVICE_ALERT', 'hostname', 'service', 'state', 'statelevel', 'attempt', 'message'],
  ['HOST_ALERT', 'hostname', 'state', 'statelevel', 'attempt', 'message'],
  ['SERVICE_FLAPPING_ALERT', 'hostname', 'service', 'state', 'message'],
  ['HOST_FLAPPING_ALERT', 'hostname', 'state', 'message'],
  ['SERVICE_DOWNTIME_ALERT', 'hostname', 'service', 'state', 'comment'],
  ['HOST_DOWNTIME_ALERT', 'hostname', 'state', 'comment'],
  ['PASSIVE_SERVICE_CHECK', 'hostname', 'service', 'state', 'comment'],
  ['PASSIVE_HOST_CHECK', 'hostname', 'state', 'comment'],
  ['SERVICE_EVENT_HANDLER', 'hostname', 'service', 'state', 'statelevel', 'event_handler_name'],
  ['HOST_EVENT_HANDLER', 'hostname', 'state', 'statelevel', 'event_handler_name'],
];

const downtime = ['start_time', 'end_time', 'fixed', 'trigger_id', 'duration'];

/** Commands from outside. Fields without the prefix nagios_ are marked with a dot. */
const commands: readonly Line[] = [
  ['DISABLE_SVC_CHECK', 'hostname', 'service'],
  ['ENABLE_SVC_CHECK', 'hostname', 'service'],
  ['DISABLE_HOST_CHECK', 'hostname'],
  ['ENABLE_HOST_CHECK', 'hostname'],
  ['PROCESS_SERVICE_CHECK_RESULT', 'hostname', 'service', 'state', 'check_result'],
  ['PROCESS_HOST_CHECK_RESULT', 'hostname', 'state', 'check_result'],
  ['SCHEDULE_SERVICE_DOWNTIME', 'hostname', 'service', ...downtime, '.author', '.comment'],
  ['SCHEDULE_HOST_DOWNTIME', 'hostname', ...downtime, '.author', '.comment'],
];

const numbers = new Set(['attempt', ...downtime]);
const untilEnd = new Set(['message', 'check_result', 'comment']);

function fieldPattern(field: string): string {
  const kind = numbers.has(field) ? 'NUMBER' : untilEnd.has(field) ? 'GREEDYDATA' : 'DATA';
  return `%{${kind}:${field.startsWith('.') ? field.slice(1) : `nagios_${field}`}}`;
}

function linePatterns(): string[] {
  return lines.flatMap(([name, ...names]) => [
    `NAGIOS_TYPE_${name} ${name.replaceAll('_', ' ')}`,
    `NAGIOS_${name} %{NAGIOS_TYPE_${name}:nagios_type}: ${names.map(fieldPattern).join(';')}`,
  ]);
}

function commandPatterns(): string[] {
  return commands.flatMap(([name, ...names]) => [
    `NAGIOS_EC_${name} ${name}`,
    `NAGIOS_EC_LINE_${name} %{NAGIOS_TYPE_EXTERNAL_COMMAND:nagios_type}: %{NAGIOS_EC_${name}:nagios_command};${names.map(fieldPattern).join(';')}`,
  ]);
}

const everyLine = [
  'NAGIOS_WARNING',
  ...lines.map(([name]) => `NAGIOS_${name}`),
  'NAGIOS_TIMEPERIOD_TRANSITION',
  ...commands.map(([name]) => `NAGIOS_EC_LINE_${name}`),
];

export const nagiosPatterns = [
  'NAGIOSTIME \\[%{NUMBER:nagios_epoch}\\]',
  'NAGIOS_WARNING Warning:%{SPACE}%{GREEDYDATA:nagios_message}',
  'NAGIOS_TYPE_EXTERNAL_COMMAND EXTERNAL COMMAND',
  'NAGIOS_TYPE_TIMEPERIOD_TRANSITION TIMEPERIOD TRANSITION',
  'NAGIOS_TIMEPERIOD_TRANSITION %{NAGIOS_TYPE_TIMEPERIOD_TRANSITION:nagios_type}: %{DATA:nagios_service};%{DATA:nagios_unknown1};%{DATA:nagios_unknown2}',
  ...linePatterns(),
  ...commandPatterns(),
  `NAGIOSLOGLINE %{NAGIOSTIME} (?:${everyLine.map((name) => `%{${name}}`).join('|')})`,
].join('\n');
