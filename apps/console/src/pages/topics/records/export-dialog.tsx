import { useState } from 'react';
import { useLocation } from 'wouter';
import { request } from '../../../api/request.js';
import { useMay } from '../../../shell/session.js';
import { Button } from '../../../ui/basics.js';
import { Dialog } from '../../../ui/dialogs.js';
import { SelectField } from '../../../ui/fields.js';
import { ErrorNotice, toast } from '../../../ui/notices.js';
import { filterOf, type RecordQuery } from './record-query.js';

const formats = ['ndjson', 'csv', 'parquet'] as const;
const formatLabels = { ndjson: 'NDJSON: a line each', csv: 'CSV', parquet: 'Parquet' } as const;

/** All records of the search as a file on the server, by a job. */
export function ExportDialog(props: { topic: string; query: RecordQuery; isOpen: boolean; onClose: () => void }) {
  const { topic, query, isOpen, onClose } = props;
  const [, navigate] = useLocation();
  const [format, setFormat] = useState<(typeof formats)[number]>('ndjson');
  const [error, setError] = useState<unknown>(null);
  const [isRunning, setIsRunning] = useState(false);
  const mayBegin = useMay('jobs', 'operate');
  const filter = filterOf(query);
  const begin = async (): Promise<void> => {
    setIsRunning(true);
    setError(null);
    try {
      const parameters = { topic, format, ...rangeOf(query), ...(filter === '' ? {} : { filter }) };
      const { id } = await request<{ id: string }>('POST', '/api/v1/jobs', { body: { type: 'export', parameters } });
      onClose();
      toast(`Job ${id} writes the records.`, 'good', { label: 'Show the job', run: () => navigate(`/jobs/${id}`) });
    } catch (caught) {
      setError(caught);
    } finally {
      setIsRunning(false);
    }
  };
  return (
    <Dialog title={`Export records of ${topic}`} isOpen={isOpen} onClose={onClose}>
      <p>
        A job writes {filter === '' ? 'all records' : 'the records that match'} {fromWords(query)} into a file below{' '}
        <code>exports/</code> of the data directory.
      </p>
      {filter === '' ? null : <code className="records-wrap">{filter}</code>}
      <SelectField
        label="Format"
        value={format}
        options={formats.map((value) => ({ value, label: formatLabels[value] }))}
        onChange={setFormat}
      />
      {error === null ? null : <ErrorNotice error={error} />}
      {mayBegin ? null : <p className="quiet">Your role may not begin jobs.</p>}
      <div className="row" style={{ justifyContent: 'flex-end' }}>
        <Button onPress={onClose}>Cancel</Button>
        <Button tone="primary" isDisabled={isRunning || !mayBegin} onPress={() => void begin()}>
          Begin the export
        </Button>
      </div>
    </Dialog>
  );
}

function rangeOf({ start, offset, time, partitions }: RecordQuery): object {
  return {
    ...(partitions.length === 0 ? {} : { partitions: partitions.map(Number) }),
    ...(start === 'offset' ? { from: { offset: Number(offset) } } : {}),
    ...(start === 'time' && time !== '' ? { from: { timestamp: time } } : {}),
  };
}

function fromWords({ start, offset, time }: RecordQuery): string {
  if (start === 'offset') return `from offset ${offset} on`;
  return start === 'time' && time !== '' ? `from ${new Date(time).toLocaleString()} on` : 'from the oldest on';
}
