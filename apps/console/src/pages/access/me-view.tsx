import { useGet } from '../../api/queries.js';
import { useMay, useMe, type Area, type Level } from '../../shell/session.js';
import { Badge, Facts } from '../../ui/basics.js';
import { Loading } from '../../ui/notices.js';
import { Time } from '../../ui/time.js';
import { AccessFrame } from './access-frame.js';
import { areas, type ReadOnly } from './access-types.js';

const levels: readonly (readonly [Level, string])[] = [
  ['read', 'Look'],
  ['operate', 'Pause, restart, move positions, redrive'],
  ['edit', 'Create, change, delete'],
  ['administer', 'Give and take rights'],
];

export default function MeView() {
  const me = useMe();
  const session = useGet<{ created_at: string | null; expires_at: string | null }>('/api/v1/session').data;
  const readOnly = useGet<ReadOnly>('/api/v1/read-only').data;
  if (me === undefined) return <Loading what="your rights" />;
  const limits = me.grants.filter(({ name_prefix: prefix }) => prefix !== '');
  return (
    <AccessFrame title="What I may do">
      <section className="card stack">
        <Facts
          facts={[
            ['I am', me.login_needed ? me.name : 'everybody: nobody has to log in here until the first role is given'],
            ...(session?.expires_at == null
              ? []
              : [
                  ['Logged in', <Time key="since" at={session.created_at} />] as const,
                  ['Until, without a request', <Time key="until" at={session.expires_at} />] as const,
                ]),
            ['Changes', readOnly?.read_only === true ? `refused now: ${readOnly.reason}` : 'possible'],
            ...limits.map(
              ({ name_prefix: prefix, level, areas: inAreas }) =>
                [
                  `Only for ${prefix}…`,
                  `${level} in ${inAreas.length === 0 ? 'all areas' : inAreas.join(', ')}`,
                ] as const,
            ),
          ]}
        />
      </section>
      <div className="card access-scroll" tabIndex={0} role="group" aria-label="Rights by area">
        <table className="plain-table">
          <caption className="unseen">Rights by area</caption>
          <thead>
            <tr>
              <th scope="col">Area</th>
              {levels.map(([level, words]) => (
                <th scope="col" key={level}>
                  {words}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {areas.map((area) => (
              <tr key={area}>
                <th scope="row">{area}</th>
                {levels.map(([level]) => (
                  <td key={level}>
                    <Right area={area} level={level} />
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </AccessFrame>
  );
}

function Right({ area, level }: { area: Area; level: Level }) {
  const may = useMay(area, level);
  return may ? <Badge tone="good">yes</Badge> : <span className="quiet">no</span>;
}
