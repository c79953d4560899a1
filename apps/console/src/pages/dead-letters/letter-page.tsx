import { useMemo, useState } from 'react';
import { Link, useSearch } from 'wouter';
import { useGet } from '../../api/queries.js';
import { useMay } from '../../shell/session.js';
import { Badge, Button, Facts, Page } from '../../ui/basics.js';
import { ErrorNotice, Loading } from '../../ui/notices.js';
import { Time } from '../../ui/time.js';
import { BesideNeighbour } from './beside-neighbour.js';
import { DiscardDialog } from './discard-dialog.js';
import { filterOf } from './letter-filter.js';
import { useLetters, withSearch } from './letter-list.js';
import { dlqPath, letterLink, recordLink, sinkLink, stageInWords, stateTones, type Letter } from './letter-types.js';
import { RedriveDrawer } from './redrive-drawer.js';
import './dead-letters.css';

export default function LetterPage({ params }: { params: Readonly<Record<string, string>> }) {
  const { sink = '', partition = '', offset = '' } = params;
  const search = useSearch();
  const path = `${dlqPath(sink)}/records/${encodeURIComponent(partition)}/${encodeURIComponent(offset)}`;
  const { data: letter, error, refetch } = useGet<Letter>(path);
  return (
    <Page
      title={`Letter ${partition}-${offset}`}
      trail={[
        { label: 'Dead letters', to: '/dead-letters' },
        { label: sink, to: withSearch(sinkLink(sink), search) },
      ]}
      badge={letter === undefined ? null : <Badge tone={stateTones[letter.state]}>{letter.state}</Badge>}
      actions={
        letter === undefined ? null : (
          <>
            <Steps sink={sink} letter={letter} search={search} />
            <Actions sink={sink} letter={letter} />
          </>
        )
      }
    >
      {error === null ? null : <ErrorNotice error={error} onRetry={() => void refetch()} />}
      {letter === undefined && error === null ? <Loading what="the letter" /> : null}
      {letter === undefined ? null : (
        <>
          <Cause letter={letter} />
          <BesideNeighbour path={`${path}/neighbour`} letter={letter} />
        </>
      )}
    </Page>
  );
}

/** To the letters before and behind it in the list it was opened from. */
function Steps({ sink, letter, search }: { sink: string; letter: Letter; search: string }) {
  const filter = useMemo(() => filterOf(new URLSearchParams(search)), [search]);
  const { letters } = useLetters(sink, filter);
  const at = letters.findIndex(({ partition, offset }) => partition === letter.partition && offset === letter.offset);
  const [before, behind] = at < 0 ? [undefined, undefined] : [letters[at - 1], letters[at + 1]];
  return (
    <>
      {before === undefined ? null : (
        <Link className="button" data-shortcut="previous" to={withSearch(letterLink(sink, before), search)}>
          Previous <span className="kbd">[</span>
        </Link>
      )}
      {behind === undefined ? null : (
        <Link className="button" data-shortcut="next" to={withSearch(letterLink(sink, behind), search)}>
          Next <span className="kbd">]</span>
        </Link>
      )}
    </>
  );
}

function Actions({ sink, letter }: { sink: string; letter: Letter }) {
  const [open, setOpen] = useState<'redrive' | 'discard' | null>(null);
  const mayRedrive = useMay('sinks', 'operate', sink);
  const mayDiscard = useMay('sinks', 'edit', sink);
  const { partition, offset } = letter;
  const choice = useMemo(() => ({ ids: [{ partition, offset }] }), [partition, offset]);
  const close = (): void => setOpen(null);
  const what = `letter ${partition}-${offset}`;
  const isOpen = letter.state === 'open';
  return (
    <>
      {mayDiscard && isOpen ? (
        <Button tone="danger" onPress={() => setOpen('discard')}>
          Discard …
        </Button>
      ) : null}
      {mayRedrive && isOpen ? (
        <Button tone="primary" onPress={() => setOpen('redrive')}>
          Edit and redrive …
        </Button>
      ) : null}
      <RedriveDrawer
        sink={sink}
        isOpen={open === 'redrive'}
        onClose={close}
        choice={choice}
        what={what}
        letter={letter}
      />
      <DiscardDialog sink={sink} isOpen={open === 'discard'} onClose={close} choice={choice} what={what} />
    </>
  );
}

function Cause({ letter }: { letter: Letter }) {
  const { error, origin, handled_by: handledBy } = letter;
  return (
    <section className="card stack" aria-labelledby="dead-letters-cause">
      <h2 id="dead-letters-cause">{stageInWords(error.stage)}</h2>
      <p>
        <strong>{error.error_class}</strong> {error.message ?? 'The sink has kept no reason: context headers are off.'}
      </p>
      <Facts
        facts={[
          ['Died', <Time key="died" at={letter.died_at} millis />],
          ['Lay at', <Origin key="origin" letter={letter} />],
          ['Refused by', `${error.class_name ?? '–'}${error.task === null ? '' : `, task ${error.task}`}`],
          ['Attempts', error.attempts ?? '–'],
          ...(origin.redrives === 0 ? [] : [['Sent again before', `${origin.redrives} times`] as const]),
          ...(origin.first === null
            ? []
            : [
                [
                  'Lay first at',
                  <Link key="first" to={recordLink(origin.first.topic, origin.first)}>
                    {`${origin.first.topic}, partition ${origin.first.partition}, offset ${origin.first.offset}`}
                  </Link>,
                ] as const,
              ]),
          ...(handledBy === null
            ? []
            : [
                [
                  letter.state === 'discarded' ? 'Discarded by' : 'Sent again by',
                  <span key="handled">
                    <Link to={`/jobs/${encodeURIComponent(handledBy)}`}>job {handledBy}</Link>,{' '}
                    <Time at={letter.handled_at} />
                  </span>,
                ] as const,
              ]),
          [
            'Kept at',
            <Link key="kept" to={recordLink(letter.topic, letter)}>
              {`${letter.topic}, partition ${letter.partition}, offset ${letter.offset}`}
            </Link>,
          ],
        ]}
      />
      <Stack text={error.stacktrace} />
    </section>
  );
}

function Origin({ letter }: { letter: Letter }) {
  const { topic, partition, offset } = letter.origin;
  if (topic === null || partition === null || offset === null) return <>Not known</>;
  return (
    <Link to={recordLink(topic, { partition, offset })}>{`${topic}, partition ${partition}, offset ${offset}`}</Link>
  );
}

const stackLines = 8;

/** The first lines say the most; the rest comes when it is asked for. */
function Stack({ text }: { text: string | null }) {
  const [isWhole, setIsWhole] = useState(false);
  if (text === null || text.trim() === '') return null;
  const lines = text.trimEnd().split('\n');
  const left = lines.length - stackLines;
  return (
    <details>
      <summary>Stack trace</summary>
      <pre className="dead-letters-value" tabIndex={0}>
        {(isWhole ? lines : lines.slice(0, stackLines)).join('\n')}
      </pre>
      {left > 0 ? (
        <Button tone="quiet" onPress={() => setIsWhole(!isWhole)}>
          {isWhole ? 'Less' : `${left} more lines`}
        </Button>
      ) : null}
    </details>
  );
}
