// Whole crontabs: what each line has run with which variables, and everything that is wrong, at once.
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type CrontabEntry, parseCrontab } from "../../../../src/runtime/loading/crontab/parse.ts";
import { parseVariableLine } from "../../../../src/runtime/loading/crontab/variable-line.ts";
import { parseSchedule } from "../../../../src/schedule/schedule.ts";

const parse = (...lines: string[]) => parseCrontab(lines.join("\n"), false);
const shown = ({ line, schedule, command, stdin, user, variables }: CrontabEntry) => ({
  line,
  schedule,
  command,
  stdin,
  user: user?.name ?? null,
  variables,
});

test("cronie's own example is read as its manual says", () => {
  const { entries, problems, warnings } = parse(
    "# use /bin/sh to run commands, no matter what /etc/passwd says",
    "SHELL=/bin/sh",
    "MAILTO=paul",
    "#",
    "CRON_TZ=Japan",
    "5 0 * * *       $HOME/bin/daily.job >> $HOME/tmp/out 2>&1",
    "15 14 1 * *     $HOME/bin/monthly",
    `0 22 * * 1-5    mail -s "It's 10pm" joe%Joe,%%Where are your kids?%`,
    '23 0-23/2 * * * echo "run 23 minutes after midn, 2am, 4am ..., everyday"',
    '5 4 * * sun     echo "run at 5 after 4 every sunday"',
  );
  const variables = { SHELL: "/bin/sh", MAILTO: "paul", CRON_TZ: "Japan" };
  expect(problems).toEqual([]);
  expect(warnings).toEqual([{ line: 3, message: expect.stringContaining("djob sends no mail") }]);
  expect(entries.map(shown)).toEqual([
    {
      line: 6,
      schedule: "5 0 * * *",
      command: "$HOME/bin/daily.job >> $HOME/tmp/out 2>&1",
      stdin: null,
      user: null,
      variables,
    },
    { line: 7, schedule: "15 14 1 * *", command: "$HOME/bin/monthly", stdin: null, user: null, variables },
    {
      line: 8,
      schedule: "0 22 * * 1-5",
      command: `mail -s "It's 10pm" joe`,
      stdin: "Joe,\n\nWhere are your kids?\n",
      user: null,
      variables,
    },
    {
      line: 9,
      schedule: "23 0-23/2 * * *",
      command: 'echo "run 23 minutes after midn, 2am, 4am ..., everyday"',
      stdin: null,
      user: null,
      variables,
    },
    {
      line: 10,
      schedule: "5 4 * * sun",
      command: 'echo "run at 5 after 4 every sunday"',
      stdin: null,
      user: null,
      variables,
    },
  ]);
});

test("a variable holds for the lines after it", () => {
  const { entries } = parse("0 0 * * * a", "FOO=1", "0 0 * * * b", "FOO=2", "BAR = x", "@daily c");
  expect(entries.map(({ variables }) => variables)).toEqual([{}, { FOO: "1" }, { FOO: "2", BAR: "x" }]);
});

test("a system crontab has a user before the command, and a line may begin with a dash or a space", () => {
  const text =
    "\t17 *\t* * *\troot    cd / && run-parts --report /etc/cron.hourly\n-@reboot www  -n true\n- 0 0 * * * 1000 x";
  expect(parseCrontab(text, true).entries.map(shown)).toEqual([
    {
      line: 1,
      schedule: "17 * * * *",
      command: "cd / && run-parts --report /etc/cron.hourly",
      stdin: null,
      user: "root",
      variables: {},
    },
    { line: 2, schedule: "@reboot", command: "true", stdin: null, user: "www", variables: {} },
    { line: 3, schedule: "0 0 * * *", command: "x", stdin: null, user: "1000", variables: {} },
  ]);
});

test("carriage returns, a byte-order mark, and a last line without an end are no trouble", () => {
  const { entries, problems } = parseCrontab("\uFEFFFOO=bar\r\n\r\n  # x\r\n@hourly run\\%it  ", false);
  expect(problems).toEqual([]);
  expect(entries).toMatchObject([{ line: 4, command: "run%it  ", variables: { FOO: "bar" } }]);
});

test("all that is wrong is told at once, each with line and column", () => {
  const { entries, problems } = parse(
    "0 25 * * * a",
    "0 0 * * * good",
    "FOO",
    "  @evry b",
    "@every 5m c",
    "CRON_TZ = Middle/Earth",
    "RANDOM_DELAY=soon",
    "=x",
    "0 0 * * *",
    "0 0 * * * -x d",
    "0 0 * * * %e",
    "@daily",
    "0 0 * * * a\0b",
    "@daily * e",
    "0 0 * * * * * * f",
  );
  expect(entries).toHaveLength(1);
  expect(problems.map(({ line, column, message }) => `${line}:${column} ${message}`)).toEqual([
    "1:3 hour '25' is not within 0-23",
    "3:1 the line is neither a variable (NAME=value) nor a time and a command: it has one word",
    "4:3 there is no nickname @evry",
    "5:1 there is no nickname @every",
    expect.stringMatching(/^6:11 .*"Middle\/Earth"/),
    '7:14 RANDOM_DELAY "soon" is not a number of minutes from 0 to 1440',
    "8:2 the variable has no name",
    "9:10 the line needs a command",
    "10:11 the command '-x' begins with a dash",
    "11:11 there is no command before the %",
    "12:7 @daily needs a command",
    "13:12 the line has a NUL byte",
    "14:8 the command is a star",
    "15:15 the command is a star",
  ]);
  expect(problems[3]?.hint).toContain("*/10 * * * * * * for every ten seconds");
});

test("an exported variable is told how it is written", () => {
  expect(parse("export FOO=bar").problems[0]?.hint).toStartWith("leave out export");
});

test("a system crontab's line without a command is told so", () => {
  const { problems } = parseCrontab("0 0 * * * root\n@daily root\n", true);
  expect(problems.map(({ line, message }) => `${line} ${message}`)).toEqual([
    "1 the line needs a command after the user",
    "2 @daily needs a user and a command",
  ]);
});

describe("warned about, once a file, is", () => {
  test.each([
    ["mail", ["MAILTO=a@b", "MAILFROM=c@d", "@daily x"], "djob sends no mail"],
    [
      "a variable that cron does not expand",
      ["PATH=$PATH:/opt/bin", "PATH=$HOME/bin", "@daily x"],
      "PATH is taken as it is written",
    ],
    ["a user that is only a variable", ["USER=www", "@daily x"], "USER is only a variable"],
    ["a quote that is open", ["FOO='x", "@daily x"], "begins with a quote that is not closed"],
    [
      "six fields that mean no seconds",
      ["*/10 * * * * * x", "*/5 * * * * * y"],
      "of six fields the last is a year",
    ],
    ["two days, one of them a stepped star", ["0 0 */2 * 1 x"], "cronie takes the stepped star for a star"],
    ["a date format", ["@daily date +%F", '0 0 * * * date "+%Y-%m"'], "write \\%"],
  ])("%s", (_what, lines, warning) => {
    const { warnings, problems } = parse(...lines);
    expect(problems).toEqual([]);
    expect(warnings.map(({ message }) => message)).toEqual([expect.stringContaining(warning)]);
  });

  test("nothing that means what it says", () => {
    const { warnings } = parse(
      'MAILTO=""',
      "0 0 1 * 1 a",
      "0 0 * * */2 b",
      "0 0 1 1 * 2027 c",
      "@daily date +\\%F",
      "@daily cat%x",
    );
    expect(warnings).toEqual([]);
  });
});

test("a file is its lines, in their order, whatever stands between them", () => {
  const nothing = fc.constantFrom("", "  ", "\t", "# comment", "  # 0 0 * * * no", "#FOO=bar");
  const variable = fc
    .tuple(fc.constantFrom("A", "B", "C"), fc.constantFrom("1", "two", "3 4"))
    .map(([name, value]) => ({ name, value }));
  const entry = fc.constantFrom(
    "0 0 * * * run this",
    "@daily run that",
    "*/5 1 2 3 4 x",
    "0 0 0 1 1 * 2030 y",
  );
  const line = fc.oneof(nothing, variable, entry);
  fc.assert(
    fc.property(fc.array(line, { maxLength: 30 }), (lines) => {
      const text = lines
        .map((each) => (typeof each === "string" ? each : `${each.name} = ${each.value}`))
        .join("\n");
      const expected: Array<{ line: number; variables: Record<string, string> }> = [];
      const variables: Record<string, string> = {};
      for (const [index, each] of lines.entries()) {
        if (typeof each !== "string") variables[each.name] = each.value;
        else if (/^[@*\d]/.test(each)) expected.push({ line: index + 1, variables: { ...variables } });
      }
      const { entries, problems } = parseCrontab(text, false);
      expect(problems).toEqual([]);
      expect(entries.map((each) => ({ line: each.line, variables: { ...each.variables } }))).toEqual(
        expected,
      );
    }),
  );
});

test("of any text, each line that says something is a variable, a command or a mistake", () => {
  const words = [
    "*",
    "*/5",
    "0",
    "61",
    "mon",
    "@daily",
    "@x",
    "A",
    "=",
    "'",
    '"',
    "%",
    "\\",
    "-",
    "~",
    "#",
    " ",
    " ",
    "\t",
    "\n",
    "\n",
    "\r",
    "\0",
    "ü",
  ];
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom(...words), maxLength: 60 }),
      fc.boolean(),
      (text, hasUser) => {
        const { entries, problems } = parseCrontab(text, hasUser);
        const told = new Set([...entries, ...problems].map(({ line }) => line));
        for (const [index, raw] of text.split("\n").entries()) {
          const line = raw.replace(/\r$/, "").replace(/^[ \t]+/, "");
          const isSaid = line !== "" && !line.startsWith("#") && parseVariableLine(line) === null;
          if (isSaid) expect(told).toContain(index + 1);
        }
        for (const { line, column } of problems) {
          const length = (text.split("\n")[line - 1] ?? "").length;
          expect(column).toBeGreaterThanOrEqual(1);
          expect(column).toBeLessThanOrEqual(length + 1);
        }
        for (const { schedule } of entries) {
          // It may be a day that never comes, and nothing else.
          try {
            parseSchedule(schedule, { seed: "here/job" });
          } catch (error) {
            expect(String(error)).toContain("it never comes");
          }
        }
      },
    ),
    { numRuns: 2_000 },
  );
});
