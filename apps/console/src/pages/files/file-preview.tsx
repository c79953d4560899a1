import { useState } from 'react';
import { useGet } from '../../api/queries.js';
import { send } from '../../api/request.js';
import { Button, CopyButton, Facts } from '../../ui/basics.js';
import { Drawer } from '../../ui/dialogs.js';
import { formatBytes, formatPlural } from '../../ui/format.js';
import { ErrorNotice, Loading, toastError } from '../../ui/notices.js';
import { filesOf, type Preview } from './file-api.js';

const rowsMax = 50;

/** The first rows of a file, and who decoded them. */
export function FilePreviewDrawer(props: { name: string; base: string; path: string; onClose: () => void }) {
  const { name, base, path } = props;
  const { data, error, refetch } = useGet<Preview>(`${filesOf(name)}:preview`, { path, rows: rowsMax });
  const [isSaving, setIsSaving] = useState(false);
  const save = async (): Promise<void> => {
    setIsSaving(true);
    try {
      const answer = await send('GET', `${filesOf(name)}:download`, { query: { path } });
      saveAs(await answer.blob(), path.slice(path.lastIndexOf('/') + 1));
    } catch (caught) {
      toastError(caught);
    } finally {
      setIsSaving(false);
    }
  };
  return (
    <Drawer title={path.slice(path.lastIndexOf('/') + 1)} isOpen onClose={props.onClose}>
      <div className="stack">
        <div className="row">
          <CopyButton text={`${base}/${path}`} label="Copy path" />
          <Button isDisabled={isSaving} onPress={() => void save()}>
            Download
          </Button>
        </div>
        {error === null ? null : <ErrorNotice error={error} onRetry={() => void refetch()} />}
        {data === undefined ? error === null ? <Loading what="rows" /> : null : <Rows preview={data} />}
      </div>
    </Drawer>
  );
}

function Rows({ preview }: { preview: Preview }) {
  const { columns, rows, schema } = preview;
  return (
    <>
      <Facts
        facts={[
          ['Decoded as', preview.decoder],
          ['Size', formatBytes(preview.size_bytes)],
          ['Read for this', formatBytes(preview.read_bytes)],
          ['Shown', `the first ${formatPlural(rows.length, 'row')}`],
        ]}
      />
      {schema === null ? null : (
        <details>
          <summary className="files-summary">Schema</summary>
          <pre className="files-schema">{schema}</pre>
        </details>
      )}
      <div className="files-rows" role="region" aria-label="First rows" tabIndex={0}>
        <table>
          <thead>
            <tr>
              {columns.map((column) => (
                <th key={column} scope="col">
                  {column}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row, index) => (
              <tr key={index}>
                {columns.map((column, at) => (
                  <td key={column}>{textOf(row[at])}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

function textOf(value: unknown): string {
  if (value === null || value === undefined) return '∅';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function saveAs(blob: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
