import { Badge, Button, type Tone } from '../../../ui/basics.js';
import { formatCount, formatSeconds } from '../../../ui/format.js';
import type { SearchState } from './record-search.js';

const words: Readonly<Record<SearchState['status'], readonly [string, Tone]>> = {
  running: ['reading', 'accent'],
  stopped: ['stopped', 'warn'],
  more: ['there is more', 'idle'],
  done: ['all read', 'good'],
  failed: ['failed', 'bad'],
};

/** How far a search is, and the buttons that stop it and let it go on. */
export function SearchProgressLine(props: { state: SearchState; onStop: () => void; onGoOn: () => void }) {
  const { status, scanned, of, found, seconds, isFull } = props.state;
  const [word, tone] = words[status];
  const summary = `Scanned ${formatCount(scanned)} of ${formatCount(of)}, found ${formatCount(found)}`;
  const ratio = of === null || of === 0 ? 0 : Math.min(1, scanned / of);
  return (
    <div className="row records-progress">
      <Badge tone={tone}>{word}</Badge>
      <span className="number records-summary">{summary}</span>
      <span className="quiet number">{formatSeconds(seconds)}</span>
      <span className="unseen" role="status">
        {status === 'running' ? '' : `${word}: ${summary}`}
      </span>
      <div
        className="meter grow"
        role="progressbar"
        aria-label="Scanned"
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.round(ratio * 100)}
      >
        <span style={{ width: `${ratio * 100}%` }} />
      </div>
      {status === 'running' ? <Button onPress={props.onStop}>Stop</Button> : null}
      {(status === 'stopped' || status === 'more') && !isFull ? <Button onPress={props.onGoOn}>Go on</Button> : null}
      {isFull ? <span className="quiet">The list is full: narrow the search, or export it.</span> : null}
    </div>
  );
}
