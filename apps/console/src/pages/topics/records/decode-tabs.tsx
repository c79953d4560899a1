import { useState } from 'react';
import { Tab, TabList, TabPanel, Tabs } from 'react-aria-components/Tabs';
import { CopyButton } from '../../../ui/basics.js';
import { formatBytes } from '../../../ui/format.js';
import type { Content, Decoding } from './record-api.js';
import { JsonTree } from './json-tree.js';

const names: Readonly<Record<Decoding['decoder'], string>> = {
  json: 'JSON',
  avro: 'Avro',
  protobuf: 'Protobuf',
  msgpack: 'MessagePack',
  text: 'Text',
  hex: 'Hex',
};

/** Key or value as each decoder reads it; those that cannot say why. */
export function DecodeTabs({ title, content }: { title: string; content: Content | null }) {
  const [chosen, setChosen] = useState<string>('auto');
  if (content === null) {
    return (
      <section className="stack" style={{ gap: 6 }}>
        <h3>{title}</h3>
        <p className="quiet">None (null).</p>
      </section>
    );
  }
  const { decodings } = content;
  const auto = decodings.find(({ decoder }) => decoder === content.chosen);
  return (
    <section className="stack" style={{ gap: 6 }}>
      <h3>{title}</h3>
      <Tabs selectedKey={chosen} onSelectionChange={(key) => setChosen(String(key))}>
        <TabList className="tab-list records-tabs" aria-label={`${title} read as`}>
          <Tab id="auto" className="tab">
            Auto
          </Tab>
          {decodings.map(({ decoder, problem }) => (
            <Tab key={decoder} id={decoder} className="tab" data-failed={problem !== null}>
              {names[decoder]}
            </Tab>
          ))}
        </TabList>
        <TabPanel id="auto" className="records-decoded">
          {auto === undefined ? null : <Decoded title={title} decoding={auto} content={content} isAuto />}
        </TabPanel>
        {decodings.map((decoding) => (
          <TabPanel key={decoding.decoder} id={decoding.decoder} className="records-decoded">
            <Decoded title={title} decoding={decoding} content={content} />
          </TabPanel>
        ))}
      </Tabs>
    </section>
  );
}

const structured = new Set(['json', 'avro', 'protobuf', 'msgpack']);

function Decoded(props: { title: string; decoding: Decoding; content: Content; isAuto?: boolean }) {
  const { title, decoding, content, isAuto = false } = props;
  const [isTree, setIsTree] = useState(false);
  const { decoder, text, detail, problem, is_cut: isCut } = decoding;
  if (text === null) {
    return (
      <p className="notice records-wrap" data-tone="warn">
        Not {names[decoder]}: {problem}.
      </p>
    );
  }
  const tree = isTree && structured.has(decoder) && !isCut ? treeOf(text) : undefined;
  return (
    <div className="stack" style={{ gap: 4 }}>
      <div className="row">
        <span className="quiet grow">
          {isAuto ? `${names[decoder]}, ` : ''}
          {detail}
          {isCut ? `; the first million characters of ${formatBytes(content.bytes)}` : ''}
        </span>
        {structured.has(decoder) && !isCut ? (
          <button
            type="button"
            className="button"
            data-tone="quiet"
            aria-pressed={isTree}
            onClick={() => setIsTree(!isTree)}
          >
            Tree
          </button>
        ) : null}
        <CopyButton text={text} />
      </div>
      {tree === undefined ? (
        // Long texts scroll, also by keys.
        <pre className="records-text" tabIndex={0} role="region" aria-label={`${title} as ${names[decoder]}`}>
          {text}
        </pre>
      ) : (
        <JsonTree label={`${title} as a tree`} value={tree} />
      )}
    </div>
  );
}

function treeOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
