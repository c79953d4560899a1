import { useState } from 'react';
import { useChange, useForget } from '../../api/queries.js';
import { request } from '../../api/request.js';
import { useMay } from '../../shell/session.js';
import { ActionMenu, Confirm, type Action } from '../../ui/dialogs.js';
import { toast } from '../../ui/notices.js';
import { collectorsPath, pathOf } from './collector-api.js';

type Verb = 'pause' | 'resume' | 'stop' | 'restart' | 'restart-failed' | 'delete';

interface Deed {
  readonly label: string;
  readonly level: 'operate' | 'edit';
  readonly says: string;
  readonly done: string;
  run(path: string): Promise<unknown>;
}

const deeds: Readonly<Record<Verb, Deed>> = {
  pause: {
    label: 'Pause',
    level: 'operate',
    says: 'Its sources read nothing more and its sinks rest; it keeps its worker, its channels and its positions.',
    done: 'pauses',
    run: (path) => request('POST', `${path}:pause`),
  },
  resume: {
    label: 'Resume',
    level: 'operate',
    says: 'It goes on where it was.',
    done: 'goes on',
    run: (path) => request('POST', `${path}:resume`),
  },
  stop: {
    label: 'Stop',
    level: 'operate',
    says: 'It stops and gives its worker back. Channels and positions stay; events of a channel in memory are drained first, for at most 10 s.',
    done: 'stops',
    run: (path) => request('POST', `${path}:stop`),
  },
  restart: {
    label: 'Restart',
    level: 'operate',
    says: 'All of its components stop and start again from their positions.',
    done: 'starts again',
    run: (path) => request('POST', `${path}:restart`, { body: { tasks: 'all' } }),
  },
  'restart-failed': {
    label: 'Restart what failed',
    level: 'operate',
    says: 'Only a task that has failed starts again; what runs is left alone.',
    done: 'starts again what had failed',
    run: (path) => request('POST', `${path}:restart`, { body: { tasks: 'failed' } }),
  },
  delete: {
    label: 'Delete',
    level: 'edit',
    says: 'It stops and is gone from here. Files of its channels and its positions stay where it ran; its history stays for 30 days and can bring it back.',
    done: 'is deleted',
    run: (path) => request('DELETE', path),
  },
};

export interface Actionable {
  readonly name: string;
  /** As wanted. */
  readonly target: string;
  readonly failedTasks: number;
}

/** Everything that can be done with a running collector, each after a question. `onDeleted` after it is gone. */
export function CollectorActions({ collector, onDeleted }: { collector: Actionable; onDeleted?: () => void }) {
  const { name, target, failedTasks } = collector;
  const [asked, setAsked] = useState<Verb | null>(null);
  const may = { operate: useMay('collectors', 'operate', name), edit: useMay('collectors', 'edit', name) };
  const forget = useForget();
  const change = useChange((verb: Verb) => deeds[verb].run(pathOf(name)), collectorsPath);
  const actions = verbsOf(target).map((verb): Action => {
    const { label, level } = deeds[verb];
    const why = !may[level]
      ? ' (your role may not)'
      : verb === 'restart-failed' && failedTasks === 0
        ? ' (nothing has)'
        : '';
    return {
      label: `${label} …${why}`,
      isDisabled: why !== '',
      run: () => setAsked(verb),
      ...(verb === 'delete' ? { tone: 'danger' as const } : {}),
    };
  });
  return (
    <>
      <ActionMenu label={`Actions of ${name}`} actions={actions} />
      {asked === null ? null : (
        <Confirm
          title={`${deeds[asked].label} ${name}?`}
          isOpen
          verb={deeds[asked].label}
          tone={asked === 'delete' ? 'danger' : 'primary'}
          {...(asked === 'delete' ? { typed: name } : {})}
          onClose={() => setAsked(null)}
          run={async () => {
            if (asked === 'delete') {
              await deeds.delete.run(pathOf(name));
              onDeleted?.();
              await forget(pathOf(name), collectorsPath);
            } else {
              await change.mutateAsync(asked);
            }
            toast(`${name} ${deeds[asked].done}.`);
          }}
        >
          {deeds[asked].says}
        </Confirm>
      )}
    </>
  );
}

function verbsOf(target: string): readonly Verb[] {
  if (target === 'STOPPED') return ['resume', 'delete'];
  if (target === 'PAUSED') return ['resume', 'stop', 'restart-failed', 'delete'];
  return ['pause', 'stop', 'restart', 'restart-failed', 'delete'];
}
