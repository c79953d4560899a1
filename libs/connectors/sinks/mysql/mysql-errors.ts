import { PoisonRecordError } from '#pipeline/errors';
import { messageOf, MillraceError } from '#std/errors';
import { classOfDriverError, sinkErrorOf, type SqlErrorClass } from '../sql/sql-errors.js';

/** What the server answered. Its numbers are those of MySQL's error message reference; from 1900 on MariaDB has its own. */
export interface ServerError {
  readonly errno: number;
  readonly sqlState: string;
}

const numbers: Readonly<Record<SqlErrorClass, readonly number[]>> = {
  retriable: [
    // away, shutting down, or too busy
    ...[
      1040, 1047, 1053, 1077, 1079, 1152, 1158, 1159, 1160, 1161, 1184, 1203, 1205, 1213, 1226, 1317, 1614, 1927, 2006,
      2013,
    ],
    // disk, memory, locks
    ...[1021, 1037, 1038, 1041, 1114, 1135, 1180, 1206, 1637],
    // a standby until it is promoted; a statement that took too long
    ...[1290, 1792, 1836, 1969, 3024, 1020],
  ],
  poison: [
    // null where there may be none, no default, too long, out of range, not of the type
    ...[1048, 1364, 1264, 1265, 1292, 1300, 1366, 1367, 1406, 1411, 1416, 1525, 1690, 3140, 3141, 3156, 3903],
    // constraints, partitions, triggers that refuse
    ...[1022, 1062, 1169, 1216, 1217, 1451, 1452, 1526, 1557, 1569, 1586, 1644, 1748, 3819, 4025],
    // row or packet too big, too many columns
    ...[1117, 1118, 1153, 1162, 1301],
  ],
  fatal: [1044, 1045, 1049, 1059, 1064, 1102, 1103, 1130, 1142, 1143, 1227, 1251, 1370, 1698, 1820, 1862, 3118],
  // no such table or column, other number of columns
  schema: [1051, 1054, 1060, 1091, 1136, 1146, 1412],
  unknown: [],
};

const classOfNumber = new Map<number, SqlErrorClass>(
  (Object.keys(numbers) as SqlErrorClass[]).flatMap((of) => numbers[of].map((number) => [number, of] as const)),
);

/** Classes of SQLSTATE, for numbers that are not in the list. */
const classOfState: Readonly<Record<string, SqlErrorClass>> = {
  '08': 'retriable',
  '22': 'poison',
  '23': 'poison',
  '28': 'fatal',
  '40': 'retriable',
  '42': 'fatal',
  '45': 'poison',
};

/** Null where the connection itself failed. */
export function serverErrorOf(error: unknown): ServerError | null {
  if (!(error instanceof Error) || !('errno' in error) || !('sqlState' in error)) return null;
  const { errno, sqlState } = error;
  // The driver writes errors of its own in the same way, some of them with a number of libmysqlclient.
  return typeof errno === 'number' && typeof sqlState === 'string' && sqlState !== '' ? { errno, sqlState } : null;
}

export function classOfServerError({ errno, sqlState }: ServerError): SqlErrorClass {
  return classOfNumber.get(errno) ?? classOfState[sqlState.slice(0, 2)] ?? 'unknown';
}

export function classOfError(error: unknown): SqlErrorClass {
  const answer = serverErrorOf(error);
  return answer === null ? classOfDriverError(error) : classOfServerError(answer);
}

export function mysqlSinkError(what: string, error: unknown, schemaSeen: boolean): Error {
  const answer = serverErrorOf(error);
  const message = `${what}: ${messageOf(error)}${answer === null ? '' : ` [${answer.errno}, ${answer.sqlState}]`}`;
  return sinkErrorOf(message, error, classOfError(error), schemaSeen);
}

/** The error with the index of the record that the server names by its row in the statement ("… at row 3"), from 1. */
export function withRow(error: unknown, indexes: readonly number[]): unknown {
  if (error instanceof MillraceError || classOfError(error) !== 'poison') return error;
  const row = /at row (\d+)/.exec(messageOf(error))?.[1];
  const index = indexes.length === 1 ? indexes[0] : row === undefined ? undefined : indexes[Number(row) - 1];
  if (index === undefined || index < 0) return error;
  return new PoisonRecordError(`The database refused the row: ${messageOf(error)}`, index, { cause: error });
}
