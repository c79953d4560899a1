import { useQuery } from '@tanstack/react-query';
import { useChange } from '../../api/queries.js';
import { Badge, Button } from '../../ui/basics.js';
import { DiffView } from '../../ui/code-editor.js';
import { Dialog } from '../../ui/dialogs.js';
import { formatPlural } from '../../ui/format.js';
import { ErrorNotice, Loading, toast } from '../../ui/notices.js';
import { diffOf, effectsOf, type ConfigDraft } from './config-draft.js';
import { changeTopic, checkChange, pathOf, type TopicConfig } from './topic-api.js';

/** The difference, what it brings about, what the brokers say to it; then it is applied. */
export function ConfigReview(props: {
  topic: string;
  configs: readonly TopicConfig[];
  draft: ConfigDraft;
  onClose: () => void;
  onApplied: () => void;
}) {
  const { topic, configs, draft, onClose, onApplied } = props;
  const { before, after } = diffOf(configs, draft);
  const effects = effectsOf(configs, draft);
  const count = Object.keys(draft).length;
  const check = useQuery({
    queryKey: [`${pathOf(topic)} dry run`, draft],
    queryFn: ({ signal }) => checkChange(topic, { configs: draft }, signal),
    gcTime: 0,
    staleTime: 0,
    retry: false,
  });
  const apply = useChange(() => changeTopic(topic, { configs: draft }), pathOf(topic));
  return (
    <Dialog title={`Settings of ${topic}`} isOpen onClose={onClose} size="wide">
      <div className="row">
        <span className="grow">
          {formatPlural(count, 'setting changes', 'settings change')}; in force at once, nothing restarts.
        </span>
        {check.isSuccess ? <Badge tone="good">the brokers would take it</Badge> : null}
      </div>
      {effects.length === 0 ? null : (
        <ul className="notice" data-tone="warn">
          {effects.map((effect) => (
            <li key={effect}>{effect}</li>
          ))}
        </ul>
      )}
      <DiffView label={`Difference of the settings of ${topic}`} before={before} after={after} language="properties" />
      {check.isLoading ? <Loading what="what the brokers say" /> : null}
      {check.error === null ? null : <ErrorNotice error={check.error} />}
      {apply.error === null ? null : <ErrorNotice error={apply.error} />}
      <div className="row" style={{ justifyContent: 'flex-end' }}>
        <Button onPress={onClose}>Back</Button>
        <Button
          tone="primary"
          isDisabled={!check.isSuccess || apply.isPending}
          onPress={() =>
            apply.mutate(undefined, {
              onSuccess: () => {
                toast(`Settings of ${topic} are changed.`);
                onApplied();
              },
            })
          }
        >
          Apply
        </Button>
      </div>
    </Dialog>
  );
}
