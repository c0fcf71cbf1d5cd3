import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type World, world } from '#src/testing/world.ts';
import { ACCEPTED, type Accepted } from './accepted.ts';
import { compare, type Difference, Names, textsOf } from './compare.ts';
import { callsOf, RECORDINGS, type RecordedCall, type Recording } from './recording.ts';

const STATIC_USER = '00000000-0000-0000-0000-000000000000';
const used = new Set<Accepted>();

const accepts = (call: RecordedCall, difference: Difference) =>
  ACCEPTED.find(
    (row) =>
      (row.method ?? call.method) === call.method &&
      row.path.test(call.path) &&
      row.kind === difference.kind &&
      row.place.test(difference.place) &&
      (row.when?.(difference) ?? true),
  );

type Json = Record<string, unknown>;
const isJson = (value: unknown): value is Json => value !== null && typeof value === 'object' && !Array.isArray(value);

/** The user behind the static key is in our lists no more; the recorded lists are read without it. */
function withoutStaticUser(answer: unknown): unknown {
  if (!isJson(answer) || !Array.isArray(answer.data) || !isJson(answer.pagination)) return answer;
  const data = answer.data.filter((item) => !isJson(item) || item.id !== STATIC_USER);
  const totalItems = Number(answer.pagination.totalItems) - (answer.data.length - data.length);
  return { ...answer, data, pagination: { ...answer.pagination, totalItems } };
}

/** Groups and users inside an object stand in the original in the order of their random ids: both sides are read in that of their names. */
function inOrderOfNames(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrderOfNames);
  if (!isJson(value)) return value;
  const nameOf = (item: unknown) => (isJson(item) ? String(item.name ?? item.username) : '');
  const sorted = (list: unknown[]) => [...list].sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => {
      const inner = inOrderOfNames(item);
      return [key, ['userGroups', 'allowedUserGroups', 'users'].includes(key) && Array.isArray(inner) ? sorted(inner) : inner];
    }),
  );
}

/** The configuration is a list of keys: read by key, so that a key more does not move all the others. */
function byKey(answer: unknown): unknown {
  if (!Array.isArray(answer) || !answer.every((item) => isJson(item) && 'key' in item && 'type' in item)) return answer;
  return Object.fromEntries(answer.map((item: Json) => [item.key, item]));
}

const read = (answer: unknown) => inOrderOfNames(byKey(withoutStaticUser(answer)));

/** Plays a client's calls in their order against a fresh installation; answers what differs and is not accepted. */
async function replay(recording: Recording, { request, clock, config }: World): Promise<string[]> {
  const names = new Names();
  const unexpected: string[] = [];
  let cookie = '';
  let ownKey = '';
  for (const call of callsOf(recording)) {
    clock.advance(1);
    const body = names.translate(call.body);
    const headers: Record<string, string> = body === null ? {} : { 'content-type': 'application/json' };
    if (call.auth === 'api-key') headers['x-api-key'] = ownKey || (config.staticApiKey ?? '');
    if (call.auth === 'cookie') headers.cookie = cookie;
    const init = { method: call.method, headers, body: body === null ? undefined : JSON.stringify(body) };
    const response = await request(names.translatePath(call.path), init);
    const text = await response.text();
    const answer = text === '' ? null : (JSON.parse(text) as unknown);
    for (const set of response.headers.getSetCookie()) cookie = set.split(';')[0] ?? '';
    // The operator uses the key it made until it deletes it.
    if (call.path === '/api/api-keys') ownKey = (answer as { token: string }).token;
    if (call.method === 'DELETE' && call.path.startsWith('/api/api-keys/')) ownKey = '';

    const status =
      response.status === call.status ? [] : [{ place: 'status', kind: 'changed' as const, recorded: call.status, ours: response.status }];
    const differences = [...status, ...compare(read(call.answer), read(answer), names, textsOf(call.body))];
    for (const difference of differences) {
      const row = accepts(call, difference);
      if (row) used.add(row);
      else unexpected.push(`${call.n} ${call.method} ${call.path}: ${JSON.stringify(difference)}`);
    }
  }
  return unexpected;
}

for (const recording of RECORDINGS) {
  test(`the recorded calls of ${recording} are answered as the original did, but for the accepted differences`, async (t) => {
    assert.equal((await replay(recording, await world(t))).join('\n'), '');
  });
}

after(() => {
  const unused = ACCEPTED.filter((row) => !used.has(row)).map((row) => row.reason);
  assert.deepEqual(unused, [], 'rows of the table that no recording needs');
});
