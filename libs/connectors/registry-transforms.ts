/**
 * What a sink connector's config can name in `transforms` and `predicates`, besides the interceptors of collectors. A new one is its folder
 * and one line here.
 */
import type { PredicateType, TransformType } from '#pipeline/transforms/transform';
import { castTransforms } from './transforms/cast/cast-transform.js';
import { celPredicate, celTransform } from './transforms/cel/cel-transform.js';
import { dropHeadersTransform } from './transforms/drop-headers/drop-headers-transform.js';
import { extractFieldTransforms } from './transforms/extract-field/extract-field-transform.js';
import { filterTransform } from './transforms/filter/filter-transform.js';
import { flattenTransforms } from './transforms/flatten/flatten-transform.js';
import { headerFromTransforms } from './transforms/header-from/header-from-transform.js';
import { hoistFieldTransforms } from './transforms/hoist-field/hoist-field-transform.js';
import { insertFieldTransforms } from './transforms/insert-field/insert-field-transform.js';
import { insertHeaderTransform } from './transforms/insert-header/insert-header-transform.js';
import { maskFieldTransforms } from './transforms/mask-field/mask-field-transform.js';
import { hasHeaderKey, recordIsTombstone, topicNameMatches } from './transforms/predicates/kafka-predicates.js';
import { regexRouterTransform } from './transforms/regex-router/regex-router-transform.js';
import { replaceFieldTransforms } from './transforms/replace-field/replace-field-transform.js';
import { setSchemaMetadataTransforms } from './transforms/set-schema-metadata/set-schema-metadata-transform.js';
import { timestampConverterTransforms } from './transforms/timestamp-converter/timestamp-converter-transform.js';
import { timestampRouterTransform } from './transforms/timestamp-router/timestamp-router-transform.js';
import { valueToKeyTransform } from './transforms/value-to-key/value-to-key-transform.js';

export const transformTypes: readonly TransformType[] = [
  ...insertFieldTransforms,
  ...replaceFieldTransforms,
  ...maskFieldTransforms,
  ...extractFieldTransforms,
  ...hoistFieldTransforms,
  valueToKeyTransform,
  ...castTransforms,
  ...flattenTransforms,
  filterTransform,
  regexRouterTransform,
  timestampRouterTransform,
  ...timestampConverterTransforms,
  ...setSchemaMetadataTransforms,
  ...headerFromTransforms,
  insertHeaderTransform,
  dropHeadersTransform,
  celTransform,
];

export const predicateTypes: readonly PredicateType[] = [
  topicNameMatches,
  hasHeaderKey,
  recordIsTombstone,
  celPredicate,
];
