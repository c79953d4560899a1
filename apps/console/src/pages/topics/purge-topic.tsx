import { useState } from 'react';
import { useChange, useGet } from '../../api/queries.js';
import { Button } from '../../ui/basics.js';
import { Confirm, Dialog } from '../../ui/dialogs.js';
import { SelectField, TextField } from '../../ui/fields.js';
import { formatCount, formatPlural } from '../../ui/format.js';
import { ErrorNotice, toast } from '../../ui/notices.js';
import {
  pathOf,
  planTruncation,
  readPartitions,
  truncateAsPlanned,
  type TopicGroups,
  type TopicPartition,
  type Truncation,
  type TruncationPlan,
} from './topic-api.js';
import { groupsThatLose } from './topic-words.js';

type Extent = 'all' | 'time' | 'offset';

/** First what would go, then the name typed. */
export function PurgeDialog({ topic, onClose }: { topic: string; onClose: () => void }) {
  const [plan, setPlan] = useState<TruncationPlan | null>(null);
  if (plan !== null) return <PlanDialog plan={plan} onClose={onClose} />;
  return (
    <Dialog title={`Purge ${topic}`} isOpen onClose={onClose}>
      <ExtentForm topic={topic} onClose={onClose} onPlan={setPlan} />
    </Dialog>
  );
}

function ExtentForm(props: { topic: string; onClose: () => void; onPlan: (plan: TruncationPlan) => void }) {
  const { topic, onPlan } = props;
  const { data } = useGet<{ partitions: readonly TopicPartition[] }>(`${pathOf(topic)}/partitions`);
  const partitions = data?.partitions ?? [];
  const [extent, setExtent] = useState<Extent>('all');
  const [time, setTime] = useState('');
  const [partition, setPartition] = useState('0');
  const [offset, setOffset] = useState('');
  const [error, setError] = useState<unknown>(null);
  const chosen = partitions.find((each) => String(each.partition) === partition);
  const isReady =
    extent === 'all' ? true : extent === 'time' ? !Number.isNaN(new Date(time).getTime()) : /^\d+$/.test(offset);
  const truncation = async (): Promise<Truncation> => {
    if (extent === 'time') return { before_ts: new Date(time).toISOString() };
    if (extent === 'offset') return { partitions: [{ partition: Number(partition), before_offset: Number(offset) }] };
    // What came since the form was opened is there now, too.
    const now = await readPartitions(topic);
    return { partitions: now.map((each) => ({ partition: each.partition, before_offset: each.latest_offset })) };
  };
  const show = async (): Promise<void> => {
    if (!isReady) return;
    setError(null);
    try {
      onPlan(await planTruncation(topic, await truncation()));
    } catch (caught) {
      setError(caught);
    }
  };
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        void show();
      }}
    >
      <SelectField
        label="What goes"
        value={extent}
        onChange={setExtent}
        options={[
          { value: 'all', label: 'All records there are now' },
          { value: 'time', label: 'Records before a time' },
          { value: 'offset', label: 'Records of a partition before an offset' },
        ]}
      />
      {extent === 'time' ? (
        <TextField
          label="Before (your time zone)"
          type="datetime-local"
          value={time}
          onChange={setTime}
          hint="Each partition keeps everything from its first record at or after this time on."
        />
      ) : null}
      {extent === 'offset' ? (
        <>
          <SelectField
            label="Partition"
            value={partition}
            onChange={setPartition}
            options={partitions.map((each) => String(each.partition))}
          />
          <TextField
            label="First offset that stays"
            type="number"
            value={offset}
            onChange={setOffset}
            hint={
              chosen === undefined
                ? undefined
                : `It has ${formatCount(chosen.earliest_offset)} to ${formatCount(chosen.latest_offset)}.`
            }
          />
        </>
      ) : null}
      {error === null ? null : <ErrorNotice error={error} />}
      <div className="row" style={{ justifyContent: 'flex-end' }}>
        <Button onPress={props.onClose}>Cancel</Button>
        <Button type="submit" tone="primary" isDisabled={!isReady}>
          Show what would go
        </Button>
      </div>
    </form>
  );
}

const rowsShownMax = 100;

function PlanDialog({ plan, onClose }: { plan: TruncationPlan; onClose: () => void }) {
  const { topic, records, partitions } = plan;
  const groups = useGet<TopicGroups>(`${pathOf(topic)}/groups`).data?.groups ?? [];
  const losing = groupsThatLose(groups, partitions);
  const change = useChange(truncateAsPlanned, pathOf(topic));
  const cut = partitions.filter((each) => each.new_earliest_offset > each.old_earliest_offset);
  if (cut.length === 0) {
    return (
      <Dialog title={`Purge ${topic}`} isOpen onClose={onClose}>
        <p>Nothing would go: no partition has records before that.</p>
        <div className="row" style={{ justifyContent: 'flex-end' }}>
          <Button onPress={onClose}>Close</Button>
        </div>
      </Dialog>
    );
  }
  return (
    <Confirm
      title={`Purge ${topic}`}
      isOpen
      onClose={onClose}
      verb={`Delete ${formatPlural(records, 'record')}`}
      typed={topic}
      run={async () => {
        await change.mutateAsync(plan);
        toast(`${formatPlural(records, 'record')} of ${topic} are deleted.`);
      }}
    >
      <div className="stack">
        <p>
          {formatPlural(records, 'record')} in {formatPlural(cut.length, 'partition')} go for good; what comes after
          this plan stays.
        </p>
        {losing.length === 0 ? null : (
          <div className="notice" data-tone="warn">
            <strong>Not read yet</strong> of these:
            <ul>
              {losing.map(({ name, records: unread }) => (
                <li key={name}>
                  {formatPlural(unread, 'record')} by group {name}
                </li>
              ))}
            </ul>
          </div>
        )}
        <div className="topics-plan" role="region" aria-label="Plan" tabIndex={0}>
          <table className="plain-table">
            <caption className="unseen">What would go, partition by partition</caption>
            <thead>
              <tr>
                <th scope="col">Partition</th>
                <th scope="col" className="number">
                  From offset
                </th>
                <th scope="col" className="number">
                  First that stays
                </th>
                <th scope="col" className="number">
                  Records that go
                </th>
              </tr>
            </thead>
            <tbody>
              {cut.slice(0, rowsShownMax).map((each) => (
                <tr key={each.partition}>
                  <th scope="row">{each.partition}</th>
                  <td className="number">{formatCount(each.old_earliest_offset)}</td>
                  <td className="number">{formatCount(each.new_earliest_offset)}</td>
                  <td className="number">{formatCount(each.new_earliest_offset - each.old_earliest_offset)}</td>
                </tr>
              ))}
            </tbody>
          </table>
          {cut.length > rowsShownMax ? (
            <p className="quiet">and {formatPlural(cut.length - rowsShownMax, 'more partition')}</p>
          ) : null}
        </div>
      </div>
    </Confirm>
  );
}
