import { Facts } from '../../ui/basics.js';
import { EmptyState } from '../../ui/notices.js';
import type { Group } from './group-api.js';
import { GroupFrame } from './group-frame.js';

/** Who reads, and what. */
export default function GroupMembersPage({ params }: { params: Readonly<Record<string, string>> }) {
  const name = params['group'] ?? '';
  return <GroupFrame name={name}>{(group) => <Members group={group} />}</GroupFrame>;
}

function Members({ group }: { group: Group }) {
  if (group.members.length === 0) {
    return (
      <EmptyState title="Nobody is in it now" command={`npx millrace topic consume TOPIC --group ${group.name}`}>
        Its offsets stay: who comes back under this name goes on there.
      </EmptyState>
    );
  }
  return (
    <div className="stack">
      <p className="quiet">
        Assignor {group.protocol || 'none'}, coordinator node {group.coordinator}.
      </p>
      <div className="columns">
        {group.members.map((member) => (
          <section className="card stack" key={member.id} aria-label={member.client_id}>
            <h2 style={{ overflowWrap: 'anywhere' }}>{member.client_id}</h2>
            <Facts
              facts={[
                ['Address', member.client_host],
                ['Member', <code key="id">{member.id}</code>],
                ...(member.instance_id === null ? [] : [['Static as', member.instance_id] as const]),
                ['Reads', placesOf(member.partitions)],
              ]}
            />
          </section>
        ))}
      </div>
    </div>
  );
}

/** `access-log 0, 1, 2`. */
function placesOf(places: Group['members'][number]['partitions']): string {
  const byTopic = new Map<string, number[]>();
  for (const { topic, partition } of places) byTopic.set(topic, [...(byTopic.get(topic) ?? []), partition]);
  const words = [...byTopic].map(([topic, numbers]) => `${topic} ${numbers.toSorted((a, b) => a - b).join(', ')}`);
  return words.length === 0 ? 'nothing now' : words.join(' · ');
}
