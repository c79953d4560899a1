import { useEffect } from 'react';
import { useLive } from '../api/live-hooks.js';
import { useGet } from '../api/queries.js';
import { Button, Command } from '../ui/basics.js';
import { setTourProgress, useTourProgress } from './tour-memory.js';
import { demo } from './tour-steps.js';

interface KafkaList<T> {
  readonly data: readonly T[];
}

export function KcatStep() {
  const { kcat } = useTourProgress();
  if (kcat === 'done') return <p>Any Kafka client reads and writes topics: nothing here is special to ours.</p>;
  return <Open isCopied={kcat === 'copied'} />;
}

function Open({ isCopied }: { isCopied: boolean }) {
  const address = useAddress();
  const groups = useLive('groups');
  // Sinks have groups too, and those are ours.
  const foreign = [...groups].some(([, { sink, topics }]) => sink === null && topics.includes(demo.topic));
  useEffect(() => {
    if (foreign) setTourProgress({ kcat: 'done' });
  }, [foreign]);
  const line = `kcat -b ${address} -G ${demo.group} -o beginning -c 5 ${demo.topic}`;
  return (
    <>
      <p>Read five records with a Kafka client that knows nothing of Millrace.</p>
      <Command text={line} onCopy={() => setTourProgress({ kcat: 'copied' })} />
      {isCopied ? (
        <p className="row quiet">
          <span>Waiting for its group to be seen.</span>
          <Button onPress={() => setTourProgress({ kcat: 'done' })}>It has read</Button>
        </p>
      ) : null}
    </>
  );
}

/** Where the topic service says that clients find it. */
function useAddress(): string {
  const clusters = useGet<KafkaList<{ cluster_id: string }>>('/v3/clusters').data;
  const id = clusters?.data[0]?.cluster_id;
  const path = id === undefined ? null : `/v3/clusters/${encodeURIComponent(id)}/brokers`;
  const brokers = useGet<KafkaList<{ host: string; port: number }>>(path).data;
  const first = brokers?.data[0];
  return first === undefined ? '…' : `${first.host}:${first.port}`;
}
