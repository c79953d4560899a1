import { useState } from 'react';
import { useChange, useForget } from '../../api/queries.js';
import { request } from '../../api/request.js';
import { useMay } from '../../shell/session.js';
import { ActionMenu, Confirm, type Action } from '../../ui/dialogs.js';
import { CheckField } from '../../ui/fields.js';
import { toast } from '../../ui/notices.js';
import { pathOf, sinksPath } from './sink-api.js';

type Verb = 'pause' | 'resume' | 'stop' | 'restart' | 'restart-failed' | 'delete';

interface Deed {
  readonly label: string;
  readonly level: 'operate' | 'edit';
  readonly says: string;
  readonly done: string;
}

const deeds: Readonly<Record<Verb, Deed>> = {
  pause: {
    label: 'Pause',
    level: 'operate',
    says: 'It takes no more records and keeps its partitions and its worker; what waits stays in the topics.',
    done: 'pauses',
  },
  resume: { label: 'Resume', level: 'operate', says: 'It goes on where it was.', done: 'goes on' },
  stop: {
    label: 'Stop',
    level: 'operate',
    says: 'It finishes its batch and gives its workers back. Its position stays, and can be moved while it is stopped.',
    done: 'stops',
  },
  restart: {
    label: 'Restart',
    level: 'operate',
    says: 'All tasks start again from their positions.',
    done: 'starts again',
  },
  'restart-failed': {
    label: 'Restart what failed',
    level: 'operate',
    says: 'Only tasks that have failed start again; the others are left alone.',
    done: 'starts again what had failed',
  },
  delete: {
    label: 'Delete',
    level: 'edit',
    says: 'It stops and is gone from here. What it wrote stays; its history stays for 30 days and can bring it back.',
    done: 'is deleted',
  },
};

export interface Actionable {
  readonly name: string;
  /** As wanted. */
  readonly target: string;
  readonly failedTasks: number;
}

/** Everything that can be done with a sink, each after a question. `onDeleted` after it is gone. */
export function SinkActions({ sink, onDeleted }: { sink: Actionable; onDeleted?: () => void }) {
  const { name, target, failedTasks } = sink;
  const [asked, setAsked] = useState<Verb | null>(null);
  const [isForgotten, setIsForgotten] = useState(false);
  const may = { operate: useMay('sinks', 'operate', name), edit: useMay('sinks', 'edit', name) };
  const forget = useForget();
  const change = useChange((verb: Verb) => run(verb, pathOf(name), isForgotten), sinksPath);
  const actions = verbsOf(target).map((verb): Action => {
    const { label, level } = deeds[verb];
    const hasNone = verb === 'restart-failed' && failedTasks === 0;
    const why = !may[level] ? ' (your role may not)' : hasNone ? ' (nothing has)' : '';
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
              await run(asked, pathOf(name), isForgotten);
              onDeleted?.();
              await forget(pathOf(name), sinksPath);
            } else {
              await change.mutateAsync(asked);
            }
            toast(`${name} ${deeds[asked].done}.`);
          }}
        >
          <div className="stack">
            <p>{deeds[asked].says}</p>
            {asked === 'delete' ? (
              <CheckField
                label="Forget its position too: a sink of that name begins anew"
                value={isForgotten}
                onChange={setIsForgotten}
              />
            ) : null}
          </div>
        </Confirm>
      )}
    </>
  );
}

function run(verb: Verb, path: string, isForgotten: boolean): Promise<unknown> {
  switch (verb) {
    case 'delete':
      return request('DELETE', path, { query: { offsets: isForgotten ? 'drop' : 'keep' } });
    case 'restart':
      return request('POST', `${path}:restart`, { body: { tasks: 'all' } });
    case 'restart-failed':
      return request('POST', `${path}:restart`, { body: { tasks: 'failed' } });
    default:
      return request('POST', `${path}:${verb}`);
  }
}

function verbsOf(target: string): readonly Verb[] {
  if (target === 'STOPPED') return ['resume', 'delete'];
  if (target === 'PAUSED') return ['resume', 'stop', 'restart-failed', 'delete'];
  return ['pause', 'stop', 'restart', 'restart-failed', 'delete'];
}
