import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import test from 'node:test';
import { ERRORS } from '#platform/errors.ts';

/** The direction rules: who may import whom. Test files and `src/testing/` stand outside of them. */

const root = join(import.meta.dirname, '..');
const ALIASES: Record<string, string> = {
  '#platform/': 'src/platform/',
  '#oidc/': 'src/oidc/',
  '#webauthn/': 'src/webauthn/',
  '#access/': 'src/access/',
  '#src/': 'src/',
};
const NOT_FEATURES = new Set(['platform', 'oidc', 'webauthn', 'access', 'cli', 'testing', 'openapi', 'composition']);
const COMPOSITION = /^src\/(app|routes|main)\.ts$|^src\/(cli|composition)\//;
/** Outermost layers: they may know services' types, and no feature knows them. */
const OUTER = new Set(['integrations', 'gateway', 'apply']);

interface Import {
  from: string;
  /** A path below the root, or a package's or Node's name. */
  to: string;
  typeOnly: boolean;
}

function resolve(file: string, specifier: string): string {
  if (specifier.startsWith('.')) return relative(root, join(root, dirname(file), specifier));
  const alias = Object.keys(ALIASES).find((prefix) => specifier.startsWith(prefix));
  return alias ? ALIASES[alias] + specifier.slice(alias.length) : specifier;
}

const files = globSync('src/**/*.ts', { cwd: root }).filter(
  (file) => !file.endsWith('.test.ts') && !file.startsWith('src/testing/') && !file.startsWith('src/platform/testing/'),
);
const imports: Import[] = files.flatMap((from) => {
  const text = readFileSync(join(root, from), 'utf8');
  const found = text.matchAll(/^(?:import|export)\s+(type\s+)?(?:[\w*{][^;'"]*?\s+from\s+)?['"]([^'"]+)['"]/gm);
  const dynamic = text.matchAll(/\bimport\(\s*['"]([^'"]+)['"]\s*\)/g);
  return [
    ...[...found].map(([, type, specifier]) => ({ from, to: resolve(from, specifier!), typeOnly: type !== undefined })),
    ...[...dynamic].map(([, specifier]) => ({ from, to: resolve(from, specifier!), typeOnly: false })),
  ];
});

const folder = (path: string) => path.split('/')[1] ?? '';
const feature = (path: string) =>
  path.startsWith('src/') && path.split('/').length > 2 && !NOT_FEATURES.has(folder(path)) ? folder(path) : undefined;
const isOurs = (path: string) => path.startsWith('src/') || path.startsWith('messages/');
const isNode = (path: string) => path.startsWith('node:');
const library = (path: string) =>
  path
    .split('/')
    .slice(0, path.startsWith('@') ? 2 : 1)
    .join('/');
const role = (path: string) => /(contract|store|service|routes)\.ts$/.exec(path)?.[1];
const say = (list: Import[]) => list.map(({ from, to }) => `${from} imports ${to}`);
const none = (list: Import[], rule: string) => assert.deepEqual(say(list), [], rule);

test('the rules look at the whole program', () => {
  assert.ok(files.length > 100, `${files.length} files`);
  assert.ok(imports.length > 300, `${imports.length} imports`);
});

test('1. only the command line and main know app.ts; nothing below imports app, routes, composition or cli', () => {
  none(
    imports.filter(({ from, to }) => COMPOSITION.test(to) && !COMPOSITION.test(from)),
    'composition is imported by nobody',
  );
});

test('2. platform/ imports Node and libraries only', () => {
  none(
    imports.filter(({ from, to }) => from.startsWith('src/platform/') && isOurs(to) && !to.startsWith('src/platform/')),
    'platform has no word of our domain',
  );
});

test('3. oidc/ and webauthn/ are pure: jose, @simplewebauthn, zod, themselves and platform/errors', () => {
  const allowed = new Set(['jose', '@simplewebauthn/server', 'zod']);
  none(
    imports.filter(({ from, to }) => {
      const home = /^src\/(oidc|webauthn)\//.exec(from)?.[0];
      if (!home) return false;
      return !(to.startsWith(home) || to === 'src/platform/errors.ts' || (!isOurs(to) && !isNode(to) && allowed.has(library(to))));
    }),
    'the protocol knows no Node, SQL, HTTP server or feature',
  );
});

test('5. a feature imports another feature’s contract only', () => {
  none(
    imports.filter(({ from, to, typeOnly }) => {
      const [mine, theirs] = [feature(from), feature(to)];
      if (!mine || !theirs || mine === theirs || OUTER.has(mine)) return false;
      const isStore = role(to) === 'store';
      return isStore || !(typeOnly || role(to) === 'contract');
    }),
    'behaviour of another feature comes in as an argument',
  );
});

test('7. a store knows no service or route, a service no SQL and no HTTP, a route no SQL', () => {
  const isSql = ({ to }: Import) => /^(kysely|pg)$/.test(library(to));
  const isHttp = ({ to }: Import) => library(to) === 'hono' || library(to) === '@hono/zod-openapi';
  none(
    imports.filter(
      (one) => role(one.from) === 'store' && (['service', 'routes'].includes(role(one.to) ?? '') || isHttp(one)) && !one.typeOnly,
    ),
    'store.ts knows SQL and no rules',
  );
  none(
    imports.filter(
      (one) =>
        role(one.from) === 'service' && feature(one.from) && !one.typeOnly && (isSql(one) || isHttp(one) || role(one.to) === 'routes'),
    ),
    'service.ts knows rules, no SQL, no HTTP',
  );
  none(
    imports.filter((one) => role(one.from) === 'routes' && feature(one.from) && !one.typeOnly && (isSql(one) || role(one.to) === 'store')),
    'routes.ts knows HTTP and no rules',
  );
});

test('7b. statements are made in stores, and in the platform', () => {
  const makes = /\.(?:selectFrom|insertInto|updateTable|deleteFrom)\(|^import .*\binsertOnce\b/m;
  const elsewhere = files.filter(
    (file) => role(file) !== 'store' && !file.startsWith('src/platform/') && makes.test(readFileSync(join(root, file), 'utf8')),
  );
  assert.deepEqual(elsewhere, [], 'SQL has one kind of home, from which docs/queries.sql is written');
});

test('8. contract.ts imports zod, zod-openapi, other contracts and the platform’s words for them', () => {
  none(
    imports.filter(
      ({ from, to, typeOnly }) =>
        role(from) === 'contract' &&
        !typeOnly &&
        !(['zod', '@hono/zod-openapi'].includes(library(to)) || role(to) === 'contract' || to.startsWith('src/platform/')),
    ),
    'a contract is the wire and nothing else',
  );
});

test('10. no feature imports integrations, gateway or apply', () => {
  none(
    imports.filter(({ from, to }) => {
      const [mine, theirs] = [feature(from), feature(to)];
      return mine !== undefined && theirs !== undefined && !OUTER.has(mine) && OUTER.has(theirs);
    }),
    'they read what features leave for them',
  );
});

test('every folder of the source is one the rules know', () => {
  const folders = new Set(files.filter((file) => file.split('/').length > 2).map(folder));
  const isFeature = (name: string) => files.some((file) => folder(file) === name && role(file) !== undefined);
  assert.deepEqual(
    [...folders].filter((name) => !NOT_FEATURES.has(name) && !isFeature(name)),
    [],
    'a feature has a contract, a store, a service or routes',
  );
  const gone = [...NOT_FEATURES].filter((name) => !existsSync(join(root, 'src', name)));
  assert.deepEqual(gone, [], 'no folder is excused that is not there');
  assert.deepEqual(globSync('src/**/index.ts', { cwd: root }), [], 'a file says by its name what is in it');
});

test('an error that nothing sends has no code', () => {
  const text = files.map((file) => readFileSync(join(root, file), 'utf8'));
  const named = (code: string) => text.filter((source) => new RegExp(`['"]${code}['"]`).test(source)).length;
  // The table of AppError names its codes as keys, the list of OAuthError as strings: that one mention does not count.
  const oauth = /export type OAuthErrorCode =([^;]*);/.exec(readFileSync(join(root, 'src/oidc/errors.ts'), 'utf8'))?.[1] ?? '';
  const oauthCodes = [...oauth.matchAll(/'(\w+)'/g)].map(([, code]) => code!);
  assert.ok(oauthCodes.length > 15);
  assert.deepEqual([...Object.keys(ERRORS).filter((code) => named(code) === 0), ...oauthCodes.filter((code) => named(code) < 2)], []);
});
