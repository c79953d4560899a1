/** Every command that a morphline can name. A new one is a file in `commands/` and one line here. */
import type { CommandType } from './command.js';
import { addCurrentTime, addLocalHost, generateUuid } from './commands/add-current-time.js';
import { addValues, addValuesIfAbsent, setValues } from './commands/add-values.js';
import { contains, equals } from './commands/contains.js';
import { convertTimestamp } from './commands/convert-timestamp.js';
import { decompress, unpack } from './commands/decompress.js';
import { detectMimeType } from './commands/detect-mime-type.js';
import { extractAvroPaths, extractAvroTree } from './commands/extract-avro.js';
import { extractJsonPaths } from './commands/extract-json-paths.js';
import { extractUriComponent, extractUriComponents, extractUriQueryParameters } from './commands/extract-uri.js';
import { findReplace } from './commands/find-replace.js';
import { geoIp } from './commands/geo-ip.js';
import { grok } from './commands/grok.js';
import { head, sample } from './commands/head.js';
import { ifThenElse, not } from './commands/if-then-else.js';
import { logDebug, logError, logInfo, logTrace, logWarn } from './commands/log.js';
import { callParentPipe, dropRecord, pipe } from './commands/pipe.js';
import { readAvro, readAvroContainer } from './commands/read-avro.js';
import { readBlob, readClob } from './commands/read-blob.js';
import { readCsv } from './commands/read-csv.js';
import { readJson } from './commands/read-json.js';
import { readLine } from './commands/read-line.js';
import { readMultiLine } from './commands/read-multi-line.js';
import { removeFields, removeValues, replaceValues } from './commands/remove-fields.js';
import { reportMetrics } from './commands/report-metrics.js';
import { sanitizeUnknownSolrFields } from './commands/sanitize-unknown-solr-fields.js';
import { separateAttachments } from './commands/separate-attachments.js';
import { split, splitKeyValue } from './commands/split.js';
import { toAvro, writeAvroToByteArray } from './commands/to-avro.js';
import { decodeBase64, hashDigest, toByteArray, toStringCommand } from './commands/to-string.js';
import { translate } from './commands/translate.js';
import { tryRules } from './commands/try-rules.js';
import { userAgent } from './commands/user-agent.js';

export const commandTypes: readonly CommandType[] = [
  addCurrentTime,
  addLocalHost,
  addValues,
  addValuesIfAbsent,
  callParentPipe,
  contains,
  convertTimestamp,
  decodeBase64,
  decompress,
  detectMimeType,
  dropRecord,
  equals,
  extractAvroPaths,
  extractAvroTree,
  extractJsonPaths,
  extractUriComponent,
  extractUriComponents,
  extractUriQueryParameters,
  findReplace,
  generateUuid,
  geoIp,
  grok,
  hashDigest,
  head,
  ifThenElse,
  logDebug,
  logError,
  logInfo,
  logTrace,
  logWarn,
  not,
  pipe,
  readAvro,
  readAvroContainer,
  readBlob,
  readClob,
  readCsv,
  readJson,
  readLine,
  readMultiLine,
  removeFields,
  removeValues,
  replaceValues,
  ...reportMetrics,
  sample,
  sanitizeUnknownSolrFields,
  separateAttachments,
  setValues,
  split,
  splitKeyValue,
  toAvro,
  toByteArray,
  toStringCommand,
  translate,
  tryRules,
  unpack,
  userAgent,
  writeAvroToByteArray,
];
