import { useState } from 'react';
import { useLiveRow } from '../../api/live-hooks.js';
import { useChange } from '../../api/queries.js';
import { request } from '../../api/request.js';
import { useMay } from '../../shell/session.js';
import { Button } from '../../ui/basics.js';
import { Confirm } from '../../ui/dialogs.js';
import { formatCount, formatPlural } from '../../ui/format.js';
import { EmptyState, ErrorNotice, Loading, toast, toastError } from '../../ui/notices.js';
import { Time } from '../../ui/time.js';
import { groupsPath, pathOf, useGroupLag, type Group, type Reset, type ResetPlan } from './group-api.js';
import { GroupFrame } from './group-frame.js';
import { keepMove, keptMoves, takeBack, type KeptMove } from './kept-moves.js';
import { whileStopped } from './move-sink.js';
import { ResetForm, resetOf, type ResetDraft } from './reset-form.js';

/** Where a group goes on reading: moved after a look at what that means, and back. */
export default function GroupOffsetsPage({ params }: { params: Readonly<Record<string, string>> }) {
  const name = params['group'] ?? '';
  return <GroupFrame name={name}>{(group) => <Offsets group={group} />}</GroupFrame>;
}

function Offsets({ group }: { group: Group }) {
  const { name } = group;
  const lag = useGroupLag(name);
  const topics = [...new Set((lag.data?.partitions ?? []).map(({ topic }) => topic))];
  const [draft, setDraft] = useState<ResetDraft>({ topic: '', partitions: '', to: 'earliest', value: '' });
  const [plan, setPlan] = useState<{ plan: ResetPlan; reset: Reset } | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [moves, setMoves] = useState(() => keptMoves(name));
  const may = useMay('groups', 'operate', name);
  const reset = resetOf({ ...draft, topic: draft.topic || (topics[0] ?? '') });
  const preview = async (wanted: Reset): Promise<void> => {
    setError(null);
    try {
      const query = { validate_only: true };
      setPlan({
        plan: await request<ResetPlan>('POST', `${pathOf(name)}/offsets:reset`, { body: wanted, query }),
        reset: wanted,
      });
    } catch (caught) {
      setError(caught);
    }
  };
  if (lag.error !== null) return <ErrorNotice error={lag.error} onRetry={() => void lag.refetch()} />;
  if (lag.data === undefined) return <Loading what="its offsets" />;
  if (topics.length === 0) {
    return (
      <EmptyState
        title="It has committed nothing"
        command={`npx millrace group seek ${name} --topic TOPIC --to earliest`}
      />
    );
  }
  return (
    <div className="stack">
      <div className="card stack">
        <h2>Move</h2>
        <ResetForm topics={topics} draft={{ ...draft, topic: draft.topic || (topics[0] ?? '') }} onChange={setDraft} />
        <div className="row">
          <Button tone="primary" isDisabled={reset === null || !may} onPress={() => void (reset && preview(reset))}>
            Preview
          </Button>
          {may ? null : <span className="quiet">Your role may look at it only.</span>}
        </div>
        {error === null ? null : <ErrorNotice error={error} />}
      </div>
      {moves.length === 0 ? null : <Moves moves={moves} onChange={() => setMoves(keptMoves(name))} />}
      {plan === null ? null : (
        <Review
          key={JSON.stringify(plan)}
          {...plan}
          onClose={() => setPlan(null)}
          onMoved={() => setMoves(keptMoves(name))}
        />
      )}
    </div>
  );
}

function Review(props: { plan: ResetPlan; reset: Reset; onClose: () => void; onMoved: () => void }) {
  const { plan, reset, onClose, onMoved } = props;
  const sink = useLiveRow('groups', plan.group)?.sink ?? null;
  const [step, setStep] = useState('');
  const apply = useChange(
    () => request<ResetPlan>('POST', `${pathOf(plan.group)}/offsets:reset`, { body: reset }),
    groupsPath,
  );
  const difference = plan.partitions.reduce(
    (sum, { old_offset, new_offset }) => sum + new_offset - (old_offset ?? new_offset),
    0,
  );
  const isRefused = sink === null && plan.members > 0;
  return (
    <Confirm
      title={`Move ${plan.group}?`}
      isOpen
      verb={sink === null ? 'Move' : 'Stop, move, go on'}
      tone="primary"
      onClose={onClose}
      run={async () => {
        const move = (): Promise<ResetPlan> => apply.mutateAsync(undefined);
        const done = sink === null ? await move() : await whileStopped(sink, move, setStep);
        keepMove(done);
        onMoved();
        const [kept] = keptMoves(plan.group);
        const undo = kept === undefined ? null : { label: 'Undo', run: () => void undoMove(kept, sink).then(onMoved) };
        toast(`${plan.group} is moved.`, 'good', undo);
      }}
    >
      <div className="stack">
        <p>
          {difference === 0
            ? 'Nothing moves.'
            : difference < 0
              ? `${formatPlural(-difference, 'record')} will be read again.`
              : `${formatPlural(difference, 'record')} will not be read.`}
        </p>
        {isRefused ? (
          <p className="notice" data-tone="warn">
            It has {formatPlural(plan.members, 'member')}: stop its consumers first, or this will be refused.
          </p>
        ) : null}
        {sink === null ? null : (
          <p>It is the group of the sink {sink}, which is stopped for a moment and goes on from the new place.</p>
        )}
        <div style={{ maxHeight: '40vh', overflow: 'auto' }} role="region" aria-label="Plan" tabIndex={0}>
          <table className="plain-table">
            <thead>
              <tr>
                <th scope="col">{plan.topic}</th>
                <th scope="col" className="number">
                  From
                </th>
                <th scope="col" className="number">
                  To
                </th>
                <th scope="col" className="number">
                  Difference
                </th>
              </tr>
            </thead>
            <tbody>
              {plan.partitions.map(({ partition, old_offset, new_offset }) => (
                <tr key={partition}>
                  <td>{partition}</td>
                  <td className="number">{old_offset === null ? 'nothing' : formatCount(old_offset)}</td>
                  <td className="number">{formatCount(new_offset)}</td>
                  <td className="number">{old_offset === null ? '–' : formatCount(new_offset - old_offset)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
        {step === '' ? null : <p role="status">{step}</p>}
      </div>
    </Confirm>
  );
}

async function undoMove(move: KeptMove, sink: string | null): Promise<void> {
  try {
    if (sink === null) await takeBack(move);
    else
      await whileStopped(
        sink,
        () => takeBack(move),
        () => undefined,
      );
    toast(`${move.group} is where it was.`);
  } catch (error) {
    toastError(error);
  }
}

function Moves({ moves, onChange }: { moves: readonly KeptMove[]; onChange: () => void }) {
  const [first] = moves;
  const sink = useLiveRow('groups', first?.group ?? '')?.sink ?? null;
  return (
    <div className="card stack">
      <h2>Moved from this browser</h2>
      <ul className="stack" style={{ gap: 8 }}>
        {moves.map((move) => (
          <li key={move.at} className="row">
            <span className="grow">
              <Time at={move.at} /> {move.topic}, {formatPlural(move.partitions.length, 'partition')}
            </span>
            <Button onPress={() => void undoMove(move, sink).then(onChange)}>Undo</Button>
          </li>
        ))}
      </ul>
    </div>
  );
}
