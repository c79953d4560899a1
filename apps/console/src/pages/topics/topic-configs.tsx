import { useMemo, useState } from 'react';
import { useGet } from '../../api/queries.js';
import { useMay } from '../../shell/session.js';
import { Badge, Button } from '../../ui/basics.js';
import { DataTable, type Column } from '../../ui/data-table.js';
import { CheckField, TextField } from '../../ui/fields.js';
import { formatPlural } from '../../ui/format.js';
import { EmptyState, ErrorNotice, Loading } from '../../ui/notices.js';
import { useParam } from '../../ui/use-param.js';
import { withChange, type ConfigDraft } from './config-draft.js';
import { ConfigDrawer } from './config-drawer.js';
import { ConfigReview } from './config-review.js';
import { pathOf, type Topic, type TopicConfig, type TopicConfigs } from './topic-api.js';
import { TopicFrame } from './topic-frame.js';
import { humanValue } from './topic-words.js';

export default function TopicConfigsPage({ params }: { params: Readonly<Record<string, string>> }) {
  const { topic = '' } = params;
  return <TopicFrame topic={topic}>{(found) => <Configs topic={found} />}</TopicFrame>;
}

function Configs({ topic }: { topic: Topic }) {
  const { name } = topic;
  const { data, error, refetch } = useGet<TopicConfigs>(`${pathOf(name)}/configs`);
  const mayEdit = useMay('topics', 'edit', name);
  const [text, setText] = useParam('filter');
  const [onlySet, setOnlySet] = useParam('set');
  const [opened, setOpened] = useParam('config');
  const [draft, setDraft] = useState<ConfigDraft>({});
  const [isReviewing, setIsReviewing] = useState(false);
  const configs = useMemo(() => data?.configs ?? [], [data]);
  const shown = configs.filter(
    (config) =>
      `${config.name} ${config.documentation ?? ''}`.toLowerCase().includes(text.toLowerCase()) &&
      (onlySet === '' || config.source === 'topic' || Object.hasOwn(draft, config.name)),
  );
  const columns = useMemo(() => columnsOf(draft, setOpened), [draft, setOpened]);
  const current = configs.find((config) => config.name === opened);
  const changes = Object.keys(draft).length;
  if (error !== null) return <ErrorNotice error={error} onRetry={() => void refetch()} />;
  if (data === undefined) return <Loading what="settings" />;
  return (
    <>
      <div className="row topics-filters">
        <div className="grow topics-filter" data-shortcut="search">
          <TextField label="Filter settings" type="search" value={text} onChange={setText} />
        </div>
        <CheckField
          label="Only what is set here"
          value={onlySet !== ''}
          onChange={(on) => setOnlySet(on ? 'yes' : '')}
        />
      </div>
      <DataTable
        label={`Settings of ${name}`}
        columns={columns}
        rows={shown}
        keyOf={(config) => config.name}
        current={opened}
        sortedBy={{ column: 'name' }}
        onOpen={(config) => setOpened(config.name)}
        empty={
          <EmptyState title="No setting is called so">
            {onlySet === '' ? null : 'All others have their defaults.'}
          </EmptyState>
        }
      />
      {changes === 0 ? null : (
        <div className="notice row topics-changes" role="status">
          <span className="grow">{formatPlural(changes, 'change')} not applied yet</span>
          <Button onPress={() => setDraft({})}>Discard</Button>
          <Button tone="primary" onPress={() => setIsReviewing(true)}>
            Review and apply
          </Button>
        </div>
      )}
      {current === undefined ? null : (
        <ConfigDrawer
          key={current.name}
          topic={name}
          config={current}
          draft={draft}
          mayEdit={mayEdit && !topic.internal}
          onClose={() => setOpened('')}
          onChange={(value) => {
            setDraft(withChange(draft, current, value));
            setOpened('');
          }}
        />
      )}
      {isReviewing ? (
        <ConfigReview
          topic={name}
          configs={configs}
          draft={draft}
          onClose={() => setIsReviewing(false)}
          onApplied={() => {
            setDraft({});
            setIsReviewing(false);
          }}
        />
      ) : null}
    </>
  );
}

function columnsOf(draft: ConfigDraft, open: (name: string) => void): readonly Column<TopicConfig>[] {
  return [
    {
      id: 'name',
      title: 'Setting',
      width: 'minmax(260px, 1.2fr)',
      sortBy: ({ name }) => name,
      cell: ({ name }) => (
        <button type="button" className="topics-link mono" onClick={() => open(name)}>
          {name}
        </button>
      ),
    },
    {
      id: 'value',
      title: 'Value',
      width: 'minmax(190px, 1fr)',
      cell: (config) => <Value config={config} />,
    },
    {
      id: 'source',
      title: 'From',
      width: '130px',
      sortBy: ({ name, source }) => (Object.hasOwn(draft, name) ? ' ' : source),
      cell: ({ name, source }) => <Source source={source} isChanged={Object.hasOwn(draft, name)} />,
    },
    {
      id: 'documentation',
      title: 'Meaning',
      width: 'minmax(240px, 2fr)',
      cell: ({ documentation }) => (
        <span className="quiet" title={documentation ?? ''}>
          {documentation}
        </span>
      ),
    },
  ];
}

function Value({ config: { name, value, sensitive } }: { config: TopicConfig }) {
  if (sensitive) return <span className="quiet">secret</span>;
  if (value === null || value === '') return <span className="quiet">nothing</span>;
  const words = humanValue(name, value);
  return (
    <span className="topics-value">
      <code>{value}</code>
      {words === null ? null : <span className="quiet">{words}</span>}
    </span>
  );
}

function Source({ source, isChanged }: { source: TopicConfig['source']; isChanged: boolean }) {
  if (isChanged) return <Badge tone="warn">changed</Badge>;
  if (source === 'topic') return <Badge tone="accent">set here</Badge>;
  return <Badge>{source === 'broker' ? 'from the node' : 'default'}</Badge>;
}
