import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { type Application, application, CALLBACK, codeFor, redeem } from './testing/applications.ts';
import { type Person, person } from './testing/people.ts';
import { world } from './testing/world.ts';

/** People, some of them administrators, in groups that may use applications; everybody is signed in. */
async function household(t: TestContext) {
  const w = await world(t);
  const names = ['Admin', 'Familia', 'Guests', 'Kids'];
  const people: Person[] = [];
  for (let i = 0; i < 10; i++) {
    const each = await person(w, { username: `person${i}`, admin: i % 3 === 0, groups: names.filter((_, n) => (i + n) % 2 === 0) });
    await each.signIn();
    people.push(each);
  }
  const groups = await w.database.db.selectFrom('user_group').select('id').orderBy('name').execute();
  const apps: Application[] = [];
  for (const name of names) apps.push(await application(w, { name, groups: [...new Set([name, 'Admin'])], skip_consent: 1 }));
  return { w, people, apps, groups };
}

interface Deed {
  what: string;
  send: () => Promise<{ status: number; headers?: Headers }>;
}
/** Every second id, beginning with the first or the second. */
const some = (list: readonly { id: string }[], from: number) => list.map(({ id }) => id).filter((_, i) => (i + from) % 2 === 0);
const authorization = ({ id }: Application) =>
  `/authorize?${new URLSearchParams({ client_id: id, response_type: 'code', redirect_uri: CALLBACK, scope: 'openid', state: 'a-state' })}`;

/** What is done at the same moment with the same few people, groups and applications: they are used, changed and, many of them, deleted. */
function deedsOf({ w, people, apps, groups }: Awaited<ReturnType<typeof household>>): Deed[] {
  const deeds: Deed[] = [];
  const deed = (what: string, send: Deed['send']) => void deeds.push({ what, send });
  const put = (path: string, body: unknown) => deed(`PUT ${path}`, () => w.api('PUT', path, body));
  const remove = (path: string) => deed(`DELETE ${path}`, () => w.api('DELETE', path));
  people.forEach((each, i) => {
    put(`/api/users/${each.id}/user-groups`, { userGroupIds: some(groups, i + 1) });
    put(`/api/users/${each.id}`, { firstName: 'New', isAdmin: false });
    deed('POST /api/api-keys', () => each.request('/api/api-keys', { json: { name: 'key' } }));
    for (const app of apps) deed('GET /authorize', () => each.visit(authorization(app), { site: 'cross-site' }));
    deed('POST /api/oidc/token', async () => {
      const app = apps[i % apps.length] as Application;
      // Who or what is deleted by now gets no code.
      const code = await codeFor(w, app, each).catch(() => undefined);
      return code ? redeem(w, app, code) : { status: 404 };
    });
    if (i % 2 === 0) remove(`/api/users/${each.id}`);
    else deed('POST /api/webauthn/login/finish', () => each.login());
  });
  groups.forEach(({ id }, i) => {
    put(`/api/user-groups/${id}/users`, { userIds: some(people, i + 1) });
    put(`/api/user-groups/${id}/allowed-oidc-clients`, { oidcClientIds: some(apps, i) });
    if (i > 1) remove(`/api/user-groups/${id}`);
  });
  apps.forEach(({ id }, i) => {
    put(`/api/oidc/clients/${id}/allowed-user-groups`, { userGroupIds: some(groups, i) });
    if (i > 1) remove(`/api/oidc/clients/${id}`);
  });
  return deeds;
}

test('while people, groups and applications are deleted, everybody else is answered and nothing fails', async (t) => {
  for (let round = 0; round < 5; round++) {
    const { w, ...things } = await household(t);
    const mixed = deedsOf({ w, ...things })
      .map((deed, i) => ({ ...deed, place: (i * 7919 + round * 104_729) % 1009 }))
      .sort((a, b) => a.place - b.place);
    const answers = await Promise.all(
      mixed.map(async ({ what, send }) => {
        const { status, headers } = await send();
        return { what, status, type: headers?.get('content-type') ?? null };
      }),
    );
    assert.deepEqual(
      answers.filter(({ what, status }) => status >= 500 || (what.startsWith('DELETE') && status !== 204)),
      [],
    );
    assert.deepEqual(
      answers.filter(({ what, type }) => what === 'GET /authorize' && type?.includes('json')),
      [],
      'who is on the way to an application sees a page',
    );
    assert.ok(answers.filter(({ status }) => status < 400).length > 40);
    await w.app.close();
  }
});
