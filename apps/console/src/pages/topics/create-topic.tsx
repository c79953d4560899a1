import { useEffect, useState } from 'react';
import { useLocation } from 'wouter';
import { useChange } from '../../api/queries.js';
import { ApiError } from '../../api/request.js';
import { Button } from '../../ui/basics.js';
import { Dialog } from '../../ui/dialogs.js';
import { SelectField, TextArea, TextField } from '../../ui/fields.js';
import { ErrorNotice, toast } from '../../ui/notices.js';
import { createTopic, planTopic, type NewTopic, type TopicPlan } from './topic-api.js';
import { configsOfLines } from './config-draft.js';
import { humanValue } from './topic-words.js';

export function CreateTopicDialog({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  return (
    <Dialog title="Create topic" isOpen={isOpen} onClose={onClose}>
      {isOpen ? <CreateTopicForm onClose={onClose} /> : null}
    </Dialog>
  );
}

interface CommonConfig {
  readonly name: string;
  readonly label: string;
  readonly values?: readonly string[];
}

const commonConfigs: readonly CommonConfig[] = [
  {
    name: 'cleanup.policy',
    label: 'What is removed (cleanup.policy)',
    values: ['delete', 'compact', 'compact,delete'],
  },
  { name: 'retention.ms', label: 'Kept for (retention.ms), ms' },
  { name: 'retention.bytes', label: 'Kept at most (retention.bytes), bytes a partition' },
  { name: 'max.message.bytes', label: 'Largest batch (max.message.bytes), bytes' },
];
/** Asks for the defaults while there is no name yet. */
const nameless = 'a-new-topic';
const checkMs = 300;

interface Draft {
  readonly name: string;
  readonly partitions: string;
  readonly replication: string;
  readonly configs: Readonly<Record<string, string>>;
  readonly more: string;
}

function topicOf({ name, partitions, replication, configs, more }: Draft): NewTopic {
  const set = Object.entries(configs).filter(([, value]) => value !== '');
  return {
    name,
    ...(partitions === '' ? {} : { partitions: Number(partitions) }),
    ...(replication === '' ? {} : { replication: Number(replication) }),
    configs: { ...Object.fromEntries(set), ...configsOfLines(more).configs },
  };
}

function CreateTopicForm({ onClose }: { onClose: () => void }) {
  const [, navigate] = useLocation();
  const [draft, setDraft] = useState<Draft>({ name: '', partitions: '', replication: '', configs: {}, more: '' });
  const create = useChange(createTopic, '/api/v1/topics');
  const isSent = create.isPending || create.isSuccess;
  const { plan, refusal } = usePlan(draft, isSent);
  const set = (change: Partial<Draft>): void => setDraft({ ...draft, ...change });
  const wrongLine = configsOfLines(draft.more).problem;
  const problemOf = (pointer: string): string | null =>
    refusal?.fields.find((field) => field.pointer === pointer)?.message ?? null;
  const shownPointers = [
    '/name',
    '/partitions',
    '/replication',
    ...commonConfigs.map(({ name }) => `/configs/${name}`),
  ];
  const otherwise = refusal !== null && !refusal.fields.some(({ pointer }) => shownPointers.includes(pointer));
  const submit = (): void => {
    if (draft.name === '' || wrongLine !== null || isSent) return;
    create.mutate(topicOf(draft), {
      onSuccess: ({ name }) => {
        toast(`Topic ${name} is there.`);
        navigate(`/topics/${name}`);
      },
    });
  };
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <TextField
        label="Name"
        value={draft.name}
        onChange={(name) => set({ name })}
        isRequired
        hint="Letters, digits and . _ -"
        problem={draft.name === '' ? null : (problemOf('/name') ?? (refusal?.status === 409 ? refusal.message : null))}
      />
      <div className="topics-pair">
        <TextField
          label="Partitions"
          type="number"
          value={draft.partitions}
          onChange={(partitions) => set({ partitions })}
          placeholder={plan?.partitions === null ? '' : String(plan?.partitions ?? '')}
          hint="As many readers of a group share the work. Can grow later, not shrink."
          problem={problemOf('/partitions')}
        />
        <TextField
          label="Copies of each"
          type="number"
          value={draft.replication}
          onChange={(replication) => set({ replication })}
          placeholder={plan?.replication === null ? '' : String(plan?.replication ?? '')}
          hint="Replication factor; empty is the cluster’s default."
          problem={problemOf('/replication')}
        />
      </div>
      {commonConfigs.map((config) => (
        <CommonField
          key={config.name}
          config={config}
          value={draft.configs[config.name] ?? ''}
          onChange={(value) => set({ configs: { ...draft.configs, [config.name]: value } })}
          fallback={
            plan?.configs.find(({ name, source }) => name === config.name && source === 'default')?.value ?? null
          }
          problem={problemOf(`/configs/${config.name}`)}
        />
      ))}
      <TextArea
        label="More settings"
        rows={2}
        value={draft.more}
        onChange={(more) => set({ more })}
        placeholder="segment.bytes=268435456"
        hint="One name=value a line."
        problem={wrongLine}
      />
      {create.error === null ? (
        otherwise && draft.name !== '' && refusal.status !== 409 ? (
          <ErrorNotice error={refusal} />
        ) : null
      ) : (
        <ErrorNotice error={create.error} />
      )}
      <div className="row" style={{ justifyContent: 'flex-end' }}>
        <Button onPress={onClose}>Cancel</Button>
        <Button
          type="submit"
          tone="primary"
          isDisabled={draft.name === '' || refusal !== null || wrongLine !== null || isSent}
        >
          Create topic
        </Button>
      </div>
    </form>
  );
}

function CommonField(props: {
  config: CommonConfig;
  value: string;
  onChange: (value: string) => void;
  /** Null: not known, or set here. */
  fallback: string | null;
  problem: string | null;
}) {
  const { config, value, onChange, fallback, problem } = props;
  const meaning = humanValue(config.name, value === '' ? fallback : value);
  const words = meaning === null ? '' : ` (${meaning})`;
  if (config.values !== undefined) {
    const unset = { value: '', label: fallback === null ? 'Default' : `Default: ${fallback}` };
    return (
      <SelectField
        label={config.label}
        value={value}
        onChange={onChange}
        options={[unset, ...config.values]}
        problem={problem}
      />
    );
  }
  const hint = value !== '' ? meaning : fallback === null ? null : `Default: ${fallback}${words}`;
  return (
    <TextField
      label={config.label}
      value={value}
      onChange={onChange}
      problem={problem}
      {...(fallback === null ? {} : { placeholder: fallback })}
      {...(hint === null ? {} : { hint })}
    />
  );
}

/** What the cluster says of the draft, a moment after the last key. The last plan stands while there is none. */
function usePlan(draft: Draft, isSent: boolean): { plan: TopicPlan | null; refusal: ApiError | null } {
  const [plan, setPlan] = useState<TopicPlan | null>(null);
  const [refusal, setRefusal] = useState<ApiError | null>(null);
  const wanted = JSON.stringify({ ...topicOf(draft), name: draft.name === '' ? nameless : draft.name });
  useEffect(() => {
    if (isSent) return;
    const leaving = new AbortController();
    const ask = async (): Promise<void> => {
      try {
        setPlan(await planTopic(JSON.parse(wanted) as NewTopic, leaving.signal));
        setRefusal(null);
      } catch (error) {
        if (!leaving.signal.aborted) setRefusal(error instanceof ApiError ? error : null);
      }
    };
    const timer = setTimeout(() => void ask(), checkMs);
    return () => {
      clearTimeout(timer);
      leaving.abort();
    };
  }, [wanted, isSent]);
  return { plan, refusal };
}
