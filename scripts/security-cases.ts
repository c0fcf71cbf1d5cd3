import { globSync, readFileSync } from 'node:fs';

/** Attacks on what this version has not got. Whoever builds it writes the test and takes the line away. */
const NOT_HERE: [ids: string, reason: string][] = [
  ['SEC-041', 'there is no token exchange'],
  ['SEC-070', 'there is no back-channel logout yet'],
  ['SEC-121 SEC-133 SEC-135', 'no mail is sent yet, so there are no codes and no verifications by mail'],
  ['SEC-158 SEC-161 SEC-162 SEC-163 SEC-164 SEC-165 SEC-167 SEC-168 SEC-169 SEC-171 SEC-172 SEC-173', 'there is no forward auth yet'],
  ['SEC-194', 'others cannot push users here by SCIM; our own pushing is configured only'],
  ['SEC-206', 'nothing restores, imports or unpacks an archive'],
  ['SEC-212', 'no parameter of a request becomes part of an address that is fetched'],
  ['SEC-222 SEC-223 SEC-224', 'nobody signs in by another provider'],
];

const ID = /SEC-\d{3}/g;

interface Case {
  files: Set<string>;
  /** Of the first test that has the id in its name. */
  test?: string;
  /** Of the first row of a table of cases that has. */
  row?: string;
}

function cases(): Map<string, Case> {
  const found = new Map<string, Case>();
  for (const file of globSync(['src/**/*.test.ts', 'tests/**/*.{test,spec}.ts']).sort())
    for (const text of readFileSync(file, 'utf8').split('\n')) {
      const name = /(['"`])((?:(?!\1).)*SEC-\d{3}(?:(?!\1).)*)\1/.exec(text)?.[2];
      for (const id of text.match(ID) ?? []) {
        const entry = found.get(id) ?? { files: new Set() };
        entry.files.add(file);
        const sentence = name
          ?.replaceAll(/(?:SEC|REL|HARD)-\d+[\s:]*/g, '')
          .replaceAll(/\$\{[^}]*\}/g, '…')
          .replaceAll('|', '\\|')
          .replaceAll(/^[\s;,]+|[\s;,]+$/g, '');
        if (/\btest\(/.test(text)) entry.test ??= sentence || undefined;
        else entry.row ??= sentence || undefined;
        found.set(id, entry);
      }
    }
  return found;
}

/** docs/security-cases.md: which test stands against which attack, read from the tests themselves. */
export function securityCasesText(): string {
  const tested = cases();
  const missing = new Map(NOT_HERE.flatMap(([ids, reason]) => ids.split(' ').map((id) => [id, reason])));
  for (const id of missing.keys())
    if (tested.has(id)) throw new Error(`${id} has a test: take it off the list in scripts/security-cases.ts`);
  const rows = [...tested.keys(), ...missing.keys()].sort().map((id) => {
    const entry = tested.get(id);
    if (!entry) return `| ${id} | not applicable: ${missing.get(id)} | |`;
    return `| ${id} | ${entry.test ?? entry.row ?? ''} | ${[...entry.files].map((file) => `[${file}](../${file})`).join(', ')} |`;
  });
  return `<!-- Made by scripts/generate-docs.ts from the names of the tests: change them there, then run npm run docs. -->
# Attacks, and the tests that make them

Each number is one attack that identity providers have fallen to, and it is made by a test for good: a number never changes its meaning, and one
that vanishes from this page is noticed by \`npm run check\`. ${tested.size} of ${tested.size + missing.size} concern what this version has.

| case | what holds | test |
|---|---|---|
${rows.join('\n')}
`;
}
