/** Short beginnings of a flume.conf: each runs as it is once its places are right. */
export interface Template {
  readonly title: string;
  readonly name: string;
  readonly text: string;
}

function conf(agent: string, source: string, interceptors = ''): string {
  return `${agent}.sources = in
${agent}.channels = buffer
${agent}.sinks = out

${source
  .trim()
  .split('\n')
  .map((line) => `${agent}.sources.in.${line}`)
  .join('\n')}
${agent}.sources.in.channels = buffer
${interceptors}
${agent}.channels.buffer.type = file
${agent}.channels.buffer.checkpointDir = \${env:MILLRACE_DATA}/${agent}/checkpoint
${agent}.channels.buffer.dataDirs = \${env:MILLRACE_DATA}/${agent}/data

${agent}.sinks.out.type = topic
${agent}.sinks.out.channel = buffer
${agent}.sinks.out.topic = ${agent}
`;
}

export const templates: readonly Template[] = [
  {
    title: 'Files that grow (taildir)',
    name: 'files',
    text: conf(
      'files',
      `
type = TAILDIR
filegroups = logs
filegroups.logs = /var/log/app/.*\\\\.log
positionFile = \${env:MILLRACE_DATA}/files/position.json
fileHeader = true`,
    ),
  },
  {
    title: 'Syslog over TCP',
    name: 'syslog',
    text: conf('syslog', '\ntype = syslogtcp\nhost = 127.0.0.1\nport = 5140'),
  },
  {
    title: 'Lines over TCP (netcat)',
    name: 'lines',
    text: conf('lines', '\ntype = netcat\nbind = 127.0.0.1\nport = 44444'),
  },
  {
    title: 'From another Flume agent (avro)',
    name: 'avro',
    text: conf('avro', '\ntype = avro\nbind = 127.0.0.1\nport = 4141'),
  },
];
