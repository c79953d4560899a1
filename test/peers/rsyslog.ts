import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Child } from './child.js';

export interface RsyslogOptions {
  /** A file, or a pattern. */
  readonly files: string;
  readonly bootstrap: string;
  readonly topic: string;
  readonly directory: string;
}

const command = '/usr/sbin/rsyslogd';

/** Whether a real rsyslog with omkafka is installed (Debian: rsyslog, rsyslog-kafka). */
export function hasRsyslog(): boolean {
  return existsSync(command);
}

/** A real rsyslog that tails files into a topic: imfile, omkafka with acks=-1. */
export function startRsyslog(options: RsyslogOptions): Child {
  const work = join(options.directory, 'work');
  mkdirSync(work, { recursive: true });
  const confPath = join(options.directory, 'rsyslog.conf');
  writeFileSync(
    confPath,
    `global(workDirectory="${work}" maxMessageSize="64k")
main_queue(queue.type="LinkedList" queue.size="100000" queue.dequeueBatchSize="1024" queue.workerThreads="1")
module(load="imfile" mode="inotify")
module(load="omkafka")
input(type="imfile" file="${options.files}" tag="file:" ruleset="out")
template(name="line" type="string" string="%msg:::drop-last-lf%")
ruleset(name="out") {
  action(type="omkafka" broker=["${options.bootstrap}"] topic="${options.topic}" template="line" partitions.auto="on"
         resubmitOnFailure="on" keepFailedMessages="on" failedMsgFile="${work}/failed"
         confParam=["linger.ms=5", "compression.codec=none", "acks=-1", "message.timeout.ms=30000"])
}
`,
  );
  return new Child({
    command,
    args: ['-n', '-f', confPath, '-i', join(options.directory, 'rsyslogd.pid')],
    logPath: join(options.directory, 'rsyslog.out'),
  });
}
