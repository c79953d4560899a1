import { useState } from 'react';
import type { TopologyNode } from '../../../../admin/src/v1/events/live-rows.js';
import { useChange } from '../../api/queries.js';
import { request } from '../../api/request.js';
import { useMay } from '../../shell/session.js';
import { Button } from '../../ui/basics.js';
import { Confirm } from '../../ui/dialogs.js';
import { toast } from '../../ui/notices.js';
import { connectorArea } from './node-links.js';

type Verb = 'pause' | 'resume' | 'stop' | 'restart';

const effects: Readonly<Record<Verb, (noun: string) => string>> = {
  pause: (noun) => `The ${noun} takes nothing more and keeps its tasks; what comes waits in front of it.`,
  resume: (noun) => `The ${noun} goes on where it was.`,
  stop: (noun) => `All tasks of the ${noun} end and give back what they hold; what comes waits in front of it.`,
  restart: (noun) => `Tasks of the ${noun} that have failed start again; with none of them failed, all do.`,
};

const done: Readonly<Record<Verb, string>> = {
  pause: 'pauses',
  resume: 'goes on',
  stop: 'stops',
  restart: 'starts again',
};

/** Pause, stop, resume and restart of the connector that a node belongs to. */
export function ConnectorActions({ row, node }: { row: string; node: TopologyNode }) {
  const area = connectorArea(row, node);
  if (area === null || node.connector === null) return null;
  return <Actions area={area} name={node.connector} node={node} />;
}

function Actions({ area, name, node }: { area: 'sinks' | 'collectors'; name: string; node: TopologyNode }) {
  const may = useMay(area, 'operate', name);
  const [asked, setAsked] = useState<Verb | null>(null);
  const path = `/api/v1/${area}/${encodeURIComponent(name)}`;
  const change = useChange((verb: Verb) => {
    const body = verb === 'restart' ? { body: { tasks: node.state === 'failed' ? 'failed' : 'all' } } : {};
    return request('POST', `${path}:${verb}`, body);
  }, `/api/v1/${area}`);
  const noun = area === 'sinks' ? 'sink' : 'collector';
  if (!may) return <span className="quiet">Your role may not operate this {noun}.</span>;
  const isStill = node.state === 'paused' || node.state === 'stopped';
  const verbs: readonly Verb[] = isStill
    ? node.state === 'paused'
      ? ['resume', 'stop']
      : ['resume']
    : ['pause', 'stop', 'restart'];
  return (
    <>
      {verbs.map((verb) => (
        <Button key={verb} {...(verb === 'resume' ? { tone: 'primary' as const } : {})} onPress={() => setAsked(verb)}>
          {capital(verb)}
        </Button>
      ))}
      {asked === null ? null : (
        <Confirm
          title={`${capital(asked)} ${name}?`}
          isOpen
          verb={capital(asked)}
          tone="primary"
          onClose={() => setAsked(null)}
          run={async () => {
            await change.mutateAsync(asked);
            toast(`${name} ${done[asked]}.`);
          }}
        >
          {effects[asked](noun)}
        </Confirm>
      )}
    </>
  );
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
