import type { Measure } from './load.ts';
import { AIMS, GOALS, type ScenarioName } from './scenarios.ts';

/** What one scenario gave, of each server that knows it. */
export interface Result {
  name: ScenarioName;
  pocketid?: Measure;
  limit?: Measure;
  /** oidc-provider with the access tokens that PocketID gives: signed JWTs. */
  provider?: Measure;
  /** oidc-provider with its default, random text, where the scenario issues an access token: a signature less. */
  opaque?: Measure;
}

const MIB = 1 << 20;
const whole = (value: number) => value.toLocaleString('en', { maximumFractionDigits: 0 });
const fine = (value: number) => value.toFixed(value < 10 ? 2 : 1);

/** Rows in columns wide enough for their longest cell; the first is aligned left. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  return rows
    .map((row) => row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('  '))
    .join('\n');
}

const HEAD = ['scenario', 'server', 'requests/s', 'p50 ms', 'p99 ms', 'CPU µs', 'RSS MiB', 'errors'];
const line = (name: string, server: string, m: Measure) => [
  name,
  server,
  whole(m.rate),
  fine(m.p50),
  fine(m.p99),
  whole(m.cpu),
  whole(m.rss / MIB),
  String(m.errors),
];

/** Every measurement. */
export const measurements = (results: readonly Result[]): string =>
  table([
    HEAD,
    ...results.flatMap(({ name, pocketid, limit, provider, opaque }) => [
      ...(pocketid ? [line(name, 'PocketID', pocketid)] : [[name, 'PocketID', 'not served']]),
      ...(limit ? [line('', 'limit', limit)] : []),
      ...(provider ? [line('', 'oidc-provider', provider)] : []),
      ...(opaque ? [line('', '… with opaque tokens', opaque)] : []),
    ]),
  ]);

/** `0.81 of 0.75 reached`; a ratio without a goal alone. */
function verdict(ratio: number | undefined, goal: number | undefined): string {
  if (ratio === undefined) return '–';
  return goal === undefined ? fine(ratio) : `${fine(ratio)} ${ratio >= goal ? '≥' : 'FALLS SHORT OF'} ${goal}`;
}

/** Ratios beside their goals. */
export const ratios = (results: readonly Result[]): string =>
  table([
    ['ratio of requests/s', 'of limit', '(by CPU)', 'of oidc-provider', '(by CPU)', '(opaque)', 'of Pocket ID 2.9'],
    ...results
      .filter((result) => result.pocketid)
      .map(({ name, pocketid, limit, provider, opaque }) => {
        const { ofLimit, ofProvider, original, timesOriginal } = GOALS[name];
        const rate = pocketid?.rate ?? 0;
        const cpu = pocketid?.cpu ?? 1;
        return [
          name,
          verdict(limit && rate / limit.rate, ofLimit),
          limit ? fine(limit.cpu / cpu) : '–',
          verdict(provider && rate / provider.rate, ofProvider),
          provider ? fine(provider.cpu / cpu) : '–',
          verdict(opaque && rate / opaque.rate, undefined),
          verdict(original && rate / original, timesOriginal),
        ];
      }),
  ]);

/** Start and idle memory beside their aims. */
export const startup = (readyMs: number, firstMs: number, idleBytes: number): string =>
  [
    `start to ready: ${whole(readyMs)} ms (aim: under ${AIMS.readyMs}), the first time, with new keys: ${whole(firstMs)} ms`,
    `idle memory: ${whole(idleBytes / MIB)} MiB (aim: under ${AIMS.idleMiB})`,
  ].join('\n');

/** The same scenarios with a large database, as a share of the small one's requests per second. */
export const growth = (small: readonly Result[], large: readonly Result[]): string =>
  table([
    ['large database', 'requests/s', 'p99 ms', 'of the small one'],
    ...large.map(({ name, pocketid }) => {
      const before = small.find((result) => result.name === name)?.pocketid;
      if (!pocketid) return [name, 'not served'];
      return [name, whole(pocketid.rate), fine(pocketid.p99), verdict(before && pocketid.rate / before.rate, AIMS.large)];
    }),
  ]);
