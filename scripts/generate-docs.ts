import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { SETTINGS } from '#platform/config.ts';
import { openApiText } from './openapi.ts';
import { queriesText } from './queries.ts';
import { securityCasesText } from './security-cases.ts';

/** docs/config.md, from the one table of settings. */
function configPage(): string {
  const rows = Object.values(SETTINGS).map((setting) => {
    const name = `\`${setting.name}\`${setting.file ? `, \`${setting.name}_FILE\`` : ''}`;
    return `| ${name} | ${setting.default === undefined ? '' : `\`${setting.default}\``} | ${setting.secret ? 'yes' : ''} | ${setting.sentence} |`;
  });
  return `<!-- Made by scripts/generate-docs.ts from src/platform/config.ts: change it there, then run npm run docs. -->
# Configuration

PocketID runs with none of these set. They are environment variables; a \`.env\` file in the working directory is read too, and the
environment wins over it. Where a variable has a \`_FILE\` variant, that names a file whose content, without surrounding white space, is the
value: use it for secrets. Flags are \`true\` or \`false\` (also 1, t, 0, f). A value that cannot be used stops the start and names the variable.
Variables of Pocket ID that are not in this table have no effect; the start names those that are set.

| variable | default | secret | meaning |
|---|---|---|---|
${rows.join('\n')}
`;
}

const PAGES: Record<string, () => string | Promise<string>> = {
  'docs/config.md': configPage,
  'docs/openapi.json': openApiText,
  'docs/queries.sql': queriesText,
  'docs/security-cases.md': securityCasesText,
};

const check = process.argv.includes('--check');
for (const [path, make] of Object.entries(PAGES)) {
  const text = await make();
  const there = (() => {
    try {
      return readFileSync(path, 'utf8');
    } catch {
      return undefined;
    }
  })();
  if (there === text) continue;
  if (check) {
    process.stderr.write(`error: ${path} is not current: run npm run docs\n`);
    process.exitCode = 1;
  } else {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    process.stdout.write(`${path} written\n`);
  }
}
