import { useEffect } from 'react';
import { useLiveRow } from '../api/live-hooks.js';
import { useChange } from '../api/queries.js';
import { request } from '../api/request.js';
import { useMay } from '../shell/session.js';
import { Button } from '../ui/basics.js';
import { formatCount } from '../ui/format.js';
import { toastError } from '../ui/notices.js';
import { setTourProgress, useTourProgress } from './tour-memory.js';
import { afterLook, demo, stillMsMin } from './tour-steps.js';

/** Whoever stops it, here, on its page or in a terminal: the step looks at the sinks alone. */
export function SinkStep() {
  const { sink: step } = useTourProgress();
  const sink = useLiveRow('sinks', demo.sink);
  const other = useLiveRow('sinks', demo.otherSink);
  useEffect(() => {
    if (sink === undefined) return;
    const next = afterLook(step, sink, other, Date.now());
    if (next !== step) setTourProgress({ sink: next });
  }, [step, sink, other]);

  const may = useMay('sinks', 'operate', demo.sink);
  const change = useChange(
    (verb: 'stop' | 'resume') => request('POST', `/api/v1/sinks/${demo.sink}:${verb}`),
    '/api/v1/sinks',
  );
  const act = (verb: 'stop' | 'resume'): void => change.mutate(verb, { onError: toastError });
  const lag = formatCount(sink?.lag_records);
  const lagOfOther = formatCount(other?.lag_records);
  switch (step.phase) {
    case 'todo':
      return (
        <>
          <p>
            Stop <strong>{demo.sink}</strong> for ten seconds: its lag rises and no other.
          </p>
          <Button isDisabled={!may || change.isPending} onPress={() => act('stop')}>
            Stop {demo.sink}
          </Button>
          {may ? null : <p className="quiet">Your role may not stop it.</p>}
        </>
      );
    case 'stopped': {
      const seconds = Math.floor((Date.now() - step.stoppedAt) / 1_000);
      const isLong = seconds * 1_000 >= stillMsMin;
      return (
        <>
          <p>
            Still for {seconds} s. Lag of {demo.sink}: <strong>{lag}</strong>, of {demo.otherSink}: {lagOfOther}.
          </p>
          <Button
            {...(isLong ? { tone: 'primary' as const } : {})}
            isDisabled={!may || change.isPending}
            onPress={() => act('resume')}
          >
            {isLong ? `Resume ${demo.sink}` : `Resume (better in ${stillMsMin / 1_000 - seconds} s)`}
          </Button>
        </>
      );
    }
    case 'draining':
      return (
        <p>
          It drains: <strong>{lag}</strong> records are left of {formatCount(step.most)}.
        </p>
      );
    case 'done':
      return (
        <p>
          Its lag rose to {formatCount(step.most)} records and drained; that of {demo.otherSink} was never above{' '}
          {formatCount(step.mostOfOther)}.
        </p>
      );
  }
}
