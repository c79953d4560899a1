import { compileCommands, RecordCollector, tryCommands } from './morphline.testkit.js';

describe('A morphline', () => {
  it('hands records from command to command', async () => {
    const run = await tryCommands('{ readLine { charset : UTF-8 } }\n{ addValues { a : "@{message}!" } }', {
      _attachment_body: 'one\ntwo\n',
      h: 'x',
    });
    expect(run).toEqual({
      result: true,
      records: [
        { a: ['one!'], h: ['x'], message: ['one'] },
        { a: ['two!'], h: ['x'], message: ['two'] },
      ],
    });
  });

  it.each([
    [
      '{ readLine { charset : UTF-8, ignoreFirstline : true } }',
      'test.conf:2: readLine has no argument ignoreFirstline (did you mean ignoreFirstLine?)',
    ],
    ['\n{ readLines { charset : UTF-8 } }', 'test.conf:3: there is no command readLines (did you mean readLine?)'],
    ['{ readLine { charset : UTF-99 } }', 'test.conf:2: readLine: charset: there is no character set UTF-99'],
    ['{ readLine {}, addValues {} }', 'a command is an object with its name and nothing else'],
    ['{ addValues { a : "@{b" } }', 'test.conf:2: addValues: @{ is not closed in @{b'],
  ])('refuses %s with its line', (commands, message) => {
    expect(() => compileCommands(commands, new RecordCollector())).toThrow(message);
  });
});
