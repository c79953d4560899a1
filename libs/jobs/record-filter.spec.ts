import { filterProblem } from './record-filter.js';

describe('filters of records', () => {
  it.each([
    ['key == "a"', null],
    ['json.status >= 500 && headers["tenant"] != "x"', null],
    ['keyy == "a"', { message: 'Unknown variable: keyy', from: 0, to: 4 }],
    ['key == "a" && valeu != null', { message: 'Unknown variable: valeu', from: 14, to: 19 }],
    ['key ==', { message: 'Unexpected token: EOF', from: 6, to: 6 }],
    ['offset == "a"', { message: 'no such overload: int == string', from: 0, to: 13 }],
  ])('%s', (expression, problem) => {
    expect(filterProblem(expression)).toEqual(problem);
  });
});
